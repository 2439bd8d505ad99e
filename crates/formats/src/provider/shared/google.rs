//! Google's manner of speaking, used by Gemini and by Vertex AI: messages in JSON under two spellings, and errors
//! (Google's API design guide, "Errors"; Protocol Buffers, "`ProtoJSON` format").
//!
//! A field is read under its JSON name (`systemInstruction`) and its own (`system_instruction`), and a list may be written
//! as its only item, as the vendor's own examples do.

use bytes::Bytes;
use serde_json::{Value, json};

use super::body::{Place, Problem};
use super::openai::retry_headers;
use super::respond::{data_frame, json as json_answer, seconds, status_or_500, to_json};
use crate::exchange::{Emission, ErrorOrigin, ErrorReply, Frame, FrameKind};
use crate::provider::Moment;
use crate::wire::Framing;

/// A field's JSON name and its own.
pub(in crate::provider) type Names = [&'static str; 2];

/// A member under either name.
pub(in crate::provider) fn member<'v, 'a>(place: &'a Place<'v, '_>, names: Names) -> Option<Place<'v, 'a>> {
    names.into_iter().find_map(|name| place.member(name))
}

/// A member that must be text if it is there.
pub(in crate::provider) fn text<'v>(place: &Place<'v, '_>, names: Names) -> Result<Option<&'v str>, Problem> {
    member(place, names).map(|place| place.value().as_str().ok_or_else(|| place.is_not("a string"))).transpose()
}

/// A member that must be an object if it is there.
pub(in crate::provider) fn object<'v, 'a>(place: &'a Place<'v, '_>, names: Names) -> Result<Option<Place<'v, 'a>>, Problem> {
    let Some(member) = member(place, names) else { return Ok(None) };
    member.object()?;
    Ok(Some(member))
}

/// Visits a list of objects, or the one object that stands for a list.
pub(in crate::provider) fn objects<'v>(
    place: &Place<'v, '_>,
    names: Names,
    mut visit: impl FnMut(&Place<'v, '_>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    match member(place, names) {
        None => Ok(()),
        Some(list) if list.value().is_array() => list.each_object(visit),
        Some(one) if one.value().is_object() => visit(&one),
        Some(other) => Err(other.is_not("an array of objects")),
    }
}

/// A refused body in Google's words.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let (message, param) = match problem {
        Problem::Malformed(reason) => (format!("Invalid JSON payload received. {reason}"), None),
        Problem::NotAnObject => ("Invalid JSON payload received. Request body must be a JSON object".to_owned(), None),
        Problem::Missing(name) => (format!("* {name}: {name} is not specified"), Some(name.to_owned())),
        Problem::WrongType { path, wanted, got } => {
            let path = path.bracketed();
            (format!("Invalid value at '{path}': expected {wanted}, but got {got}"), Some(path))
        }
        Problem::Refused { message } => (message.to_owned(), None),
    };
    Box::new(ErrorReply { param, ..ErrorReply::new(ErrorOrigin::Request, 400, message) })
}

/// An error answer. What would have been a stream as a JSON array is an array of one error, as the vendor has it.
pub(in crate::provider) fn encode_error(error: &ErrorReply, moment: Moment<'_>) -> Emission {
    let status = status_or_500(error.status);
    let body = envelope(error);
    let mut emission = match moment.framing {
        Framing::JsonArray => json_answer(status, &[body]),
        Framing::Sse | Framing::Ndjson | Framing::EventStream | Framing::Whole => json_answer(status, &body),
    };
    emission.headers.extend(retry_headers(error));
    emission
}

/// An error after the stream has begun: an event, or the last element of the array.
pub(in crate::provider) fn error_event(error: &ErrorReply, moment: Moment<'_>) -> Frame {
    let body = envelope(error);
    match moment.framing {
        Framing::JsonArray => Frame { bytes: Bytes::from(format!(",\r\n{}]", to_json(&body))), kind: FrameKind::Closing },
        Framing::Sse | Framing::Ndjson | Framing::EventStream | Framing::Whole => data_frame(FrameKind::Closing, &body),
    }
}

/// `{"error": {"code", "message", "status", "details"}}`.
fn envelope(error: &ErrorReply) -> Value {
    let status = error.kind.as_deref().filter(|kind| is_canonical(kind)).unwrap_or_else(|| canonical(error.status));
    let mut body = json!({ "code": status_or_500(error.status), "message": error.message, "status": status });
    if let Some(members) = body.as_object_mut() {
        let details = details(error);
        if !details.is_empty() {
            members.insert("details".to_owned(), details.into());
        }
        if let Some(detail) = error.detail.as_ref() {
            members.insert("aimock".to_owned(), detail.to_json());
        }
    }
    json!({ "error": body })
}

/// What the vendor says beside the message: which field, why in one word, and when to come back.
fn details(error: &ErrorReply) -> Vec<Value> {
    let mut details = Vec::new();
    if let Some(field) = &error.param {
        let violation = json!({ "field": field, "description": error.message });
        details.push(json!({ "@type": BAD_REQUEST, "fieldViolations": [violation] }));
    }
    if let Some(code) = &error.code {
        details.push(json!({ "@type": ERROR_INFO, "reason": code.to_uppercase(), "domain": "aimock" }));
    }
    if let Some(after) = error.retry_after {
        details.push(json!({ "@type": RETRY_INFO, "retryDelay": format!("{}s", seconds(after)) }));
    }
    details
}

const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
pub(super) const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// Whether this could be the name of a canonical code: those that fixtures took from another vendor are not.
fn is_canonical(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The canonical code of an HTTP status.
pub(super) fn canonical(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        416 => "OUT_OF_RANGE",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        400..=498 => "INVALID_ARGUMENT",
        501 => "UNIMPLEMENTED",
        502 | 503 | 529 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}
