//! A conversation that an upstream takes part in (OpenAI's API reference, "Realtime", "Client events": `session.update` and
//! `conversation.item.create`, which "can be used both to populate a history of the conversation and to add new items
//! mid-stream"; "Server events").
//!
//! What an upstream says is followed so that the next turn can be matched and recorded as it would be without it: the
//! client's settings count, not the upstream's defaults, and items have the ids that the upstream gives them.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::conversation::{Conversation, MOST_BYTES};
use super::request::{COMMIT, RESPONSE};
use super::text_at;
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::socket::{Resumed, Stage, Told};

const TRANSCRIPTION: &str = "conversation.item.input_audio_transcription.";
/// Bytes of audio in one message to the upstream, which takes 15 MiB of base64.
const AUDIO_PIECE: usize = 3 * 1024 * 1024;

/// What is kept of a conversation for an upstream that may take part later, or does.
#[derive(Debug, Default)]
pub(super) struct Relaying {
    /// An upstream may take part at all.
    pub(super) possible: bool,
    /// What the client has set, merged.
    pub(super) settings: Value,
    /// Audio that waits for a commit, and that of items that were committed, by their ids.
    pub(super) sound: Vec<u8>,
    pub(super) clips: BTreeMap<String, Vec<u8>>,
    /// No audio is kept: there was too much of it, or the upstream has it.
    pub(super) lost: bool,
    /// Ids of items that the client left unnamed, for which the upstream has others.
    pub(super) unnamed: VecDeque<String>,
    /// The client's own ids of the messages that asked for turns which have not begun.
    pub(super) asked: VecDeque<Value>,
    /// The response whose items join the conversation.
    current: Option<String>,
    /// What the turn that the upstream began by itself is about.
    unasked: Option<Value>,
    owed: Owed,
}

/// What the upstream owes before it stands where the conversation stands.
#[derive(Debug, Default)]
struct Owed {
    begun: bool,
    updated: bool,
    item: Option<String>,
}

impl Relaying {
    /// For a conversation in which an upstream may take part.
    pub(super) fn new(possible: bool) -> Relaying {
        Relaying { possible, ..Relaying::default() }
    }

    /// Keeps audio that an upstream would have to be told.
    pub(super) fn hear(&mut self, audio: &[u8]) {
        let held = self.sound.len() + self.clips.values().map(Vec::len).sum::<usize>();
        if !self.possible || self.lost {
            return;
        }
        if held + audio.len() > MOST_BYTES {
            return self.forget();
        }
        self.sound.extend_from_slice(audio);
    }

    /// Keeps audio no longer.
    pub(super) fn forget(&mut self) {
        self.lost = true;
        (self.sound, self.clips) = (Vec::new(), BTreeMap::new());
    }

    /// The audio so far is that of an item.
    pub(super) fn commit(&mut self, item: &str) {
        if self.possible && !self.lost {
            self.clips.insert(item.to_owned(), std::mem::take(&mut self.sound));
        }
    }
}

/// The status that an error of a session would have over HTTP.
pub(super) fn status_of(error: &Value) -> u16 {
    let said = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    match (said("type"), said("code")) {
        (_, "rate_limit_exceeded" | "insufficient_quota")
        | ("rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "tokens", _) => 429,
        ("authentication_error", _) | (_, "invalid_api_key") => 401,
        ("permission_error", _) => 403,
        ("not_found_error", _) | (_, "model_not_found") => 404,
        ("invalid_request_error", _) => 400,
        _ => 500,
    }
}

fn appended(audio: &[u8]) -> impl Iterator<Item = String> {
    audio.chunks(AUDIO_PIECE).map(|piece| json!({ "type": "input_audio_buffer.append", "audio": STANDARD.encode(piece) }).to_string())
}

impl Conversation {
    /// See [`Session::resume`](crate::provider::socket::Session::resume).
    pub(super) fn catch_up(&mut self, heard: Option<&str>) -> Resumed {
        let Some(heard) = heard else {
            self.relaying.owed = Owed::default();
            return Resumed::Waits(Vec::new());
        };
        let event: Value = serde_json::from_str(heard).unwrap_or_default();
        let mut messages = Vec::new();
        let owed = &mut self.relaying.owed;
        match text_at(&event, "/type").unwrap_or_default() {
            "session.created" if !owed.begun => {
                if self.relaying.lost {
                    let message = format!("The conversation holds more than {MOST_BYTES} bytes of audio, which no upstream was told");
                    return Resumed::Never(Box::new(ErrorReply::new(ErrorOrigin::Server, 502, message)));
                }
                owed.begun = true;
                messages = self.history();
            }
            "session.updated" => owed.updated = false,
            "conversation.item.done" | "conversation.item.created" if text_at(&event, "/item/id") == owed.item.as_deref() => {
                owed.item = None;
            }
            "error" => {
                let error = event.get("error").cloned().unwrap_or_default();
                let message = text_at(&error, "/message").unwrap_or("the upstream refuses what was said before");
                let mut reply = ErrorReply::new(ErrorOrigin::Server, status_of(&error), message);
                (reply.kind, reply.code) = (text_at(&error, "/type").map(str::to_owned), text_at(&error, "/code").map(str::to_owned));
                return Resumed::Never(Box::new(reply));
            }
            _ => {}
        }
        let owed = &self.relaying.owed;
        if !owed.begun || owed.updated || owed.item.is_some() {
            return Resumed::Waits(messages);
        }
        // It is not answered until it is committed.
        let sound = if self.transcribes() { self.last_clip() } else { std::mem::take(&mut self.relaying.sound) };
        messages.extend(appended(&sound));
        (self.relaying.settings, self.relaying.owed) = (Value::Null, Owed::default());
        Resumed::Stands(messages)
    }

    /// The audio of the item whose commit began the turn, which the upstream names anew.
    fn last_clip(&mut self) -> Vec<u8> {
        let id = self.last_id();
        self.relaying.unnamed = id.as_str().map(str::to_owned).into_iter().collect();
        id.as_str().and_then(|id| self.relaying.clips.remove(id)).unwrap_or_default()
    }

    /// The session as the client has set it, and all items under the ids that the client knows.
    fn history(&mut self) -> Vec<String> {
        let mut messages = Vec::new();
        if self.relaying.settings.is_object() {
            messages.push(json!({ "type": "session.update", "session": self.relaying.settings }).to_string());
            self.relaying.owed.updated = true;
        }
        if self.transcribes() {
            return messages;
        }
        self.relaying.unnamed.clear();
        for item in &self.items {
            messages.push(json!({ "type": "conversation.item.create", "item": self.retold(item) }).to_string());
        }
        self.relaying.owed.item = self.last_id().as_str().map(str::to_owned);
        messages
    }

    /// An item as a client creates it. An assistant's audio cannot be told, so its transcript stands for it.
    fn retold(&self, item: &Value) -> Value {
        let mut item = item.clone();
        let id = text_at(&item, "/id").unwrap_or_default().to_owned();
        let assistant = text_at(&item, "/role") == Some("assistant");
        if let Some(members) = item.as_object_mut() {
            members.shift_remove("object");
            members.shift_remove("status");
        }
        for part in item.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            if assistant {
                let text = text_at(part, "/text").or_else(|| text_at(part, "/transcript")).unwrap_or_default().to_owned();
                *part = json!({ "type": "output_text", "text": text });
            } else if text_at(part, "/type") == Some("input_audio") && part.get("audio").is_none() {
                let clip = self.relaying.clips.get(&id).map(|clip| STANDARD.encode(clip)).unwrap_or_default();
                *part = json!({ "type": "input_audio", "audio": clip });
            }
        }
        item
    }

    /// See [`Session::follow`](crate::provider::socket::Session::follow).
    pub(super) fn follow_upstream(&mut self, text: &str) -> Told {
        let Ok(mut event) = serde_json::from_str::<Value>(text) else { return Told::Aside };
        let kind = text_at(&event, "/type").unwrap_or_default().to_owned();
        let name = |pointer: &str| text_at(&event, pointer).map(str::to_owned);
        match kind.as_str() {
            "response.created" => {
                let Some(id) = name("/response/id") else { return Told::Aside };
                if self.relaying.asked.pop_front().is_none() {
                    self.relaying.unasked = Some(self.response_body(None));
                }
                let joins = event.pointer("/response/conversation_id").is_none_or(|conversation| !conversation.is_null());
                if joins {
                    self.relaying.current = Some(id.clone());
                }
                Told::Part(id, Stage::Goes)
            }
            "response.done" => {
                let Some(id) = name("/response/id") else { return Told::Aside };
                if self.relaying.current.as_ref() == Some(&id) {
                    self.relaying.current = None;
                }
                Told::Part(id, ended(&event))
            }
            "conversation.item.created" | "conversation.item.added" | "conversation.item.done" => {
                let item = event.get_mut("item").map(Value::take).unwrap_or_default();
                self.take_over(item, kind == "conversation.item.done")
            }
            "conversation.item.deleted" => {
                let id = text_at(&event, "/item_id").unwrap_or_default();
                self.items.retain(|item| text_at(item, "/id") != Some(id));
                Told::Aside
            }
            "input_audio_buffer.committed" => {
                if let Some(id) = name("/item_id") {
                    let content = json!([{ "type": "input_audio", "transcript": null }]);
                    self.adopt(json!({ "id": id, "type": "message", "role": "user", "content": content }));
                }
                Told::Aside
            }
            "error" => self.refusal(&event),
            _ if kind.starts_with("response.") => name("/response_id").map_or(Told::Aside, |id| Told::Part(id, Stage::Goes)),
            _ if kind.starts_with(TRANSCRIPTION) && self.transcribes() => self.transcribed(&kind, &event),
            _ => Told::Aside,
        }
    }

    /// An error concerns the turn that was asked for, unless it names another message of the client's.
    fn refusal(&mut self, event: &Value) -> Told {
        let Some(asked) = self.relaying.asked.front() else { return Told::Aside };
        let error = event.get("error").cloned().unwrap_or_default();
        if error.get("event_id").is_some_and(|about| !about.is_null() && about != asked) {
            return Told::Aside;
        }
        self.relaying.asked.pop_front();
        Told::Refusal(status_of(&error))
    }

    fn transcribed(&mut self, kind: &str, event: &Value) -> Told {
        let Some(id) = text_at(event, "/item_id").map(str::to_owned) else { return Told::Aside };
        let stage = match kind.strip_prefix(TRANSCRIPTION) {
            Some("completed") => Stage::Over(200),
            Some("failed") => Stage::Over(status_of(event.get("error").unwrap_or(&Value::Null))),
            _ => Stage::Goes,
        };
        if self.relaying.current.as_ref() != Some(&id) {
            self.relaying.current = Some(id.clone());
            if self.relaying.asked.pop_front().is_none() {
                let item = self.items.iter().find(|item| text_at(item, "/id") == Some(&id)).cloned();
                let body = json!({ "type": COMMIT, "session": self.session, "items": item.map(|item| vec![item]) });
                self.relaying.unasked = Some(body);
            }
        }
        Told::Part(id, stage)
    }

    /// An item as the upstream has it: of the answer under way, or one of the client's under the upstream's id.
    fn take_over(&mut self, item: Value, done: bool) -> Told {
        let own =
            text_at(&item, "/role").is_some_and(|role| role != "assistant") || text_at(&item, "/type") == Some("function_call_output");
        if own {
            self.adopt(item);
            return Told::Aside;
        }
        let part = self.relaying.current.clone().map_or(Told::Aside, |id| Told::Part(id, Stage::Goes));
        let known = text_at(&item, "/id").is_none_or(|id| self.place_of(id).is_some());
        if done && !known {
            self.keep(item);
        }
        part
    }

    fn adopt(&mut self, item: Value) {
        let Some(id) = text_at(&item, "/id").map(str::to_owned) else { return };
        if self.place_of(&id).is_some() {
            return;
        }
        let unnamed = self.relaying.unnamed.pop_front().and_then(|local| self.place_of(&local));
        match unnamed.and_then(|place| self.items.get_mut(place)) {
            Some(known) => known["id"] = id.into(),
            None => self.keep(item),
        }
    }

    fn keep(&mut self, item: Value) {
        let size = item.to_string().len();
        if self.bytes.saturating_add(size) <= MOST_BYTES {
            self.bytes += size;
            self.items.push(item);
        }
    }

    /// The body of a turn: what a `response.create` asks for.
    pub(super) fn response_body(&self, response: Option<&Value>) -> Value {
        let mut body: Map<String, Value> = Map::new();
        body.insert("type".to_owned(), RESPONSE.into());
        body.insert("conversation_id".to_owned(), self.id.as_str().into());
        body.insert("session".to_owned(), self.session.clone());
        body.insert("items".to_owned(), self.items.clone().into());
        if let Some(response) = response {
            body.insert("response".to_owned(), response.clone());
        }
        Value::Object(body)
    }

    /// See [`Session::unasked`](crate::provider::socket::Session::unasked).
    pub(super) fn unasked_body(&mut self) -> Option<Value> {
        self.relaying.unasked.take()
    }
}

/// How a response ends.
fn ended(event: &Value) -> Stage {
    match text_at(event, "/response/status") {
        Some("cancelled") => Stage::Interrupted,
        Some("failed") => Stage::Over(status_of(event.pointer("/response/status_details/error").unwrap_or(&Value::Null))),
        _ => Stage::Over(200),
    }
}
