//! What the formats have in common: handles, and the words of the summary.

use crate::cli::report::{counted, grouped};
use crate::diff::journal::JournalDiff;
use crate::diff::{Diff, Pair, Rerouted, Side, Topic, Verdict};

/// A comparison with both sides at hand.
pub(super) struct View<'a> {
    pub(super) diff: &'a Diff,
    pub(super) old: &'a Side<'a>,
    pub(super) new: &'a Side<'a>,
}

impl View<'_> {
    /// Pairs with something to tell, the worst first, then in load order.
    pub(super) fn told(&self, with_identical: bool) -> Vec<&Pair> {
        let worth = |pair: &&Pair| pair.verdict > Verdict::Identical || (with_identical && !pair.changes.is_empty());
        let mut pairs: Vec<&Pair> = self.diff.pairs.iter().filter(worth).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.verdict));
        pairs
    }

    /// The name of a pair: the new handle, and the old one if the fixture moved or is called otherwise.
    pub(super) fn name(&self, pair: &Pair) -> String {
        let (old, new) = (self.old.handle(pair.old), self.new.handle(pair.new));
        let same_id = old == new;
        if same_id || (!self.has_id(pair) && self.old.place(pair.old) == self.new.place(pair.new)) {
            new
        } else {
            format!("{old} → {new}")
        }
    }

    fn has_id(&self, pair: &Pair) -> bool {
        let has_id = |side: &Side<'_>, row: usize| side.library.fixtures.get(row).is_some_and(|fixture| fixture.id.is_some());
        has_id(self.old, pair.old) || has_id(self.new, pair.new)
    }

    /// Who answered a rerouted request, and who does now.
    pub(super) fn fates(&self, rerouted: &Rerouted) -> (String, String) {
        let name =
            |side: &Side<'_>, row: Option<usize>| row.map_or_else(|| "no fixture".to_owned(), |row| format!("`{}`", side.handle(row)));
        (name(self.old, rerouted.before), name(self.new, rerouted.after))
    }

    /// `2 breaking, 1 reworded, 9 identical; 1 added, 1 removed, 1 rerouted`.
    pub(super) fn summary(&self) -> String {
        let volatile: usize = self.diff.pairs.iter().map(Pair::volatile).sum();
        let drawn = if volatile > 0 { format!(" ({} drawn anew)", counted(volatile, "value")) } else { String::new() };
        if self.diff.verdict() == Verdict::Identical {
            return format!("identical: {}{drawn}", counted(self.diff.pairs.len(), "fixture"));
        }
        let verdicts = Verdict::ALL.iter().rev().map(|verdict| (self.diff.count(*verdict), verdict.name()));
        let mut parts: Vec<String> =
            verdicts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", grouped(count))).collect();
        let moved = [(self.diff.added.len(), "added"), (self.diff.removed.len(), "removed"), (self.diff.rerouted.len(), "rerouted")];
        parts.extend(moved.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", grouped(*count))));
        format!("{}{drawn}", parts.join(", "))
    }
}

/// The summary of two journals.
pub(super) fn journal_summary(diff: &JournalDiff) -> String {
    if diff.verdict() == Verdict::Identical && diff.counts.is_empty() {
        return format!("identical: {}", counted(diff.same, "request"));
    }
    let parts =
        [(diff.changed.len(), "answered otherwise"), (diff.added.len(), "added"), (diff.removed.len(), "removed"), (diff.same, "the same")];
    parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", grouped(*count))).collect::<Vec<_>>().join(", ")
}

/// Whether both values are texts for people, whose words are compared.
pub(super) fn is_prose(topic: Topic) -> bool {
    matches!(topic, Topic::Text)
}
