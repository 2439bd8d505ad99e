//! What a request is told that nothing matched: the peer's message, and the fixtures that came nearest with the first
//! clause that failed, what it wants and what the request has side by side.

use serde_json::Value;

use super::Edition;
use crate::exchange::{ErrorOrigin, ErrorReply, Exchange};
use crate::matcher::{Miss, Near, Served};

/// Fixtures that a miss names.
const NAMED: usize = 3;

/// A fixture that nearly answered.
#[derive(Clone, Debug, PartialEq)]
pub struct NearMiss {
    /// The handle of the fixture.
    pub fixture: String,
    /// One line: why it did not answer.
    pub reason: String,
    /// The first clause that failed: its key, what it wants and what the request has, both in words.
    pub failed: Option<(&'static str, String, String)>,
    /// How many more clauses failed.
    pub more: usize,
}

impl NearMiss {
    /// As JSON, for error bodies and the journal.
    pub fn to_json(&self) -> Value {
        let mut members = vec![("fixture", self.fixture.clone().into()), ("reason", self.reason.clone().into())];
        if let Some((key, expected, actual)) = &self.failed {
            let failed = [("key", (*key).into()), ("expected", expected.clone().into()), ("actual", actual.clone().into())];
            members.push(("failed", object(failed)));
            if self.more > 0 {
                members.push(("moreFailed", self.more.into()));
            }
        }
        object(members)
    }
}

/// The fixtures nearest to a request, best first, at most three.
pub fn near_misses(edition: &Edition, exchange: &Exchange, served: &Served) -> Vec<NearMiss> {
    edition.library.table.nearest(exchange, served, NAMED).iter().map(|near| explain(edition, exchange, near)).collect()
}

/// The error that a miss answers with. `message` is the peer's to the byte. What the request has is shown as it was after
/// `transforms`, which are named where there are any.
pub fn miss_reply(miss: Miss, strict: bool, nearest: &[NearMiss], transforms: &[String]) -> ErrorReply {
    let mut reply = match (strict, miss.skipped_by_position) {
        (false, _) => ErrorReply::new(ErrorOrigin::Miss, 404, "No fixture matched"),
        (true, 0) => ErrorReply::new(ErrorOrigin::StrictMiss, 503, "Strict mode: no fixture matched"),
        (true, skipped) => {
            let message = format!("Strict mode: {skipped} candidate fixture(s) skipped by sequence/turn state");
            ErrorReply::new(ErrorOrigin::StrictMiss, 503, message)
        }
    };
    reply.code = Some("no_fixture_match".to_owned());
    let mut detail = vec![("nearest", Value::Array(nearest.iter().map(NearMiss::to_json).collect()))];
    if !transforms.is_empty() {
        detail.push(("transforms", transforms.into()));
    }
    reply.detail = Some(Box::new(object(detail)));
    reply
}

/// What `json!` gives without a copy of each value.
fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn explain(edition: &Edition, exchange: &Exchange, near: &Near<'_>) -> NearMiss {
    let failed = near.failed.first().map(|clause| {
        let verdict = clause.explain(exchange);
        (clause.criterion.key, verdict.wanted(), verdict.found())
    });
    let reason = match &failed {
        Some((key, expected, actual)) => format!("{key} {expected}: the request has {actual}"),
        None if near.position_failed => position_reason(edition, near.row),
        None if near.incompatible => "its kind of response cannot answer this endpoint".to_owned(),
        None => "an earlier rule of selection passed it over".to_owned(),
    };
    NearMiss { fixture: edition.library.handle(near.row), reason, failed, more: near.failed.len().saturating_sub(1) }
}

fn position_reason(edition: &Edition, row: usize) -> String {
    let position = edition.library.fixtures.get(row).map(|fixture| fixture.position).unwrap_or_default();
    match (position.sequence, position.turn) {
        (Some(slot), _) => format!("its content matches, but `sequenceIndex` {slot} is not the turn of this request"),
        (None, Some(turn)) => format!("its content matches, but `turnIndex` {turn} is not the turn of this conversation"),
        (None, None) => "its content matches, but its responses are used up".to_owned(),
    }
}
