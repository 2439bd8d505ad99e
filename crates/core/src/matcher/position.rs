//! Sequence slots and turns: gates that depend on the conversation's length and on what was served before.

/// The position part of a `match`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// `sequenceIndex`: the row's match count must equal it.
    pub sequence: Option<u64>,
    /// `turnIndex`: preferred at this number of assistant messages.
    pub turn: Option<u64>,
}

/// How often each row was served, for one test id. Lint makes its own to ask what would answer in a given state.
#[derive(Clone, Debug, Default)]
pub struct Served {
    counts: rapidhash::RapidHashMap<usize, u64>,
}

impl Served {
    /// The count of a row.
    pub fn count(&self, row: usize) -> u64 {
        self.counts.get(&row).copied().unwrap_or(0)
    }

    /// The rows that were served, in no order, with their counts.
    pub fn rows(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().map(|(row, count)| (*row, *count))
    }

    /// Counts a row once more.
    pub fn add(&mut self, row: usize) {
        let count = self.counts.entry(row).or_default();
        *count = count.saturating_add(1);
    }

    /// Sets the count of a row.
    pub fn set(&mut self, row: usize, count: u64) {
        self.counts.insert(row, count);
    }
}

impl FromIterator<(usize, u64)> for Served {
    fn from_iter<I: IntoIterator<Item = (usize, u64)>>(counts: I) -> Served {
        Served { counts: counts.into_iter().collect() }
    }
}
