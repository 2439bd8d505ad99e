//! A conversation, or a transcription, between its turns: the session as it is set up, the items so far.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

use super::relayed::Relaying;
use super::reply::{failed_transcription, failure, response};
use super::request::{COMMIT, RESPONSE};
use super::{defaults, put_over, text_at};
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::socket::{Heard, Opening, Resumed, Session, Then, Told};
use crate::provider::{Ids as _, SeededIds};

/// What the client may say.
const EVENTS: [&str; 10] = [
    "session.update",
    "input_audio_buffer.append",
    COMMIT,
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "conversation.item.delete",
    RESPONSE,
    "response.cancel",
];

/// What `session.update` may set.
const SETTINGS: [&str; 15] = [
    "type",
    "model",
    "instructions",
    "tools",
    "tool_choice",
    "output_modalities",
    "max_output_tokens",
    "parallel_tool_calls",
    "audio",
    "include",
    "prompt",
    "reasoning",
    "tracing",
    "truncation",
    "temperature",
];

/// A conversation holds so many bytes of items.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The vendor's refusal of its API's first shape, which no longer answers.
const BETA: &str = "beta_api_shape_disabled";
const BETA_MESSAGE: &str = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
const BETA_CLOSE: u16 = 4000;

/// A refusal in the vendor's words.
pub(super) fn invalid(param: &str, message: impl Into<String>, code: &str) -> Box<ErrorReply> {
    let mut error = ErrorReply::new(ErrorOrigin::Request, 400, message);
    error.param = (!param.is_empty()).then(|| param.to_owned());
    error.code = Some(code.to_owned());
    Box::new(error)
}

/// A message of the client's with one of these types.
pub(super) fn parsed(text: &str, events: &[&str]) -> Result<Value, Box<ErrorReply>> {
    let message: Value = serde_json::from_str(text).map_err(|error| invalid("", format!("Malformed JSON: {error}"), "invalid_json"))?;
    if !message.is_object() {
        return Err(invalid("", "Invalid message: expected a JSON object.", "invalid_type"));
    }
    let Some(kind) = text_at(&message, "/type") else {
        return Err(invalid("type", "Missing required parameter: 'type'.", "missing_required_parameter"));
    };
    if !events.contains(&kind) {
        let kind: String = kind.chars().take(60).collect();
        let known: Vec<String> = events.iter().map(|event| format!("'{event}'")).collect();
        let message = format!("Invalid value: '{kind}'. Supported values are: {}.", known.join(", "));
        return Err(invalid("type", message, "invalid_value"));
    }
    Ok(message)
}

/// What kind of event a text is.
pub(super) fn kind_of(text: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    serde_json::from_str::<Kind<'_>>(text).ok().map(|event| event.kind)
}

/// A turn that is being answered.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Response,
    /// Of the item with this id.
    Transcription(String),
}

/// A response that has begun.
#[derive(Debug)]
struct Active {
    response: Value,
    output: Vec<Value>,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    ids: SeededIds,
    now: u64,
    beta: bool,
    pub(super) session: Value,
    /// Its own id.
    pub(super) id: String,
    pub(super) items: Vec<Value>,
    /// Bytes of all items, roughly.
    pub(super) bytes: usize,
    /// Bytes of audio that wait for a commit.
    audio: usize,
    turn: Option<Turn>,
    active: Option<Active>,
    /// The client's own id of its last message.
    event_id: Value,
    pub(super) relaying: Relaying,
}

impl Conversation {
    pub(super) fn new(opening: Opening<'_>) -> Conversation {
        let Opening { raw, now, mut ids, relays } = opening;
        let session_id = ids.next("sess_");
        let named = raw.query_value("model").or_else(|| raw.query_value("deployment"));
        let session = if raw.query_value("intent").is_some_and(|intent| intent == "transcription") {
            defaults::transcription(&session_id, named.as_deref().unwrap_or(defaults::TRANSCRIPTION_MODEL), now)
        } else {
            defaults::conversation(&session_id, named.as_deref().unwrap_or(defaults::MODEL), now)
        };
        let beta = raw.headers.all("openai-beta").any(|value| value.contains("realtime=v1"));
        let conversation_id = ids.next("conv_");
        Conversation {
            ids,
            now,
            beta,
            session,
            id: conversation_id,
            items: Vec::new(),
            bytes: 0,
            audio: 0,
            turn: None,
            active: None,
            event_id: Value::Null,
            relaying: Relaying::new(relays),
        }
    }

    fn event(&mut self, name: &str, members: Value) -> String {
        let mut event = json!({ "type": name, "event_id": self.ids.next("event_") });
        if let (Some(event), Value::Object(members)) = (event.as_object_mut(), members) {
            event.extend(members);
        }
        event.to_string()
    }

    pub(super) fn transcribes(&self) -> bool {
        text_at(&self.session, "/type") == Some("transcription")
    }

    fn update(&mut self, message: &mut Value) -> Result<Heard, Box<ErrorReply>> {
        let Some(Value::Object(mut update)) = message.get_mut("session").map(Value::take) else {
            return Err(invalid("session", "Missing required parameter: 'session'.", "missing_required_parameter"));
        };
        if let Some(unknown) = update.keys().find(|key| !SETTINGS.contains(&key.as_str())) {
            let unknown: String = unknown.chars().take(60).collect();
            return Err(invalid(&format!("session.{unknown}"), format!("Unknown parameter: 'session.{unknown}'."), "unknown_parameter"));
        }
        let is_list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_object));
        for (key, wanted, right) in [
            ("instructions", "a string", update.get("instructions").is_none_or(Value::is_string)),
            ("model", "a string", update.get("model").is_none_or(Value::is_string)),
            ("tools", "an array of objects", update.get("tools").is_none_or(is_list)),
            ("audio", "an object", update.get("audio").is_none_or(Value::is_object)),
        ] {
            if !right {
                return Err(invalid(
                    &format!("session.{key}"),
                    format!("Invalid type for 'session.{key}': expected {wanted}."),
                    "invalid_type",
                ));
            }
        }
        let said = Value::Object(update.clone());
        self.become_of(update.remove("type"))?;
        if self.relaying.possible {
            put_over(&mut self.relaying.settings, said);
        }
        put_over(&mut self.session, Value::Object(update));
        let session = self.session.clone();
        Ok(Heard::messages(vec![self.event("session.updated", json!({ "session": session }))]))
    }

    /// The type of the session, where an update names one; another type is another session.
    fn become_of(&mut self, kind: Option<Value>) -> Result<(), Box<ErrorReply>> {
        let Some(kind) = kind else { return Ok(()) };
        let id = text_at(&self.session, "/id").unwrap_or_default().to_owned();
        match (kind.as_str(), self.transcribes()) {
            (Some("realtime" | "conversation"), true) => self.session = defaults::conversation(&id, defaults::MODEL, self.now),
            (Some("transcription"), false) => self.session = defaults::transcription(&id, defaults::TRANSCRIPTION_MODEL, self.now),
            (Some("realtime" | "conversation" | "transcription"), _) => {}
            _ => {
                let message = "Invalid value for 'session.type'. Supported values are: 'realtime', 'transcription'.";
                return Err(invalid("session.type", message, "invalid_value"));
            }
        }
        Ok(())
    }

    pub(super) fn last_id(&self) -> Value {
        self.items.last().and_then(|item| item.get("id")).cloned().unwrap_or_default()
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| text_at(item, "/id") == Some(id))
    }

    /// Takes an item up: after this one, or as the last.
    fn take_up(&mut self, mut item: Map<String, Value>, after: Option<&str>) -> Result<Vec<String>, Box<ErrorReply>> {
        let given = item.get("id").and_then(Value::as_str).map(str::to_owned);
        if given.as_deref().is_some_and(|id| self.place_of(id).is_some()) {
            return Err(invalid("item.id", "Error adding item: an item with this id is there already.", "item_already_exists"));
        }
        let place = match after {
            None => self.items.len(),
            Some("root") => 0,
            Some(id) => self.place_of(id).map(|place| place + 1).ok_or_else(|| {
                let id: String = id.chars().take(60).collect();
                let message = format!("Error adding item: the previous item with id '{id}' does not exist.");
                invalid("previous_item_id", message, "invalid_value")
            })?,
        };
        let size = item.values().map(|value| value.to_string().len()).sum::<usize>();
        if self.bytes.saturating_add(size) > MOST_BYTES {
            return Err(invalid("item", format!("Error adding item: a conversation holds {MOST_BYTES} bytes."), "conversation_too_long"));
        }
        self.bytes += size;
        let id = given.unwrap_or_else(|| {
            let id = self.ids.next("item_");
            if self.relaying.possible {
                self.relaying.unnamed.push_back(id.clone());
            }
            id
        });
        item.insert("id".to_owned(), id.into());
        item.insert("object".to_owned(), "realtime.item".into());
        item.insert("status".to_owned(), "completed".into());
        let previous = place.checked_sub(1).and_then(|place| self.items.get(place)?.get("id")).cloned().unwrap_or_default();
        let item = Value::Object(item);
        self.items.insert(place, item.clone());
        let members = json!({ "previous_item_id": previous, "item": item });
        Ok(vec![self.event("conversation.item.added", members.clone()), self.event("conversation.item.done", members)])
    }

    fn create(&mut self, message: &mut Value) -> Result<Heard, Box<ErrorReply>> {
        let after = text_at(message, "/previous_item_id").map(str::to_owned);
        let Some(Value::Object(item)) = message.get_mut("item").map(Value::take) else {
            return Err(invalid("item", "Missing required parameter: 'item'.", "missing_required_parameter"));
        };
        let kind = item.get("type").and_then(Value::as_str);
        let content_is_list =
            item.get("content").is_some_and(|content| content.as_array().is_some_and(|parts| parts.iter().all(Value::is_object)));
        match kind {
            Some("message") if !content_is_list => {
                return Err(invalid("item.content", "Invalid type for 'item.content': expected an array of objects.", "invalid_type"));
            }
            Some("function_call_output") if !item.get("output").is_some_and(Value::is_string) => {
                return Err(invalid("item.output", "Missing required parameter: 'item.output'.", "missing_required_parameter"));
            }
            Some(_) => {}
            None => return Err(invalid("item.type", "Missing required parameter: 'item.type'.", "missing_required_parameter")),
        }
        self.take_up(item, after.as_deref()).map(Heard::messages)
    }

    /// The item that a message names.
    fn named(&self, message: &Value) -> Result<(String, usize), Box<ErrorReply>> {
        let id = text_at(message, "/item_id")
            .ok_or_else(|| invalid("item_id", "Missing required parameter: 'item_id'.", "missing_required_parameter"))?;
        let place = self.place_of(id).ok_or_else(|| {
            let id: String = id.chars().take(60).collect();
            invalid("item_id", format!("Item with item_id '{id}' does not exist."), "item_not_found")
        })?;
        Ok((id.to_owned(), place))
    }

    fn change_item(&mut self, kind: &str, message: &Value) -> Result<Heard, Box<ErrorReply>> {
        let (id, place) = self.named(message)?;
        let event = match kind {
            "conversation.item.retrieve" => {
                let item = self.items.get(place).cloned().unwrap_or_default();
                self.event("conversation.item.retrieved", json!({ "item": item }))
            }
            "conversation.item.delete" => {
                self.bytes = self.bytes.saturating_sub(self.items.remove(place).to_string().len());
                self.event("conversation.item.deleted", json!({ "item_id": id }))
            }
            _ => {
                let number = |key: &str| message.get(key).and_then(Value::as_u64).unwrap_or(0);
                let members = json!({ "item_id": id, "content_index": number("content_index"), "audio_end_ms": number("audio_end_ms") });
                self.event("conversation.item.truncated", members)
            }
        };
        Ok(Heard::messages(vec![event]))
    }

    fn append(&mut self, message: &Value) -> Result<Heard, Box<ErrorReply>> {
        let audio = text_at(message, "/audio")
            .ok_or_else(|| invalid("audio", "Missing required parameter: 'audio'.", "missing_required_parameter"))?;
        let audio =
            STANDARD.decode(audio).map_err(|_| invalid("audio", "Invalid 'audio': expected a base64-encoded value.", "invalid_value"))?;
        self.audio = self.audio.saturating_add(audio.len());
        self.relaying.hear(&audio);
        Ok(Heard::default())
    }

    fn commit(&mut self) -> Result<Heard, Box<ErrorReply>> {
        if std::mem::take(&mut self.audio) == 0 {
            let message = "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has 0.00ms of audio.";
            return Err(invalid("", message, "input_audio_buffer_commit_empty"));
        }
        let previous = self.last_id();
        let content = json!([{ "type": "input_audio", "transcript": null }]);
        let item = json!({ "id": null, "object": null, "type": "message", "status": null, "role": "user", "content": content });
        let Value::Object(mut item) = item else { return Ok(Heard::default()) };
        let id = self.ids.next("item_");
        item.insert("id".to_owned(), id.clone().into());
        if self.relaying.possible {
            self.relaying.unnamed.push_back(id.clone());
        }
        self.relaying.commit(&id);
        let mut messages = vec![self.event("input_audio_buffer.committed", json!({ "previous_item_id": previous, "item_id": id }))];
        messages.extend(self.take_up(item, None)?);
        if !self.transcribes() {
            return Ok(Heard::messages(messages));
        }
        self.turn = Some(Turn::Transcription(id));
        self.relaying.asked.push_back(self.event_id.clone());
        let body = json!({ "type": COMMIT, "session": self.session, "items": self.items.last().map(std::slice::from_ref) });
        Ok(Heard { messages, ..Heard::turn(&body) })
    }

    fn respond(&mut self, message: &Value) -> Result<Heard, Box<ErrorReply>> {
        if self.transcribes() {
            let text = "A transcription session creates no responses: commit the input audio buffer instead.";
            return Err(invalid("type", text, "invalid_session_config"));
        }
        self.turn = Some(Turn::Response);
        self.relaying.asked.push_back(self.event_id.clone());
        Ok(Heard::turn(&self.response_body(message.get("response"))))
    }

    /// What is said of a turn that failed: the error, and the end that clients wait for.
    fn failed(&mut self, text: &str) -> Vec<String> {
        let mut event: Value = serde_json::from_str(text).unwrap_or_default();
        let error = event.get("error").cloned().unwrap_or_default();
        // What encodes errors knows neither what was asked nor how many there were.
        if event.pointer("/error/event_id").is_some() {
            event["event_id"] = self.ids.next("event_").into();
            event["error"]["event_id"] = self.event_id.clone();
        }
        match &self.turn {
            None => vec![event.to_string()],
            Some(Turn::Transcription(item)) => vec![failed_transcription(&self.ids.next("event_"), item, &error).to_string()],
            Some(Turn::Response) => {
                let mut messages = vec![event.to_string()];
                let active = self.active.take().unwrap_or_else(|| {
                    let response = response(&self.ids.next("resp_"), "in_progress", &Value::Null);
                    messages.push(self.event("response.created", json!({ "response": response })));
                    Active { response, output: Vec::new() }
                });
                messages.push(self.done(active, "failed", failure(&error)));
                messages
            }
        }
    }

    fn done(&mut self, active: Active, status: &str, details: Value) -> String {
        let Active { mut response, output } = active;
        response["status"] = status.into();
        response["status_details"] = details;
        response["output"] = output.into();
        self.event("response.done", json!({ "response": response }))
    }

    /// Remembers the answer that leaves.
    fn remember(&mut self, kind: &str, text: &str) {
        let member = |key: &str| serde_json::from_str::<Value>(text).ok()?.get_mut(key).map(Value::take);
        match kind {
            "response.created" => {
                self.active = member("response").map(|response| Active { response, output: Vec::new() });
            }
            "response.output_item.done" => {
                if let (Some(active), Some(item)) = (&mut self.active, member("item")) {
                    active.output.push(item);
                }
            }
            "conversation.item.done" => {
                if let Some(item) = member("item").filter(|_| self.bytes.saturating_add(text.len()) <= MOST_BYTES) {
                    self.bytes += text.len();
                    self.items.push(item);
                }
            }
            "response.done" => self.active = None,
            _ => {}
        }
    }
}

impl Session for Conversation {
    fn greet(&mut self) -> Heard {
        if self.beta {
            let error = json!({ "type": "invalid_request_error", "code": BETA, "message": BETA_MESSAGE, "param": null, "event_id": null });
            let refusal = self.event("error", json!({ "error": error }));
            let reason = format!("invalid_request_error.{BETA}");
            return Heard { messages: vec![refusal], then: Then::Close { code: BETA_CLOSE, reason } };
        }
        let session = self.session.clone();
        Heard::messages(vec![self.event("session.created", json!({ "session": session }))])
    }

    fn hear(&mut self, text: &str) -> Heard {
        self.event_id = Value::Null;
        let mut message = match parsed(text, &EVENTS) {
            Ok(message) => message,
            Err(error) => return error.into(),
        };
        self.event_id = message.get("event_id").cloned().unwrap_or_default();
        let kind = text_at(&message, "/type").unwrap_or_default().to_owned();
        let heard = match kind.as_str() {
            "session.update" => self.update(&mut message),
            "conversation.item.create" => self.create(&mut message),
            "input_audio_buffer.append" => self.append(&message),
            "input_audio_buffer.clear" => {
                self.audio = 0;
                self.relaying.sound.clear();
                Ok(Heard::messages(vec![self.event("input_audio_buffer.cleared", json!({}))]))
            }
            COMMIT => self.commit(),
            RESPONSE => self.respond(&message),
            "response.cancel" => Err(invalid("", "Cancellation failed: no active response found", "response_cancel_not_active")),
            item => self.change_item(item, &message),
        };
        heard.unwrap_or_else(Heard::from)
    }

    fn say(&mut self, _status: u16, text: String) -> Vec<String> {
        match kind_of(&text) {
            Some(kind) if kind == "error" => self.failed(&text),
            Some(kind) => {
                self.remember(&kind, &text);
                vec![text]
            }
            None => vec![text],
        }
    }

    fn interrupt(&mut self, text: &str) -> Option<Heard> {
        if self.turn != Some(Turn::Response) || kind_of(text)? != "response.cancel" {
            return None;
        }
        let active = self.active.take()?;
        self.turn = None;
        self.relaying.asked.pop_back();
        let details = json!({ "type": "cancelled", "reason": "client_cancelled" });
        Some(Heard::messages(vec![self.done(active, "cancelled", details)]))
    }

    fn answered(&mut self) -> Heard {
        (self.turn, self.active) = (None, None);
        self.relaying.asked.pop_back();
        Heard::default()
    }

    fn resume(&mut self, heard: Option<&str>) -> Resumed {
        self.catch_up(heard)
    }

    fn pass(&mut self, text: &str) -> Option<Bytes> {
        self.relaying.forget();
        if let Then::Turn(body) = self.hear(text).then { Some(body) } else { None }
    }

    fn follow(&mut self, text: &str) -> Told {
        self.follow_upstream(text)
    }

    fn unasked(&mut self) -> Option<Bytes> {
        self.unasked_body().map(|body| Bytes::from(body.to_string()))
    }
}
