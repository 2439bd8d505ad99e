//! Rows in load order, and which one answers.
//!
//! This is the plain reading of the rules: every row is tried. [`Table::candidates`] is the only place that searches,
//! so an index can take its place and be held against this one in tests; what happens among the candidates does not
//! depend on how they were found.

use super::choice::choose;
use super::{Compatibility, Facets, Match, Position, Served};
use crate::exchange::{Exchange, MediaKind};

/// One fixture as matching sees it. The table knows row numbers, not fixtures.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub matches: Match,
    pub position: Position,
    /// What it answers, for endpoint compatibility.
    pub kind: MediaKind,
    /// A row whose `match` is broken: it keeps its number and never matches.
    pub dead: bool,
    /// How often it answers before it lets requests fall through to later rows; `None`: without end.
    pub limit: Option<u64>,
}

impl Row {
    /// A row that answers without end.
    pub fn new(matches: Match, position: Position, kind: MediaKind) -> Row {
        Row { matches, position, kind, dead: false, limit: None }
    }

    /// Whether its reply may go to this endpoint at all. Rows with `path` answer URLs that no codec owns, and only they.
    pub fn admits(&self, to: Compatibility<'_>) -> bool {
        if self.dead {
            return false;
        }
        match to.endpoint {
            None => self.matches.clause("path").is_some(),
            Some(_) if self.matches.clause("endpoint").is_some() => to.allows_by_name(self.kind),
            Some(_) => to.allows(self.kind),
        }
    }

    /// Whether both are lines of one script: equal in everything but sequence slot. They advance in lock-step.
    pub fn is_sibling_of(&self, other: &Row) -> bool {
        self.position.turn == other.position.turn && self.matches == other.matches
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
    /// Rows whose content matched and whose sequence slot, use limit or (strict) turn did not.
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

impl Selection {
    /// A hit that turns had no part in.
    pub(super) fn plain(row: usize) -> Selection {
        Selection::Hit { row, by_turn: false, turn_relaxed: false }
    }

    /// The row that answers.
    pub fn row(self) -> Option<usize> {
        match self {
            Selection::Hit { row, .. } => Some(row),
            Selection::Miss(_) => None,
        }
    }
}

/// Rows in load order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// The rows with a sequence slot, so that counting a sequence does not visit the others.
    sequenced: Vec<usize>,
}

impl Table {
    /// A table of these rows.
    pub fn new(rows: Vec<Row>) -> Table {
        let mut table = Table { rows: Vec::with_capacity(rows.len()), sequenced: Vec::new() };
        for row in rows {
            table.push(row);
        }
        table
    }

    /// Adds a row behind all others; the numbers of the others stay.
    pub fn push(&mut self, row: Row) {
        if row.position.sequence.is_some() {
            self.sequenced.push(self.rows.len());
        }
        self.rows.push(row);
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows whose content and reply kind take a request, in order, whatever their position.
    pub fn candidates<'t>(&'t self, exchange: &'t Exchange) -> impl Iterator<Item = (usize, &'t Row)> {
        let to = Compatibility::of(&exchange.request);
        let mut facets = Facets::new(exchange);
        self.rows.iter().enumerate().filter(move |(_, row)| row.admits(to) && row.matches.accepts_facets(&mut facets))
    }

    /// Which row answers, given what was served before. Changes nothing: claiming is [`Table::claim`].
    pub fn select(&self, exchange: &Exchange, served: &Served, strictness: Strictness) -> Selection {
        choose(self.candidates(exchange), exchange.request.assistant_count(), served, strictness)
    }

    /// Selects and counts in one step: the row's count goes up, and, if it has a sequence slot, that of every other
    /// sequenced row with equal criteria.
    pub fn claim(&self, exchange: &Exchange, served: &mut Served, strictness: Strictness) -> Selection {
        let selection = self.select(exchange, served, strictness);
        if let Some(row) = selection.row() {
            self.count(row, served);
        }
        selection
    }

    fn count(&self, number: usize, served: &mut Served) {
        served.add(number);
        let Some(row) = self.rows.get(number).filter(|row| row.position.sequence.is_some()) else { return };
        for &sibling in self.sequenced.iter().filter(|&&sibling| sibling != number) {
            if self.rows.get(sibling).is_some_and(|other| !other.dead && row.is_sibling_of(other)) {
                served.add(sibling);
            }
        }
    }
}
