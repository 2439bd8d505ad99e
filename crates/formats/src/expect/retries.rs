//! Whether retries kept the distance that answers asked for.
//!
//! Held against an answer with Retry-After is every later request of the same test with the same key to the same path:
//! it must not come before the time is over. Requests that were under way already do not count.

use std::collections::{BTreeMap, BinaryHeap};

use super::judge::Verdict;
use super::{Run, Seen};

/// Milliseconds by which a client's clock and ours may differ over a pause.
const TOLERANCE: f64 = 1.0;

/// The answers whose Retry-After is asked about are those of `selected`.
pub(super) fn respected(run: &Run, selected: &[usize]) -> Verdict {
    let mut groups: BTreeMap<Client<'_>, Vec<(usize, &Seen)>> = BTreeMap::new();
    for (number, entry) in run.entries.iter().enumerate() {
        groups.entry(Client::of(entry)).or_default().push((number, entry));
    }
    let chosen: std::collections::HashSet<usize> = selected.iter().copied().collect();
    let mut early = Vec::new();
    let mut limits = 0;
    for group in groups.values_mut() {
        group.sort_by(|(_, a), (_, b)| a.arrived.total_cmp(&b.arrived));
        limits += check(group, |number| chosen.contains(&number), &mut early);
    }
    let expected = "no retry before Retry-After is over".to_owned();
    match early.as_slice() {
        [] => (true, expected, format!("none ({limits} answers asked for a pause)")),
        [first, ..] => (false, expected, format!("{}: {first}", early.len())),
    }
}

/// Who sends: requests that differ in this are no retries of each other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Client<'a> {
    test_id: Option<&'a str>,
    key: Option<&'a str>,
    method: &'a str,
    path: &'a str,
}

impl<'a> Client<'a> {
    fn of(entry: &'a Seen) -> Client<'a> {
        let path = entry.target.split_once('?').map_or(entry.target.as_str(), |(path, _)| path);
        Client { test_id: entry.test_id.as_deref(), key: entry.key.as_deref(), method: &entry.method, path }
    }
}

/// An answer that asked for a pause; the one that ended first comes first out of the heap.
struct Pause {
    ended: f64,
    until: f64,
}

impl Ord for Pause {
    fn cmp(&self, other: &Pause) -> std::cmp::Ordering {
        other.ended.total_cmp(&self.ended)
    }
}

impl PartialOrd for Pause {
    fn partial_cmp(&self, other: &Pause) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pause {
    fn eq(&self, other: &Pause) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pause {}

/// Goes through one client's requests in order of arrival; returns how many answers asked for a pause.
fn check(group: &[(usize, &Seen)], is_chosen: impl Fn(usize) -> bool, early: &mut Vec<String>) -> usize {
    let mut pauses = BinaryHeap::new();
    let mut until = f64::NEG_INFINITY;
    let mut limits = 0;
    for (number, entry) in group {
        let arrived = entry.arrived;
        while let Some(pause) = pauses.peek().filter(|pause: &&Pause| pause.ended <= arrived) {
            until = until.max(pause.until);
            pauses.pop();
        }
        if arrived + TOLERANCE < until {
            early.push(format!("{} came {:.0} ms too early", entry.id, until - arrived));
        }
        if let (Some(wait), Some(ended), true) = (entry.retry_after, entry.ended(), is_chosen(*number)) {
            limits += 1;
            pauses.push(Pause { ended, until: ended + wait });
        }
    }
    limits
}
