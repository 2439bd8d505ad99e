//! The examples of every built-in: they are printed in the documentation, so they must be true.

use std::fmt::Write as _;

use super::super::{ALL, BuiltIn, Scanner, Strictness};
use super::list;

#[test]
fn every_built_in_does_what_its_examples_say() {
    let mut trouble = String::new();
    for builtin in ALL {
        assert!(!builtin.examples.is_empty(), "{} has no example", builtin.name);
        let key = builtin.keys[0];
        for example in builtin.examples {
            let after = list(&[builtin.name]).text(key, example.before).unwrap().into_owned();
            let frozen = freeze(builtin, example.before);
            for (what, is, says) in [("after", after, example.after), ("frozen", frozen, example.frozen)] {
                if is != says {
                    let _ = writeln!(trouble, "{} {what} of {:?}\n  is   {is:?}\n  says {says:?}", builtin.name, example.before);
                }
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
}

/// What normalize writes: only what a machine drew.
pub(super) fn freeze(builtin: &'static BuiltIn, text: &str) -> String {
    let mut frozen = text.to_owned();
    for (_, found) in Scanner::new(&[builtin], Strictness::Drawn).scan(text).into_iter().rev() {
        if let Some(value) = found.frozen(text) {
            frozen.replace_range(found.range, &value);
        }
    }
    frozen
}

#[test]
fn names_are_unique_and_sorted_as_documented() {
    let mut names: Vec<&str> = ALL.iter().map(|builtin| builtin.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
