//! What a new recording of the same conversation changes by itself: times by a clock, UUIDs, ids that a provider drew;
//! and what normalize writes in their place, so that a recording and its normalized copy are the same.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::transform::{BuiltIn, Found, Kind, Scanner, Strictness, builtin};

/// What a new recording changes by itself.
const NAMES: [&str; 4] = ["timestamps", "uuids", "ids", "request-ids"];

static BUILTINS: LazyLock<Vec<&'static BuiltIn>> = LazyLock::new(|| NAMES.into_iter().filter_map(builtin).collect());
static DRAWN: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&BUILTINS, Strictness::Drawn));

/// What normalize scrubs unasked.
static SCRUBBED: LazyLock<Vec<&'static BuiltIn>> = LazyLock::new(|| NAMES.into_iter().chain(["secrets"]).filter_map(builtin).collect());
static SECRETS: LazyLock<Vec<&'static BuiltIn>> = LazyLock::new(|| builtin("secrets").into_iter().collect());
static HIDING: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&SECRETS, Strictness::Drawn));
static SCRUBBING: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&SCRUBBED, Strictness::Drawn));

/// The frozen forms of the same kinds.
static FROZEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(?P<prefix>[a-z]{2,8}[_-])?aimock[0-9a-f]{12}\b",
        r"|(?P<uuid>\b00000000-0000-8000-8000-[0-9a-f]{12}\b)",
        r"|(?P<ulid>\b0{14}[0-9A-F]{12}\b)",
        r"|(?P<time>\b2000-01-01[T ]00:00:00(?:[.,]0{1,9})?(?:Z|[+-]00:?00)?|\bSat, 01 Jan 2000 00:00:00 (?:GMT|[+-]0000)|\b946684800(?:000){0,3}\b)",
    ))
    .ok()
});

/// Shorter texts hold nothing that is recognised.
const SHORTEST: usize = 9;

/// The text with everything volatile replaced by its kind; `None` when nothing in it is.
pub(super) fn volatile(text: &str) -> Option<String> {
    if text.len() < SHORTEST || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let drawn = drawn(text);
    let all = FROZEN.as_ref()?.replace_all(&drawn, |found: &regex::Captures<'_>| {
        let kind = ["uuid", "ulid", "time"].into_iter().find(|name| found.name(name).is_some());
        match kind {
            Some("time") => "<timestamp>".to_owned(),
            Some(name) => format!("<{name}>"),
            None => format!("{}<id>", found.name("prefix").map_or("", |prefix| prefix.as_str())),
        }
    });
    (all != text).then(|| all.into_owned())
}

/// The same, with secrets as normalize writes them: for texts that are compared after they were joined.
pub(super) fn settled(text: &str) -> Option<String> {
    let safe = rewritten(text, &HIDING, |found| found.frozen(text));
    volatile(&safe).or_else(|| (safe != text).then(|| safe.into_owned()))
}

fn drawn(text: &str) -> Cow<'_, str> {
    rewritten(text, &DRAWN, |found| Some(found.placeholder().into_owned()))
}

/// The text as normalize leaves it: ids keep their identity, secrets do not.
fn frozen(text: &str) -> Cow<'_, str> {
    rewritten(text, &SCRUBBING, |found| found.frozen(text))
}

fn rewritten<'t>(text: &'t str, by: &Scanner, put: impl Fn(&Found) -> Option<String>) -> Cow<'t, str> {
    let all = by.scan(text);
    if all.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut replaced, mut at) = (String::new(), 0);
    for (_, found) in all {
        // A placeholder keeps the prefix of an id, which its frozen form has anyway.
        let prefix = if let Kind::Id { prefix } = found.kind { prefix } else { 0 };
        let Some((put, from)) = put(&found).map(|put| {
            let has_prefix = text.get(found.range.start..found.range.start + prefix).is_some_and(|prefix| put.starts_with(prefix));
            (put, if has_prefix { found.range.start } else { found.range.start + prefix })
        }) else {
            continue;
        };
        let Some(kept) = text.get(at..from) else { continue };
        replaced.push_str(kept);
        replaced.push_str(&put);
        at = found.range.end;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(text.get(at..).unwrap_or(""));
    Cow::Owned(replaced)
}

/// Whether two texts differ in volatile parts only, or one is what normalize makes of the other.
pub(super) fn differ_by_recording(old: &str, new: &str) -> bool {
    old != new && (volatile(old).zip(volatile(new)).is_some_and(|(old, new)| old == new) || frozen(old) == frozen(new))
}

/// Whether a number is Unix seconds or milliseconds between 2014 and 2033, or what normalize writes for such a number.
pub(super) fn is_epoch(number: f64) -> bool {
    const FROZEN_SECONDS: f64 = 946_684_800.0;
    let is_frozen = (FROZEN_SECONDS..=FROZEN_SECONDS).contains(&number) || (FROZEN_SECONDS * 1e3..=FROZEN_SECONDS * 1e3).contains(&number);
    is_frozen || (1.4e9..2.0e9).contains(&number) || (1.4e12..2.0e12).contains(&number)
}
