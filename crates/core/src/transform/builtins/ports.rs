//! `ports`: ports behind an address of this machine or the word itself.

use std::sync::LazyLock;

use regex::Regex;

use super::super::bytes::{Signs, joined_after};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "ports",
    summary: "ports of local addresses, and those behind the word `port`",
    examples: &[
        Example { before: "http://localhost:53211/v1", after: "http://localhost:<port>/v1", frozen: "http://localhost:8080/v1" },
        Example { before: "listening on port 49152", after: "listening on port <port>", frozen: "listening on port 49152" },
        Example {
            before: "at 12:30, http://localhost:80",
            after: "at 12:30, http://localhost:80",
            frozen: "at 12:30, http://localhost:80",
        },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT,
    least: 1,
    scan,
};

static PORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):([0-9]{4,5})|\b[Pp]ort(?: |: ?|=| #)([0-9]{4,5})").ok());

/// Systems hand out ports from here on (Linux: 32768); authors write smaller ones.
const DRAWN: u32 = 32_768;

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let Some(port) = PORT.as_ref() else { return };
    for captures in port.captures_iter(text) {
        let Some(digits) = captures.get(2).or_else(|| captures.get(3)) else { continue };
        let number: u32 = digits.as_str().parse().unwrap_or(0);
        let known = match strictness {
            Strictness::Every => (1_024..=65_535).contains(&number),
            Strictness::Drawn => (DRAWN..=65_535).contains(&number) && captures.get(1).is_some(),
        };
        if known && !joined_after(text.as_bytes(), digits.end()) {
            found.push(Found { range: digits.range(), kind: Kind::Port });
        }
    }
}
