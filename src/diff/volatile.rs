//! What a new recording of the same conversation changes by itself: times by a clock, UUIDs, ids that a provider drew.
//!
//! The one seam between comparing and recognising: whoever has better recognisers replaces [`volatile`].

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Times to the second, Unix times beside a word for time, Unix milliseconds, UUIDs, ULIDs, ids behind a provider's prefix.
static VOLATILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<time>20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:(?P<seconds>[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,9}))?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)",
        r"|(?P<uuid>\b(?i:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\b|\b01[0-9A-HJKMNP-TV-Z]{24}\b)",
        r"|\b(?P<prefix>chatcmpl-|cmpl-|resp_|msg_|req_|call_|toolu_|tooluse_|run_|thread_|asst_|file-|fc_|rs_|gen-|batch_|ws_)(?P<drawn>[A-Za-z0-9]{14,64})\b",
        r"|(?P<word>(?i:time|epoch|stamp|created|date)[^0-9A-Za-z]{1,6})(?P<epoch>1[4-9][0-9]{8})\b",
        r"|\b(?P<millis>1[4-9][0-9]{11})\b",
    ))
    .ok()
});

/// Shorter texts hold nothing that is recognised.
const SHORTEST: usize = 13;

/// The text with everything volatile replaced by its kind; `None` when nothing in it is.
pub(super) fn volatile(text: &str) -> Option<String> {
    if text.len() < SHORTEST || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match VOLATILE.as_ref()?.replace_all(text, replacement) {
        Cow::Borrowed(_) => None,
        Cow::Owned(replaced) => (replaced != text).then_some(replaced),
    }
}

/// Whether two texts differ in volatile parts only.
pub(super) fn differ_by_recording(old: &str, new: &str) -> bool {
    old != new && volatile(old).zip(volatile(new)).is_some_and(|(old, new)| old == new)
}

/// Whether a number is Unix seconds or milliseconds between 2014 and 2033.
pub(super) fn is_epoch(number: f64) -> bool {
    (1.4e9..2.0e9).contains(&number) || (1.4e12..2.0e12).contains(&number)
}

fn replacement(found: &Captures<'_>) -> String {
    let whole = found.get(0).map_or("", |found| found.as_str());
    let text = |name: &str| found.name(name).map_or("", |found| found.as_str());
    if found.name("time").is_some() {
        // A round time without a fraction was written by an author, who means it.
        let by_clock = text("seconds") != "00" || text("fraction").bytes().any(|byte| byte != b'0');
        return if by_clock { "<timestamp>".to_owned() } else { whole.to_owned() };
    }
    if found.name("uuid").is_some() {
        return "<uuid>".to_owned();
    }
    if found.name("drawn").is_some() {
        return if is_drawn(text("drawn")) { format!("{}<id>", text("prefix")) } else { whole.to_owned() };
    }
    if found.name("epoch").is_some() { format!("{}<epoch>", text("word")) } else { "<epoch>".to_owned() }
}

/// Whether somebody's dice wrote it: times and counters have few letters, words no digits.
fn is_drawn(body: &str) -> bool {
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    digits >= 2 && body.len() - digits >= 4
}
