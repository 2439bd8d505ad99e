//! `uuids`: UUIDs (RFC 9562) and ULIDs.

use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};

use super::super::bytes::{Signs, before, distinct, is_word, joined_after, joined_before, run};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "uuids",
    summary: "UUIDs and ULIDs",
    examples: &[
        Example {
            before: "session 3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9",
            after: "session <uuid>",
            frozen: "session 00000000-0000-8000-8000-d5be1bdcad3d",
        },
        Example { before: "key 01JQK5M8ZT4VX7N2RBWC9HDE6F", after: "key <ulid>", frozen: "key 0000000000000034C4BA004606" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT,
    least: 26,
    scan,
};

/// The first digits of a time of this age in a ULID.
static ULID_START: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"01"));

const UUID: usize = 36;
const ULID: usize = 26;

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let first = found.len();
    let mut from = 0;
    for dash in memchr_iter(b'-', bytes) {
        let Some(start) = dash.checked_sub(8).filter(|start| *start >= from) else { continue };
        if is_uuid(bytes, start) && (strictness == Strictness::Every || is_drawn_uuid(text.get(start..start + UUID).unwrap_or(""))) {
            from = start + UUID;
            found.push(Found { range: start..from, kind: Kind::Uuid });
        }
    }
    from = 0;
    let uuids = found.len();
    for start in ULID_START.find_iter(bytes) {
        if start >= from
            && is_ulid(bytes, start)
            && (strictness == Strictness::Every || is_drawn(text.get(start..start + ULID).unwrap_or("")))
        {
            from = start + ULID;
            found.push(Found { range: start..from, kind: Kind::Ulid });
        }
    }
    if uuids > first && found.len() > uuids {
        // No ULID stands in a UUID, which has dashes.
        found.get_mut(first..).unwrap_or_default().sort_unstable_by_key(|found| found.range.start);
    }
}

fn is_uuid(bytes: &[u8], start: usize) -> bool {
    let dash = |offset: usize| bytes.get(start + offset) == Some(&b'-');
    if !(dash(13) && dash(18) && dash(23)) {
        return false;
    }
    let digits = |from: usize, count: usize| run(bytes, start + from, count, |byte| byte.is_ascii_hexdigit()) == count;
    let apart = !joined_before(bytes, start) || before(bytes, start) == Some(b'_');
    digits(0, 8) && digits(9, 4) && digits(14, 4) && digits(19, 4) && digits(24, 12) && apart && !joined_after(bytes, start + UUID)
}

/// Crockford's alphabet, with a time of this age in front.
fn is_ulid(bytes: &[u8], start: usize) -> bool {
    let crockford = |byte: u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'L' | b'O' | b'U'));
    run(bytes, start, ULID, crockford) == ULID
        && bytes.get(start..start + ULID).is_some_and(|ulid| ulid.iter().any(u8::is_ascii_uppercase))
        && !joined_before(bytes, start)
        && !bytes.get(start + ULID).copied().is_some_and(is_word)
}

/// Version and variant right, and not the digits of an example.
fn is_drawn_uuid(uuid: &str) -> bool {
    let at = |index: usize| uuid.as_bytes().get(index).copied().unwrap_or(0).to_ascii_lowercase();
    let form = (b'1'..=b'8').contains(&at(14)) && matches!(at(19), b'8' | b'9' | b'a' | b'b');
    form && !uuid.to_ascii_lowercase().starts_with("123e4567-e89b") && is_drawn(uuid)
}

fn is_drawn(id: &str) -> bool {
    let kinds = distinct(id.as_bytes()) - usize::from(id.contains('-'));
    kinds >= 8 && !is_placeholder(id)
}
