//! Sequences: fixtures that are equal but for `sequenceIndex`.

use super::super::ScopeContext;

/// Every sequence of a scope: its slots in order, each with its row; of equal slots the earlier row first.
pub(super) fn sequences(context: &ScopeContext<'_>) -> impl Iterator<Item = Vec<(u64, usize)>> {
    let rows = context.table.rows();
    let heads = (0..rows.len()).filter(|row| context.table.siblings(*row).next() == Some(*row));
    heads.map(move |head| {
        let slot = |row: usize| rows.get(row)?.position.sequence.map(|slot| (slot, row));
        let mut slots: Vec<(u64, usize)> = context.table.siblings(head).filter_map(slot).collect();
        slots.sort_unstable();
        slots
    })
}
