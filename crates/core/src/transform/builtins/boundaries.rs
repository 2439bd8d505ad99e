//! `boundaries`: what parts the sections of a multipart body (RFC 2046), where it is declared and where it parts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "boundaries",
    summary: "multipart boundaries: declared, and those of browsers and curl",
    examples: &[
        Example {
            before: "multipart/form-data; boundary=b7f3k2m9q4x1",
            after: "multipart/form-data; boundary=<boundary>",
            frozen: "multipart/form-data; boundary=aimockb11681b75684",
        },
        Example { before: "------WebKitFormBoundary7MA4YWxkTrZu0gW1--", after: "------<boundary>--", frozen: "------aimock8f3b97e8fdd1--" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT,
    least: 1,
    scan,
};

static BOUNDARY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"boundary=\\?"?-*([A-Za-z0-9'()+_,./:?][A-Za-z0-9'()+_,./:?-]{5,69})|(WebKitFormBoundary[A-Za-z0-9]{16})|-{24,40}([0-9A-Za-z]{12,32})"#).ok()
});

/// Boundaries that one text may declare; those beyond are found where they are declared only.
const MOST: usize = 8;

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let Some(boundary) = BOUNDARY.as_ref() else { return };
    let first = found.len();
    let mut declared = BTreeSet::new();
    for captures in boundary.captures_iter(text) {
        let Some(value) = captures.get(1).or_else(|| captures.get(2)).or_else(|| captures.get(3)) else { continue };
        if !is_boundary(value.as_str(), strictness) {
            continue;
        }
        found.push(Found { range: value.range(), kind: Kind::Boundary });
        if captures.get(1).is_some() && declared.len() < MOST {
            declared.insert(value.as_str());
        }
    }
    for value in declared {
        let parting = text.match_indices(value).filter(|(at, _)| text.get(..*at).is_some_and(|before| before.ends_with("--")));
        found.extend(parting.map(|(at, value)| Found { range: at..at + value.len(), kind: Kind::Boundary }));
    }
    super::settle(found, first);
}

fn is_boundary(value: &str, strictness: Strictness) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit()) && (strictness == Strictness::Every || !is_placeholder(value))
}
