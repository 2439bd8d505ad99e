//! Two texts compared piece by piece: the lines of files, as patches show them, and the words of values.
//!
//! Of the algorithms of `similar` one is named here, and only once: all of them together, for each kind of text, are half a
//! megabyte of program.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, DiffOp, DiffableStr as _, group_diff_ops};

/// Lines that are shown around a change.
const AROUND: usize = 3;

/// What changed between two texts, as a patch; empty if nothing did. It is less exact if it would take longer than `patience`.
pub(super) fn patch(old: &str, new: &str, names: [&str; 2], patience: Option<Duration>) -> String {
    let (old, new) = (old.tokenize_lines(), new.tokenize_lines());
    let mut text = String::new();
    for hunk in group_diff_ops(operations(&old, &new, patience), AROUND).iter().filter(|hunk| !hunk.is_empty()) {
        if text.is_empty() {
            let [old, new] = names;
            let _ = writeln!(text, "--- {old}\n+++ {new}");
        }
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(hunk));
        for (tag, line) in changes_of(hunk, &old, &new) {
            let end = if line.ends_with(['\n', '\r']) { "" } else { "\n\\ No newline at end of file\n" };
            let _ = write!(text, "{tag}{line}{end}");
        }
    }
    text
}

/// The words of two texts, blanks between them included: equal, removed and added.
pub(super) fn words<'t>(old: &'t str, new: &'t str) -> Vec<(ChangeTag, &'t str)> {
    let (old, new) = (old.tokenize_words(), new.tokenize_words());
    changes_of(&operations(&old, &new, None), &old, &new).collect()
}

fn operations(old: &[&str], new: &[&str], patience: Option<Duration>) -> Vec<DiffOp> {
    let mut found = Compact::new(Replace::new(Capture::new()), old, new);
    let deadline = patience.map(|patience| Instant::now() + patience);
    let Ok(()) = myers::diff_deadline(&mut found, old, 0..old.len(), new, 0..new.len(), deadline);
    found.into_inner().into_inner().into_ops()
}

/// Piece by piece: of what was replaced, the old pieces come first.
fn changes_of<'s, 't>(operations: &'s [DiffOp], old: &'s [&'t str], new: &'s [&'t str]) -> impl Iterator<Item = (ChangeTag, &'t str)> + 's {
    operations.iter().flat_map(move |operation| {
        let equal = matches!(operation, DiffOp::Equal { .. });
        let gone = old.get(operation.old_range()).unwrap_or_default();
        let came = new.get(operation.new_range()).filter(|_| !equal).unwrap_or_default();
        let old_tag = if equal { ChangeTag::Equal } else { ChangeTag::Delete };
        gone.iter().map(move |piece| (old_tag, *piece)).chain(came.iter().map(|piece| (ChangeTag::Insert, *piece)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use similar::TextDiff;

    use super::*;

    proptest! {
        #[test]
        fn patches_and_words_are_those_of_the_library(old in "([abc ]{0,3}\n){0,12}[ab]?", new in "([abc ]{0,3}\r?\n){0,12}[ab]?") {
            let library = TextDiff::from_lines(&old, &new);
            prop_assert_eq!(patch(&old, &new, ["x", "y"], None), library.unified_diff().context_radius(3).header("x", "y").to_string());
            let library = TextDiff::from_words(&old, &new);
            let of_library: Vec<_> = library.iter_all_changes().map(|change| (change.tag(), change.value())).collect();
            prop_assert_eq!(words(&old, &new), of_library);
        }
    }

    #[test]
    fn what_is_equal_has_no_patch() {
        assert_eq!(patch("a\n", "a\n", ["x", "y"], None), "");
        assert_eq!(
            patch("a\nb", "a\nc", ["x", "y"], None),
            "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
        );
    }
}
