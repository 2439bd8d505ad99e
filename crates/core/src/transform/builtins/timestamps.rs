//! `timestamps`: points in time, in the forms that clocks, logs and headers write them.
//!
//! Everything hangs on a row of digits: four are the year of ISO 8601 (RFC 3339), eight its compact form, ten and more
//! a count since 1970, one or two the day beside the name of a month (RFC 5322, RFC 9110, asctime, logs).

use std::ops::Range;

use super::super::bytes::{Signs, before, digit_runs, is_word, joined_after, joined_before, number, run, run_back};
use super::super::found::{Found, Kind};
use super::super::freeze::month;
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "timestamps",
    summary: "dates and times: ISO 8601, RFC 3339, RFC 2822, HTTP dates, logs, Unix time",
    examples: &[
        Example { before: "Event Date: 2026-03-30T13:19:38", after: "Event Date: <timestamp>", frozen: "Event Date: 2000-01-01T00:00:00" },
        Example { before: "at 2026-03-30T13:19:38.123456-07:00", after: "at <timestamp>", frozen: "at 2000-01-01T00:00:00.000000+00:00" },
        Example { before: "2026-03-30 13:19:38,123 INFO", after: "<timestamp> INFO", frozen: "2000-01-01 00:00:00,000 INFO" },
        Example {
            before: "Date: Mon, 30 Mar 2026 13:19:38 GMT",
            after: "Date: <timestamp>",
            frozen: "Date: Sat, 01 Jan 2000 00:00:00 GMT",
        },
        Example { before: "Mon Mar 30 13:19:38 2026", after: "<timestamp>", frozen: "Sat Jan 01 00:00:00 2000" },
        Example { before: r#"{"created": 1774876778}"#, after: r#"{"created": <timestamp>}"#, frozen: r#"{"created": 946684800}"# },
        Example { before: "since 1774876778123", after: "since <timestamp>", frozen: "since 946684800000" },
        // Nobody can tell whose date this is, so responses keep it.
        Example { before: "Today is Monday, March 30, 2026.", after: "Today is <date>.", frozen: "Today is Monday, March 30, 2026." },
        Example { before: "as of 2026-03-30", after: "as of <date>", frozen: "as of 2026-03-30" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::DIGIT,
    least: 8,
    scan,
};

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for digits in digit_runs(bytes) {
        if digits.start < from {
            continue;
        }
        let read = match digits.len() {
            4 => iso(bytes, digits.start),
            8 => compact(bytes, &digits),
            10 | 13 | 16 | 19 => epoch(bytes, &digits, strictness),
            1 | 2 => day_first(bytes, &digits).or_else(|| month_first(bytes, &digits)),
            _ => None,
        };
        if let Some(read) = read.filter(|read| read.range.start >= from && (read.drawn || strictness == Strictness::Every)) {
            from = read.range.end;
            found.push(Found { range: read.range, kind: read.kind });
        }
    }
}

/// What was read, and whether a clock wrote it: seconds that are not round.
struct Time {
    range: Range<usize>,
    kind: Kind,
    drawn: bool,
}

/// The time of a day: where it ends, and whether its seconds are not round.
struct Clock {
    end: usize,
    drawn: bool,
}

fn digits_at(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    number(bytes.get(at..at + count)?)
}

/// `hh:mm`, `hh:mm:ss`, and a fraction behind `.` or `,`.
fn clock(bytes: &[u8], at: usize) -> Option<Clock> {
    let hours = run(bytes, at, 3, |byte| byte.is_ascii_digit());
    let valid = (1..=2).contains(&hours) && digits_at(bytes, at, hours)? < 24 && bytes.get(at + hours) == Some(&b':');
    let minutes = at + hours + 1;
    if !valid || digits_at(bytes, minutes, 2)? > 59 {
        return None;
    }
    let mut clock = Clock { end: minutes + 2, drawn: false };
    let seconds =
        if bytes.get(clock.end) == Some(&b':') { digits_at(bytes, clock.end + 1, 2).filter(|seconds| *seconds <= 60) } else { None };
    if let Some(seconds) = seconds {
        clock = Clock { end: clock.end + 3, drawn: seconds != 0 };
        if let Some(b'.' | b',') = bytes.get(clock.end) {
            let length = run(bytes, clock.end + 1, 9, |byte| byte.is_ascii_digit());
            let fraction = bytes.get(clock.end + 1..clock.end + 1 + length).unwrap_or(&[]);
            clock.drawn |= fraction.iter().any(|digit| *digit != b'0');
            clock.end += if length > 0 { length + 1 } else { 0 };
        }
    }
    let ends = !bytes.get(clock.end).is_some_and(u8::is_ascii_digit);
    ends.then_some(clock)
}

/// Where a zone that begins here ends: `Z`, `+02:00`, `-0700`, and with a space before it `GMT`, `UTC` and offsets.
fn zone(bytes: &[u8], at: usize, after_space: bool) -> usize {
    let spaced = after_space && bytes.get(at) == Some(&b' ');
    let start = at + usize::from(spaced);
    let end = match bytes.get(start) {
        Some(b'Z' | b'z') if !spaced => start + 1,
        Some(b'+' | b'-') => {
            let hours = run(bytes, start + 1, 4, |byte| byte.is_ascii_digit());
            let colon = hours == 2 && bytes.get(start + 3) == Some(&b':') && run(bytes, start + 4, 2, |byte| byte.is_ascii_digit()) == 2;
            start
                + if colon {
                    6
                } else if hours == 4 || (hours == 2 && !spaced) {
                    hours + 1
                } else {
                    return at;
                }
        }
        Some(_) if spaced && ["GMT", "UTC"].iter().any(|name| bytes.get(start..).is_some_and(|rest| rest.starts_with(name.as_bytes()))) => {
            start + 3
        }
        _ => return at,
    };
    if joined_after(bytes, end) { at } else { end }
}

/// `2026-03-30`, alone or with a clock; also with slashes, as logs write it.
fn iso(bytes: &[u8], start: usize) -> Option<Time> {
    let separator = *bytes.get(start + 4).filter(|byte| matches!(byte, b'-' | b'/'))?;
    let month = digits_at(bytes, start + 5, 2)?;
    let day = digits_at(bytes, start + 8, 2)?;
    let date = bytes.get(start..start + 2) == Some(b"20")
        && bytes.get(start + 7) == Some(&separator)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day);
    if !date {
        return None;
    }
    let end = start + 10;
    let time = if let Some(b'T' | b't' | b' ') = bytes.get(end) { clock(bytes, end + 1) } else { None };
    if let Some(clock) = time {
        let end = zone(bytes, clock.end, true);
        // A zone by name is a word of its own here.
        let end = if bytes.get(clock.end) == Some(&b' ') && !bytes.get(clock.end + 1).is_some_and(|sign| matches!(sign, b'+' | b'-')) {
            clock.end
        } else {
            end
        };
        return Some(Time { range: start..end, kind: Kind::Time, drawn: clock.drawn });
    }
    // Versions, file names and ranges of numbers hold dates too: only one that stands alone is one.
    let joins = |byte: u8| is_word(byte) || matches!(byte, b'-' | b'.');
    let alone = !before(bytes, start).is_some_and(|byte| joins(byte) || byte == b'/')
        || !joined_before(bytes, start) && before(bytes, start).is_some_and(is_word);
    let ends = !bytes.get(end).is_some_and(|byte| is_word(*byte) || matches!(byte, b'-' | b'/'));
    (alone && ends && separator == b'-').then_some(Time { range: start..end, kind: Kind::Date, drawn: false })
}

/// `20260330T131938Z`.
fn compact(bytes: &[u8], digits: &Range<usize>) -> Option<Time> {
    let start = digits.start;
    let (month, day) = (digits_at(bytes, start + 4, 2)?, digits_at(bytes, start + 6, 2)?);
    let date = bytes.get(start..start + 2) == Some(b"20") && (1..=12).contains(&month) && (1..=31).contains(&day);
    let clock = bytes.get(digits.end) == Some(&b'T') && run(bytes, digits.end + 1, 7, |byte| byte.is_ascii_digit()) == 6;
    let (hours, seconds) = (digits_at(bytes, digits.end + 1, 2)?, digits_at(bytes, digits.end + 5, 2)?);
    let end = digits.end + 7 + usize::from(bytes.get(digits.end + 7) == Some(&b'Z'));
    let apart = !joined_before(bytes, start) && !joined_after(bytes, end);
    (date && clock && hours < 24 && apart).then_some(Time { range: start..end, kind: Kind::Time, drawn: seconds != 0 })
}

/// Words before a number that make it a time, for both; `ts` and `at` only as words of their own.
const SAY_TIME: [&[u8]; 5] = [b"time", b"epoch", b"stamp", b"created", b"date"];
/// Such words where authors are met too.
const MAY_SAY_TIME: [&[u8]; 10] = [b"updated", b"modified", b"expires", b"unix", b"now", b"since", b"until", b"exp", b"iat", b"nbf"];

/// Seconds from 2015 to 2035 beside a word for time, milliseconds also without one.
fn epoch(bytes: &[u8], digits: &Range<usize>, strictness: Strictness) -> Option<Time> {
    let text = std::str::from_utf8(bytes.get(digits.clone())?).ok()?;
    let drawn = seconds(text).is_some_and(|seconds| seconds % 1000 != 0) && !is_placeholder(text);
    let milliseconds = digits.len() == 13 && !joined_before(bytes, digits.start) && !joined_after(bytes, digits.end);
    let known = seconds(text).is_some()
        && (milliseconds || says_time(bytes, digits.start, strictness))
        && (digits.len() < 16 || strictness == Strictness::Every);
    let fraction = if bytes.get(digits.end) == Some(&b'.') { run(bytes, digits.end + 1, 9, |byte| byte.is_ascii_digit()) } else { 0 };
    let end = digits.end + if fraction > 0 { fraction + 1 } else { 0 };
    known.then_some(Time { range: digits.start..end, kind: Kind::Epoch, drawn })
}

/// The seconds of a count since 1970, if that is from 2015 to 2035.
fn seconds(digits: &str) -> Option<u64> {
    let count: u64 = digits.parse().ok()?;
    let seconds = match digits.len() {
        10 => count,
        13 => count / 1000,
        16 => count / 1_000_000,
        19 => count / 1_000_000_000,
        _ => return None,
    };
    (1_420_070_400..2_051_222_400).contains(&seconds).then_some(seconds)
}

/// Whether digits are Unix seconds or milliseconds from 2015 to 2035 that are not round.
pub fn is_drawn_epoch(digits: &str) -> bool {
    matches!(digits.len(), 10 | 13) && seconds(digits).is_some_and(|seconds| seconds % 1000 != 0) && !is_placeholder(digits)
}

fn says_time(bytes: &[u8], start: usize, strictness: Strictness) -> bool {
    let gap = run_back(bytes, start, 7, |byte| !byte.is_ascii_alphanumeric());
    let end = start - gap;
    let length = run_back(bytes, end, 12, |byte| byte.is_ascii_alphabetic());
    let Some(word) = bytes.get(end - length..end).filter(|_| (1..=6).contains(&gap)) else { return false };
    let ends =
        |known: &[u8]| word.len().checked_sub(known.len()).and_then(|at| word.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(known));
    let whole = |known: &[u8]| word.eq_ignore_ascii_case(known) && end > length;
    SAY_TIME.iter().any(|known| ends(known))
        || whole(b"ts")
        || whole(b"at")
        || strictness == Strictness::Every && (MAY_SAY_TIME.iter().any(|known| word.eq_ignore_ascii_case(known)) || word.ends_with(b"At"))
}

/// Where the name of a month that begins here ends.
fn month_from(bytes: &[u8], at: usize) -> Option<usize> {
    let length = run(bytes, at, 10, |byte| byte.is_ascii_alphabetic());
    is_month(bytes.get(at..at + length)?).then_some(at + length)
}

fn is_month(word: &[u8]) -> bool {
    const LONG: [&str; 12] =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    month(word).is_some_and(|month| {
        word.len() == 3 || LONG.get(month).is_some_and(|long| word.eq_ignore_ascii_case(long.as_bytes())) || word == b"Sept"
    })
}

/// Where a weekday that ends here, with what parts it from the date, begins.
fn weekday_back(bytes: &[u8], end: usize) -> usize {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let gap = if bytes.get(..end).is_some_and(|text| text.ends_with(b", ")) { 2 } else { usize::from(before(bytes, end) == Some(b' ')) };
    let length = run_back(bytes, end - gap, 10, |byte| byte.is_ascii_alphabetic());
    let start = end - gap - length;
    let word = bytes.get(start..end - gap).unwrap_or(&[]);
    let known = DAYS.iter().any(|day| word == day.as_bytes() || (word.len() == 3 && day.as_bytes().starts_with(word)));
    if gap > 0 && known && !joined_before(bytes, start) { start } else { end }
}

/// `st`, `nd`, `rd`, `th` behind a day.
fn ordinal(bytes: &[u8], at: usize) -> usize {
    let known = bytes.get(at..at + 2).is_some_and(|end| [b"st", b"nd", b"rd", b"th"].iter().any(|known| end == *known));
    if known { at + 2 } else { at }
}

/// A year from 2000 to 2099.
fn year(bytes: &[u8], at: usize) -> Option<usize> {
    let known = bytes.get(at..at + 2) == Some(b"20") && run(bytes, at, 5, |byte| byte.is_ascii_digit()) == 4;
    known.then_some(at + 4)
}

/// `30 Mar 2026 13:19:38 +0000`, `30-Mar-26 13:19:38 GMT`, `30/Mar/2026:13:19:38 +0000`, `30 March 2026`.
fn day_first(bytes: &[u8], digits: &Range<usize>) -> Option<Time> {
    let at = ordinal(bytes, digits.end);
    let separator = *bytes.get(at).filter(|byte| matches!(byte, b' ' | b'-' | b'/'))?;
    let named = month_from(bytes, at + 1)?;
    let parted = bytes.get(named) == Some(&separator) || separator == b' ' && bytes.get(named..)?.starts_with(b", ");
    let from = named + 1 + usize::from(bytes.get(named) == Some(&b','));
    // RFC 850 has years of two digits.
    let end =
        year(bytes, from).or_else(|| (separator == b'-' && run(bytes, from, 3, |byte| byte.is_ascii_digit()) == 2).then_some(from + 2))?;
    if !parted || joined_before(bytes, digits.start) || joined_after(bytes, end) {
        return None;
    }
    let start = weekday_back(bytes, digits.start);
    Some(with_clock(bytes, start, end))
}

/// `Mon Mar 30 13:19:38 2026`, `Mar 30 13:19:38`, `March 30, 2026`, `Mar 30, 2026 at 1:19 PM`.
fn month_first(bytes: &[u8], digits: &Range<usize>) -> Option<Time> {
    let gap = run_back(bytes, digits.start, 3, |byte| byte == b' ');
    let length = run_back(bytes, digits.start - gap, 10, |byte| byte.is_ascii_alphabetic());
    let named = digits.start - gap - length;
    if !(1..=2).contains(&gap) || !is_month(bytes.get(named..named + length)?) || joined_before(bytes, named) {
        return None;
    }
    let start = weekday_back(bytes, named);
    let at = ordinal(bytes, digits.end);
    if let Some(clock) = (bytes.get(at) == Some(&b' ')).then(|| clock(bytes, at + 1)).flatten() {
        let zoned = zone(bytes, clock.end, true);
        // What a date in digits begins with is not the year of this one.
        let dated = year(bytes, zoned + 1).filter(|end| bytes.get(zoned) == Some(&b' ') && !matches!(bytes.get(*end), Some(b'-' | b'/')));
        return Some(Time { range: start..dated.unwrap_or(clock.end), kind: Kind::Time, drawn: clock.drawn });
    }
    let from = at + if bytes.get(at..)?.starts_with(b", ") { 2 } else { usize::from(bytes.get(at) == Some(&b' ')) };
    let end = year(bytes, from).filter(|end| from > at && !joined_after(bytes, *end))?;
    Some(with_clock(bytes, start, end))
}

/// A date with names, and the time behind it if there is one.
fn with_clock(bytes: &[u8], start: usize, date_end: usize) -> Time {
    let rest = bytes.get(date_end..).unwrap_or(&[]);
    let gap = [" at ", ", ", " ", ":"].iter().find(|gap| rest.starts_with(gap.as_bytes())).map_or(0, |gap| gap.len());
    let Some(clock) = (gap > 0).then(|| clock(bytes, date_end + gap)).flatten() else {
        return Time { range: start..date_end, kind: Kind::Date, drawn: false };
    };
    let half = bytes.get(clock.end..clock.end + 3).is_some_and(|half| half == b" AM" || half == b" PM");
    let end = if half { clock.end + 3 } else { zone(bytes, clock.end, true) };
    Time { range: start..end, kind: Kind::Time, drawn: clock.drawn }
}
