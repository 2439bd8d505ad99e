//! Who takes whose requests, for all fixtures of a scope at once.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::matcher::{Index, Row, Table};

/// Proved relations between rows. Turns are read relaxed, and nothing is assumed about what was served before.
#[derive(Debug)]
pub struct Reach {
    shadowed_by: Vec<Option<usize>>,
    loses_turn_to: Vec<Option<usize>>,
}

impl Reach {
    /// Compares each row with the earlier ones that could be in its way.
    pub fn of(table: &Table) -> Reach {
        let rows = table.rows();
        let always_open = |row: &Row| !row.dead && row.position.sequence.is_none() && row.limit.is_none();
        let index = Index::new(rows.iter().enumerate().filter(|(_, row)| always_open(row)).map(|(number, row)| (number, &row.matches)));
        let (shadowed_by, loses_turn_to) = (0..rows.len()).into_par_iter().map(|later| Reach::of_row(table, &index, later)).unzip();
        Reach { shadowed_by, loses_turn_to }
    }

    fn of_row(table: &Table, index: &Index, later: usize) -> (Option<usize>, Option<usize>) {
        let rows = table.rows();
        let Some(row) = rows.get(later).filter(|row| !row.dead) else { return (None, None) };
        let earlier: Vec<usize> = index.covering(&row.matches).into_iter().take_while(|number| *number < later).collect();
        if let Some(shadow) = earlier.iter().copied().find(|number| table.surely_shadows(*number, later)) {
            return (Some(shadow), None);
        }
        if row.position.turn.is_none() {
            return (None, None);
        }
        let is_fallback =
            |number: &usize| rows.get(*number).is_some_and(|first| first.position.turn.is_none() && first.surely_takes_all_of(row));
        (None, earlier.into_iter().find(is_fallback))
    }

    /// The earliest row because of which this one can never be served.
    pub fn shadowed_by(&self, row: usize) -> Option<usize> {
        self.shadowed_by.get(row).copied().flatten()
    }

    /// The earliest row without a turn that answers in place of this one at this one's own turn.
    pub fn loses_turn_to(&self, row: usize) -> Option<usize> {
        self.loses_turn_to.get(row).copied().flatten()
    }
}
