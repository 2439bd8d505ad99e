//! Rows in load order, and which one answers.

use super::{Clause, Match, Position, Served};
use crate::exchange::{Endpoint, Exchange, MediaKind};

/// One fixture as matching sees it. The table knows row numbers, not fixtures.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub matches: Match,
    pub position: Position,
    /// What it answers, for endpoint compatibility.
    pub kind: MediaKind,
    /// A row whose `match` is broken: it keeps its number and never matches.
    pub dead: bool,
}

/// Whether a reply of a kind can answer an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compatibility;

impl Compatibility {
    /// Whether a row without an `endpoint` key may answer a request of this endpoint.
    pub fn allows(_kind: MediaKind, _endpoint: Option<Endpoint>) -> bool {
        true
    }
}

/// How positions are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strictness {
    /// `turnIndex` is a hard gate instead of a preference.
    pub turns: bool,
}

/// Why nothing was selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Miss {
    /// Rows whose content matched and whose sequence slot or (strict) turn did not.
    pub skipped_by_position: usize,
}

/// The outcome of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    Hit {
        row: usize,
        /// Chosen because its `turnIndex` is exactly the conversation's turn, and it alone is.
        by_turn: bool,
        /// Its `turnIndex` is not the conversation's turn: the nearest script line was served.
        turn_relaxed: bool,
    },
    Miss(Miss),
}

/// A row that nearly matched.
#[derive(Clone, Debug)]
pub struct Near<'t> {
    pub row: usize,
    /// The clauses that failed, in registry order; empty when only position or endpoint compatibility was to blame.
    pub failed: Vec<&'t Clause>,
    /// Whether content matched and position did not.
    pub position_failed: bool,
    /// Whether the reply's kind cannot answer this endpoint.
    pub incompatible: bool,
}

/// Rows in load order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A table of these rows.
    pub fn new(rows: Vec<Row>) -> Table {
        Table { rows }
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Which row answers, given what was served before. Changes nothing: claiming is [`Table::claim`].
    pub fn select(&self, _exchange: &Exchange, _served: &Served, _strictness: Strictness) -> Selection {
        Selection::Miss(Miss::default())
    }

    /// Selects and counts in one step: the row's count goes up, and, if it has a sequence slot, that of every other
    /// sequenced row with equal criteria.
    pub fn claim(&self, exchange: &Exchange, served: &mut Served, strictness: Strictness) -> Selection {
        self.select(exchange, served, strictness)
    }

    /// The rows nearest to a request that nothing answered, best first, at most `limit`.
    pub fn nearest(&self, _exchange: &Exchange, _served: &Served, _limit: usize) -> Vec<Near<'_>> {
        Vec::new()
    }
}
