//! The counts of one test id, and the one step that chooses a fixture and claims its turn.

use std::sync::Arc;

use rapidhash::RapidHashMap;

use super::changes::RowMap;
use super::{Attempt, Claim, Edition, MatchedBy, Policy, Verdict};
use crate::matcher::{Miss, Selection, Served, Takers};

/// Different requests of a test id whose occurrences are counted; each further one counts as its first.
const COUNTED_REQUESTS: usize = 100_000;

/// What came of several models.
pub(super) struct Tried {
    pub verdict: Verdict,
    pub attempts: Vec<Attempt>,
    pub chosen: usize,
}

impl Tried {
    /// Of a request that names one model.
    pub(super) fn once(verdict: Verdict) -> Tried {
        Tried { verdict, attempts: Vec::new(), chosen: 0 }
    }
}

/// The counts of one test id.
#[derive(Debug, Default)]
pub(super) struct Session {
    generation: u64,
    /// Shared with whoever explains a miss: they are not copied for that.
    served: Arc<Served>,
    /// How often each row answered. Unlike `served`, a sequence's siblings do not count.
    cursors: RapidHashMap<usize, u64>,
    /// How often each request came, by its identity.
    occurrences: RapidHashMap<u64, u64>,
}

impl Session {
    /// The counts of this generation: those of an older one are void.
    pub(super) fn at(&mut self, generation: u64) -> &mut Session {
        if self.generation != generation {
            *self = Session { generation, ..Session::default() };
        }
        self
    }

    /// Claims one of the rows that take a request.
    pub(super) fn claim(&mut self, edition: &Edition, takers: &Takers, policy: &Policy) -> Verdict {
        match edition.library.table.claim_among(takers, Arc::make_mut(&mut self.served), policy.strictness) {
            Selection::Miss(miss) => Verdict::Miss(miss, self.served.clone()),
            Selection::Hit { row, by_turn, turn_relaxed } => {
                edition.hit(row);
                self.hand_out(edition, row, by_turn, turn_relaxed)
            }
        }
    }

    /// Tries the models of a request in order, as if each were the only one: the first answer that is no error counts, else
    /// the last error. For each model the rows that take the request are known.
    pub(super) fn fail_over(&mut self, edition: &Edition, models: &[Takers], policy: &Policy) -> Tried {
        let (mut attempts, mut failed, mut missed) = (Vec::new(), None, Miss::default());
        for (number, takers) in models.iter().enumerate() {
            let verdict = self.claim(edition, takers, policy);
            let error = verdict.error(edition);
            attempts.push(Attempt { row: verdict.row(), error: error.map(|error| error.status) });
            match (&verdict, error) {
                (Verdict::Miss(miss, _), _) => missed.skipped_by_position = missed.skipped_by_position.max(miss.skipped_by_position),
                (_, Some(error)) if !error.ends_failover => failed = Some((verdict, number)),
                _ => return Tried { verdict, attempts, chosen: number },
            }
        }
        let (verdict, chosen) = failed.unwrap_or_else(|| (Verdict::Miss(missed, self.served.clone()), 0));
        Tried { verdict, attempts, chosen }
    }

    /// Where each row went in a reload. Counts of any other generation stay as they are.
    pub(super) fn follow(&mut self, map: &RowMap, new_rows: &RapidHashMap<usize, usize>) {
        if self.generation == map.from {
            self.generation = map.to;
            self.served = Arc::new(self.served.rows().filter_map(|(row, count)| Some((*new_rows.get(&row)?, count))).collect());
            let cursors = std::mem::take(&mut self.cursors);
            self.cursors = cursors.into_iter().filter_map(|(row, count)| Some((*new_rows.get(&row)?, count))).collect();
        }
    }

    /// Counts how often a request of this identity came.
    pub(super) fn occurs(&mut self, identity: u64) -> u64 {
        if self.occurrences.len() >= COUNTED_REQUESTS && !self.occurrences.contains_key(&identity) {
            return 0;
        }
        let count = self.occurrences.entry(identity).or_default();
        let before = *count;
        *count = before.saturating_add(1);
        before
    }

    /// Takes the next answer of a chosen fixture.
    fn hand_out(&mut self, edition: &Edition, row: usize, by_turn: bool, turn_relaxed: bool) -> Verdict {
        let cursor = self.cursors.entry(row).or_default();
        let times = *cursor;
        *cursor = times.saturating_add(1);
        let Some(fixture) = edition.library.fixtures.get(row) else { return Verdict::Miss(Miss::default(), Arc::default()) };
        let by = match (by_turn, fixture.position.sequence) {
            (true, _) => MatchedBy::Turn,
            (false, Some(_)) => MatchedBy::Sequence,
            (false, None) => MatchedBy::Content,
        };
        let claim = Claim { row, times, by, turn_relaxed };
        if fixture.answer_at(times).is_some() { Verdict::Serve(claim) } else { Verdict::Exhausted(claim) }
    }
}
