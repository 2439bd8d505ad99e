//! `whitespace`: every run of white space becomes one space, none stays at the ends.

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "whitespace",
    summary: "runs of spaces, tabs and line breaks become one space; none at the ends",
    examples: &[Example { before: "  Hello,\n\n\tworld ", after: "Hello, world", frozen: "  Hello,\n\n\tworld " }],
    keys: &FREE_TEXTS,
    needs: Signs::SPACE,
    least: 1,
    scan,
};

/// Nobody draws white space, so there is none to be found where only that counts.
fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    if strictness == Strictness::Drawn {
        return;
    }
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(char::is_whitespace)).map(|offset| from + offset) {
        let rest = text.get(start..).unwrap_or("");
        let end = start + rest.len() - rest.trim_start().len();
        if start == 0 || end == text.len() {
            found.push(Found { range: start..end, kind: Kind::Margin });
        } else if rest.get(..end - start) != Some(" ") {
            found.push(Found { range: start..end, kind: Kind::Space });
        }
        from = end;
    }
}
