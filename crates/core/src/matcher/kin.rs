//! Finds the rows whose texts are alike to a request's, without a look at every row: each row is filed under the rarest
//! pieces of its texts (see `near`), and found where the request has one of them.
//!
//! It names rows that are likely to be near, no more: what they have in common is measured by `near`.

use super::near::{PATTERN_LOOKED_AT, pieces, pieces_of};
use super::{Criterion, Facet, Facets, Pattern, Row, TextPattern};

/// Pieces that a row is filed under, however many rows have them.
const FILED: usize = 6;
/// The same with those that few rows have.
const MOST_FILED: usize = 24;
/// Rows that one piece of a request names at most.
const NAMED: usize = 64;
/// Rows that a request names by one criterion, each as often as it has pieces of it; with the last piece they may be more.
const MOST_NAMED: usize = 256;
/// Pieces of a request that are looked at, of those that rows are filed under: the rarest of them name rows.
const MOST_ASKED: usize = 128;

/// Rows by the rarest pieces of their texts. Pieces share slots by chance, which costs a comparison and nothing else.
#[derive(Clone, Debug, Default)]
pub(super) struct Kin {
    /// The criteria whose texts are filed.
    criteria: Vec<&'static Criterion>,
    /// Where each slot's rows begin; one more than there are slots, which are a power of two.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Rows from here on are not filed.
    pub(super) end: usize,
}

impl Kin {
    /// Files these rows.
    pub(super) fn new(rows: &[Row]) -> Kin {
        let slots = rows.len().saturating_mul(4).next_power_of_two().clamp(1 << 14, 1 << 18);
        let mut kin = Kin { criteria: Vec::new(), starts: Vec::new(), rows: Vec::new(), end: rows.len() };
        let mut frequency = vec![0_u32; slots];
        let mut own = Vec::new();
        for row in rows.iter().filter(|row| !row.dead) {
            kin.slots_of(row, slots, &mut own);
            for slot in &own {
                if let Some(count) = frequency.get_mut(*slot) {
                    *count += 1;
                }
            }
        }
        let mut filed: Vec<(u32, u32)> = Vec::with_capacity(rows.len().saturating_mul(FILED));
        for (number, row) in rows.iter().enumerate().filter(|(_, row)| !row.dead) {
            kin.slots_of(row, slots, &mut own);
            own.sort_unstable_by_key(|slot| (frequency.get(*slot).copied(), *slot));
            let number = narrow(number);
            let is_rare = |slot: usize| frequency.get(slot).is_some_and(|count| *count as usize <= NAMED);
            let kept = own.iter().enumerate().take_while(|(place, slot)| *place < FILED || (*place < MOST_FILED && is_rare(**slot)));
            filed.extend(kept.map(|(_, slot)| (narrow(*slot), number)));
        }
        filed.sort_unstable();
        kin.starts = Vec::with_capacity(slots + 1);
        for (place, (slot, _)) in filed.iter().enumerate() {
            let place = narrow(place);
            while kin.starts.len() <= *slot as usize {
                kin.starts.push(place);
            }
        }
        kin.starts.resize(slots + 1, narrow(filed.len()));
        kin.rows = filed.into_iter().map(|(_, row)| row).collect();
        kin
    }

    /// The rows with most rare pieces in common with a request, at most `most` for each criterion; of as many, the earlier.
    pub(super) fn of(&self, facets: &mut Facets<'_>, most: usize) -> Vec<usize> {
        let mut best = Vec::with_capacity(most + 1);
        for (index, criterion) in self.criteria.iter().enumerate() {
            // Each criterion has its own: all rows with a request's model would stand before the one with most of its words.
            self.best(&self.asked(index, facets.of(criterion)), most, &mut best);
        }
        best
    }

    /// Adds the rows that most of the slots name.
    fn best(&self, asked: &[(u32, u32)], most: usize, found: &mut Vec<usize>) {
        if asked.is_empty() {
            return;
        }
        let (mut named, mut count) = (Named::default(), 0);
        for (_, slot) in asked {
            let rows = self.rows_at(*slot as usize);
            let rows = rows.get(..NAMED).unwrap_or(rows);
            for row in rows {
                named.add(*row);
            }
            count += rows.len();
            if count >= MOST_NAMED {
                break;
            }
        }
        // Times above, and the row below so that of as many the earlier is the greater: numbers are ranked fast.
        let rank = |(times, row): &(u32, u32)| u64::from(*times) << 32 | u64::from(u32::MAX - row);
        let mut best: Vec<u64> = Vec::with_capacity(most + 1);
        for rank in named.rows().map(rank) {
            // Few are wanted, and most are not among them.
            if best.len() < most || best.last().is_some_and(|last| rank > *last) {
                best.insert(best.partition_point(|better| *better > rank), rank);
                best.truncate(most);
            }
        }
        found.extend(best.into_iter().map(|rank| (u32::MAX - u32::try_from(rank & u64::from(u32::MAX)).unwrap_or(0)) as usize));
    }

    /// The slots of the pieces that a request has for a criterion, each once, with how many rows are filed there: fewest first.
    fn asked(&self, criterion: usize, facet: &Facet<'_>) -> Vec<(u32, u32)> {
        let slots = self.starts.len().saturating_sub(1);
        let slots = pieces_of(facet).map(|piece| slot_of(criterion, piece, slots));
        let filed = slots.map(|slot| (self.rows_at(slot).len(), slot)).filter(|(count, _)| *count > 0);
        let mut asked: Vec<(u32, u32)> = Vec::with_capacity(MOST_ASKED);
        asked.extend(filed.map(|(count, slot)| (narrow(count), narrow(slot))).take(MOST_ASKED));
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn rows_at(&self, slot: usize) -> &[u32] {
        let bound = |slot: usize| self.starts.get(slot).map_or(0, |start| *start as usize);
        self.rows.get(bound(slot)..bound(slot + 1)).unwrap_or_default()
    }

    /// The slots of a row's texts, each once.
    fn slots_of(&mut self, row: &Row, slots: usize, own: &mut Vec<usize>) {
        own.clear();
        for clause in row.matches.clauses() {
            let Pattern::Text(pattern) = &clause.pattern else { continue };
            let known = self.criteria.iter().position(|known| std::ptr::eq(*known, clause.criterion));
            let index = known.unwrap_or_else(|| {
                self.criteria.push(clause.criterion);
                self.criteria.len() - 1
            });
            texts(pattern, &mut |text| own.extend(pieces(text, PATTERN_LOOKED_AT).map(|piece| slot_of(index, piece, slots))));
        }
        own.sort_unstable();
        own.dedup();
    }
}

/// Rows, and how often each was named: far fewer than there are slots.
struct Named {
    /// Times and row; a row stands at its slot or behind it.
    slots: [(u32, u32); SLOTS],
    /// The slots that are taken.
    taken: Vec<usize>,
}

/// A power of two.
const SLOTS: usize = 1 << 9;
const _: () = assert!(SLOTS > MOST_NAMED + NAMED, "one slot is free, or a search for it has no end");

impl Default for Named {
    fn default() -> Named {
        Named { slots: [(0, 0); SLOTS], taken: Vec::with_capacity(MOST_NAMED + NAMED) }
    }
}

impl Named {
    fn add(&mut self, row: u32) {
        let mut place = (row.wrapping_mul(0x9e37_79b1) >> 16) as usize % SLOTS;
        while let Some((times, named)) = self.slots.get_mut(place) {
            match *times {
                0 => {
                    (*times, *named) = (1, row);
                    self.taken.push(place);
                    return;
                }
                _ if *named == row => {
                    *times += 1;
                    return;
                }
                _ => place = (place + 1) % SLOTS,
            }
        }
    }

    fn rows(&self) -> impl Iterator<Item = &(u32, u32)> {
        self.taken.iter().filter_map(|place| self.slots.get(*place))
    }
}

/// The texts that a pattern hopes to find.
fn texts(pattern: &TextPattern, each: &mut impl FnMut(&str)) {
    match pattern {
        TextPattern::ContainsAll { needles, .. } => needles.iter().for_each(|needle| each(needle)),
        TextPattern::Not(_) => {}
        TextPattern::AnyOf(arms) | TextPattern::AllOf(arms) => {
            for arm in arms {
                texts(arm, each);
            }
        }
        one => {
            if let Some(text) = one.own_text() {
                each(text);
            }
        }
    }
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn slot_of(criterion: usize, piece: u64, slots: usize) -> usize {
    // Multiplication spreads the bits upwards; the upper ones are taken.
    let spread = (piece ^ (criterion as u64) << 58).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(spread >> 32).unwrap_or(0) & slots.saturating_sub(1)
}
