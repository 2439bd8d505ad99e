//! Ollama's manner of speaking (Ollama's API documentation, "API" and "Errors"): errors are `{"error": "text"}`, streams are
//! lines of JSON, durations are nanoseconds.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::body::Problem;
use super::collapse::{LeftOut, json_body, only, own_pause, unsayable};
use super::usage::count;
use super::{openai, respond};
use crate::exchange::{Body, Captured, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, RawRequest, Unsayable};

/// Nanoseconds that loading the model takes in answers that are made up.
pub(in crate::provider) const LOAD: f64 = 1_000_000.0;
/// Nanoseconds a token of the prompt, and of the answer.
const READ: f64 = 1_000_000.0;
const WRITE: f64 = 10_000_000.0;

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let mut emission = respond::json(respond::status_or_500(error.status), &envelope(error));
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// An error as a line of a stream that has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    line(FrameKind::Closing, &envelope(error))
}

fn envelope(error: &ErrorReply) -> Value {
    let mut body = json!({ "error": error.message });
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    body
}

/// The error of an answer.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    only(&body, &["error"], "the error")?;
    let message = body.get("error").and_then(Value::as_str).filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| unsayable("the error has no message"))?;
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    error.retry_after = own_pause(captured, left_out);
    Ok(error)
}

/// A body that cannot be decoded, in the words of Ollama, which are those of Go's JSON reader.
pub(in crate::provider) fn refusal(raw: &RawRequest, problem: Problem) -> Box<ErrorReply> {
    let message = match problem {
        Problem::Malformed(_) if raw.body.is_empty() => "missing request body".to_owned(),
        Problem::Malformed(reason) => reason,
        Problem::NotAnObject => "json: the request body must be an object".to_owned(),
        Problem::Missing(name) => format!("{name} is required"),
        Problem::WrongType { path, wanted, got } => {
            format!("json: cannot unmarshal {got} into field {}: expected {wanted}", path.dotted())
        }
        Problem::Refused { message } => message.to_owned(),
    };
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))
}

/// One line of a stream.
pub(in crate::provider) fn line(kind: FrameKind, value: &impl Serialize) -> Frame {
    let mut text = respond::to_json(value);
    text.push('\n');
    Frame { bytes: Bytes::from(text), kind }
}

/// A stream of lines.
pub(in crate::provider) fn stream(frames: Vec<Frame>) -> Emission {
    Emission { status: 200, headers: vec![("content-type", "application/x-ndjson".to_owned())], body: Body::Stream(frames) }
}

/// What an answer counts, and times that fit: never 0, since clients divide by them.
pub(in crate::provider) fn counts(input: f64, output: f64) -> Map<String, Value> {
    let (reading, writing) = (input.max(1.0) * READ, output.max(1.0) * WRITE);
    let members = [
        ("total_duration", LOAD + reading + writing),
        ("load_duration", LOAD),
        ("prompt_eval_count", input),
        ("prompt_eval_duration", reading),
        ("eval_count", output),
        ("eval_duration", writing),
    ];
    members.into_iter().map(|(key, value)| (key.to_owned(), Value::Number(count(value)))).collect()
}
