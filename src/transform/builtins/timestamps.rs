//! `timestamps`: points in time.

use std::sync::LazyLock;

use regex::Regex;

use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "timestamps",
    summary: "dates with times, in every common form",
    examples: &[Example {
        before: "Event Date: 2026-03-30T13:19:38",
        after: "Event Date: <timestamp>",
        frozen: "Event Date: 2000-01-01T00:00:00",
    }],
    keys: &FREE_TEXTS,
    scan,
};

static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9])([.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?").ok()
});

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let Some(iso) = ISO.as_ref() else { return };
    for captures in iso.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let round = captures.get(1).is_some_and(|seconds| seconds.as_str() == "00");
        if strictness == Strictness::Every || !round || captures.get(2).is_some() {
            found.push(Found { range: whole.range(), kind: Kind::IsoTime });
        }
    }
}
