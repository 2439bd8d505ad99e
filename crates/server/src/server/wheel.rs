//! A wheel of moments: thousands of things that are due soon, taken out a millisecond at a time.
//!
//! It knows no clock: whoever holds it says what time it is. Nothing comes out before its time; what comes out together is in
//! order of deadline, and of two that are due at the same moment the one that was put in first is first. Putting in and taking
//! out costs the same however many there are.

use std::collections::BTreeMap;
use std::time::Duration;

/// What one slot spans, nanoseconds.
const TICK: u128 = 1_000_000;
/// So many ticks from now on have a slot of their own; what is due later waits in order.
const SLOTS: usize = 512;

/// Where a thing was put; by it, it can be taken back.
pub(super) type Key = u64;

/// Things with deadlines, counted from a moment of the holder's choice.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    slots: Box<[Vec<Entry<T>>]>,
    later: BTreeMap<Key, Vec<Entry<T>>>,
    /// All before this tick is empty.
    tick: Key,
}

/// A deadline and what is due then.
type Entry<T> = (Duration, T);

impl<T> Wheel<T> {
    /// An empty wheel at the moment 0.
    pub(super) fn new() -> Wheel<T> {
        Wheel { slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(), later: BTreeMap::new(), tick: 0 }
    }

    /// Puts a thing in. What is late already comes out with the next tick.
    pub(super) fn put(&mut self, due: Duration, thing: T) -> Key {
        let key = Key::try_from(due.as_nanos().div_ceil(TICK)).unwrap_or(Key::MAX).max(self.tick);
        self.at(key).push((due, thing));
        key
    }

    /// Takes a thing back; `None`: it is not there any more.
    pub(super) fn take_back(&mut self, key: Key, is: impl Fn(&T) -> bool) -> Option<T> {
        if key < self.tick {
            return None;
        }
        // It was put among the later ones if it was later then.
        let (key, thing) = match self.later.get_mut(&key).and_then(|slot| pick(slot, &is)) {
            Some(thing) => (Some(key), thing),
            None => (None, pick(self.slots.get_mut(place(key))?, &is)?),
        };
        if let Some(key) = key.filter(|key| self.later.get(key).is_some_and(Vec::is_empty)) {
            self.later.remove(&key);
        }
        Some(thing)
    }

    /// When to look again; never before the first deadline, nor more than a tick behind it. `None`: it is empty.
    pub(super) fn next(&self) -> Option<Duration> {
        let soon = (self.tick..).take(SLOTS).find(|tick| self.slots.get(place(*tick)).is_some_and(|slot| !slot.is_empty()));
        let later = self.later.keys().next().copied();
        let tick = soon.into_iter().chain(later).min()?;
        Some(Duration::from_millis(tick))
    }

    /// Takes out all that is due by now.
    pub(super) fn take_due(&mut self, now: Duration, out: &mut Vec<Entry<T>>) {
        let over = Key::try_from(now.as_millis()).unwrap_or(Key::MAX);
        if over < self.tick {
            return;
        }
        let from = out.len();
        for tick in (self.tick..=over).take(SLOTS) {
            if let Some(slot) = self.slots.get_mut(place(tick)).filter(|slot| !slot.is_empty()) {
                // Its room goes with it: a moment at which much was due is over.
                out.append(&mut std::mem::take(slot));
            }
        }
        while let Some(slot) = self.later.first_entry().filter(|slot| *slot.key() <= over) {
            out.append(&mut slot.remove());
        }
        self.tick = over.saturating_add(1);
        if let Some(taken) = out.get_mut(from..) {
            taken.sort_by_key(|(due, _)| *due);
        }
    }

    fn at(&mut self, key: Key) -> &mut Vec<Entry<T>> {
        let is_soon = key - self.tick < SLOTS as Key;
        match self.slots.get_mut(place(key)).filter(|_| is_soon) {
            Some(slot) => slot,
            None => self.later.entry(key).or_default(),
        }
    }
}

/// The slot of a tick.
fn place(tick: Key) -> usize {
    usize::try_from(tick % SLOTS as Key).unwrap_or_default()
}

/// In place of the others' order: `take_due` puts them in order anyway, and things are taken back rarely.
fn pick<T>(slot: &mut Vec<Entry<T>>, is: impl Fn(&T) -> bool) -> Option<T> {
    let index = slot.iter().position(|(_, thing)| is(thing))?;
    Some(slot.remove(index).1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same without slots: a list that is looked through each time.
    #[derive(Default)]
    struct Naive {
        entries: Vec<(Duration, Key, usize)>,
        tick: Key,
    }

    impl Naive {
        fn put(&mut self, due: Duration, thing: usize) {
            let tick = Key::try_from(due.as_nanos().div_ceil(TICK)).unwrap().max(self.tick);
            self.entries.push((due, tick, thing));
        }

        fn take_due(&mut self, now: Duration) -> Vec<Entry<usize>> {
            let over = Key::try_from(now.as_millis()).unwrap();
            let (mut out, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.entries).into_iter().partition(|(_, tick, _)| *tick <= over);
            self.entries = left;
            self.tick = self.tick.max(over + 1);
            out.sort_by_key(|(due, _, thing)| (*due, *thing));
            out.into_iter().map(|(due, _, thing)| (due, thing)).collect()
        }
    }

    #[derive(Clone, Debug)]
    enum Deed {
        /// Put something in that is due so many microseconds from now, or was due then.
        Put(i64),
        /// Go on by so many microseconds.
        Go(u64),
        /// Take back the thing that was put in as this one, if it is still there.
        TakeBack(prop::sample::Index),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let near = (-5_000_i64..2_000_000).prop_map(Deed::Put);
        let far = (0_i64..40_000_000_000).prop_map(Deed::Put);
        let step = (0_u64..3_000).prop_map(Deed::Go);
        let leap = (0_u64..50_000_000_000).prop_map(Deed::Go);
        let back = any::<prop::sample::Index>().prop_map(Deed::TakeBack);
        prop::collection::vec(prop_oneof![8 => near, 2 => far, 8 => step, 1 => leap, 3 => back], 0..200)
    }

    proptest! {
        #[test]
        fn everything_comes_out_once_in_order_and_never_early(deeds in deeds()) {
            let (mut wheel, mut naive) = (Wheel::new(), Naive::default());
            let (mut now, mut keys, mut out) = (Duration::ZERO, Vec::new(), Vec::new());
            for deed in deeds {
                match deed {
                    Deed::Put(micros) => {
                        let by = Duration::from_micros(micros.unsigned_abs());
                        let due = if micros < 0 { now.saturating_sub(by) } else { now + by };
                        let thing = keys.len();
                        keys.push(wheel.put(due, thing));
                        naive.put(due, thing);
                    }
                    Deed::Go(micros) => now += Duration::from_micros(micros),
                    Deed::TakeBack(index) if !keys.is_empty() => {
                        let thing = index.index(keys.len());
                        let was_there = naive.entries.iter().position(|(.., other)| *other == thing);
                        prop_assert_eq!(wheel.take_back(keys[thing], |other| *other == thing), was_there.map(|_| thing));
                        was_there.map(|place| naive.entries.remove(place));
                    }
                    Deed::TakeBack(_) => {}
                }
                let first = naive.entries.iter().map(|(_, tick, _)| Duration::from_millis(*tick)).min();
                prop_assert_eq!(wheel.next(), first);
                out.clear();
                wheel.take_due(now, &mut out);
                prop_assert_eq!(&out, &naive.take_due(now));
                prop_assert!(out.iter().all(|(due, _)| *due <= now));
            }
            let end = now + Duration::from_secs(100_000);
            out.clear();
            wheel.take_due(end, &mut out);
            prop_assert_eq!(&out, &naive.take_due(end));
            prop_assert_eq!(wheel.next(), None);
        }
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_behind() {
        let mut wheel = Wheel::new();
        let month = Duration::from_secs(30 * 24 * 60 * 60);
        let keys: Vec<Key> = (0..1000).map(|thing| wheel.put(month + Duration::from_millis(thing), thing)).collect();
        for (thing, key) in (0..).zip(keys) {
            assert_eq!(wheel.take_back(key, |other| *other == thing), Some(thing));
        }
        assert!(wheel.later.is_empty());
        assert_eq!(wheel.next(), None);
    }
}
