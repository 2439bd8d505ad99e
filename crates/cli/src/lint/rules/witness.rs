//! Requests that prove a finding: the plainest one that a fixture accepts, and who answers it.

use rapidhash::RapidHashMap;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::super::{EntryRef, ScopeContext};
use crate::exchange::Exchange;
use crate::matcher::{Position, Selection, Setting, Strictness};

/// Who answers the plainest request of a row. The request itself is made again when it is shown: most never are.
#[derive(Clone, Copy, Debug)]
pub(in crate::lint) struct Witness {
    pub(super) answered_by: Option<usize>,
    /// The answering row is a script line of another turn: no better one was there.
    pub(super) relaxed: bool,
}

/// The witnesses of all rows; `None` where no request was found. Rows written alike have one witness, made once.
pub(in crate::lint) fn all(context: &ScopeContext<'_>) -> Vec<Option<Witness>> {
    let rows = context.table.rows();
    let mut first: RapidHashMap<(u64, Position), usize> = RapidHashMap::default();
    let mut originals: Vec<usize> = Vec::with_capacity(rows.len());
    for (number, row) in rows.iter().enumerate() {
        let known = *first.entry((row.matches.digest(), row.position)).or_insert(number);
        let alike = rows.get(known).is_some_and(|known| known.matches == row.matches && !known.dead);
        originals.push(if alike { known } else { number });
    }
    let own = |row: usize| if originals.get(row) == Some(&row) { of(context, row) } else { None };
    let made: Vec<Option<Witness>> = (0..rows.len()).into_par_iter().map(own).collect();
    originals.into_iter().map(|original| made.get(original).copied().flatten()).collect()
}

fn of(context: &ScopeContext<'_>, row: usize) -> Option<Witness> {
    ask(context, row, &own_request(context, row)?)
}

/// The plainest request of a row at its own turn.
pub(super) fn own_request(context: &ScopeContext<'_>, row: usize) -> Option<Exchange> {
    let fixture = &context.entries.get(row)?.entry.fixture;
    if fixture.dead { None } else { request(context, row, fixture.position.turn) }
}

/// The same in a conversation with this many answers, or as few as the `match` allows. It is a request as a client sends it;
/// the `match` takes what the transforms make of it.
pub(super) fn request(context: &ScopeContext<'_>, row: usize, turn: Option<u64>) -> Option<Exchange> {
    let fixture = &context.entries.get(row)?.entry.fixture;
    if turn.is_some_and(|turn| turn > LONGEST) {
        return None;
    }
    let exchange = fixture.matches.plainest_in(Setting { assistants: turn, ..Setting::default() })?;
    let seen = context.seen(&exchange)?;
    let answers = |exchange: &Exchange| exchange.request.assistant_count();
    let is_still_taken = answers(&seen) == answers(&exchange) && fixture.matches.accepts(&seen);
    (context.transforms.is_empty() || is_still_taken).then_some(exchange)
}

/// Asks the whole scope, with the row's own sequence slot open. `None` when the server would refuse the request.
pub(super) fn ask(context: &ScopeContext<'_>, row: usize, exchange: &Exchange) -> Option<Witness> {
    let seen = context.seen(exchange)?;
    let selection = context.table.select(&seen, &context.table.served_before(row), Strictness::default());
    Some(Witness { answered_by: selection.row(), relaxed: matches!(selection, Selection::Hit { turn_relaxed: true, .. }) })
}

/// Conversations longer than this are not made up.
const LONGEST: u64 = 256;

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

/// The witness of a row as it stands in a finding.
pub(super) fn shown(context: &ScopeContext<'_>, row: usize) -> Option<serde_json::Value> {
    let witness = context.witness(row)?;
    own_request(context, row).map(|exchange| json(context, &exchange, witness.answered_by))
}

/// What names a fixture when lines move: its id, else its `match` as written.
pub(super) fn identity(entry: &EntryRef<'_>) -> String {
    let fixture = &entry.entry.fixture;
    fixture.id.clone().unwrap_or_else(|| {
        let span = fixture.origin.match_span;
        entry.file.source.text().get(span.start..span.end).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    })
}
