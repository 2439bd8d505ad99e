//! The core that serve, match, lint, diff and record share: does this request meet this `match`, and does one
//! `match` take everything another one could?
//!
//! Pure: no fixtures, no files, no clock. A match key is one row of data ([`Criterion`]); the loader, the schema,
//! serving, near misses, lint and recording all use the row. Content ([`Match`]) is kept apart from position
//! ([`Position`]: sequence slot and turn), because position depends on what was served before.
//!
//! Reading order: [`Facet`] is what a criterion reads, [`Pattern`] what it is compared with, [`Match`] a conjunction
//! of such clauses, [`Table`] the ordered rows of which one answers. [`Coverage`] compares patterns and matches with
//! each other, without a request at hand.

mod choice;
mod compatibility;
mod coverage;
pub mod criteria;
mod digest;
mod explain;
mod facet;
mod fold;
mod implication;
mod index;
mod kin;
mod meetings;
mod near;
mod needle;
mod outline;
mod pattern;
mod plainest;
mod position;
mod sample;
mod shadow;
mod stamp;
mod subset;
mod table;
#[cfg(test)]
mod tests;

pub use compatibility::Compatibility;
pub use coverage::Coverage;
pub use criteria::CRITERIA;
pub use explain::Verdict;
pub use facet::{Facet, Facets};
pub use index::Index;
pub use meetings::Meetings;
pub use near::Near;
pub use pattern::{Pattern, PatternError, Program, TextPattern};
pub use plainest::Setting;
pub use position::{Position, Served};
pub use stamp::family;
pub use table::{Miss, Row, Selection, Strictness, Table, Takers};

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::exchange::Exchange;

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

/// `matching` of the configuration: what a plain string of a [`Plain::Contains`] key means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    #[default]
    Contains,
    Exact,
}

impl Plain {
    /// The pattern that a plain string stands for.
    pub fn pattern(self, text: impl Into<String>, matching: Matching) -> TextPattern {
        match (self, matching) {
            (Plain::Contains, Matching::Contains) | (Plain::AlwaysContains, _) => TextPattern::contains(text),
            (Plain::Contains, Matching::Exact) | (Plain::Equals, _) => TextPattern::equals(text),
            (Plain::Model, _) => TextPattern::Model(written(text.into())),
        }
    }
}

/// A model's id as it is: some recorders keep those of paths percent-encoded (`…-v1%3A0`).
fn written(model: String) -> String {
    if model.contains('%') { percent_decode_str(&model).decode_utf8_lossy().into_owned() } else { model }
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
///
/// Two matches are equal when they were written alike: same keys, same operators, lists in the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// Shared, since a fixture and its row in the table both have them.
    clauses: Arc<[Clause]>,
}

impl Match {
    /// A match of these clauses; they are put in registry order. Clauses that constrain nothing (an empty list of
    /// texts to contain) are dropped.
    pub fn new(mut clauses: Vec<Clause>) -> Match {
        clauses.retain(|clause| !clause.pattern.is_vacuous());
        clauses.sort_by_key(|clause| CRITERIA.iter().position(|criterion| criterion.key == clause.criterion.key));
        Match { clauses: clauses.into() }
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
        self.clauses.iter().all(|clause| clause.accepts(exchange))
    }

    /// Like [`Match::accepts`], for many matches and one request: facets are read once.
    pub fn accepts_facets(&self, facets: &mut Facets<'_>) -> bool {
        self.clauses.iter().all(|clause| clause.pattern.accepts(facets.of(clause.criterion)))
    }
}

impl Clause {
    /// Whether the request has what the clause wants.
    pub fn accepts(&self, exchange: &Exchange) -> bool {
        self.pattern.accepts(&(self.criterion.read)(exchange))
    }
}
