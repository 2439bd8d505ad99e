//! Responses over WebSocket (OpenAI's guide "WebSocket mode"; API reference, "Responses client events", "Responses server
//! events"): every `response.create` is a request in the words of the HTTP API, and its events come as messages.
//!
//! One answer is told after the other, also where the client names lanes (`stream_id`), which every event of an answer
//! repeats. Errors carry the status that they would have had over HTTP.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{reply, request};
use crate::exchange::{Body, ErrorOrigin, ErrorReply, Headers, RawRequest, Reply, Request, Turn};
use crate::provider::socket::{Heard, METHOD, Opening, Session, Stage, Then, Told};
use crate::provider::{Context, ReasoningModels, SeededIds};
use crate::wire::{Framing, sse};

const CREATE: &str = "response.create";

/// One connection.
#[derive(Debug)]
pub(in crate::provider) struct Connection {
    ids: SeededIds,
    now: u64,
    /// The lane of the answer under way.
    lane: Option<String>,
    /// Answers to `generate: false` that the upstream still owes.
    preparing: usize,
    /// The upstream has begun the answer under way.
    begun: bool,
}

impl Connection {
    pub(in crate::provider) fn new(opening: Opening<'_>) -> Connection {
        let Opening { raw: _, now, ids, relays: _ } = opening;
        Connection { ids, now, lane: None, preparing: 0, begun: false }
    }

    /// A response without output: the client prepares a turn and wants no answer yet (`generate: false`).
    fn prepared(&mut self, text: &str) -> Heard {
        let raw = RawRequest::new(METHOD, "/v1/responses", Headers::new(), Bytes::copy_from_slice(text.as_bytes()));
        let request = match request::decode(&raw, "openai") {
            Ok(request) => Request { stream: true, ..request },
            // Refused as a turn, in the same words.
            Err(_) => return Heard { messages: Vec::new(), then: Then::Turn(raw.body) },
        };
        let mut context = Context {
            raw: &raw,
            request: &request,
            chunk_size: usize::MAX,
            created: self.now,
            request_id: "",
            framing: Framing::Sse,
            ids: &mut self.ids,
            processing: false,
            strict: false,
            reasoning: &ReasoningModels::default(),
        };
        let emission = reply::encode(&mut context, &Reply::Turn(Turn::default()));
        let Body::Stream(frames) = emission.body else { return Heard::default() };
        let events = frames.iter().flat_map(|frame| sse::Decoder::new(usize::MAX).feed(&frame.bytes).unwrap_or_default());
        let texts: Vec<String> = events.filter_map(|event| event.data).collect();
        Heard::messages(texts.into_iter().flat_map(|text| self.say(200, text)).collect())
    }
}

fn refused(message: impl Into<String>, code: &str) -> Heard {
    let mut error = ErrorReply::new(ErrorOrigin::Request, 400, message);
    error.code = Some(code.to_owned());
    Box::new(error).into()
}

impl Session for Connection {
    fn hear(&mut self, text: &str) -> Heard {
        let message: Value = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return refused(format!("Malformed JSON: {error}"), "invalid_json"),
        };
        self.lane = message.get("stream_id").and_then(Value::as_str).map(str::to_owned);
        if message.get("type").and_then(Value::as_str) != Some(CREATE) {
            return refused("Expected message type \"response.create\"", "invalid_message_type");
        }
        if message.get("generate") == Some(&Value::Bool(false)) {
            return self.prepared(text);
        }
        Heard { messages: Vec::new(), then: Then::Turn(Bytes::copy_from_slice(text.as_bytes())) }
    }

    fn say(&mut self, status: u16, text: String) -> Vec<String> {
        let is_refusal = status >= 400 && text.starts_with("{\"error\":");
        if !is_refusal && self.lane.is_none() {
            return vec![text];
        }
        let Ok(Value::Object(mut event)) = serde_json::from_str(&text) else { return vec![text] };
        if is_refusal {
            let error = event.remove("error").unwrap_or_default();
            event.extend([("type".to_owned(), json!("error")), ("status".to_owned(), json!(status)), ("error".to_owned(), error)]);
        }
        if let Some(lane) = &self.lane {
            event.insert("stream_id".to_owned(), lane.as_str().into());
        }
        vec![Value::Object(event).to_string()]
    }

    fn stands_alone(&self) -> bool {
        true
    }

    fn waits(&self, text: &str) -> bool {
        serde_json::from_str::<Head>(text).is_ok_and(|head| head.kind == CREATE)
    }

    fn pass(&mut self, text: &str) -> Option<Bytes> {
        let head: Head = serde_json::from_str(text).ok()?;
        if head.kind != CREATE {
            return None;
        }
        if head.generate == Some(false) {
            self.preparing += 1;
            return None;
        }
        self.lane = head.stream_id;
        Some(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// Answers come one after the other, and their events do not name them.
    fn follow(&mut self, text: &str) -> Told {
        let Ok(head) = serde_json::from_str::<Head>(text) else { return Told::Aside };
        let status = match head.kind.as_str() {
            "error" => head.status.filter(|status| (400..600).contains(status)).unwrap_or(500),
            "response.completed" | "response.incomplete" | "response.failed" => 200,
            kind if kind.starts_with("response.") => 0,
            _ => return Told::Aside,
        };
        if self.preparing > 0 {
            self.preparing -= usize::from(status > 0);
            return Told::Aside;
        }
        // Behind the first event an error has no status of its own, as over HTTP.
        let stage = match status {
            0 => Stage::Goes,
            _ if self.begun => Stage::Over(200),
            status => Stage::Over(status),
        };
        self.begun = status == 0;
        Told::Part(TURN.to_owned(), stage)
    }
}

/// The name of every turn.
const TURN: &str = "response";

/// What is read of a message that passes.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    generate: Option<bool>,
    #[serde(default)]
    stream_id: Option<String>,
    #[serde(default)]
    status: Option<u16>,
}
