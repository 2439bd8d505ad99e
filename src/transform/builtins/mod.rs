//! What is recognised by name: one file each, in the order of the documentation.

mod timestamps;

use super::found::Found;

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
    /// Finds everything of this kind: in order, without overlaps, in linear time.
    pub scan: fn(text: &str, strictness: Strictness, found: &mut Vec<Found>),
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
    /// As normalize writes it into a response.
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
pub static ALL: &[&BuiltIn] = &[&timestamps::BUILT_IN];

/// The built-in transform of this name.
pub fn builtin(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().copied().find(|builtin| builtin.name == name)
}
