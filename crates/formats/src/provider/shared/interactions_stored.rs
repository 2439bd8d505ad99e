//! Interactions that are asked for again (Gemini API reference, "Get an interaction", "Delete an interaction", "Cancel an
//! interaction").
//!
//! An interaction is complete as soon as it is given, a background one too, so cancelling changes nothing any more.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::collapse::{self, LeftOut};
use super::interactions_collapse::stream;
use super::interactions_reply::{EVENT_ID, Events};
use super::respond::{event_stream, json as json_answer};
use super::text::slices;
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Headers, RawRequest};
use crate::provider::{Recall, Recalled, Stored, StoredRoute};

const RETRIEVE: StoredRoute = StoredRoute {
    method: "GET",
    path: "/{version}/interactions/{id}",
    summary: "Gemini Interactions: an interaction again, also streamed",
};
const DELETE: StoredRoute =
    StoredRoute { method: "DELETE", path: "/{version}/interactions/{id}", summary: "Gemini Interactions: an interaction forgotten" };
const CANCEL: StoredRoute = StoredRoute {
    method: "POST",
    path: "/{version}/interactions/{id}/cancel",
    summary: "Gemini Interactions: a background interaction cancelled",
};

/// Every route.
pub(in crate::provider) static ROUTES: [StoredRoute; 3] = [RETRIEVE, DELETE, CANCEL];

/// What can be asked for later of an interaction; a stream is kept as it was sent until somebody asks.
pub(in crate::provider) fn store(raw: &RawRequest, answer: &Captured) -> Option<Stored> {
    if raw.json()?.get("store").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let body = answer.body();
    let id =
        if answer.is_event_stream() { id_of_stream(answer)? } else { serde_json::from_slice::<Named<'_>>(&body).ok()?.id.into_owned() };
    (!id.is_empty()).then(|| Stored { id, request: raw.body.clone(), answer: body })
}

/// What makes an answer one that can be kept; the rest is not looked at until it is asked for.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// An event that speaks of the interaction.
#[derive(Deserialize)]
struct Telling<'a> {
    #[serde(borrow)]
    interaction: Named<'a>,
}

/// The first event that speaks of the interaction; a codec's stream is one event a piece.
fn id_of_stream(answer: &Captured) -> Option<String> {
    answer.pieces.iter().find_map(|piece| {
        let piece = Captured { pieces: vec![piece.clone()], ..Captured::default() };
        let events = collapse::events(&piece).ok()?;
        events.iter().find_map(|event| {
            let telling: Telling<'_> = serde_json::from_str(event.data.as_deref()?).ok()?;
            Some(telling.interaction.id.into_owned())
        })
    })
}

/// The interaction as one object; `None` where the stream had no end.
fn whole(stored: &Stored) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(&stored.answer) {
        return Some(value);
    }
    let headers: Headers = [("content-type", "text/event-stream")].into_iter().collect();
    stream(&Captured::whole(200, headers, stored.answer.clone()), &mut LeftOut::default()).ok()
}

/// Answers a request about an interaction that is kept.
pub(in crate::provider) fn recall(recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
    let id = recall.params.get("id").unwrap_or_default();
    let missing = || refusal(404, format!("Interaction with id '{id}' not found."));
    let stored = recall.stored.ok_or_else(missing)?;
    if *recall.route == DELETE {
        return Ok(Recalled { emission: json_answer(200, &json!({})), forget: true });
    }
    let mut interaction = whole(stored).ok_or_else(missing)?;
    let asked: Value = serde_json::from_slice(&stored.request).unwrap_or_default();
    let is_true = |key: &str| recall.raw.query_value(key).as_deref() == Some("true");
    if *recall.route == CANCEL && asked.get("background").and_then(Value::as_bool) != Some(true) {
        return Err(refusal(400, "Only background interactions that are still running can be cancelled.".to_owned()));
    }
    if *recall.route == RETRIEVE && is_true("stream") {
        return Ok(kept(again(recall, &interaction)?));
    }
    if let (true, Some(members), Some(input)) = (is_true("include_input"), interaction.as_object_mut(), asked.get("input")) {
        members.insert("input".to_owned(), input.clone());
    }
    Ok(kept(json_answer(200, &interaction)))
}

fn kept(emission: Emission) -> Recalled {
    Recalled { emission, forget: false }
}

fn refusal(status: u16, message: String) -> Box<ErrorReply> {
    Box::new(ErrorReply::new(ErrorOrigin::Request, status, message))
}

/// The interaction as a stream, from behind the event that the client had last.
fn again(recall: &Recall<'_>, interaction: &Value) -> Result<Emission, Box<ErrorReply>> {
    let frames = frames(interaction, recall.chunk_size);
    let seen = match recall.raw.query_value("last_event_id").filter(|id| !id.is_empty()) {
        None => 0,
        Some(last) => {
            let number = last.strip_prefix(EVENT_ID).and_then(|number| number.parse::<usize>().ok());
            // The end of the stream is no event that has an id.
            let number = number.filter(|number| (1..frames.len()).contains(number));
            number.ok_or_else(|| refusal(400, format!("Event with id '{last}' not found in this interaction.")))?
        }
    };
    Ok(event_stream(frames.into_iter().skip(seen).collect()))
}

/// An interaction as the events of a stream.
fn frames(interaction: &Value, size: usize) -> Vec<Frame> {
    let mut events = Events::default();
    let mut head = interaction.as_object().cloned().unwrap_or_default();
    let usage = head.shift_remove("usage");
    let steps = head.shift_remove("steps");
    let status = head.insert("status".to_owned(), "in_progress".into());
    events.push(FrameKind::Prelude, "interaction.created", json!({ "interaction": head }));
    for step in steps.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let (begun, deltas) = parted(step, size);
        events.step(&begun, deltas.into_iter());
    }
    head.extend(status.map(|status| ("status".to_owned(), status)));
    head.extend(usage.map(|usage| ("usage".to_owned(), usage)));
    events.push(FrameKind::Closing, "interaction.completed", json!({ "interaction": head }));
    events.finish()
}

/// A step as it begins, and what its deltas add. What is no text is there from the beginning.
fn parted(step: &Value, size: usize) -> (Value, Vec<Value>) {
    let mut begun = step.as_object().cloned().unwrap_or_default();
    let mut deltas = Vec::new();
    match step.get("type").and_then(Value::as_str) {
        Some("model_output") => {
            let said = texts(&mut begun, "content").unwrap_or_default();
            deltas.extend(slices(&said, size).into_iter().map(|text| json!({ "type": "text", "text": text })));
        }
        Some("thought") => {
            let said = texts(&mut begun, "summary").unwrap_or_default();
            let summary = |text| json!({ "type": "thought_summary", "content": { "type": "text", "text": text } });
            deltas.extend(slices(&said, size).into_iter().map(summary));
            let signature = begun.shift_remove("signature");
            deltas.extend(signature.map(|signature| json!({ "type": "thought_signature", "signature": signature })));
        }
        Some("function_call") => {
            let arguments = begun.insert("arguments".to_owned(), json!({})).unwrap_or_else(|| json!({})).to_string();
            let delta = |slice| json!({ "type": "arguments_delta", "arguments": slice });
            deltas.extend(slices(&arguments, size).into_iter().map(delta));
        }
        _ => {}
    }
    (Value::Object(begun), deltas)
}

/// Takes the text of a list of contents out of a step, if it is text and nothing else.
fn texts(step: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text_of = |content: &Value| {
        let is_plain = content.as_object()?.keys().all(|key| key == "type" || key == "text");
        content.get("text").and_then(Value::as_str).filter(|_| is_plain).map(str::to_owned)
    };
    let said = step.get(key)?.as_array()?.iter().map(text_of).collect::<Option<String>>()?;
    step.shift_remove(key);
    Some(said)
}
