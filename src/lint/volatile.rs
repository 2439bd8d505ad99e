//! What differs from run to run: times, ids, paths and ports that a machine chose. In a match key such a text was met
//! once and is never met again.
//!
//! Recognised by shape, and let through where an author wrote it: round times, example ids, `/home/user`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{match_texts, part};
use super::{FileContext, Findings};
use crate::secrets::is_placeholder;

/// Finds something volatile in a text.
pub(super) type Recogniser = fn(&str) -> Option<Range<usize>>;

/// Reports texts of match keys in which a recogniser finds something: `what` names it with its article.
pub(super) fn report_in_keys(file: &FileContext<'_>, findings: &mut Findings, recognise: Recogniser, what: &str, help: &'static str) {
    for (node, _) in file.entries() {
        for text in match_texts(node) {
            // What the transforms in force take away is no trouble; a text that they fail on was reported by the loader.
            let Ok(compared) = file.transforms.text(text.key, text.text) else { continue };
            let Some(found) = recognise(&compared).and_then(|range| compared.get(range)) else { continue };
            let finding = findings
                .report(file.label(part(file, text.node, found)), format!("`{}` holds {what}: {}", text.key, crate::shape::code(found)));
            finding.help = help.into();
            finding.identity = format!("{} {found}", text.key);
        }
    }
}

macro_rules! pattern {
    ($name:ident, $regex:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($regex).ok());
    };
}

pattern!(
    ISO_TIME,
    r"(20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9])(\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
);
pattern!(EPOCH, r"(?i)(?:time|epoch|stamp|created|date|[^a-z]ts|[^a-z]at)[^0-9a-z]{1,6}([0-9]{13}|[0-9]{10})|\b([0-9]{13})\b");

/// A time to the second that a clock wrote: seconds that are not round, or a fraction; Unix seconds beside a word for
/// time, Unix milliseconds, both from 2015 to 2035.
pub(super) fn timestamp(text: &str) -> Option<Range<usize>> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let by_clock = |captures: &regex::Captures<'_>| {
        let round = captures.get(5).is_some_and(|seconds| seconds.as_str() == "00");
        let fraction = captures.get(6).is_some_and(|fraction| fraction.as_str().bytes().any(|byte| (b'1'..=b'9').contains(&byte)));
        fraction || !round
    };
    let iso = ISO_TIME.as_ref()?.captures_iter(text).find(by_clock).and_then(|captures| captures.get(0)).map(|found| found.range());
    iso.or_else(|| {
        EPOCH.as_ref()?.captures_iter(text).find_map(|captures| {
            let found = captures.get(1).or_else(|| captures.get(2))?;
            let ends = !text.as_bytes().get(found.end()).is_some_and(u8::is_ascii_digit);
            (ends && is_epoch(found.as_str())).then(|| found.range())
        })
    })
}

/// Unix seconds or milliseconds from 2015 to 2035 that are not round.
pub(super) fn is_epoch(digits: &str) -> bool {
    const FROM_2015: u64 = 1_420_070_400;
    const TO_2035: u64 = 2_051_222_400;
    let Ok(number) = digits.parse::<u64>() else { return false };
    let seconds = if digits.len() == 13 { number / 1000 } else { number };
    (FROM_2015..TO_2035).contains(&seconds) && seconds % 1000 != 0 && !is_placeholder(digits)
}

pattern!(UUID, r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b");
pattern!(ULID, r"\b01[0-9A-HJKMNP-TV-Z]{24}\b");

/// A UUID (RFC 9562: version and variant right) or a ULID, unless its digits are those of an example.
pub(super) fn uuid(text: &str) -> Option<Range<usize>> {
    let drawn = |found: &regex::Match<'_>| {
        let example = found.as_str().to_ascii_lowercase().starts_with("123e4567-e89b");
        let kinds = found.as_str().bytes().filter(u8::is_ascii_alphanumeric).collect::<std::collections::BTreeSet<u8>>().len();
        !example && kinds >= 8 && !is_placeholder(found.as_str())
    };
    let find = |pattern: &Option<Regex>| pattern.as_ref()?.find_iter(text).find(drawn).map(|found| found.range());
    if text.len() < 26 { None } else { find(&UUID).or_else(|| find(&ULID)) }
}

pattern!(
    ISSUED,
    r"\b(?:chatcmpl-|cmpl-|resp_|msg_|req_|call_|toolu_|run_|thread_|asst_|file-|fc_|rs_|gen-|batch_|ws_|modr-|tooluse_)([A-Za-z0-9]{14,64})\b"
);

/// An id that a provider gave out: its prefix, then a row of letters and digits that nobody writes by hand.
pub(super) fn issued_id(text: &str) -> Option<Range<usize>> {
    let drawn = |captures: &regex::Captures<'_>| captures.get(1).is_some_and(|body| is_drawn(body.as_str()));
    ISSUED.as_ref()?.captures_iter(text).find(drawn).and_then(|captures| captures.get(0)).map(|found| found.range())
}

fn is_drawn(body: &str) -> bool {
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    let kinds = body.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    // Times and counters have few letters; words have no digits.
    digits >= 2 && body.len() - digits >= 4 && kinds >= 8 && !is_placeholder(body)
}

pattern!(
    OWN_PATH,
    r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})([A-Za-z0-9._-]{2,32})[/\\]|/var/folders/[A-Za-z0-9_]{2}/[A-Za-z0-9_]{8,}/|/tmp/[A-Za-z]*[._-]([A-Za-z0-9_]{6,24})\b"
);

/// Homes that stand for anybody's.
const ANYBODY: [&str; 20] = [
    "user",
    "username",
    "me",
    "you",
    "name",
    "runner",
    "node",
    "ubuntu",
    "app",
    "vscode",
    "root",
    "public",
    "shared",
    "default",
    "alice",
    "bob",
    "john",
    "jane",
    "dev",
    "linuxbrew",
];

/// A path into somebody's home, or into a temporary folder with a drawn name.
pub(super) fn own_path(text: &str) -> Option<Range<usize>> {
    if !text.contains(['/', '\\']) {
        return None;
    }
    let own = |captures: &regex::Captures<'_>| match (captures.get(1), captures.get(2)) {
        (Some(name), _) => !ANYBODY.contains(&name.as_str().to_ascii_lowercase().as_str()) && !is_placeholder(name.as_str()),
        (None, Some(drawn)) => {
            let digits = drawn.as_str().bytes().any(|byte| byte.is_ascii_digit());
            digits && drawn.as_str().bytes().any(|byte| byte.is_ascii_alphabetic()) && !is_placeholder(drawn.as_str())
        }
        (None, None) => true,
    };
    OWN_PATH.as_ref()?.captures_iter(text).find(own).and_then(|captures| captures.get(0)).map(|found| found.range())
}

pattern!(LOCAL_PORT, r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):([0-9]{5})\b");

/// A local address with a port from the range that systems hand out (32768 and up on Linux).
pub(super) fn drawn_port(text: &str) -> Option<Range<usize>> {
    let drawn = |captures: &regex::Captures<'_>| {
        captures.get(1).and_then(|port| port.as_str().parse::<u32>().ok()).is_some_and(|port| (32_768..=65_535).contains(&port))
    };
    if !text.contains(':') {
        return None;
    }
    LOCAL_PORT.as_ref()?.captures_iter(text).find(drawn).and_then(|captures| captures.get(0)).map(|found| found.range())
}
