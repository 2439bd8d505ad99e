//! `digests`: checksums in hexadecimal, and short hashes of commits behind a word for them.

use std::ops::Range;

use super::super::bytes::{Signs, before, digit_runs, distinct, joined_after, joined_before, run, run_back};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "digests",
    summary: "MD5, SHA-1 and SHA-2 in hexadecimal; short hashes behind `commit`, `sha`, `rev` and the like",
    examples: &[
        Example {
            before: "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
            after: "sha1 <digest>",
            frozen: "sha1 000000000000000000000000000007e23ede2756",
        },
        Example { before: "at commit f5ee8a1", after: "at commit <digest>", frozen: "at commit 0000000" },
        Example {
            before: "colour #1e90ff, order 20417733",
            after: "colour #1e90ff, order 20417733",
            frozen: "colour #1e90ff, order 20417733",
        },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT.and(Signs::LETTER),
    least: 1,
    scan,
};

/// MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
const LENGTHS: [usize; 6] = [32, 40, 56, 64, 96, 128];
/// Words that stand before a short hash.
const WORDS: [&str; 9] = ["commit", "sha", "rev", "revision", "hash", "head", "digest", "checksum", "etag"];

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for digits in digit_runs(bytes) {
        if digits.start < from {
            continue;
        }
        // Any digit is inside the row that it belongs to, which is looked at once.
        let start = digits.start - run_back(bytes, digits.start, digits.start - from, |byte| byte.is_ascii_hexdigit());
        let end = digits.end + run(bytes, digits.end, bytes.len(), |byte| byte.is_ascii_hexdigit());
        from = end;
        if is_digest(bytes, &(start..end)) && (strictness == Strictness::Every || is_drawn(text.get(start..end).unwrap_or(""))) {
            found.push(Found { range: start..end, kind: Kind::Digest });
        }
    }
}

fn is_digest(bytes: &[u8], range: &Range<usize>) -> bool {
    let digest = bytes.get(range.clone()).unwrap_or(&[]);
    let letters = digest.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let lower = digest.iter().any(u8::is_ascii_lowercase) && digest.iter().any(u8::is_ascii_uppercase);
    let apart = !joined_before(bytes, range.start) && !joined_after(bytes, range.end);
    let long = LENGTHS.contains(&digest.len()) && letters >= 4;
    let short = (7..=12).contains(&digest.len()) && letters >= 1 && says_hash(bytes, range.start);
    (long || short) && apart && !lower
}

fn says_hash(bytes: &[u8], start: usize) -> bool {
    let gap = run_back(bytes, start, 4, |byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'`'));
    let length = run_back(bytes, start - gap, 10, |byte| byte.is_ascii_alphabetic());
    let word = bytes.get(start - gap - length..start - gap).unwrap_or(&[]);
    (1..=3).contains(&gap)
        && before(bytes, start - gap - length) != Some(b'\\')
        && WORDS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_drawn(digest: &str) -> bool {
    distinct(digest.as_bytes()) >= digest.len().min(16) / 2 && !is_placeholder(digest)
}
