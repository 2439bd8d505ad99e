//! Rows in load order, and which one answers.
//!
//! [`Table::candidates`] is the only place that searches. Large tables search by an [`Index`]; the plain reading, which
//! tries every row, stays as its oracle in tests. What happens among the candidates does not depend on how they were
//! found.

use std::sync::OnceLock;

use rapidhash::RapidHashMap;

use super::choice::choose;
use super::kin::Kin;
use super::{Compatibility, Facets, Index, Match, Meetings, Position, Served};
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

/// The rows of a table that take a request, whatever their position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Takers {
    /// Ascending.
    rows: Vec<usize>,
    /// The number of assistant messages in the request.
    turn: u64,
}

/// Rows in load order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// The rows with a sequence slot by the digest of their `match`, so that counting one visits few others.
    sequenced: RapidHashMap<u64, Vec<usize>>,
    /// The rows with a turn above 0; made when first asked for.
    scripted: OnceLock<Meetings>,
    /// The rows by their texts; made when a miss first asks for it.
    kin: OnceLock<Kin>,
    /// Each finds candidates among the rows up to its end, from where the one before ends; rows behind the last are tried
    /// one by one.
    indexes: Vec<Indexed>,
}

/// Rows that are found by an index.
#[derive(Clone, Debug)]
struct Indexed {
    index: Index,
    end: usize,
    /// How many rows the index was made of.
    size: usize,
    /// Rows among them that came later, in place of others.
    late: Option<Box<Late>>,
}

/// Rows that an index does not know, with one of their own.
#[derive(Clone, Debug)]
struct Late {
    index: Index,
    /// Ascending.
    rows: Vec<usize>,
}

impl Indexed {
    fn find(&self, facets: &mut Facets<'_>, found: &mut Vec<usize>) {
        let before = found.len();
        self.index.for_request(facets, found);
        if let Some(late) = &self.late {
            late.index.for_request(facets, found);
            found.get_mut(before..).unwrap_or_default().sort_unstable();
        }
    }
}

/// So many rows may come before what is known of the others is made anew.
const FRESH: usize = 64;
/// Smaller tables are searched as fast without an index.
const WORTH_AN_INDEX: usize = 8;
/// Fewer rows that come later are tried one by one: an index of their own would be one more for each request to search.
const WORTH_ANOTHER: usize = 32;

impl Table {
    /// A table of these rows.
    pub fn new(rows: Vec<Row>) -> Table {
        let mut table = Table { rows, ..Table::default() };
        table.note_sequences(0);
        table.build_index(0);
        table
    }

    /// Finds the rows from this one on by an index, unless they are few.
    fn build_index(&mut self, from: usize) {
        let count = self.rows.len();
        if count.saturating_sub(from) >= WORTH_AN_INDEX {
            let index = self.index_of(from..count);
            self.indexes.push(Indexed { index, end: count, size: count - from, late: None });
        }
    }

    fn index_of(&self, numbers: impl Iterator<Item = usize>) -> Index {
        let rows = numbers.filter_map(|number| Some((number, self.rows.get(number)?)));
        Index::new(rows.filter(|(_, row)| !row.dead).map(|(number, row)| (number, &row.matches)))
    }

    /// The table of the rows that come after those of this one. `before` tells of each which row of this table it was, `match`
    /// and all; each was one row at most. What the index knows of those is kept, and only the others are filed anew; unless
    /// they are many, or so many rows went that searching would meet them all the time.
    #[must_use]
    pub fn followed_by(&self, rows: Vec<Row>, before: &[Option<usize>]) -> Table {
        let Some(part) = self.indexes.first() else { return Table::new(rows) };
        let known = |old: &usize| *old < part.end && part.late.as_ref().is_none_or(|late| late.rows.binary_search(old).is_err());
        let mut numbers = vec![None; part.end];
        let mut late = Vec::new();
        for number in 0..rows.len() {
            match before.get(number).copied().flatten().filter(known).and_then(|old| numbers.get_mut(old)) {
                Some(place) => *place = Some(number),
                None => late.push(number),
            }
        }
        let kept = rows.len() - late.len();
        if late.len().max(part.size - kept.min(part.size)) > rows.len() / 8 {
            return Table::new(rows);
        }
        let mut table = Table { rows, ..Table::default() };
        table.note_sequences(0);
        let late = (!late.is_empty()).then(|| Box::new(Late { index: table.index_of(late.iter().copied()), rows: late }));
        table.indexes.push(Indexed { index: part.index.renumbered(&numbers), end: table.rows.len(), size: part.size, late });
        table
    }

    /// Adds rows behind all others; the numbers of the others stay. Enough new rows get an index of their own, which takes
    /// in those before it that are no larger: so adding costs little, and few indexes are searched.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = Row>) {
        let before = self.rows.len();
        self.rows.extend(rows);
        self.note_sequences(before);
        self.scripted.take();
        // Of few rows more the last ones are looked at; many are filed anew.
        if self.kin.get().is_some_and(|kin| self.rows.len() - kin.end > FRESH + kin.end / 64) {
            self.kin.take();
        }
        let (mut from, count) = (self.indexed(), self.rows.len());
        if count - from < WORTH_ANOTHER {
            return;
        }
        while !self.indexes.is_empty() {
            let start = self.indexes.iter().rev().nth(1).map_or(0, |part| part.end);
            if from - start > count - from {
                break;
            }
            self.indexes.pop();
            from = start;
        }
        self.build_index(from);
    }

    /// How many rows the indexes know.
    fn indexed(&self) -> usize {
        self.indexes.last().map_or(0, |part| part.end)
    }

    /// Files the rows from this one on that have a sequence slot.
    fn note_sequences(&mut self, from: usize) {
        for (number, row) in self.rows.iter().enumerate().skip(from).filter(|(_, row)| row.position.sequence.is_some()) {
            self.sequenced.entry(row.matches.digest()).or_default().push(number);
        }
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows whose content and reply kind take a request, in order, whatever their position.
    pub fn candidates<'t>(&'t self, exchange: &'t Exchange) -> impl Iterator<Item = (usize, &'t Row)> {
        let mut facets = Facets::new(exchange);
        let likely = self.likely(&mut facets);
        self.among(likely, facets)
    }

    /// The rows that may take a request, ascending.
    pub(super) fn likely(&self, facets: &mut Facets<'_>) -> impl Iterator<Item = usize> + use<> {
        let mut found = Vec::new();
        self.find(facets, &mut found);
        found.into_iter().chain(self.indexed()..self.rows.len())
    }

    /// The rows that may take a request, as far as the indexes know them.
    fn find(&self, facets: &mut Facets<'_>, found: &mut Vec<usize>) {
        self.indexes.iter().for_each(|part| part.find(facets, found));
    }

    /// The rows by their texts. Those behind its end are few.
    pub(super) fn kin(&self) -> &Kin {
        self.kin.get_or_init(|| Kin::new(&self.rows))
    }

    /// The same without the index: every row is tried. The oracle that the index is held against.
    pub fn candidates_plainly<'t>(&'t self, exchange: &'t Exchange) -> impl Iterator<Item = (usize, &'t Row)> {
        self.among(0..self.rows.len(), Facets::new(exchange))
    }

    fn among<'t>(&'t self, numbers: impl Iterator<Item = usize> + 't, mut facets: Facets<'t>) -> impl Iterator<Item = (usize, &'t Row)> {
        let to = Compatibility::of(&facets.exchange().request);
        let numbered = numbers.filter_map(|number| Some((number, self.rows.get(number)?)));
        numbered.filter(move |(_, row)| row.admits(to) && row.matches.accepts_facets(&mut facets))
    }

    /// Which row answers, given what was served before. Changes nothing: claiming is [`Table::claim`].
    pub fn select(&self, exchange: &Exchange, served: &Served, strictness: Strictness) -> Selection {
        choose(self.candidates(exchange), exchange.request.assistant_count(), served, strictness)
    }

    /// All that matching takes from a request: what is left, choosing by position and counting, costs next to nothing. So
    /// whoever shares counts does this part before taking their lock.
    pub fn takers(&self, exchange: &Exchange) -> Takers {
        let mut facets = Facets::new(exchange);
        let to = Compatibility::of(&exchange.request);
        let mut rows = Vec::new();
        self.find(&mut facets, &mut rows);
        let mut takes =
            |number: &usize| self.rows.get(*number).is_some_and(|row| row.admits(to) && row.matches.accepts_facets(&mut facets));
        rows.retain(&mut takes);
        rows.extend((self.indexed()..self.rows.len()).filter(&mut takes));
        Takers { rows, turn: exchange.request.assistant_count() }
    }

    /// Selects and counts in one step: the row's count goes up, and, if it has a sequence slot, that of every other
    /// sequenced row with equal criteria.
    pub fn claim(&self, exchange: &Exchange, served: &mut Served, strictness: Strictness) -> Selection {
        self.claim_among(&self.takers(exchange), served, strictness)
    }

    /// The same where the rows that take the request are known. They must be of this table.
    pub fn claim_among(&self, takers: &Takers, served: &mut Served, strictness: Strictness) -> Selection {
        let rows = takers.rows.iter().filter_map(|number| Some((*number, self.rows.get(*number)?)));
        let selection = choose(rows, takers.turn, served, strictness);
        if let Some(row) = selection.row() {
            self.count(row, served);
        }
        selection
    }

    fn count(&self, number: usize, served: &mut Served) {
        served.add(number);
        self.siblings(number).filter(|sibling| *sibling != number).for_each(|sibling| served.add(sibling));
    }

    /// The rows of a sequence, in order: the row itself and its siblings. Empty when the row has no slot.
    pub fn siblings(&self, number: usize) -> impl Iterator<Item = usize> {
        let row = self.rows.get(number).filter(|row| row.position.sequence.is_some());
        let alike = row.and_then(|row| self.sequenced.get(&row.matches.digest())).map_or(&[][..], Vec::as_slice);
        let is_sibling = move |other: &Row| !other.dead && row.is_some_and(|row| row.is_sibling_of(other));
        alike.iter().copied().filter(move |sibling| self.rows.get(*sibling).is_some_and(is_sibling))
    }

    /// What was served before a row's own turn in its sequence: the row and its siblings have come to its slot.
    pub fn served_before(&self, number: usize) -> Served {
        let slot = self.rows.get(number).and_then(|row| row.position.sequence).unwrap_or(0);
        self.siblings(number).map(|sibling| (sibling, slot)).collect()
    }

    /// The rows with a turn above 0.
    pub(super) fn scripted(&self) -> &Meetings {
        self.scripted.get_or_init(|| {
            let is_scripted = |row: &Row| !row.dead && row.position.turn.is_some_and(|turn| turn > 0);
            let scripted = self.rows.iter().enumerate().filter(|(_, row)| is_scripted(row));
            Meetings::new(scripted.map(|(number, row)| (number, &row.matches)))
        })
    }
}
