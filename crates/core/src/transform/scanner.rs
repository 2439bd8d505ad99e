//! Several recognisers over one text: what normalize runs on every string.

use super::builtins::{BuiltIn, Strictness};
use super::bytes::Signs;
use super::found::Found;

/// Recognisers that run together.
#[derive(Clone, Debug)]
pub struct Scanner {
    builtins: Vec<&'static BuiltIn>,
    strictness: Strictness,
}

impl Scanner {
    /// Recognisers in the order that decides where two find the same.
    pub fn new(builtins: &[&'static BuiltIn], strictness: Strictness) -> Scanner {
        Scanner { builtins: builtins.to_vec(), strictness }
    }

    /// Everything found, in the order of the text and without overlaps, each with the index of its recogniser. Of two
    /// that overlap the one whose recogniser is earlier in the list stays.
    pub fn scan(&self, text: &str) -> Vec<(usize, Found)> {
        let mut all: Vec<(usize, Found)> = Vec::new();
        // Most strings of a recording are names and numbers: too short to hold anything.
        if self.builtins.iter().all(|builtin| text.len() < builtin.least) {
            return all;
        }
        let signs = Signs::of(text);
        let mut found = Vec::new();
        for (index, builtin) in self.builtins.iter().enumerate().filter(|(_, builtin)| builtin.fits(text, signs)) {
            (builtin.scan)(text, self.strictness, &mut found);
            if !found.is_empty() {
                merge(&mut all, index, &mut found);
            }
        }
        all
    }
}

/// Puts what does not overlap into its place; both are in order.
fn merge(all: &mut Vec<(usize, Found)>, index: usize, found: &mut Vec<Found>) {
    if all.is_empty() {
        return all.extend(found.drain(..).map(|found| (index, found)));
    }
    let mut earlier = std::mem::take(all).into_iter().peekable();
    for found in found.drain(..) {
        while let Some(before) = earlier.next_if(|(_, before)| before.range.end <= found.range.start) {
            all.push(before);
        }
        if earlier.peek().is_none_or(|(_, next)| next.range.start >= found.range.end) {
            all.push((index, found));
        }
    }
    all.extend(earlier);
}
