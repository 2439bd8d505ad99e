//! Who takes whose requests, for all fixtures of a scope at once.
//!
//! Everything here is proved by the matcher: an earlier row accepts whatever the later one accepts, at every endpoint,
//! and nothing that was served can close it. Turns are read relaxed. Each row has at most one barrier, the earliest of
//! the gravest kind, so that several rules share the work and no fixture is reported twice.

use rapidhash::RapidHashMap;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::exchange::MediaKind;
use crate::matcher::{Index, Row, Table};

/// What stands between a row and its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// It is never selected: an earlier row takes every request.
    Shadowed,
    /// The same, and the earlier row has the same `match` and position.
    Duplicate,
    /// The same, and the row is a slot of a sequence that never starts.
    BehindPlain,
    /// An earlier row with turn 0 takes every request but those at the exact turn of some later script line.
    Accident,
    /// At its own turn an earlier row without a turn is preferred.
    LostTurn,
}

/// The barriers of all rows.
#[derive(Debug)]
pub struct Reach {
    barriers: Vec<Option<(Barrier, usize)>>,
}

impl Reach {
    /// Compares each row with the earlier ones that could be in its way.
    pub fn of(table: &Table) -> Reach {
        let rows = table.rows();
        let index = Index::new(covering_rows(rows).into_iter().filter_map(|number| Some((number, &rows.get(number)?.matches))));
        Reach { barriers: (0..rows.len()).into_par_iter().map(|later| barrier(table, &index, later)).collect() }
    }

    /// The barrier before a row, and the row that is it.
    pub fn barrier(&self, row: usize) -> Option<(Barrier, usize)> {
        self.barriers.get(row).copied().flatten()
    }

    /// The rows with a barrier of this kind, each with the row that is it.
    pub fn behind(&self, kind: Barrier) -> impl Iterator<Item = (usize, usize)> {
        let numbered = self.barriers.iter().enumerate();
        numbered.filter_map(move |(row, barrier)| barrier.filter(|(found, _)| *found == kind).map(|(_, by)| (row, by)))
    }

    /// Whether a row is never selected.
    pub fn is_dead(&self, row: usize) -> bool {
        matches!(self.barrier(row), Some((Barrier::Shadowed | Barrier::Duplicate | Barrier::BehindPlain, _)))
    }
}

/// The rows that can be in another's way. Of rows written alike the first is enough: whatever is behind a later one is
/// behind it too.
fn covering_rows(rows: &[Row]) -> Vec<usize> {
    let mut first: RapidHashMap<(u64, Option<u64>, MediaKind), usize> = RapidHashMap::default();
    let mut is_news = |number: usize, row: &Row| {
        let known = *first.entry((row.matches.digest(), row.position.turn, row.kind)).or_insert(number);
        known == number || rows.get(known).is_none_or(|known| known.matches != row.matches)
    };
    let open = rows.iter().enumerate().filter(|(_, row)| row.is_always_open());
    open.filter(|(number, row)| is_news(*number, row)).map(|(number, _)| number).collect()
}

fn barrier(table: &Table, index: &Index, later: usize) -> Option<(Barrier, usize)> {
    let rows = table.rows();
    let row = rows.get(later).filter(|row| !row.dead)?;
    let earlier: Vec<usize> = index.covering(&row.matches).into_iter().take_while(|number| *number < later).collect();
    let first = |stands_before: &dyn Fn(usize, &Row) -> bool| {
        earlier.iter().copied().find(|number| rows.get(*number).is_some_and(|earlier| stands_before(*number, earlier)))
    };
    if let Some(by) = first(&|number, _| table.surely_shadows(number, later)) {
        let alike = rows.get(by).is_some_and(|by| by.matches == row.matches && by.position == row.position);
        let kind = match row.position.sequence {
            Some(_) => Barrier::BehindPlain,
            None if alike => Barrier::Duplicate,
            None => Barrier::Shadowed,
        };
        return Some((kind, by));
    }
    if row.position.turn.is_none() {
        return first(&|_, earlier| earlier.surely_shadows(row)).map(|by| (Barrier::Accident, by));
    }
    first(&|_, earlier| earlier.position.turn.is_none() && earlier.surely_takes_all_of(row)).map(|by| (Barrier::LostTurn, by))
}
