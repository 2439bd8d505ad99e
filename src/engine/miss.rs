//! What a request is told that nothing matched: the peer's message, and the fixtures that came nearest with the first
//! clause that failed, wanted and found value side by side.

use serde_json::{Value, json};

use super::Shelf;
use super::describe::{actual, expected};
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
    /// Key, wanted and found value of the first clause that failed.
    pub failed: Option<(&'static str, Value, Value)>,
    /// How many more clauses failed.
    pub more: usize,
}

impl NearMiss {
    /// As JSON, for error bodies and the journal.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "fixture": self.fixture, "reason": self.reason });
        if let (Some((key, expected, actual)), Some(object)) = (&self.failed, object.as_object_mut()) {
            object.insert("failed".to_owned(), json!({ "key": key, "expected": expected, "actual": actual }));
            if self.more > 0 {
                object.insert("moreFailed".to_owned(), json!(self.more));
            }
        }
        object
    }
}

/// The fixtures nearest to a request, best first, at most three.
pub fn near_misses(shelf: &Shelf, exchange: &Exchange, served: &Served) -> Vec<NearMiss> {
    shelf.library.table.nearest(exchange, served, NAMED).iter().map(|near| explain(shelf, exchange, near)).collect()
}

/// The error that a miss answers with. `message` is the peer's to the byte.
pub fn miss_reply(miss: Miss, strict: bool, nearest: &[NearMiss]) -> ErrorReply {
    let mut reply = match (strict, miss.skipped_by_position) {
        (false, _) => ErrorReply::new(ErrorOrigin::Miss, 404, "No fixture matched"),
        (true, 0) => ErrorReply::new(ErrorOrigin::StrictMiss, 503, "Strict mode: no fixture matched"),
        (true, skipped) => {
            let message = format!("Strict mode: {skipped} candidate fixture(s) skipped by sequence/turn state");
            ErrorReply::new(ErrorOrigin::StrictMiss, 503, message)
        }
    };
    reply.code = Some("no_fixture_match".to_owned());
    reply.detail = Some(json!({ "nearest": nearest.iter().map(NearMiss::to_json).collect::<Vec<_>>() }));
    reply
}

fn explain(shelf: &Shelf, exchange: &Exchange, near: &Near<'_>) -> NearMiss {
    let failed = near.failed.first().map(|clause| {
        let facet = (clause.criterion.read)(exchange);
        (clause.criterion.key, expected(clause), actual(clause, &facet))
    });
    let reason = match &failed {
        Some((key, expected, Value::Null)) => format!("`{key}` wants {expected}, the request has none"),
        Some((key, expected, actual)) => format!("`{key}` wants {expected}, the request has {actual}"),
        None if near.position_failed => position_reason(shelf, near.row),
        None if near.incompatible => "its kind of response cannot answer this endpoint".to_owned(),
        None => "an earlier rule of selection passed it over".to_owned(),
    };
    NearMiss { fixture: shelf.library.handle(near.row), reason, failed, more: near.failed.len().saturating_sub(1) }
}

fn position_reason(shelf: &Shelf, row: usize) -> String {
    let position = shelf.library.fixtures.get(row).map(|fixture| fixture.position).unwrap_or_default();
    match (position.sequence, position.turn) {
        (Some(slot), _) => format!("its content matches, but `sequenceIndex` {slot} is not the turn of this request"),
        (None, Some(turn)) => format!("its content matches, but `turnIndex` {turn} is not the turn of this conversation"),
        (None, None) => "its content matches, but its responses are used up".to_owned(),
    }
}
