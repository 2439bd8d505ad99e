//! What a clause compares a facet with.
//!
//! A pattern is made once, at load, and tested often: nothing is compiled here while a request waits. Every operator
//! runs in time linear in the text (regular expressions by the `regex` crate's construction, globs because `*` is the
//! only wildcard), so no fixture can make a request hang.

use super::fold::fold_if;
use super::{Facet, subset};
use crate::exchange::Headers;

/// The most bytes that one compiled regular expression may take.
const PROGRAM_LIMIT: usize = 4 << 20;

/// A text operator or a combination of them.
///
/// Ignoring case means Unicode simple case folding, in every operator alike.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPattern {
    Contains {
        needle: String,
        ignore_case: bool,
    },
    /// All of them are contained.
    ContainsAll {
        needles: Vec<String>,
        ignore_case: bool,
    },
    Equals {
        text: String,
        ignore_case: bool,
    },
    StartsWith {
        prefix: String,
        ignore_case: bool,
    },
    EndsWith {
        suffix: String,
        ignore_case: bool,
    },
    /// Unanchored, as in the `regex` crate. Compiled once.
    Regex {
        source: String,
        ignore_case: bool,
        compiled: Program,
    },
    /// `*` takes any characters, newlines too; everything else stands for itself; the whole text must match.
    Glob {
        source: String,
        ignore_case: bool,
    },
    /// Equal, or equal with `-`, a digit and anything behind it.
    Model(String),
    Not(Box<TextPattern>),
    AnyOf(Vec<TextPattern>),
    AllOf(Vec<TextPattern>),
}

/// A compiled regular expression. Two are equal when their sources are.
#[derive(Clone, Debug)]
pub struct Program(Box<regex::Regex>);

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// What a clause compares a facet with.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// For texts, and for names, of which any may be accepted.
    Text(TextPattern),
    Flag(bool),
    /// Name in lower case; `None` means that the header must be absent.
    Headers(Vec<(String, Option<TextPattern>)>),
    /// Objects by subset, arrays and scalars whole.
    Subset(Box<serde_json::Value>),
}

/// Why a pattern cannot be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("`{pattern}` is no valid regular expression: {reason}")]
    Regex { pattern: String, reason: String },
    #[error("`{pattern}` is too large a regular expression (over {limit} bytes compiled); use smaller repeat counts or a literal operator")]
    TooLarge { pattern: String, limit: usize },
}

impl TextPattern {
    /// The text of an operator that has just one.
    pub(super) fn own_text(&self) -> Option<&str> {
        match self {
            TextPattern::Contains { needle: text, .. }
            | TextPattern::Equals { text, .. }
            | TextPattern::StartsWith { prefix: text, .. }
            | TextPattern::EndsWith { suffix: text, .. }
            | TextPattern::Glob { source: text, .. }
            | TextPattern::Regex { source: text, .. }
            | TextPattern::Model(text) => Some(text),
            TextPattern::ContainsAll { .. } | TextPattern::Not(_) | TextPattern::AnyOf(_) | TextPattern::AllOf(_) => None,
        }
    }

    /// Substring, case-sensitive.
    pub fn contains(needle: impl Into<String>) -> TextPattern {
        TextPattern::Contains { needle: needle.into(), ignore_case: false }
    }

    /// Equality, case-sensitive.
    pub fn equals(text: impl Into<String>) -> TextPattern {
        TextPattern::Equals { text: text.into(), ignore_case: false }
    }

    /// Compiles a regular expression.
    ///
    /// # Errors
    /// The pattern does not compile or its program is too large.
    pub fn regex(source: &str, ignore_case: bool) -> Result<TextPattern, PatternError> {
        let compiled = regex::RegexBuilder::new(source).case_insensitive(ignore_case).size_limit(PROGRAM_LIMIT).build();
        match compiled {
            Ok(compiled) => Ok(TextPattern::Regex { source: source.to_owned(), ignore_case, compiled: Program(Box::new(compiled)) }),
            Err(regex::Error::CompiledTooBig(limit)) => Err(PatternError::TooLarge { pattern: source.to_owned(), limit }),
            Err(error) => Err(PatternError::Regex { pattern: source.to_owned(), reason: reason(&error) }),
        }
    }

    /// A glob; every text is a valid one.
    ///
    /// # Errors
    /// None today: the signature leaves room for wildcards that can be wrong.
    pub fn glob(source: &str, ignore_case: bool) -> Result<TextPattern, PatternError> {
        Ok(TextPattern::Glob { source: source.to_owned(), ignore_case })
    }

    /// Whether a text is accepted.
    pub fn accepts(&self, text: &str) -> bool {
        self.holds(&[text])
    }

    /// Whether a set of values is accepted. An operator holds if any value satisfies it; `not` is "none does"; `anyOf`
    /// and `allOf` combine such statements, so `allOf` may be satisfied by several values together. An empty set is
    /// never accepted, by `not` neither.
    pub fn accepts_any(&self, values: &[&str]) -> bool {
        !values.is_empty() && self.holds(values)
    }

    fn holds(&self, values: &[&str]) -> bool {
        match self {
            TextPattern::Not(inner) => !inner.holds(values),
            TextPattern::AnyOf(arms) => arms.iter().any(|arm| arm.holds(values)),
            TextPattern::AllOf(arms) => arms.iter().all(|arm| arm.holds(values)),
            operator => values.iter().any(|value| operator.operate(value)),
        }
    }

    /// One operator on one value.
    fn operate(&self, value: &str) -> bool {
        match self {
            TextPattern::Contains { needle, ignore_case: false } => value.contains(needle.as_str()),
            TextPattern::Contains { needle, ignore_case } => contains(value, needle, *ignore_case),
            TextPattern::ContainsAll { needles, ignore_case } => needles.iter().all(|needle| contains(value, needle, *ignore_case)),
            TextPattern::Equals { text, ignore_case } => fold_if(value, *ignore_case) == fold_if(text, *ignore_case),
            TextPattern::StartsWith { prefix, ignore_case } => {
                fold_if(value, *ignore_case).starts_with(fold_if(prefix, *ignore_case).as_ref())
            }
            TextPattern::EndsWith { suffix, ignore_case } => fold_if(value, *ignore_case).ends_with(fold_if(suffix, *ignore_case).as_ref()),
            TextPattern::Regex { compiled: Program(compiled), .. } => compiled.is_match(value),
            TextPattern::Glob { source, ignore_case } => glob(&fold_if(source, *ignore_case), &fold_if(value, *ignore_case)),
            TextPattern::Model(model) => is_model(model, value),
            TextPattern::Not(_) | TextPattern::AnyOf(_) | TextPattern::AllOf(_) => self.holds(&[value]),
        }
    }
}

impl Pattern {
    /// Whether the facet is accepted. An absent facet never is (but for an absent header that must be absent, and for
    /// a pattern that constrains nothing).
    pub fn accepts(&self, facet: &Facet<'_>) -> bool {
        match (self, facet) {
            (Pattern::Text(pattern), Facet::Text(text)) => pattern.accepts(text),
            (Pattern::Text(pattern), Facet::Names(names)) => pattern.accepts_any(names) || self.is_vacuous(),
            (Pattern::Flag(wanted), Facet::Flag(found)) => wanted == found,
            (Pattern::Headers(fields), Facet::Headers(headers)) => {
                fields.iter().all(|(name, wanted)| accepts_header(name, wanted.as_ref(), headers))
            }
            (Pattern::Subset(pattern), Facet::Json(body)) => subset::holds(pattern, body),
            _ => self.is_vacuous(),
        }
    }

    /// Whether it constrains nothing: `systemMessage: []`, `headers: {}`.
    pub fn is_vacuous(&self) -> bool {
        match self {
            Pattern::Text(TextPattern::ContainsAll { needles, .. }) => needles.is_empty(),
            Pattern::Headers(fields) => fields.is_empty(),
            Pattern::Text(_) | Pattern::Flag(_) | Pattern::Subset(_) => false,
        }
    }
}

/// A header is accepted if any of its values is; without a pattern it must not be there.
pub(super) fn accepts_header(name: &str, wanted: Option<&TextPattern>, headers: &Headers) -> bool {
    let values: Vec<&str> = headers.all(name).collect();
    wanted.map_or(values.is_empty(), |pattern| pattern.accepts_any(&values))
}

fn contains(text: &str, needle: &str, ignore_case: bool) -> bool {
    fold_if(text, ignore_case).contains(fold_if(needle, ignore_case).as_ref())
}

/// Equal, or the same name with `-` and an ASCII digit behind it.
fn is_model(model: &str, value: &str) -> bool {
    value.strip_prefix(model).is_some_and(|rest| {
        let mut rest = rest.chars();
        match rest.next() {
            None => true,
            Some('-') => rest.next().is_some_and(|c| c.is_ascii_digit()),
            Some(_) => false,
        }
    })
}

/// Pieces between the stars, each at the first place left: leftmost is best, because only `*` stands between them.
fn glob(source: &str, text: &str) -> bool {
    let Some((first, rest)) = source.split_once('*') else { return source == text };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_prefix(first) else { return false };
    for piece in middle.split('*') {
        let Some((_, behind)) = text.split_once(piece) else { return false };
        text = behind;
    }
    text.ends_with(last)
}

/// The last line of the `regex` crate's message, which says what is wrong; the others draw where.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
