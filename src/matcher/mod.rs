//! The core that serve, match, lint, diff and record share: does this request meet this `match`, and does one
//! `match` take everything another one could?
//!
//! Pure: no fixtures, no files, no clock. A match key is one row of data ([`Criterion`]); the loader, the schema,
//! serving, near misses, lint and recording all use the row. Content ([`Match`]) is kept apart from position
//! ([`Position`]: sequence slot and turn), because position depends on what was served before.

mod coverage;
pub mod criteria;
mod pattern;
mod position;
mod table;

use std::borrow::Cow;

pub use coverage::Coverage;
pub use criteria::CRITERIA;
pub use pattern::{Pattern, PatternError, TextPattern};
pub use position::{Position, Served};
pub use table::{Compatibility, Miss, Near, Row, Selection, Strictness, Table};

use crate::exchange::Exchange;

/// What a reader found in a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Facet<'a> {
    /// Nothing there: no pattern accepts it, `not` included.
    Absent,
    Text(Cow<'a, str>),
    /// Several values, any of which may be accepted (tool names on offer, values of a header).
    Names(Vec<&'a str>),
    Flag(bool),
    /// The header list of the request.
    Headers(&'a crate::exchange::Headers),
    /// A JSON body.
    Json(&'a serde_json::Value),
}

/// What values a match key takes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string (read as [`Plain`] says) or an object of text operators; with `list`, also an array of strings that must
    /// all be contained.
    Text { plain: Plain, list: bool },
    /// One of a closed set of names.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// Header name to text pattern, plain strings meaning equality, `null` meaning absence.
    Headers,
    /// A JSON subset pattern.
    Subset,
}

/// How a plain string is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Substring; equality when matching is exact (`matching: exact`).
    Contains,
    /// Substring, whatever the matching mode.
    AlwaysContains,
    /// Equality.
    Equals,
    /// Equality, or the same name with `-` and a digit behind it (`gpt-4o` takes `gpt-4o-2024-08-06`).
    Model,
}

/// How a recorder turns what it read into a pattern. It sees the facet, not the request, so recording cannot read
/// anything that matching does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Recorded as the plain string.
    Plain,
    /// Recorded as the flag.
    Flag,
    /// The model without its date.
    ModelFamily,
    /// Not recorded.
    Never,
}

/// A match key: one static row.
#[derive(Debug)]
pub struct Criterion {
    pub key: &'static str,
    /// One line for docs, schema and near misses.
    pub summary: &'static str,
    pub shape: Shape,
    pub read: for<'a> fn(&'a Exchange) -> Facet<'a>,
    pub stamp: Stamp,
}

impl PartialEq for Criterion {
    fn eq(&self, other: &Criterion) -> bool {
        self.key == other.key
    }
}

/// One key of a `match` with its pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    pub criterion: &'static Criterion,
    pub pattern: Pattern,
}

/// The content part of a `match`: all clauses must hold. Empty takes everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    clauses: Vec<Clause>,
}

impl Match {
    /// A match of these clauses; they are put in registry order.
    pub fn new(mut clauses: Vec<Clause>) -> Match {
        clauses.sort_by_key(|clause| CRITERIA.iter().position(|criterion| criterion.key == clause.criterion.key));
        Match { clauses }
    }

    /// The clauses in registry order.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The clause of this key.
    pub fn clause(&self, key: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.criterion.key == key)
    }

    /// Whether all clauses hold.
    pub fn accepts(&self, exchange: &Exchange) -> bool {
        self.clauses.iter().all(|clause| clause.pattern.accepts(&(clause.criterion.read)(exchange)))
    }
}
