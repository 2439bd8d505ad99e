//! OpenRouter's manner of speaking about errors, and what its embeddings and chat have in common.
//!
//! Source: OpenRouter's documentation, "API Errors and Debugging": `{"error": {"code", "message", "metadata"}}`, where the
//! code is the HTTP status.

use serde_json::{Value, json};

use super::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::{openai, respond};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Unsayable};

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let status = respond::status_or_500(error.status);
    let mut emission = respond::json(status, &json!({ "error": envelope(error) }));
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// The member `error`, also of an event inside a stream.
pub(in crate::provider) fn envelope(error: &ErrorReply) -> Value {
    let mut body = json!({ "code": respond::status_or_500(error.status), "message": error.message });
    if let Some(metadata) = error.metadata.as_deref() {
        body["metadata"] = metadata.clone();
    }
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    body
}

/// The error that an answer with an error's status says.
pub(in crate::provider) fn collapse_error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    left_out.others(&body, &["error"]);
    let message = body.pointer("/error/message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| unsayable("the error has no message"))?;
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    error.metadata = body.pointer("/error/metadata").filter(|metadata| metadata.is_object()).cloned().map(Box::new);
    error.retry_after = own_pause(captured, left_out);
    Ok(error)
}

/// Who serves a model, as far as its name tells: what stands before the first `/`.
pub(in crate::provider) fn author(model: &str) -> &str {
    model.split_once('/').map_or(model, |(author, _)| author)
}
