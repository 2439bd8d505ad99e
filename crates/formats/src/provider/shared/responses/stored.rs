//! Answers that are asked for again (OpenAI's API reference: "Get a model response", "Delete a model response", "Cancel a
//! response", "List input items", "Get input token counts").
//!
//! An answer is complete as soon as it is given, a background one too, so cancelling changes nothing any more.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::respond::{event_stream, json as json_answer};
use super::super::text::units_of;
use super::super::usage::{count, estimate};
use super::super::{collapse, openai};
use super::{request, stream};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, RawRequest};
use crate::provider::{Recall, Recalled, Stored, StoredRoute};

const RETRIEVE: StoredRoute =
    StoredRoute { method: "GET", path: "/v1/responses/{id}", summary: "OpenAI Responses: an answer again, also streamed" };
const DELETE: StoredRoute = StoredRoute { method: "DELETE", path: "/v1/responses/{id}", summary: "OpenAI Responses: an answer forgotten" };
const CANCEL: StoredRoute =
    StoredRoute { method: "POST", path: "/v1/responses/{id}/cancel", summary: "OpenAI Responses: a background answer cancelled" };
const INPUT_ITEMS: StoredRoute =
    StoredRoute { method: "GET", path: "/v1/responses/{id}/input_items", summary: "OpenAI Responses: what an answer was asked" };
const INPUT_TOKENS: StoredRoute =
    StoredRoute { method: "POST", path: "/v1/responses/input_tokens", summary: "OpenAI Responses: input tokens counted" };

/// Every route.
pub(in crate::provider) static ROUTES: [StoredRoute; 5] = [RETRIEVE, DELETE, CANCEL, INPUT_ITEMS, INPUT_TOKENS];

/// Pages of input items hold so many where nobody says otherwise, and never more than the other.
const PAGE: usize = 20;
const LONGEST_PAGE: usize = 100;

/// What makes an answer one that can be kept; the rest is not looked at until it is asked for.
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "output")]
    _output: &'a RawValue,
}

/// The last event of a stream.
#[derive(Deserialize)]
struct Last<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    response: &'a RawValue,
}

/// What can be asked for later of an answer.
pub(in crate::provider) fn store(raw: &RawRequest, answer: &Captured) -> Option<Stored> {
    if raw.json()?.get("store").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let answer = response(answer)?;
    let id = serde_json::from_slice::<Answered<'_>>(&answer).ok()?.id.into_owned();
    (!id.is_empty()).then(|| Stored { id, request: raw.body.clone(), answer })
}

/// The response of an answer: its body, or what the last event of a stream that has one says.
fn response(answer: &Captured) -> Option<Bytes> {
    if !answer.is_event_stream() {
        return Some(answer.body());
    }
    // A codec's stream is one event a piece, so this reads the last one alone.
    answer.pieces.iter().rev().find_map(|piece| {
        let piece = Captured { pieces: vec![piece.clone()], ..Captured::default() };
        let events = collapse::events(&piece).ok()?;
        events.iter().rev().find_map(|event| {
            let last: Last<'_> = serde_json::from_str(event.data.as_deref()?).ok()?;
            let ends = matches!(last.kind, "response.completed" | "response.incomplete" | "response.failed");
            ends.then(|| Bytes::copy_from_slice(last.response.get().as_bytes()))
        })
    })
}

/// Answers a request about an answer that is kept.
pub(in crate::provider) fn recall(recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
    if *recall.route == INPUT_TOKENS {
        return Ok(kept(input_tokens(recall.raw)?));
    }
    let id = recall.params.get("id").unwrap_or_default();
    let missing = || refusal(404, format!("Response with id '{id}' not found."));
    let stored = recall.stored.ok_or_else(missing)?;
    let answer: Value = serde_json::from_slice(&stored.answer).map_err(|_| missing())?;
    match *recall.route {
        DELETE => Ok(Recalled { emission: json_answer(200, &json!({ "id": id, "object": "response", "deleted": true })), forget: true }),
        CANCEL if answer.get("background").and_then(Value::as_bool) != Some(true) => {
            Err(refusal(400, "Cannot cancel a synchronous response.".to_owned()))
        }
        INPUT_ITEMS => Ok(kept(input_items(recall.raw, stored)?)),
        _ if recall.raw.query_value("stream").as_deref() == Some("true") => Ok(kept(again(recall, &answer)?)),
        _ => Ok(kept(json_answer(200, &answer))),
    }
}

fn kept(emission: Emission) -> Recalled {
    Recalled { emission, forget: false }
}

fn refusal(status: u16, message: String) -> Box<ErrorReply> {
    Box::new(ErrorReply::new(ErrorOrigin::Request, status, message))
}

/// A whole number of the query.
fn number(raw: &RawRequest, key: &str) -> Result<Option<usize>, Box<ErrorReply>> {
    let Some(text) = raw.query_value(key) else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| {
        let mut error = refusal(400, format!("Invalid type for '{key}': expected an integer, but got a string instead."));
        (error.param, error.code) = (Some(key.to_owned()), Some("invalid_type".to_owned()));
        error
    })
}

/// The answer as a stream, from behind the event with the number `starting_after`.
fn again(recall: &Recall<'_>, answer: &Value) -> Result<Emission, Box<ErrorReply>> {
    let skipped = number(recall.raw, "starting_after")?.map_or(0, |last| last.saturating_add(1));
    Ok(event_stream(stream::frames(answer, recall.chunk_size).into_iter().skip(skipped).collect()))
}

/// The items of a request, newest first unless asked otherwise, a page at a time.
fn input_items(raw: &RawRequest, stored: &Stored) -> Result<Emission, Box<ErrorReply>> {
    let limit = number(raw, "limit")?.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let (bound, code, wanted) = if limit == 0 {
            ("below minimum", "integer_below_min_value", "a value >= 1".to_owned())
        } else {
            ("above maximum", "integer_above_max_value", format!("a value <= {LONGEST_PAGE}"))
        };
        let mut error = refusal(400, format!("Invalid 'limit': integer {bound} value. Expected {wanted}, but got {limit} instead."));
        (error.param, error.code) = (Some("limit".to_owned()), Some(code.to_owned()));
        return Err(error);
    }
    let request: Value = serde_json::from_slice(&stored.request).unwrap_or_default();
    let mut items = match request.get("input") {
        Some(Value::String(text)) => vec![listed(json!({ "role": "user", "content": text }), stored, 0)],
        Some(Value::Array(items)) => items.iter().enumerate().map(|(index, item)| listed(item.clone(), stored, index)).collect(),
        _ => Vec::new(),
    };
    if raw.query_value("order").as_deref() != Some("asc") {
        items.reverse();
    }
    let id_of = |item: &Value| item.get("id").cloned().unwrap_or_default();
    if let Some(after) = raw.query_value("after") {
        let place = items.iter().position(|item| id_of(item) == after.as_str());
        let place = place.ok_or_else(|| refusal(404, format!("Item with id '{after}' not found.")))?;
        items.drain(..=place);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let (first, last) = (items.first().map(id_of).unwrap_or_default(), items.last().map(id_of).unwrap_or_default());
    Ok(json_answer(200, &json!({ "object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more })))
}

/// An item of the request as the vendor lists it: with an id, a type and a status, its text in parts.
fn listed(item: Value, stored: &Stored, index: usize) -> Value {
    let Value::Object(said) = item else { return item };
    let kind = said.get("type").and_then(Value::as_str).unwrap_or("message").to_owned();
    let prefix = match kind.as_str() {
        "message" => "msg_",
        "function_call" => "fc_",
        "function_call_output" => "fco_",
        "custom_tool_call" => "ctc_",
        "custom_tool_call_output" => "ctco_",
        "reasoning" => "rs_",
        _ => "item_",
    };
    // The same each time it is asked for.
    let hash = rapidhash::v3::rapidhash_v3(format!("{}#{index}", stored.id).as_bytes());
    let mut listed = Map::new();
    listed.insert("id".to_owned(), format!("{prefix}{hash:016x}").into());
    listed.insert("type".to_owned(), kind.clone().into());
    if kind != "reasoning" && kind != "item_reference" {
        listed.insert("status".to_owned(), "completed".into());
    }
    let part = if said.get("role").and_then(Value::as_str) == Some("assistant") { "output_text" } else { "input_text" };
    listed.extend(said.into_iter().filter(|(_, value)| !value.is_null()));
    if let Some(content) = listed.get_mut("content").filter(|content| content.is_string()) {
        let text = content.take();
        *content = if part == "output_text" {
            json!([{ "type": part, "annotations": [], "logprobs": [], "text": text }])
        } else {
            json!([{ "type": part, "text": text }])
        };
    }
    Value::Object(listed)
}

/// An estimate of what the request's input takes, counted as in the usage of its answer.
fn input_tokens(raw: &RawRequest) -> Result<Emission, Box<ErrorReply>> {
    let request = request::decode(raw, "").map_err(|problem| openai::refusal(problem, "Malformed JSON"))?;
    let units = request.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of).sum();
    Ok(json_answer(200, &json!({ "object": "response.input_tokens", "input_tokens": count(estimate(units)) })))
}
