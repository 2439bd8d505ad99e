//! Cohere's manner of speaking (Cohere's API reference, "Errors", and the specification of version 2): errors are
//! `{"id", "message"}`, and one that comes when a stream has begun is the stream's last event.

use serde_json::{Value, json};

use super::body::Problem;
use super::collapse::{LeftOut, json_body, only, own_pause, unsayable};
use super::{openai, respond};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Unsayable};
use crate::provider::Moment;

/// The response header with the id of the request.
pub(in crate::provider) const REQUEST_ID: &str = "x-debug-trace-id";

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply, moment: Moment<'_>) -> Emission {
    let mut body = json!({ "id": moment.request_id, "message": error.message });
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    let mut emission = respond::json(respond::status_or_500(error.status), &body);
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// An error after the stream has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    let delta = json!({ "finish_reason": "ERROR", "usage": {}, "error": error.message });
    respond::named_frame(FrameKind::Closing, "message-end", &json!({ "type": "message-end", "delta": delta }))
}

/// The error of an answer.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    only(&body, &["id", "message"], "the error")?;
    let message = body.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| unsayable("the error has no message"))?;
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    error.retry_after = own_pause(captured, left_out);
    Ok(error)
}

/// A body that cannot be decoded, in Cohere's words.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let message = match problem {
        Problem::Malformed(reason) => format!("invalid json syntax: {reason}"),
        Problem::NotAnObject => "invalid json syntax: the request body must be an object".to_owned(),
        Problem::Missing("model") => "a model parameter is required for this endpoint.".to_owned(),
        Problem::Missing(name) => format!("invalid request: required '{name}' param is missing or empty."),
        Problem::WrongType { path, wanted, got } => {
            format!("invalid type: parameter {} is {got} but should be {wanted}.", path.bracketed())
        }
        Problem::Refused { message } => message.to_owned(),
    };
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))
}

/// What an answer says about itself (`meta`), with what it bills.
pub(in crate::provider) fn meta(billed_units: &Value) -> Value {
    json!({ "api_version": { "version": "2" }, "billed_units": billed_units })
}
