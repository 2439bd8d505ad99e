//! Texts without their credentials: [`Redacted`] is made here and nowhere else, so that a place which takes nothing else
//! cannot be given a secret.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::{Class, may_hold, may_hold_credential, scan};

/// What stands for a credential.
pub const REDACTED: &str = "[REDACTED]";

/// Shorter values are not looked for by themselves: they would be found in ordinary words.
const LEAST: usize = 8;

/// Something in which no credential is left that is known by its form or by its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// What is left.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What is left, by value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Many redacted values are a redacted list.
impl FromIterator<Redacted<Value>> for Redacted<Value> {
    fn from_iter<I: IntoIterator<Item = Redacted<Value>>>(values: I) -> Redacted<Value> {
        Redacted(values.into_iter().map(Redacted::into_inner).collect())
    }
}

/// Removes credentials: all that are known by their form, and those that it was told of.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Vec<String>,
}

/// Says how many it knows, not which.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} known)", self.known.len())
    }
}

impl Redactor {
    /// Looks for these values too, wherever they stand. Very short ones are left out.
    pub fn knowing<'v>(values: impl IntoIterator<Item = &'v str>) -> Redactor {
        let mut known: Vec<String> = values.into_iter().map(str::trim).filter(|value| value.len() >= LEAST).map(str::to_owned).collect();
        known.sort_unstable();
        known.dedup();
        Redactor { known }
    }

    /// Looks for these values beside its own.
    #[must_use]
    pub fn and<'v>(&'v self, values: impl IntoIterator<Item = &'v str>) -> Redactor {
        Redactor::knowing(self.known.iter().map(String::as_str).chain(values))
    }

    /// Bytes without the credentials in them, whatever else they hold: each byte is read as a character.
    pub fn bytes(&self, bytes: &[u8]) -> Redacted<Vec<u8>> {
        let text: String = bytes.iter().copied().map(char::from).collect();
        let plain = if self.find(&text).is_empty() { bytes.to_vec() } else { self.replace(&text).chars().map(|c| c as u8).collect() };
        Redacted(plain)
    }

    /// A text to be shown, without its credentials; nearly always it has none.
    pub fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.find(text).as_slice() {
            [] => Cow::Borrowed(text),
            ranges => Cow::Owned(without(text, ranges)),
        }
    }

    /// A text without its credentials.
    pub fn text(&self, text: &str) -> Redacted<String> {
        Redacted(self.replace(text))
    }

    /// JSON without credentials in any text or key of it.
    pub fn json(&self, mut value: Value) -> Redacted<Value> {
        self.walk(&mut value);
        Redacted(value)
    }

    /// Where credentials stand in a text, in order, without overlaps.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        // Nearly every text is without a mark of any, and one search tells.
        let classes = if may_hold_credential(text) { Class::CREDENTIALS.as_slice() } else { &[] };
        let by_form = classes.iter().filter(|class| may_hold(**class, text)).flat_map(|class| scan(*class, text));
        let mut ranges: Vec<Range<usize>> = by_form.map(|hit| hit.range).collect();
        for value in &self.known {
            ranges.extend(text.match_indices(value.as_str()).map(|(at, found)| at..at + found.len()));
        }
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    fn replace(&self, text: &str) -> String {
        without(text, &self.find(text))
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if !self.find(text).is_empty() {
                    *text = self.replace(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.walk(member));
                if members.keys().any(|key| !self.find(key).is_empty()) {
                    *members = std::mem::take(members).into_iter().map(|(key, member)| (self.replace(&key), member)).collect();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A text with something else in the place of these ranges.
fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        out.push_str(text.get(from..range.start).unwrap_or_default());
        out.push_str(REDACTED);
        from = range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
