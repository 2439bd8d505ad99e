//! A Gemini Live conversation between its turns (Gemini API reference, "Live API"): setup first, then contents, answers of
//! tools and input as it is spoken or typed. Fields have both of their names (`clientContent`, `client_content`).
//!
//! What the client says becomes part of the conversation once it was answered, as in the peer.

use bytes::Bytes;
use serde_json::{Value, json};

use super::google::Names;
use super::live_relayed::Relaying;
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::socket::{Heard, Resumed, Session, Then, Told};

/// Of a setup that names none, as in the peer.
const MODEL: &str = "gemini-2.0-flash";
/// What stands for audio and video in the text that matching reads.
pub(super) const MEDIA: &str = "[audio input]";
/// A conversation holds so many bytes of contents.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

const CLIENT: Names = ["clientContent", "client_content"];
const TOOLS: Names = ["toolResponse", "tool_response"];
const REALTIME: Names = ["realtimeInput", "realtime_input"];
const UPDATE: Names = ["contextUpdate", "context_update"];

fn member(value: &Value, names: Names) -> Option<&Value> {
    names.into_iter().find_map(|name| value.get(name)).filter(|value| !value.is_null())
}

fn refused(message: impl Into<String>) -> Box<ErrorReply> {
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))
}

/// One conversation.
#[derive(Debug, Default)]
pub(in crate::provider) struct LiveSession {
    /// `None` until the client has set things up.
    pub(super) setup: Option<Value>,
    pub(super) contents: Vec<Value>,
    /// Contents that are not answered yet.
    pub(super) pending: Vec<Value>,
    bytes: usize,
    /// Parts of the answer under way.
    parts: Vec<Value>,
    /// Audio or video came in since the last turn.
    pub(super) media: bool,
    answering: bool,
    pub(super) relaying: Relaying,
}

impl LiveSession {
    /// A conversation in which an upstream may take part, if it `relays`.
    pub(in crate::provider) fn new(relays: bool) -> LiveSession {
        LiveSession { relaying: Relaying::new(relays), ..LiveSession::default() }
    }

    fn set_up(&mut self, setup: &Value) -> Heard {
        let model = member(setup, ["model", "model"]).and_then(Value::as_str).unwrap_or(MODEL);
        let mut kept = json!({ "model": model.strip_prefix("models/").unwrap_or(model) });
        for names in [["systemInstruction", "system_instruction"], ["tools", "tools"], ["generationConfig", "generation_config"]] {
            if let Some(value) = member(setup, names) {
                kept[names[0]] = value.clone();
            }
        }
        self.setup = Some(kept);
        Heard::messages(vec![json!({ "setupComplete": {} }).to_string()])
    }

    /// Takes contents up, to be answered now or with what comes.
    fn take(&mut self, contents: impl IntoIterator<Item = Value>, answer: bool) -> Result<Heard, Box<ErrorReply>> {
        for content in contents {
            self.bytes = self.bytes.saturating_add(content.to_string().len());
            self.pending.push(content);
        }
        if self.bytes > MOST_BYTES {
            self.forget();
            return Err(refused(format!("The conversation is longer than {MOST_BYTES} bytes")));
        }
        if !answer {
            return Ok(Heard::default());
        }
        self.answering = true;
        Ok(Heard::turn(&self.asked()))
    }

    /// Drops what was not answered.
    fn forget(&mut self) {
        let size: usize = self.pending.drain(..).map(|content| content.to_string().len()).sum();
        self.bytes = self.bytes.saturating_sub(size);
    }

    fn content(&mut self, said: &Value) -> Result<Heard, Box<ErrorReply>> {
        let complete = member(said, ["turnComplete", "turn_complete"]);
        let turns = match member(said, ["turns", "turns"]) {
            Some(Value::Array(turns)) => turns.clone(),
            Some(one @ Value::Object(_)) => vec![one.clone()],
            Some(_) => return Err(refused("Invalid value at 'client_content.turns': expected an array of objects")),
            None if complete == Some(&Value::Bool(true)) => Vec::new(),
            None => return Err(refused("Missing 'turns' in clientContent")),
        };
        self.take(turns, complete != Some(&Value::Bool(false)))
    }

    fn responses(&mut self, said: &Value) -> Result<Heard, Box<ErrorReply>> {
        let responses = match member(said, ["functionResponses", "function_responses"]) {
            Some(Value::Array(responses)) => responses.clone(),
            Some(one @ Value::Object(_)) => vec![one.clone()],
            _ => return Err(refused("Missing 'functionResponses' in toolResponse")),
        };
        if !responses.iter().all(Value::is_object) {
            return Err(refused("Invalid value at 'tool_response.function_responses': expected an array of objects"));
        }
        let parts: Vec<Value> = responses.into_iter().map(|response| json!({ "functionResponse": response })).collect();
        self.take([json!({ "role": "user", "parts": parts })], true)
    }

    fn input(&mut self, said: &Value) -> Result<Heard, Box<ErrorReply>> {
        if let Some(text) = said.get("text") {
            let text = text.as_str().ok_or_else(|| refused("Invalid value at 'realtime_input.text': expected a string"))?;
            return self.take([json!({ "role": "user", "parts": [{ "text": text }] })], true);
        }
        let has = |names: Names| member(said, names).is_some();
        if has(["audio", "audio"]) || has(["video", "video"]) || has(["mediaChunks", "media_chunks"]) {
            self.media = true;
            return Ok(Heard::default());
        }
        let ends = has(["activityEnd", "activity_end"]) || has(["audioStreamEnd", "audio_stream_end"]);
        if ends && std::mem::take(&mut self.media) {
            return self.take([json!({ "role": "user", "parts": [{ "text": MEDIA }] })], true);
        }
        if ends || has(["activityStart", "activity_start"]) {
            return Ok(Heard::default());
        }
        Err(refused("Expected text, audio, video, activityStart, activityEnd or audioStreamEnd in realtimeInput"))
    }

    fn update(&mut self, said: &Value) -> Heard {
        if let Some(setup) = &mut self.setup {
            if let Some(system) = member(said, ["systemInstruction", "system_instruction"]) {
                setup["systemInstruction"] = system.clone();
            }
            if let Some(tools) = said.get("tools") {
                setup["tools"] = tools.get("tools").unwrap_or(tools).clone();
            }
        }
        Heard::default()
    }

    /// Remembers what an answer says.
    pub(super) fn remember(&mut self, message: &Value) {
        let parts = message.pointer("/serverContent/modelTurn/parts").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let text = part.get("text").and_then(Value::as_str).filter(|_| part.get("thought").is_none());
            let open = self.parts.last_mut().and_then(|last| last.get_mut("text"));
            match (text, open) {
                (Some(text), Some(Value::String(said))) => said.push_str(text),
                (Some(text), _) => self.parts.push(json!({ "text": text })),
                // Audio is not asked about later.
                (None, _) => {}
            }
        }
        let calls = message.pointer("/toolCall/functionCalls").and_then(Value::as_array);
        self.parts.extend(calls.into_iter().flatten().map(|call| json!({ "functionCall": call })));
    }
}

impl Session for LiveSession {
    fn hear(&mut self, text: &str) -> Heard {
        let message: Value = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return refused(format!("Malformed JSON: {error}")).into(),
        };
        let setup = member(&message, ["setup", "config"]);
        self.relaying.hear(text, setup.is_some());
        if let Some(setup) = setup {
            if setup.is_object() {
                return self.set_up(setup);
            }
            return refused("Invalid value at 'setup': expected an object").into();
        }
        if self.setup.is_none() {
            let mut error = refused("Setup required");
            error.kind = Some("FAILED_PRECONDITION".to_owned());
            return error.into();
        }
        let heard = if let Some(said) = member(&message, CLIENT) {
            self.content(said)
        } else if let Some(said) = member(&message, TOOLS) {
            self.responses(said)
        } else if let Some(said) = member(&message, REALTIME) {
            self.input(said)
        } else if let Some(said) = member(&message, UPDATE) {
            Ok(self.update(said))
        } else {
            Err(refused("Expected setup, clientContent, realtimeInput or toolResponse"))
        };
        heard.unwrap_or_else(Heard::from)
    }

    fn say(&mut self, _status: u16, text: String) -> Vec<String> {
        if self.answering
            && let Ok(message) = serde_json::from_str::<Value>(&text)
        {
            self.remember(&message);
            if message.get("error").is_none() {
                self.contents.append(&mut self.pending);
            }
        }
        vec![text]
    }

    fn interrupt(&mut self, text: &str) -> Option<Heard> {
        let message: Value = serde_json::from_str(text).ok()?;
        member(&message, CLIENT)?;
        let interrupted = json!({ "serverContent": { "interrupted": true } }).to_string();
        let over = json!({ "serverContent": { "turnComplete": true } }).to_string();
        let answer = self.answered();
        drop(answer);
        let heard = self.hear(text);
        Some(Heard { messages: [interrupted, over].into_iter().chain(heard.messages).collect(), then: heard.then })
    }

    fn answered(&mut self) -> Heard {
        self.close_turn();
        Heard::default()
    }

    fn resume(&mut self, heard: Option<&str>) -> Resumed {
        self.catch_up(heard)
    }

    fn overtakes(&self) -> bool {
        true
    }

    fn pass(&mut self, text: &str) -> Option<Bytes> {
        self.relaying.stop();
        if ends_stream(text) {
            return None;
        }
        // The upstream knows of it by now, answered or not.
        let earlier = if self.answering { std::mem::take(&mut self.pending) } else { Vec::new() };
        let answering = self.answering;
        let begins = matches!(self.hear(text).then, Then::Turn(_));
        let fresh = std::mem::take(&mut self.pending);
        self.contents.extend(earlier);
        if begins && answering {
            self.overtake();
        }
        self.pending = fresh;
        begins.then(|| {
            self.answering = true;
            Bytes::from(self.asked().to_string())
        })
    }

    fn follow(&mut self, text: &str) -> Told {
        self.follow_upstream(text)
    }

    fn unasked(&mut self) -> Option<Bytes> {
        self.unasked_body().map(|body| Bytes::from(body.to_string()))
    }
}

impl LiveSession {
    /// A turn about all that was said.
    pub(super) fn asked(&self) -> Value {
        let mut body = self.setup.clone().unwrap_or_default();
        body["contents"] = self.contents.iter().chain(&self.pending).cloned().collect();
        body
    }

    /// The turn is over: what the model said in it becomes part of the conversation, and what was not answered is dropped.
    pub(super) fn close_turn(&mut self) {
        self.relaying.answered();
        self.forget();
        self.answering = false;
        self.keep_parts();
    }

    pub(super) fn keep_parts(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        if !parts.is_empty() {
            let content = json!({ "role": "model", "parts": parts });
            self.bytes = self.bytes.saturating_add(content.to_string().len());
            self.contents.push(content);
        }
    }
}

/// Whether a message says that no more audio comes. An upstream has then heard by itself who has finished speaking, and may
/// have nothing left to answer.
fn ends_stream(text: &str) -> bool {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    member(&message, REALTIME).and_then(|said| member(said, ["audioStreamEnd", "audio_stream_end"])).is_some()
}
