//! Pairs by likeness: fixtures that share most of their words, and what is left by place.
//!
//! Candidates share a band of a signature of least hashes, of which a bucket holds a bounded number: the work is linear in the
//! number of fixtures, whatever they look like.

use rapidhash::{RapidHashMap, RapidHashSet};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::pair::Pairing;
use super::{Side, digest};
use crate::document::{self, Node};

/// Numbers of a signature; two neighbours are a band.
const SIGNATURE: usize = 24;
/// Fixtures of a side that one bucket holds.
const BUCKET: usize = 24;
/// Words of a fixture that are looked at.
const WORDS: usize = 512;
/// The least share of common words of a pair.
const LEAST: f64 = 0.4;
/// The least share where both stand at the same place of the same file.
const LEAST_AT_PLACE: f64 = 0.1;

/// Words of a fixture, sorted.
type Words = Vec<u64>;

/// Pairs what is left.
pub(super) fn pair(pairing: &mut Pairing, old: &Side<'_>, new: &Side<'_>) {
    let (old_alone, new_alone) = (pairing.alone_old(), pairing.alone_new());
    if old_alone.is_empty() || new_alone.is_empty() {
        return;
    }
    let (old_words, new_words) = (words(old, &old_alone), words(new, &new_alone));
    let mut scored: Vec<(f64, usize, usize)> = candidates(&old_words, &new_words)
        .par_iter()
        .map(|&(left, right)| (share(&old_words, left, &new_words, right), left, right))
        .filter(|(share, _, _)| *share >= LEAST)
        .collect();
    // Ties are broken by what stays the same when the sides are exchanged.
    scored.sort_by(|a, b| {
        let place = |(_, left, right): &(f64, usize, usize)| {
            let (left, right) = (old_alone.get(*left).copied().unwrap_or(0), new_alone.get(*right).copied().unwrap_or(0));
            (left.abs_diff(right), left + right)
        };
        b.0.total_cmp(&a.0).then_with(|| place(a).cmp(&place(b)))
    });
    for (_, left, right) in scored {
        if let (Some(left), Some(right)) = (old_alone.get(left), new_alone.get(right)) {
            pairing.join(*left, *right);
        }
    }
    by_place(pairing, (old, &old_alone, &old_words), (new, &new_alone, &new_words));
}

/// The same index of the same file, if anything at all is common.
fn by_place(pairing: &mut Pairing, old: (&Side<'_>, &[usize], &[Words]), new: (&Side<'_>, &[usize], &[Words])) {
    let places: RapidHashMap<(&str, usize), usize> = new.1.iter().enumerate().map(|(nth, row)| (new.0.place(*row), nth)).collect();
    for (left, row) in old.1.iter().enumerate() {
        let Some(right) = places.get(&old.0.place(*row)) else { continue };
        if share(old.2, left, new.2, *right) >= LEAST_AT_PLACE
            && let Some(partner) = new.1.get(*right)
        {
            pairing.join(*row, *partner);
        }
    }
}

fn words(side: &Side<'_>, rows: &[usize]) -> Vec<Words> {
    let of = |row: &usize| {
        let mut found = Words::new();
        if let Some(node) = side.node(*row) {
            collect(node, "", &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    };
    rows.par_iter().map(of).collect()
}

/// Words of texts, each with the key it stands under; numbers and flags count as words.
fn collect(node: &Node<'_>, key: &str, found: &mut Words) {
    if found.len() >= WORDS {
        return;
    }
    match &node.value {
        document::Value::String(text) => {
            let left = WORDS - found.len();
            found.extend(text.split_whitespace().take(left).map(|word| digest::of((key, word))));
        }
        document::Value::Number(text) => found.push(digest::of((key, text.as_ref()))),
        document::Value::Bool(flag) => found.push(digest::of((key, flag))),
        document::Value::Null => {}
        document::Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        document::Value::Object(_) => node.entries().into_iter().for_each(|(key, value)| collect(value, key, found)),
    }
}

/// Pairs of positions that share a band.
fn candidates(old: &[Words], new: &[Words]) -> Vec<(usize, usize)> {
    let mut buckets: RapidHashMap<(usize, u64), (Vec<usize>, Vec<usize>)> = RapidHashMap::default();
    for (side, words) in [old, new].into_iter().enumerate() {
        let bands: Vec<Vec<u64>> = words.par_iter().map(|words| bands(words)).collect();
        for (nth, bands) in bands.into_iter().enumerate() {
            for (band, print) in bands.into_iter().enumerate() {
                let bucket = buckets.entry((band, print)).or_default();
                let bucket = if side == 0 { &mut bucket.0 } else { &mut bucket.1 };
                if bucket.len() < BUCKET {
                    bucket.push(nth);
                }
            }
        }
    }
    let mut found: RapidHashSet<(usize, usize)> = RapidHashSet::default();
    for (left, right) in buckets.into_values() {
        found.extend(left.iter().flat_map(|left| right.iter().map(move |right| (*left, *right))));
    }
    let mut found: Vec<(usize, usize)> = found.into_iter().collect();
    found.sort_unstable();
    found
}

fn bands(words: &[u64]) -> Vec<u64> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut least = [u64::MAX; SIGNATURE];
    for word in words {
        for (least, seed) in least.iter_mut().zip(1_u64..) {
            *least = (*least).min(mixed(*word, seed));
        }
    }
    least.chunks(2).map(digest::of).collect()
}

/// Another order of all numbers for each seed: one round of the finisher of `SplitMix64`.
fn mixed(word: u64, seed: u64) -> u64 {
    let number = word ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number ^ (number >> 31)
}

/// Common words over all words, 0 to 1.
fn share(old: &[Words], left: usize, new: &[Words], right: usize) -> f64 {
    let (Some(old), Some(new)) = (old.get(left), new.get(right)) else { return 0.0 };
    let common = old.iter().filter(|word| new.binary_search(word).is_ok()).count();
    let all = old.len() + new.len() - common;
    if all == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred words")]
    let share = common as f64 / all as f64;
    share
}
