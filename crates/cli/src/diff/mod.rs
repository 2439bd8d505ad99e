//! Two sets of fixtures, or two journals, compared by what they mean.
//!
//! A fixture is paired with its other self wherever it stands and however it is written; a pair gets the [`Verdict`] of
//! its worst [`Change`]; and both sides are asked the same requests, so that a fixture that did not change itself but
//! would meet other requests is told ([`Rerouted`]).
//!
//! Pure: no files, no colours, no exit status, no server. What is compared is the tree of an entry, not the parts that are
//! served: a key that this version does not know still makes a difference.

mod compare;
mod digest;
mod events;
mod ignore;
pub mod journal;
mod likeness;
mod meaning;
mod pair;
mod route;
mod side;
mod stream;
#[cfg(test)]
mod tests;
mod textconv;
mod topic;
mod turn;
mod volatile;
mod walk;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

pub use compare::Change;
pub use ignore::{BadPointer, Ignore};
pub use route::{Lone, Rerouted};
pub use side::Side;
pub use textconv::canonical;
pub use topic::{Topic, Verdict};

use compare::Compared;

/// A fixture that both sides have.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Row of the old side.
    pub old: usize,
    /// Row of the new side.
    pub new: usize,
    /// The worst of its changes; identical without any.
    pub verdict: Verdict,
    /// In order of match, other keys, answers.
    pub changes: Vec<Change>,
}

impl Pair {
    /// How many values differ as every recording makes them differ.
    pub fn volatile(&self) -> usize {
        self.changes.iter().filter(|change| change.topic == Topic::Volatile).count()
    }
}

/// What became of a set of fixtures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// Fixtures of both sides, in the old side's load order.
    pub pairs: Vec<Pair>,
    /// Fixtures of the new side only, each with the old one that answered its requests.
    pub added: Vec<Lone>,
    /// Fixtures of the old side only, each with the new one that answers their requests.
    pub removed: Vec<Lone>,
    pub rerouted: Vec<Rerouted>,
}

impl Diff {
    /// The worst that happened: what comes, goes or is rerouted is breaking.
    pub fn verdict(&self) -> Verdict {
        let worst = self.pairs.iter().map(|pair| pair.verdict).max().unwrap_or_default();
        let moved = !(self.added.is_empty() && self.removed.is_empty() && self.rerouted.is_empty());
        if moved { Verdict::Breaking } else { worst }
    }

    /// How many pairs have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.pairs.iter().filter(|pair| pair.verdict == verdict).count()
    }
}

/// Compares two sides.
pub fn compare(old: &Side<'_>, new: &Side<'_>, ignore: &Ignore) -> Diff {
    let pairing = pair::pair(old, new);
    let rows: Vec<(usize, usize)> = pairing.of_old.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect();
    let compared: Vec<Compared> = rows.par_iter().map(|(left, right)| of_pair(old, new, *left, *right, ignore)).collect();
    let mut pairs: Vec<Pair> = Vec::with_capacity(rows.len());
    let mut renames = rapidhash::RapidHashSet::default();
    for ((old, new), compared) in rows.into_iter().zip(compared) {
        renames.extend(compared.renames);
        pairs.push(Pair { old, new, verdict: Verdict::Identical, changes: compared.changes });
    }
    for pair in &mut pairs {
        pair.changes.iter_mut().for_each(|change| follow(change, &renames));
        pair.verdict = pair.changes.iter().map(Change::verdict).max().unwrap_or_default();
    }
    Diff {
        pairs,
        added: route::lone(&pairing.alone_new(), new, old),
        removed: route::lone(&pairing.alone_old(), old, new),
        rerouted: route::rerouted(old, new, &pairing),
    }
}

fn of_pair(old: &Side<'_>, new: &Side<'_>, left: usize, right: usize, ignore: &Ignore) -> Compared {
    let (Some(old_node), Some(new_node)) = (old.node(left), new.node(right)) else { return Compared::default() };
    if old.entry_print(left) == new.entry_print(right) && digest::same_nodes(old_node, new_node) {
        return Compared::default();
    }
    let (Some(old), Some(new)) = (old.fixture(left), new.fixture(right)) else { return Compared::default() };
    compare::compare((old, meaning::entry(old_node)), (new, meaning::entry(new_node)), ignore)
}

/// A match that waits for the result of a tool call changes its id with the call.
fn follow(change: &mut Change, renames: &rapidhash::RapidHashSet<(String, String)>) {
    let text = |value: &Option<serde_json::Value>| value.as_ref().and_then(serde_json::Value::as_str).map(str::to_owned);
    if change.pointer == "/match/toolCallId"
        && let Some(rename) = text(&change.old).zip(text(&change.new))
        && renames.contains(&rename)
    {
        change.topic = Topic::Volatile;
    }
}
