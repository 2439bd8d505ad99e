//! Comparing text without case: Unicode simple case folding, the one that the `regex` crate's `(?i)` uses, so that
//! `contains` and `regex` never disagree about what a capital is.
//!
//! Simple folding maps one character to one character: `ẞ` equals `ß` and `K` (Kelvin) equals `k`, but `ß` is not `ss`
//! and Turkish dotless `ı` is not `i`. Nothing here knows about locales.

use std::borrow::Cow;

/// The text with every character replaced by the one that stands for all its cases.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| fold_char(c) == c) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().map(fold_char).collect()) }
}

/// The text itself, or folded.
pub(super) fn fold_if(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { fold(text) } else { Cow::Borrowed(text) }
}

/// One character for all that differ from `c` in case only.
///
/// The standard library has no folding, but folding is "to upper, then to lower" wherever both are one character. The
/// exceptions by name: dotless `ı` folds to itself alone, and three pairs differ only in how they are composed.
#[inline]
pub(super) fn fold_char(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { fold_other(c) }
}

fn fold_other(c: char) -> char {
    match c {
        'ı' => c,
        '\u{fb05}' => '\u{fb06}',
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        _ => single(single(c, c.to_uppercase()), single(c, c.to_uppercase()).to_lowercase()),
    }
}

/// The one character of a case mapping, or `c` when the mapping has several.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Whether some other character may differ from `c` in case only. May say yes without need, never no in error.
pub(super) fn is_cased(c: char) -> bool {
    fold_char(c) != c || !c.to_uppercase().eq([c]) || !c.to_lowercase().eq([c])
}
