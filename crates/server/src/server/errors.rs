//! Answers of the server itself, in plain JSON: for URLs that no codec owns, and the errors that only a server has.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::engine::Edition;
use crate::exchange::{Body, Detail, Emission, ErrorOrigin, ErrorReply, RawRequest};
use crate::provider::route::Lookup;
use crate::transform::TransformError;

/// A JSON answer.
pub(super) fn json(status: u16, value: &Value) -> Emission {
    Emission { status, headers: vec![("content-type", "application/json".to_owned())], body: Body::Whole(Bytes::from(value.to_string())) }
}

/// An error where no vendor's envelope applies: that of the peer's own answers.
pub(super) fn plain(error: &ErrorReply) -> Emission {
    let kind = error.kind.as_deref().unwrap_or(match error.origin {
        ErrorOrigin::Fixture | ErrorOrigin::Server | ErrorOrigin::Chaos => "server_error",
        ErrorOrigin::Miss | ErrorOrigin::StrictMiss | ErrorOrigin::Request => "invalid_request_error",
    });
    let mut body = json!({ "message": error.message, "type": kind });
    if let Some(body) = body.as_object_mut() {
        let code = error.code.as_ref().map(|code| json!(code));
        for (key, value) in [("code", code), ("aimock", error.detail.as_ref().map(Detail::to_json))] {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        }
    }
    let mut emission = json(error.status, &json!({ "error": body }));
    if let Some(seconds) = error.retry_after {
        emission.headers.push(("retry-after", seconds.to_string()));
    }
    if !matches!(error.origin, ErrorOrigin::Fixture | ErrorOrigin::Chaos) && error.status >= 500 {
        emission.headers.push(("x-should-retry", "false".to_owned()));
    }
    emission
}

/// What a URL gets that nothing answers: 404 with the nearest routes, 405 with `Allow`, or 501; and the reason for the
/// journal.
pub(super) fn no_route(lookup: &Lookup<'_>, raw: &RawRequest) -> (Emission, String) {
    let target = format!("{} {}", raw.method, raw.path);
    match lookup {
        Lookup::WrongMethod { allow } => {
            let allow = allow.join(", ");
            let message = format!("{} is not allowed on {}: use {allow}", raw.method, raw.path);
            let mut emission = plain(&problem(ErrorOrigin::Request, 405, &message, "method_not_allowed"));
            emission.headers.push(("allow", allow));
            (emission, message)
        }
        Lookup::NotBuilt { name } => {
            let message = format!("{name} ({target}) is not built yet: give a fixture with a `path` key to answer this URL");
            (plain(&problem(ErrorOrigin::Server, 501, &message, "not_implemented")), message)
        }
        Lookup::Unknown { nearest } => {
            let mut error = problem(ErrorOrigin::Request, 404, "Not found", "not_found");
            error.detail = Some(Detail::Other(json!({ "nearest": nearest })));
            (plain(&error), format!("no route for {target}"))
        }
        Lookup::Found { .. } | Lookup::Stored { .. } | Lookup::Socket { .. } => {
            let message = format!("no answer for {target}");
            (plain(&problem(ErrorOrigin::Server, 500, &message, "server_error")), message)
        }
    }
}

/// A WebSocket is spoken there, and the request is not one that opens it.
pub(super) fn not_a_socket(raw: &RawRequest) -> ErrorReply {
    let message = format!("{} answers over WebSocket: ask for it with `Upgrade: websocket` and version 13, over HTTP/1.1", raw.path);
    problem(ErrorOrigin::Request, 426, &message, "invalid_request_error")
}

/// A compressed body would be read as broken JSON; better to say so.
pub(super) fn encoded_body(raw: &RawRequest) -> Option<ErrorReply> {
    let encoding = raw.headers.first("content-encoding").map(str::trim).filter(|value| !value.eq_ignore_ascii_case("identity"))?;
    let message = format!("the request body has content-encoding `{encoding}`: send it without compression");
    Some(problem(ErrorOrigin::Request, 415, &message, "invalid_request_error"))
}

/// The body is over the limit.
pub(super) fn too_large(limit: usize) -> ErrorReply {
    let message = format!("the request body is larger than {limit} bytes: raise --max-body-bytes");
    problem(ErrorOrigin::Request, 413, &message, "invalid_request_error")
}

/// The body stopped coming.
pub(super) fn too_slow(seconds: u64) -> ErrorReply {
    let message = format!("the request body stood still for {seconds} seconds");
    problem(ErrorOrigin::Request, 408, &message, "invalid_request_error")
}

/// The body cannot be read.
pub(super) fn unreadable(reason: &str) -> ErrorReply {
    problem(ErrorOrigin::Request, 400, &format!("the request body cannot be read: {reason}"), "invalid_request_error")
}

/// A list of responses is used up, and its fixture says that this is an error.
pub(super) fn exhausted(edition: &Edition, row: usize) -> ErrorReply {
    let answers = edition.library.fixtures.get(row).map_or(0, |fixture| fixture.answers.len());
    let handle = edition.library.handle(row);
    let message = format!("fixture {handle} has no response left: all {answers} were served, and its `onExhausted` is `error`");
    let mut error = problem(ErrorOrigin::Server, 500, &message, "server_error");
    error.code = Some("responses_exhausted".to_owned());
    error
}

/// A transform cannot rewrite the request, so nothing can be matched.
pub(super) fn transform_failed(error: &TransformError) -> ErrorReply {
    const CODE: &str = "transform_failed";
    let message = format!("transform `{}` cannot rewrite this request: {}", error.transform, error.reason);
    let mut reply = problem(ErrorOrigin::Server, 500, &message, "server_error");
    reply.code = Some(CODE.to_owned());
    // Not every vendor's error has a code.
    reply.detail = Some(Detail::Other(json!({ "code": CODE, "transform": error.transform, "reason": error.reason })));
    reply
}

/// A fixture answers a URL for which no provider's format exists.
pub(super) fn no_wire_format(edition: &Edition, row: usize, raw: &RawRequest) -> ErrorReply {
    let handle = edition.library.handle(row);
    let message = format!(
        "fixture {handle} matched, but no provider owns {} {}, so its response has no wire format: use `http`, `events` or `json`",
        raw.method, raw.path
    );
    problem(ErrorOrigin::Server, 500, &message, "server_error")
}

/// Something went wrong in the server.
pub(super) fn internal() -> ErrorReply {
    problem(ErrorOrigin::Server, 500, "internal error while answering; the log of aimock has the details", "server_error")
}

fn problem(origin: ErrorOrigin, status: u16, message: &str, kind: &str) -> ErrorReply {
    ErrorReply { kind: Some(kind.to_owned()), ..ErrorReply::new(origin, status, message) }
}
