//! Mistral's manner of speaking about errors.
//!
//! What its validation refuses is a 422 with a list in `detail` (API reference, `HTTPValidationError`); everything else is
//! `{"object": "error", "message", "type", "param", "code", "raw_status_code"}`, as the API sends it.

use serde_json::{Value, json};

use super::body::Problem;
use super::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::{openai, respond};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Unsayable};

/// What cannot be processed: the only status whose body has `detail`.
const UNPROCESSABLE: u16 = 422;

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let status = respond::status_or_500(error.status);
    let body = if status == UNPROCESSABLE { detail(error) } else { envelope(error) };
    let mut emission = respond::json(status, &body);
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// The body of every status but 422.
pub(in crate::provider) fn envelope(error: &ErrorReply) -> Value {
    let status = respond::status_or_500(error.status);
    let kind = match status {
        401 => "unauthorized",
        429 => "rate_limited",
        400..=499 => "invalid_request_error",
        _ => "internal_server_error",
    };
    let code = matches!(error.origin, ErrorOrigin::Miss | ErrorOrigin::StrictMiss).then_some("no_fixture_match");
    let mut body = json!({
        "object": "error",
        "message": error.message,
        "type": error.kind.as_deref().unwrap_or(kind),
        "param": error.param,
        "code": error.code.as_deref().or(code),
        "raw_status_code": status,
    });
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    body
}

fn detail(error: &ErrorReply) -> Value {
    let steps = error.param.as_deref().unwrap_or_default().split('.').filter(|step| !step.is_empty());
    let place = steps.map(|step| step.parse::<u64>().map_or_else(|_| json!(step), |index| json!(index)));
    let place: Vec<Value> = std::iter::once(json!("body")).chain(place).collect();
    let kind = error.kind.as_deref().unwrap_or("value_error");
    json!({ "detail": [{ "type": kind, "loc": place, "msg": error.message, "input": null }] })
}

/// A body that cannot be decoded, in Mistral's words.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let (kind, message, param) = match problem {
        Problem::Malformed(reason) => ("json_invalid", format!("JSON decode error: {reason}"), None),
        Problem::NotAnObject => {
            ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from".to_owned(), None)
        }
        Problem::Missing(name) => ("missing", "Field required".to_owned(), Some(name.to_owned())),
        Problem::WrongType { path, wanted, got } => {
            let kind = match wanted {
                "a string" => "string_type",
                "a boolean" => "bool_type",
                "an object" => "dict_type",
                _ => "list_type",
            };
            (kind, format!("Input should be {wanted}, but is {got}"), Some(path.dotted()))
        }
        Problem::Refused { message } => ("value_error", message.to_owned(), None),
    };
    let mut error = ErrorReply::new(ErrorOrigin::Request, UNPROCESSABLE, message);
    (error.kind, error.param) = (Some(kind.to_owned()), param);
    Box::new(error)
}

/// The error that an answer with an error's status says.
pub(in crate::provider) fn collapse_error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let first = body.pointer("/detail/0");
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = match first {
        Some(first) => text(first.get("msg")),
        // Whoever has no key gets this alone.
        None => text(body.get("message")).or_else(|| text(body.get("detail"))),
    };
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message.ok_or_else(|| unsayable("the error has no message"))?);
    if let Some(first) = first {
        left_out.others(first, &["msg", "type", "loc", "input"]);
        let place = first.get("loc").and_then(Value::as_array).into_iter().flatten().skip(1);
        let place: Vec<String> = place.filter_map(|step| text(Some(step))).collect();
        (error.kind, error.param) = (text(first.get("type")), (!place.is_empty()).then(|| place.join(".")));
        error.kind = error.kind.filter(|kind| kind != "value_error");
    } else {
        left_out.others(&body, &["object", "message", "type", "param", "code", "raw_status_code", "detail", "request_id"]);
        (error.kind, error.param, error.code) = (text(body.get("type")), text(body.get("param")), text(body.get("code")));
        let natural = envelope(&ErrorReply::new(ErrorOrigin::Fixture, captured.status, ""));
        error.kind = error.kind.filter(|kind| natural["type"] != kind.as_str());
    }
    error.retry_after = own_pause(captured, left_out);
    Ok(error)
}
