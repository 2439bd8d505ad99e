//! Counts that stay exact when the ring forgets entries.

use super::{Answerer, Outcome};
use crate::expect::{Counts, Seen};

/// What was counted since the journal was emptied last.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    counts: Counts,
    /// Entries that the ring no longer has.
    pub(super) forgotten: u64,
    /// How often the journal was emptied.
    pub(super) resets: u64,
}

impl Ledger {
    /// Counts a new entry.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        self.counts.requests += 1;
        let answered = outcome.answerer.is_some();
        self.counts.missed += u64::from(Seen::is_missed(answered, outcome.matched, Some(outcome.source.name()), outcome.status));
        let Some(Answerer::Fixture(view)) = &outcome.answerer else { return };
        match self.counts.by_fixture.get_mut(&view.handle) {
            Some(count) => *count += 1,
            None => {
                self.counts.by_fixture.insert(view.handle.clone(), 1);
            }
        }
    }

    /// The counts, which start again when the journal is emptied.
    pub(super) fn emptied(self) -> Ledger {
        // An empty journal that is emptied loses nothing.
        Ledger { resets: self.resets + u64::from(self.counts.requests > 0), ..Ledger::default() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.clone()
    }
}
