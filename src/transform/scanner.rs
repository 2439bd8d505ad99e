//! Several recognisers over one text.

use super::builtins::{BuiltIn, Strictness};
use super::found::Found;

/// Whether a text can hold anything that one of these recognises: one cheap pass. `false` is certain.
pub fn may_hold(builtins: &[&'static BuiltIn], text: &str) -> bool {
    !builtins.is_empty() && text.bytes().any(|byte| byte.is_ascii_digit())
}

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

    /// Everything found, in the order of the text and without overlaps, each with the index of its recogniser.
    pub fn scan(&self, text: &str) -> Vec<(usize, Found)> {
        let mut all: Vec<(usize, Found)> = Vec::new();
        let mut found = Vec::new();
        for (index, builtin) in self.builtins.iter().enumerate() {
            (builtin.scan)(text, self.strictness, &mut found);
            all.extend(found.drain(..).map(|found| (index, found)));
        }
        all.sort_by_key(|(index, found)| (found.range.start, *index));
        all.dedup_by(|(_, later), (_, earlier)| later.range.start < earlier.range.end);
        all
    }
}
