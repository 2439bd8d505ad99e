//! Comparing from outside and through the library.

mod cli;
mod corpus;
mod git;
mod journals;
mod laws;
mod verdicts;

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::diff::{Diff, Ignore, Side, Verdict, compare};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions};

/// Texts as a side takes them, in load order.
fn inputs<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Vec<Input> {
    let input = |(index, (name, text)): (usize, &(N, T))| {
        let id = SourceId(u32::try_from(index).expect("few files"));
        Input { source: Arc::new(Source::new(id, name.as_ref(), text.as_ref())), format: Format::from_path(name.as_ref()) }
    };
    files.iter().enumerate().map(input).collect()
}

/// A loaded side.
fn side(inputs: &[Input]) -> Side<'_> {
    Side::load(inputs, &LoadOptions::default(), "")
}

/// Both sides compared, nothing left out.
fn diff(old: &[Input], new: &[Input]) -> Diff {
    compare(&side(old), &side(new), &Ignore::default())
}

/// Whether nothing differs and everything has a partner.
#[track_caller]
fn check_identical(diff: &Diff, what: &str) {
    assert_eq!(diff.verdict(), Verdict::Identical, "{what}: {diff:#?}");
}

/// A fixture file of these entries.
fn file(entries: &str) -> String {
    format!("{{\"fixtures\": [{entries}]}}")
}
