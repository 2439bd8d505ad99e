//! Amazon's manner of speaking: typed errors of its REST and JSON protocol, and streams of binary messages.
//!
//! Sources: "AWS restJson1 protocol" of the Smithy documentation (operation errors, `X-Amzn-Errortype`), "Amazon Event
//! Stream" there, and the errors that Bedrock's API reference lists for its runtime operations.

use serde_json::{Value, json};

use super::body::Problem;
use super::collapse::{LeftOut, json_body, retry_after, unsayable};
use super::openai::{NOT_A_TURN, retry_headers, unusable};
use super::respond::{json as json_answer, status_or_500, to_json};
use crate::exchange::{Body, Captured, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Reply, Unsayable};
use crate::wire::event_stream::{Decoder, Message, encode};

/// The content type of streams.
const BINARY: &str = "application/vnd.amazon.eventstream";
/// The field that names an error's type.
const ERROR_TYPE: &str = "x-amzn-errortype";
/// No message of an answer is longer.
const LONGEST_MESSAGE: usize = 64 << 20;

/// Milliseconds that answers claim to have taken. What they really take is decided later, and a zero would break code
/// that divides by it.
pub(in crate::provider) const LATENCY_MS: u32 = 1;

/// An error answer: its type in a header, its message in the body.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let mut emission = json_answer(status_or_500(error.status), &error_body(error));
    emission.headers.push((ERROR_TYPE, exception(error)));
    emission.headers.extend(retry_headers(error));
    emission
}

/// What a chat operation makes of a reply that is no turn: the error that it is, or one that says so.
pub(in crate::provider) fn not_a_turn(reply: &Reply) -> Emission {
    match reply {
        Reply::Error(error) => encode_error(error),
        Reply::Turn(_)
        | Reply::Audio(_)
        | Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => encode_error(&unusable(NOT_A_TURN)),
    }
}

/// An error after the stream has begun: an exception, after which nothing follows.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    let name = match exception(error) {
        name if name == "ModelErrorException" => "ModelStreamErrorException".to_owned(),
        name if name == "InternalServerException" => exception_of_kind(error.kind.as_deref().unwrap_or_default()).to_owned(),
        name => name,
    };
    let mut body = error_body(error);
    if let (Some(body), "ModelStreamErrorException") = (body.as_object_mut(), name.as_str()) {
        body.insert("originalStatusCode".to_owned(), json!(error.status));
        body.insert("originalMessage".to_owned(), json!(error.message));
    }
    let name = name.get(..1).unwrap_or_default().to_ascii_lowercase() + name.get(1..).unwrap_or_default();
    Frame { bytes: encode(&Message::exception(&name, to_json(&body))), kind: FrameKind::Closing }
}

fn error_body(error: &ErrorReply) -> Value {
    let mut body = json!({ "message": error.message });
    if let Some(body) = body.as_object_mut() {
        // Not the vendor's members, but those by which a test knows what the server itself reports, and random faults.
        if let (Some(code), ErrorOrigin::Chaos | ErrorOrigin::Server) = (&error.code, error.origin) {
            body.insert("code".to_owned(), json!(code));
        }
        if let Some(detail) = error.detail.as_ref() {
            body.insert("aimock".to_owned(), detail.to_json());
        }
    }
    body
}

/// The type of an error: the fixture's, if it is one of Amazon's, else the one that belongs to the status.
fn exception(error: &ErrorReply) -> String {
    let given = error.kind.as_deref().filter(|kind| kind.ends_with("Exception") && kind.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match given {
        Some(kind) => kind.get(..1).unwrap_or_default().to_ascii_uppercase() + kind.get(1..).unwrap_or_default(),
        None => exception_of(error.status).to_owned(),
    }
}

/// The type that says what a type of another vendor's says. Within a stream there is no status to tell.
fn exception_of_kind(kind: &str) -> &'static str {
    match kind {
        "rate_limit_error" => "ThrottlingException",
        "overloaded_error" => "ServiceUnavailableException",
        "timeout_error" => "ModelTimeoutException",
        "invalid_request_error" => "ValidationException",
        "permission_error" => "AccessDeniedException",
        "not_found_error" => "ResourceNotFoundException",
        _ => "InternalServerException",
    }
}

fn exception_of(status: u16) -> &'static str {
    match status {
        401 => "UnrecognizedClientException",
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        409 => "ConflictException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        400..=499 => "ValidationException",
        503 | 529 => "ServiceUnavailableException",
        _ => "InternalServerException",
    }
}

/// What is said of a body that lacks a member.
pub(in crate::provider) fn missing(name: &str) -> String {
    malformed(&format!("#: required key [{name}] not found"))
}

fn malformed(what: &str) -> String {
    format!("Malformed input request: {what}, please reformat your input and try again.")
}

/// A body that cannot be decoded, in the words of Bedrock's checks of request bodies.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let message = match problem {
        Problem::Malformed(reason) => malformed(&reason),
        Problem::NotAnObject => malformed("#: expected an object"),
        Problem::Missing(name) => missing(name),
        Problem::WrongType { path, wanted, got } => malformed(&format!("#/{}: expected {wanted}, found {got}", path.slashed())),
        Problem::Refused { message } => message.to_owned(),
    };
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))
}

/// An event of a stream.
pub(in crate::provider) fn event(kind: FrameKind, name: &str, payload: &Value) -> Frame {
    Frame { bytes: encode(&Message::event(name, to_json(payload))), kind }
}

/// A stream of events.
pub(in crate::provider) fn stream(frames: Vec<Frame>) -> Emission {
    Emission { status: 200, headers: vec![("content-type", BINARY.to_owned())], body: Body::Stream(frames) }
}

/// Whether an answer is a stream of binary messages.
pub(in crate::provider) fn is_stream(captured: &Captured) -> bool {
    captured.headers.first("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with(BINARY))
}

/// The events of a captured stream.
///
/// # Errors
/// It is damaged or cut, or says that it failed.
pub(in crate::provider) fn events(captured: &Captured) -> Result<Vec<Message>, Unsayable> {
    let mut decoder = Decoder::new(LONGEST_MESSAGE);
    let mut messages = Vec::new();
    for piece in &captured.pieces {
        messages.extend(decoder.feed(piece).map_err(|error| unsayable(error.to_string()))?);
    }
    if decoder.is_mid_event() {
        return Err(unsayable("the stream ends in the middle of a message"));
    }
    if messages.iter().any(Message::is_exception) {
        return Err(unsayable("the stream holds an error"));
    }
    Ok(messages)
}

/// A captured error.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = text("message").or_else(|| text("Message")).ok_or_else(|| unsayable("the error has no message"))?;
    left_out.others(&body, &["message", "Message", "__type", "code"]);
    let kind = captured.headers.first(ERROR_TYPE).or_else(|| text("__type")).or_else(|| text("code"));
    // `aws.protocols#ThrottlingException:http://…` says no more than the name in its middle.
    let bare = |kind: &str| kind.split(':').next().and_then(|kind| kind.rsplit('#').next()).map(|kind| kind.trim().to_owned());
    let mut reply = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    reply.kind = kind.and_then(bare).filter(|kind| kind.ends_with("Exception") && kind != exception_of(captured.status));
    reply.retry_after = retry_after(captured, left_out);
    // What a 429 without the key is sent with anyway.
    if reply.status == 429 && reply.retry_after == Some(1.0) {
        reply.retry_after = None;
    }
    Ok(reply)
}
