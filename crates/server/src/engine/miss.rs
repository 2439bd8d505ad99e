//! What a request is told that nothing matched: the peer's message, and the fixtures that came nearest with the first
//! clause that failed, what it wants and what the request has side by side.

use super::Edition;
use crate::exchange::{Detail, ErrorOrigin, ErrorReply, Exchange, Failed, MissedText, NearMiss};
use crate::matcher::{Miss, Near, Served};

/// Fixtures that a miss names.
const NAMED: usize = 3;

/// The fixtures nearest to a request, best first, at most three.
pub fn near_misses(edition: &Edition, exchange: &Exchange, served: &Served) -> Vec<NearMiss> {
    edition.library.table.nearest(exchange, served, NAMED).iter().map(|near| explain(edition, exchange, near)).collect()
}

/// The error that a miss answers with. `message` is the peer's to the byte. What the request has is shown as it was after
/// the transforms, which are named where there are any.
pub fn miss_reply(miss: Miss, strict: bool, missed: MissedText) -> ErrorReply {
    let mut reply = match (strict, miss.skipped_by_position) {
        (false, _) => ErrorReply::new(ErrorOrigin::Miss, 404, "No fixture matched"),
        (true, 0) => ErrorReply::new(ErrorOrigin::StrictMiss, 503, "Strict mode: no fixture matched"),
        (true, skipped) => {
            let message = format!("Strict mode: {skipped} candidate fixture(s) skipped by sequence/turn state");
            ErrorReply::new(ErrorOrigin::StrictMiss, 503, message)
        }
    };
    reply.code = Some("no_fixture_match".to_owned());
    reply.detail = Some(Detail::Missed(missed));
    reply
}

fn explain(edition: &Edition, exchange: &Exchange, near: &Near<'_>) -> NearMiss {
    let failed = near.failed.first().map(|clause| {
        let verdict = clause.explain(exchange);
        Failed { key: clause.criterion.key, expected: verdict.wanted(), actual: verdict.found() }
    });
    let reason = match &failed {
        Some(Failed { key, expected, actual }) => [key, " ", expected, ": the request has ", actual].concat(),
        None if near.position_failed => position_reason(edition, near.row),
        None if near.incompatible => "its kind of response cannot answer this endpoint".to_owned(),
        None => "an earlier rule of selection passed it over".to_owned(),
    };
    NearMiss { fixture: edition.library.handle(near.row), reason, failed, more_failed: near.failed.len().saturating_sub(1) }
}

fn position_reason(edition: &Edition, row: usize) -> String {
    let position = edition.library.fixtures.get(row).map(|fixture| fixture.position).unwrap_or_default();
    match (position.sequence, position.turn) {
        (Some(slot), _) => format!("its content matches, but `sequenceIndex` {slot} is not the turn of this request"),
        (None, Some(turn)) => format!("its content matches, but `turnIndex` {turn} is not the turn of this conversation"),
        (None, None) => "its content matches, but its responses are used up".to_owned(),
    }
}
