//! The entries that the journal keeps, oldest first, within its bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ledger::Ledger;
use super::rest::Resting;
use super::texts::Spare;
use super::{Entry, JournalLimits};
use crate::secrets::Redactor;

#[derive(Debug, Default)]
pub(super) struct Ring {
    places: VecDeque<Place>,
    /// The number of the oldest.
    first: u64,
    /// Bytes of all texts that are kept.
    bytes: usize,
    pub(super) ledger: Ledger,
    spare: Spare,
}

#[derive(Debug)]
struct Place {
    held: Held,
    /// Bytes of its texts, and once it has ended of what is kept of its answer.
    size: usize,
}

#[expect(clippy::large_enum_variant, reason = "nearly all rest, in a row; each in a place of its own would be far away")]
#[derive(Clone, Debug)]
enum Held {
    /// Its answer is under way, or someone reads it.
    Open(Arc<Entry>),
    Resting(Resting),
}

/// All entries of one moment, oldest first.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The number of the oldest.
    first: u64,
    held: Vec<Held>,
}

impl Ring {
    /// The number of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.first + self.places.len() as u64
    }

    /// Adds the entry with the next number, whose texts have this size; the oldest make room.
    pub(super) fn push(&mut self, entry: Arc<Entry>, size: usize, limits: JournalLimits) {
        self.ledger.count(&entry.outcome());
        self.bytes += size;
        self.grow(limits.entries);
        self.places.push_back(Place { held: Held::Open(entry), size });
        self.make_room(limits);
    }

    /// Counts what is kept of the answer that has ended, and puts the entry to rest unless someone else holds it.
    pub(super) fn end(&mut self, entry: &Arc<Entry>, limits: JournalLimits) {
        let index = entry.number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(place) = index.and_then(|index| self.places.get_mut(index)) else { return };
        let (answer, can_rest) = entry.answer();
        place.size += answer;
        self.bytes += answer;
        // The place's own hold and the caller's. Whoever else has one may have more to say: how the answer was recorded.
        // Nobody can take a new one now.
        if Arc::strong_count(entry) == 2 && can_rest {
            place.held = Held::Resting(Resting::of(entry, &mut self.spare));
        }
        self.make_room(limits);
    }

    /// Every entry as it is now.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot { first: self.first, held: self.places.iter().map(|place| place.held.clone()).collect() }
    }

    /// Forgets all entries; numbers go on.
    pub(super) fn clear(&mut self) {
        let ledger = std::mem::take(&mut self.ledger).emptied();
        *self = Ring { first: self.next(), ledger, ..Ring::default() };
    }

    /// Makes room for one entry more, and never for more than will be kept: memory is written to in turn, and all of it.
    fn grow(&mut self, most: usize) {
        let len = self.places.len();
        if len == self.places.capacity() {
            let left = if most == 0 { usize::MAX } else { (most + 1).saturating_sub(len) };
            self.places.reserve_exact(len.max(8).min(left).max(1));
        }
    }

    /// Forgets the oldest entries until the bounds are kept.
    fn make_room(&mut self, limits: JournalLimits) {
        let over = |limit: usize, value: usize| limit > 0 && value > limit;
        while over(limits.entries, self.places.len()) || (over(limits.bytes, self.bytes) && self.places.len() > 1) {
            let Some(oldest) = self.places.pop_front() else { break };
            self.first += 1;
            self.bytes = self.bytes.saturating_sub(oldest.size);
            self.ledger.forgotten += 1;
            if let Held::Resting(resting) = oldest.held {
                self.spare.put(resting.into_texts());
            }
        }
    }
}

impl Snapshot {
    /// The entries, those at rest woken.
    pub(super) fn entries(self, redactor: &Arc<Redactor>) -> Vec<Arc<Entry>> {
        let entries = (self.first..).zip(self.held).map(|(number, held)| match held {
            Held::Open(entry) => entry,
            Held::Resting(resting) => Arc::new(resting.wake(number, redactor.clone())),
        });
        entries.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exchange::{Headers, RawRequest};
    use crate::server::id::Ids;
    use crate::server::journal::{Arrival, Journal, Outcome};

    /// A journal of these bounds after so many requests, the last of which have not ended, against a plain list.
    #[track_caller]
    fn check(limits: JournalLimits, requests: usize, open: usize) {
        let journal = Journal::new(limits, Arc::default());
        let ids = Ids::new(1);
        let mut all = Vec::new();
        for n in 0..requests {
            let arrival = Arrival { id: ids.draw(), arrived: Duration::ZERO, request_id: "r".into(), test_id: "t".into() };
            all.push(arrival.id);
            let raw = RawRequest::new("POST", &format!("/{n}"), Headers::new(), vec![b' '; n % 7 * 100]);
            let entry = journal.add(arrival, &raw, Outcome::default());
            if n + open < requests {
                journal.ended(&entry);
            }
        }
        let kept: Vec<_> = journal.entries().iter().map(|entry| (entry.id, entry.head.target().into_owned())).collect();
        let from = requests - kept.len();
        let expected: Vec<_> = all[from..].iter().zip(from..).map(|(id, n)| (*id, format!("/{n}"))).collect();
        assert_eq!(kept, expected, "{limits:?}");
        let ring = journal.ring();
        assert_eq!((ring.ledger.forgotten, ring.next()), (from as u64, requests as u64));
        assert_eq!(ring.bytes, ring.places.iter().map(|place| place.size).sum::<usize>());
        if limits.entries > 0 {
            assert!(ring.places.capacity() <= limits.entries + 1, "room for {} of {limits:?}", ring.places.capacity());
            assert_eq!(kept.len(), if limits.bytes == 0 { limits.entries.min(requests) } else { kept.len() });
        }
        assert!(limits.bytes == 0 || ring.bytes <= limits.bytes || kept.len() == 1);
        drop(ring);
        journal.clear();
        assert_eq!((journal.entries().len(), journal.ring().next()), (0, requests as u64));
    }

    #[test]
    fn the_newest_entries_are_kept_within_all_bounds() {
        for entries in [0, 1, 2, 9, 64, 1000] {
            for bytes in [0, 1, 5_000, 100_000] {
                for (requests, open) in [(1, 0), (8, 8), (200, 0), (200, 5), (200, 200)] {
                    check(JournalLimits { entries, bytes, body: 1000 }, requests, open);
                }
            }
        }
    }

    #[test]
    fn an_entry_that_is_forgotten_or_held_while_it_ends_is_left_alone() {
        let journal = Journal::new(JournalLimits { entries: 1, ..JournalLimits::default() }, Arc::default());
        let ids = Ids::new(1);
        let add = || {
            let arrival = Arrival { id: ids.draw(), arrived: Duration::ZERO, request_id: "r".into(), test_id: "t".into() };
            journal.add(arrival, &RawRequest::new("POST", "/", Headers::new(), ""), Outcome::default())
        };
        let (forgotten, kept) = (add(), add());
        journal.ended(&forgotten);
        let late = kept.clone();
        journal.ended(&kept);
        late.outcome().seldom_mut().recorded = Some("a.json#/fixtures/0".to_owned());
        let shown = journal.entries()[0].to_json().into_inner();
        assert_eq!(shown["response"]["recorded"], "a.json#/fixtures/0");
    }
}
