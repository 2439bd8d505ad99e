//! Findings about a fixture and another one that stands in its way.

use super::super::{EntryRef, Findings, ScopeContext};
use super::witness;
use crate::diagnostic::Diagnostic;

/// How a fixture is called in a message: whole, since the number at the end of a long path is what tells it apart.
pub(super) fn name(context: &ScopeContext<'_>, row: usize) -> String {
    format!("`{}`", context.entries.get(row).map(EntryRef::handle).unwrap_or_default().escape_debug())
}

/// Reports at a row's `match`. `None` when there is no such row.
pub(super) fn report<'f>(
    context: &ScopeContext<'_>,
    findings: &'f mut Findings,
    row: usize,
    message: impl Into<String>,
) -> Option<&'f mut Diagnostic> {
    let entry = context.entries.get(row)?;
    let finding = findings.report(entry.match_label(), message);
    finding.identity = witness::identity(entry);
    Some(finding)
}

/// Adds another row to a finding, with what it does there.
pub(super) fn relate(context: &ScopeContext<'_>, finding: &mut Diagnostic, row: usize, note: &'static str) {
    let Some(entry) = context.entries.get(row) else { return };
    let mut label = entry.match_label();
    label.note = note.into();
    finding.related.push(label);
}
