//! Requests that prove a finding: the plainest one that a fixture accepts, and who answers it.

use super::super::{EntryRef, ScopeContext};
use crate::exchange::Exchange;
use crate::matcher::{Served, Setting, Strictness};

/// A request and the row that answers it.
pub(super) struct Witness {
    pub(super) exchange: Exchange,
    pub(super) answered_by: Option<usize>,
    /// The request as `aimock match` reads it, and the handle of the fixture that answers.
    pub(super) json: serde_json::Value,
}

/// The plainest request of a row, asked of the whole scope with the row's own sequence slot open.
pub(super) fn of(context: &ScopeContext<'_>, row: usize) -> Option<Witness> {
    let fixture = &context.entries.get(row)?.entry.fixture;
    let setting = Setting { assistants: fixture.position.turn, ..Setting::default() };
    let exchange = fixture.matches.plainest_in(setting)?;
    let mut served = Served::default();
    if let Some(slot) = fixture.position.sequence {
        served.set(row, slot);
    }
    let answered_by = context.table.select(&exchange, &served, Strictness::default()).row();
    let json = json(context, &exchange, answered_by);
    Some(Witness { exchange, answered_by, json })
}

/// A request as `aimock match` reads it, with the handle of the fixture that answers.
pub(super) fn json(context: &ScopeContext<'_>, exchange: &Exchange, answered_by: Option<usize>) -> serde_json::Value {
    let handle = answered_by.and_then(|row| context.entries.get(row)).map(EntryRef::handle);
    let headers: serde_json::Map<String, serde_json::Value> =
        exchange.raw.headers.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let mut json = serde_json::json!({ "request": exchange.request, "answeredBy": handle });
    if !headers.is_empty() {
        json["headers"] = headers.into();
    }
    json
}

/// What names a fixture when lines move: its id, else its `match` as written.
pub(super) fn identity(entry: &EntryRef<'_>) -> String {
    let fixture = &entry.entry.fixture;
    fixture.id.clone().unwrap_or_else(|| {
        let span = fixture.origin.match_span;
        entry.file.source.text().get(span.start..span.end).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    })
}
