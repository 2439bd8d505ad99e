//! What is recognised by name: one file each, in the order of the documentation.

mod boundaries;
mod digests;
mod durations;
mod emails;
mod ids;
mod ips;
mod model_dates;
mod paths;
mod ports;
mod request_ids;
mod secrets;
mod timestamps;
mod uuids;
mod whitespace;

use super::bytes::Signs;
use super::found::Found;

pub use timestamps::is_drawn_epoch;

/// A transform that is chosen by its name.
pub struct BuiltIn {
    /// The name as configuration writes it.
    pub name: &'static str,
    /// What it recognises, in a few words.
    pub summary: &'static str,
    /// Texts before and after. They are the documentation, and tests run them.
    pub examples: &'static [Example],
    /// Match keys that it is about.
    pub keys: &'static [&'static str],
    /// Characters that every text has in which something is found.
    pub needs: Signs,
    /// Fewest bytes of a text in which something is found.
    pub least: usize,
    /// Finds everything of this kind: in order, without overlaps, in linear time.
    pub scan: fn(text: &str, strictness: Strictness, found: &mut Vec<Found>),
}

impl BuiltIn {
    /// Whether a text with these characters is long enough and has what it takes.
    pub(super) fn fits(&self, text: &str, signs: Signs) -> bool {
        text.len() >= self.least && signs.have(self.needs)
    }
}

impl std::fmt::Debug for BuiltIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("BuiltIn").field(&self.name).finish()
    }
}

/// A text, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// As it came.
    pub before: &'static str,
    /// As matching reads it.
    pub after: &'static str,
    /// As normalize writes it into a response: only what a machine drew is rewritten there.
    pub frozen: &'static str,
}

/// What counts as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Every one, also those that an author wrote. For matching, where both sides go through the same rewrite.
    Every,
    /// Only those that a machine drew: seconds that are not round, bodies that are random; no examples, no placeholders.
    /// For lint, and for normalize on responses.
    Drawn,
}

/// Every built-in transform, in the order of the documentation.
pub static ALL: &[&BuiltIn] = &[
    &timestamps::BUILT_IN,
    &uuids::BUILT_IN,
    &ids::BUILT_IN,
    &request_ids::BUILT_IN,
    &secrets::BUILT_IN,
    &emails::BUILT_IN,
    &ips::BUILT_IN,
    &ports::BUILT_IN,
    &paths::BUILT_IN,
    &durations::BUILT_IN,
    &whitespace::BUILT_IN,
    &model_dates::BUILT_IN,
    &digests::BUILT_IN,
    &boundaries::BUILT_IN,
];

/// The built-in transform of this name.
pub fn builtin(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().copied().find(|builtin| builtin.name == name)
}

/// Puts what was found from `first` on in order, and lets the one that begins first, then the longer one, win.
fn settle(found: &mut Vec<Found>, first: usize) {
    let mut own = found.split_off(first.min(found.len()));
    own.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    own.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    found.append(&mut own);
}
