//! What stands in for a recognised text.

use std::borrow::Cow;
use std::ops::Range;

use super::builtins::{BuiltIn, Strictness};

/// What was recognised: it decides the placeholder and the frozen form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ISO 8601 and its kin.
    IsoTime,
}

/// A recognised stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Bytes of the text.
    pub range: Range<usize>,
    pub kind: Kind,
}

impl Found {
    /// The constant that stands for all of its kind in text that matching reads.
    pub fn placeholder(&self) -> Cow<'static, str> {
        match self.kind {
            Kind::IsoTime => Cow::Borrowed("<timestamp>"),
        }
    }

    /// A valid value of the same form, for responses. `None`: this kind has no frozen form, or the range is not of
    /// this text.
    pub fn frozen(&self, text: &str) -> Option<String> {
        let original = text.get(self.range.clone())?;
        let instant = "2000-01-01T00:00:00";
        let separated: String = instant.chars().zip(original.chars()).map(|(new, old)| if old == ' ' { ' ' } else { new }).collect();
        let rest = original.get(instant.len()..)?;
        Some(separated + &rest.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>())
    }
}

/// An id as normalize writes it where other members refer to it: `call_abc…` becomes `call_aimock…`, the same for the
/// same id. `None` for ids that an author wrote, and for those that are already of that form.
pub fn stable_id(id: &str) -> Option<String> {
    let builtin: &BuiltIn = super::builtin("ids")?;
    let mut found = Vec::new();
    (builtin.scan)(id, Strictness::Drawn, &mut found);
    found.first().filter(|found| found.range == (0..id.len()))?.frozen(id)
}
