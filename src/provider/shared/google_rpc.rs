//! Google's manner of speaking about errors of its media APIs (AIP-193): a code, a message and a canonical name.

use serde_json::{Value, json};

use super::body::Problem;
use super::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::{openai, respond};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Unsayable};

/// An error answer.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let status = respond::status_or_500(error.status);
    let name = error.kind.as_deref().filter(|kind| kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'));
    let mut body = json!({ "code": status, "message": error.message, "status": name.unwrap_or_else(|| canonical(status)) });
    if let Some(detail) = &error.detail {
        body["aimock"] = detail.clone();
    }
    let mut emission = respond::json(status, &json!({ "error": body }));
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// The canonical name of a status.
pub(in crate::provider) fn canonical(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

/// A refused body.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let mut error = openai::refusal(problem, "Invalid JSON payload received");
    (error.code, error.param) = (None, None);
    error
}

/// The error that an answer holds.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let message = body.pointer("/error/message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message.ok_or_else(|| unsayable("the error has no message"))?);
    let name = body.pointer("/error/status").and_then(Value::as_str).filter(|name| *name != canonical(captured.status));
    error.kind = name.map(str::to_owned);
    error.retry_after = own_pause(captured, left_out);
    if body.pointer("/error/details").is_some() {
        left_out.name("error.details");
    }
    Ok(error)
}
