//! `request-ids`: the numbers by which services and tracers tell one call from another.

use std::sync::LazyLock;

use memchr::memchr2_iter;
use regex::Regex;

use super::super::bytes::{Signs, before, distinct, joined_after, joined_before, letter_pairs};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "request-ids",
    summary: "request, trace, span and correlation ids, `traceparent`",
    examples: &[
        Example {
            before: "x-request-id: 8f14e45fceea167a5a36dedd4bea2543",
            after: "x-request-id: <request-id>",
            frozen: "x-request-id: 00000000000000000000403dd45c5e49",
        },
        Example {
            before: "request ID req_011CSHoEeqs5C35K2UUqR7Fy",
            after: "request ID <request-id>",
            frozen: "request ID req_aimockea85ac871360",
        },
        Example {
            before: "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            after: "traceparent: <traceparent>",
            frozen: "traceparent: 00-00000000000000000000446fefd3ed87-0000446fefd3ed87-01",
        },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT.and(Signs::LETTER),
    least: 1,
    scan,
};

static ID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        (?P<parent>00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})
        | (?P<own>req_[a-z0-9]{14,64})
        | (?:(?:request|trace|span|correlation|amzn-?trace|amzn-?request|amz-?cf|operation|invocation)[-_\x20]?id|cf-ray)
          ["'\\]{0,2} (?:\x20?[:=]\x20?|\x20is\x20|\x20) ["'\\]{0,2}
          (?P<value>(?:Root=)?[a-z0-9][a-z0-9_.:/+=-]{7,127})"#,
    )
    .ok()
});

/// What stands before `id`, perhaps with a mark between.
const NAMES: [&[u8]; 8] = [b"request", b"trace", b"span", b"correlation", b"amzcf", b"amz-cf", b"operation", b"invocation"];

/// Whether any beginning of an id stands in a text, letter case aside: what the expression below cannot do without.
fn has_start(bytes: &[u8]) -> bool {
    let ends = |end: usize, word: &[u8]| {
        bytes
            .get(..end)
            .and_then(|before| before.get(end.checked_sub(word.len())?..))
            .is_some_and(|before| before.eq_ignore_ascii_case(word))
    };
    let named = |start: usize| {
        let marked = matches!(before(bytes, start), Some(b'-' | b'_' | b' '));
        NAMES.iter().any(|name| ends(start, name) || (marked && ends(start - 1, name)))
    };
    let marked = |mark: usize| {
        ends(mark, b"00")
            || ends(mark, b"req")
            || (ends(mark, b"cf") && bytes.get(mark + 1..mark + 4).is_some_and(|ray| ray.eq_ignore_ascii_case(b"ray")))
    };
    memchr2_iter(b'-', b'_', bytes).any(marked) || letter_pairs(bytes, *b"id").any(named)
}

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let Some(id) = ID.as_ref().filter(|_| has_start(bytes)) else { return };
    for captures in id.captures_iter(text) {
        let parent = captures.name("parent");
        let Some(mut range) = parent.or_else(|| captures.name("own")).or_else(|| captures.name("value")).map(|id| id.range()) else {
            continue;
        };
        // Punctuation behind an id ends the sentence.
        let tail =
            text.get(range.clone()).unwrap_or("").bytes().rev().take_while(|byte| matches!(byte, b'.' | b':' | b'/' | b'=' | b'-')).count();
        range.end -= tail;
        let value = text.get(range.clone()).unwrap_or("");
        let apart = captures.name("value").is_some() || !(joined_before(bytes, range.start) || joined_after(bytes, range.end));
        if apart && is_id(value, strictness) {
            found.push(Found { range, kind: if parent.is_some() { Kind::TraceParent } else { Kind::RequestId } });
        }
    }
}

/// Words have no digits; what nobody drew has few kinds of characters, or long runs of one.
fn is_id(value: &str, strictness: Strictness) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let drawn = digits >= 2 && distinct(value.as_bytes()) >= 7 && !is_placeholder(value);
    value.len() >= 8 && digits >= 1 && (drawn || strictness == Strictness::Every)
}
