//! `durations`: how long something took, as programs print it. Whole seconds and minutes that people write stay, unless
//! a word says that they were measured.

use std::sync::LazyLock;

use regex::Regex;

use super::super::bytes::{Signs, before, is_word, joined_after, joined_before};
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "durations",
    summary: "measured times: 12.34s, 350 ms, in 2.1 seconds, 1m3.5s, PT1M3.5S",
    examples: &[
        Example { before: "3 passed in 12.34s", after: "3 passed in <duration>", frozen: "3 passed in 0.00s" },
        Example { before: "took 353 ms", after: "took <duration>", frozen: "took 0 ms" },
        Example { before: "done in 2.1 seconds", after: "done in <duration>", frozen: "done in 2.1 seconds" },
        Example { before: "elapsed PT1M3.52S", after: "elapsed <duration>", frozen: "elapsed PT0M0.00S" },
        Example {
            before: "wait 30 seconds, the 1990s, v2.1",
            after: "wait 30 seconds, the 1990s, v2.1",
            frozen: "wait 30 seconds, the 1990s, v2.1",
        },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT.and(Signs::LETTER),
    least: 1,
    scan,
};

static DURATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<iso>PT(?:[0-9]{1,6}H)?(?:[0-9]{1,6}M)?(?:[0-9]{1,9}(?:[.,][0-9]{1,9})?S)?)
        | (?P<fine>[0-9]{1,9}(?:\.[0-9]{1,9})?\x20?(?:milliseconds?|microseconds?|nanoseconds?|msecs?|ms|[µμ]s|us|ns))
        | (?P<mixed>(?:[0-9]{1,4}\x20?h\x20?)?[0-9]{1,4}\x20?m\x20?[0-9]{1,2}(?:\.[0-9]{1,9})?\x20?s)
        | (?P<part>[0-9]{1,9}\.[0-9]{1,9}\x20?(?:seconds?|secs?|minutes?|mins?|hours?|s))
        | (?:\b(?i:took|elapsed|duration|finished\x20in|completed\x20in|done\x20in|passed\x20in|failed\x20in|ran\x20in|after))[:=]?\x20
          (?P<said>[0-9]{1,9}\x20?(?:seconds?|secs?|minutes?|mins?|hours?|s))",
    )
    .ok()
});

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let Some(duration) = DURATION.as_ref() else { return };
    let bytes = text.as_bytes();
    for captures in duration.captures_iter(text) {
        let Some(part) = ["iso", "fine", "mixed", "part", "said"].iter().find_map(|name| captures.name(name)) else { continue };
        let joined = joined_before(bytes, part.start())
            || before(bytes, part.start()).is_some_and(|byte| matches!(byte, b'.' | b',' | b'-' | b'$' | b':') && !is_word(byte));
        let whole = part.as_str();
        let known = whole.bytes().any(|byte| byte.is_ascii_digit()) && (strictness == Strictness::Every || is_drawn(whole));
        let compound = bytes.get(part.end()) == Some(&b'-') && bytes.get(part.end() + 1).is_some_and(u8::is_ascii_alphanumeric);
        if known && !joined && !compound && !joined_after(bytes, part.end()) {
            found.push(Found { range: part.range(), kind: Kind::Duration });
        }
    }
}

/// Two fraction digits or more that are not zero, or milliseconds that are no multiple of ten.
fn is_drawn(text: &str) -> bool {
    let fraction = text.split_once(['.', ',']).map_or("", |(_, fraction)| fraction);
    let fraction: &str = fraction.get(..fraction.bytes().take_while(u8::is_ascii_digit).count()).unwrap_or("");
    let measured = fraction.len() >= 2 && fraction.bytes().any(|digit| digit != b'0');
    let fine = ["ms", "msec", "milli", "us", "µs", "μs", "ns", "micro", "nano"].iter().any(|unit| text.contains(unit));
    let whole = text.bytes().take_while(u8::is_ascii_digit).last();
    measured || (fine && whole.is_some_and(|last| last != b'0'))
}
