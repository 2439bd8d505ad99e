//! Rows that may share a request with a given one, without trying every row.
//!
//! Two matches that want different values of one key (another `context`, another `toolCallId`, the opposite flag) share
//! no request. Rows are filed under such values; a search follows the rarest value of the match at hand. Whatever it
//! leaves out surely excludes that match; whatever it names still has to be looked at.

use std::hash::{Hash, Hasher};

use rapidhash::fast::RapidHasher;
use rapidhash::{RapidHashMap, RapidHashSet};

use super::implication::Domain;
use super::{Clause, Match, Pattern, TextPattern};

/// Numbered matches, filed by the values that exclude each other.
#[derive(Clone, Debug, Default)]
pub struct Meetings {
    all: Vec<usize>,
    keys: RapidHashSet<&'static str>,
    with: RapidHashMap<(&'static str, u64), Vec<usize>>,
    without: RapidHashMap<&'static str, Vec<usize>>,
}

impl Meetings {
    /// Files these matches; their numbers must ascend.
    pub fn new<'m>(matches: impl Iterator<Item = (usize, &'m Match)> + Clone) -> Meetings {
        let keys = matches.clone().flat_map(|(_, matches)| values(matches).map(|(key, _)| key)).collect();
        let mut filed = Meetings { keys, ..Meetings::default() };
        for (number, matches) in matches {
            filed.all.push(number);
            values(matches).for_each(|value| filed.with.entry(value).or_default().push(number));
            for key in filed.keys.iter().filter(|key| values(matches).all(|(known, _)| known != **key)) {
                filed.without.entry(key).or_default().push(number);
            }
        }
        filed
    }

    /// Numbers of the matches that may share a request with this one, in two ascending lists. A number in neither is
    /// that of a match that [`Match::surely_excludes`] it.
    pub fn with(&self, other: &Match) -> [&[usize]; 2] {
        let filed_by = values(other).filter(|(key, _)| self.keys.contains(key));
        let lists = filed_by.map(|value| [list(self.with.get(&value)), list(self.without.get(value.0))]);
        lists.min_by_key(|[same, silent]| same.len() + silent.len()).unwrap_or([&self.all, &[]])
    }
}

fn list(numbers: Option<&Vec<usize>>) -> &[usize] {
    numbers.map_or(&[], Vec::as_slice)
}

/// The keys by which a match excludes all others that want another value, and the values.
fn values(matches: &Match) -> impl Iterator<Item = (&'static str, u64)> {
    matches.clauses().iter().filter_map(|clause| Some((clause.criterion.key, value_of(clause)?)))
}

fn value_of(clause: &Clause) -> Option<u64> {
    let mut hasher = RapidHasher::default();
    match &clause.pattern {
        Pattern::Text(TextPattern::Equals { text, ignore_case: false }) if clause.criterion.domain() == Domain::One => {
            text.hash(&mut hasher);
        }

        Pattern::Flag(flag) => flag.hash(&mut hasher),
        Pattern::Text(_) | Pattern::Headers(_) | Pattern::Subset(_) => return None,
    }
    Some(hasher.finish())
}
