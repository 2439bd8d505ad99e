//! Rows with the same values, by the rarest eight bytes of a text that each needs.

use super::super::needle::Needles;
use super::share::{SHARED, cores, on_all_cores, parts};
use rapidhash::RapidHashMap;

/// Length of the pieces by which needles are filed, in bytes.
const GRAM: usize = 8;

/// In smaller groups trying every row is as fast as looking it up.
const WORTH_FILING: usize = 6;
/// So few rows are tried faster than a text that is longer than so many bytes is slid over.
const FEW: usize = 32;
const LONG_TEXT: usize = 512;

/// Counts of grams that are made at the same time take some megabytes each.
const MOST_COUNTS: usize = 4;

/// A row with the needles it is filed by, if any.
pub(super) type Filed<'m> = (u32, Option<Needles<'m>>);

/// The number of a row that is not there any more: no table has so many.
pub(super) const GONE: u32 = u32::MAX;

/// Rows with the same values.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    loose: Vec<u32>,
    needles: Grams,
}

#[derive(Clone, Debug, Default)]
struct Grams {
    /// Needles shorter than a gram, whole.
    short: RapidHashMap<Box<[u8]>, Vec<u32>>,
    lengths: Vec<usize>,
    /// The others, by a gram of each: the place in `filed` where its rows begin.
    long: RapidHashMap<Gram, u32>,
    /// Which grams may be among them: most of a text are not.
    likely: Likely,
    /// Numbers of rows, each with the place of the next one of its gram; [`LAST`] has none.
    filed: Vec<(u32, u32)>,
}

/// Eight bytes of a text.
type Gram = u64;

/// Where no row follows.
const LAST: u32 = u32::MAX;

impl Group {
    pub(super) fn of(rows: &[Filed<'_>]) -> Group {
        if rows.len() <= WORTH_FILING {
            return Group { loose: rows.iter().map(|(row, _)| *row).collect(), needles: Grams::default() };
        }
        let common = Common::of(rows);
        let mut group = Group::default();
        let long = needles_of(rows).filter(|needle| needle.len() >= GRAM).count();
        group.needles.long.reserve(long);
        group.needles.filed.reserve_exact(long);
        for rows in rows.chunks(SHARED) {
            if rows.len() < SHARED {
                let mut grams = needles_of(rows).map(|needle| common.rarest(needle));
                for filed in rows {
                    group.file(filed, &mut grams);
                }
                break;
            }
            // What takes long is finding the rarest grams.
            let parts = parts(rows);
            let rarest = |part: usize| -> Vec<Option<Gram>> {
                needles_of(parts.get(part).copied().unwrap_or_default()).map(|needle| common.rarest(needle)).collect()
            };
            let mut grams = on_all_cores(parts.len(), rarest).into_iter().flatten();
            for filed in rows {
                group.file(filed, &mut grams);
            }
        }
        group.needles.long.shrink_to_fit();
        group.needles.likely = Likely::of(&group.needles.long);
        group
    }

    /// Adds a row. `grams` has for each needle the gram by which it is found; one that is shorter than a gram has none.
    fn file(&mut self, (row, needles): &Filed<'_>, grams: &mut impl Iterator<Item = Option<Gram>>) {
        match needles {
            None => self.loose.push(*row),
            Some(needles) => needles.any.iter().for_each(|needle| match grams.next().flatten() {
                Some(gram) => self.needles.file(*row, gram),
                None => self.needles.file_short(*row, needle),
            }),
        }
    }

    pub(super) fn all(&self, found: &mut Vec<usize>) {
        self.all_loose(found);
        self.needles.all(found);
    }

    pub(super) fn all_loose(&self, found: &mut Vec<usize>) {
        found.extend(self.loose.iter().map(|row| *row as usize));
    }

    /// Adds the rows of which a needle stands in a text.
    pub(super) fn within(&self, text: &[u8], found: &mut Vec<usize>) {
        if text.len() > LONG_TEXT && self.needles.filed.len() <= FEW {
            self.needles.all(found);
        } else {
            self.needles.within(text, found);
        }
    }

    /// Gives each row the number that stands at its old one; [`GONE`] is never met again.
    pub(super) fn renumber(&mut self, numbers: &[u32]) {
        let renumber = |row: &mut u32| *row = numbers.get(*row as usize).copied().unwrap_or(GONE);
        let renumber_all = |rows: &mut Vec<u32>| {
            rows.iter_mut().for_each(renumber);
            rows.retain(|row| *row != GONE);
        };
        renumber_all(&mut self.loose);
        self.needles.short.values_mut().for_each(renumber_all);
        // Its places are pointed at, so they stay.
        self.needles.filed.iter_mut().for_each(|(row, _)| renumber(row));
    }
}

fn needles_of<'r>(rows: &'r [Filed<'_>]) -> impl Iterator<Item = &'r str> {
    rows.iter().filter_map(|(_, needles)| needles.as_ref()).flat_map(|needles| &needles.any).map(AsRef::as_ref)
}

/// How often grams were met, about: some share a count.
struct Common {
    counts: Vec<u16>,
}

impl Common {
    /// The grams of these rows; the same on however many cores they are counted.
    fn of(rows: &[Filed<'_>]) -> Common {
        let size = rows.len().saturating_mul(16).next_power_of_two().clamp(1 << 8, 1 << 21);
        let parts: Vec<&[Filed<'_>]> = match rows.len() {
            ..SHARED => vec![rows],
            count => rows.chunks(count.div_ceil(cores().min(MOST_COUNTS))).collect(),
        };
        let count = |part: usize| {
            let mut common = Common { counts: vec![0; size] };
            let needles = needles_of(parts.get(part).copied().unwrap_or_default());
            needles.flat_map(|text| grams(text.as_bytes())).for_each(|gram| common.count(gram));
            common
        };
        let counted = on_all_cores(parts.len(), count);
        counted.into_iter().reduce(Common::and).unwrap_or(Common { counts: vec![0; size] })
    }

    fn and(mut self, other: Common) -> Common {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count = count.saturating_add(more));
        self
    }

    fn place(&self, gram: Gram) -> usize {
        spread(gram) & (self.counts.len() - 1)
    }

    fn count(&mut self, gram: Gram) {
        let place = self.place(gram);
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }

    /// The rarest gram of a needle; of as rare ones the first. `None`: the needle is shorter than one.
    fn rarest(&self, needle: &str) -> Option<Gram> {
        grams(needle.as_bytes()).min_by_key(|gram| self.counts.get(self.place(*gram)).copied().unwrap_or(0))
    }
}

fn grams(text: &[u8]) -> impl Iterator<Item = Gram> {
    text.windows(GRAM).filter_map(|window| window.try_into().ok()).map(Gram::from_le_bytes)
}

/// A number of 24 bits that nearly alike grams do not share.
fn spread(gram: Gram) -> usize {
    // Multiplication spreads the bits upwards; the upper ones are taken.
    usize::try_from(gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).unwrap_or(0)
}

/// A set of grams in a bit for each place of a table (a Bloom filter of one hash): what it does not hold was not put there.
#[derive(Clone, Debug, Default)]
struct Likely {
    /// As many as a power of two, or none.
    words: Vec<u64>,
}

impl Likely {
    /// Places for each gram, so that at most one of so many others is taken for one.
    const SPARSE: usize = 8;

    fn of(grams: &RapidHashMap<Gram, u32>) -> Likely {
        let places = grams.len().saturating_mul(Likely::SPARSE).next_power_of_two().clamp(1 << 8, 1 << 24);
        let empty = Likely { words: vec![0; places / 64] };
        grams.keys().fold(empty, |likely, gram| likely.with(*gram))
    }

    fn with(mut self, gram: Gram) -> Likely {
        let (word, bit) = self.place(gram);
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
        self
    }

    /// The word of a gram and its bit in it.
    fn place(&self, gram: Gram) -> (usize, u64) {
        let place = spread(gram);
        ((place / 64) & self.words.len().wrapping_sub(1), 1 << (place % 64))
    }

    fn holds(&self, gram: Gram) -> bool {
        let (word, bit) = self.place(gram);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }
}

impl Grams {
    fn file(&mut self, row: u32, gram: Gram) {
        let place = u32::try_from(self.filed.len()).unwrap_or(LAST);
        let next = self.long.insert(gram, place).unwrap_or(LAST);
        self.filed.push((row, next));
    }

    fn file_short(&mut self, row: u32, needle: &str) {
        if !self.lengths.contains(&needle.len()) {
            self.lengths.push(needle.len());
        }
        self.short.entry(needle.as_bytes().into()).or_default().push(row);
    }

    fn all(&self, found: &mut Vec<usize>) {
        self.short.values().for_each(|rows| found.extend(rows.iter().map(|row| *row as usize)));
        found.extend(self.filed.iter().filter(|(row, _)| *row != GONE).map(|(row, _)| *row as usize));
    }

    fn within(&self, text: &[u8], found: &mut Vec<usize>) {
        for length in &self.lengths {
            for window in text.windows(*length) {
                if let Some(rows) = self.short.get(window) {
                    found.extend(rows.iter().map(|row| *row as usize));
                }
            }
        }
        if self.long.is_empty() {
            return;
        }
        for gram in grams(text).filter(|gram| self.likely.holds(*gram)) {
            let mut place = self.long.get(&gram).copied().unwrap_or(LAST);
            while let Some((row, next)) = self.filed.get(place as usize) {
                if *row != GONE {
                    found.push(*row as usize);
                }
                place = *next;
            }
        }
    }
}
