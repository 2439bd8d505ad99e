//! A Gemini Live conversation that an upstream takes part in (Gemini API reference, "Live API":
//! `BidiGenerateContentClientContent` takes the history of a conversation, `BidiGenerateContentServerContent` tells its turns).

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::live_session::{LiveSession, MEDIA, MOST_BYTES};
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::socket::{Resumed, Stage, Told};

/// The name of every turn: one is told after the other.
const TURN: &str = "turn";

/// What is kept of a conversation for an upstream that may take part later, or does.
#[derive(Debug, Default)]
pub(super) struct Relaying {
    possible: bool,
    /// The client's messages that are not answered yet, the one that began the turn at the end.
    said: VecDeque<String>,
    bytes: usize,
    /// There was more than is kept.
    lost: bool,
    /// The setup as the client wrote it.
    setup: Option<String>,
    telling: Telling,
    /// Turns that are still told although the next was asked for.
    overtaken: usize,
}

/// What the upstream has said of the turn under way.
#[derive(Debug, Default)]
struct Telling {
    begun: bool,
    /// It calls functions.
    called: bool,
    /// The client has interrupted it.
    interrupted: bool,
}

impl Relaying {
    /// For a conversation in which an upstream may take part.
    pub(super) fn new(possible: bool) -> Relaying {
        Relaying { possible, ..Relaying::default() }
    }

    /// Keeps a message of the client's.
    pub(super) fn hear(&mut self, text: &str, is_setup: bool) {
        if !self.possible || self.lost {
            return;
        }
        if is_setup {
            self.setup = Some(text.to_owned());
            return;
        }
        self.bytes += text.len();
        self.lost = self.bytes > MOST_BYTES;
        if self.lost {
            self.said.clear();
        } else {
            self.said.push_back(text.to_owned());
        }
    }

    /// An upstream hears everything by itself.
    pub(super) fn stop(&mut self) {
        (self.possible, self.setup) = (false, None);
        (self.said, self.bytes) = (VecDeque::new(), 0);
    }

    /// What was said is answered.
    pub(super) fn answered(&mut self) {
        (self.said, self.bytes) = (VecDeque::new(), 0);
        self.telling = Telling::default();
    }
}

/// Whether a member of the content says something of the model's answer.
fn tells(content: &Value) -> bool {
    ["modelTurn", "outputTranscription", "generationComplete", "groundingMetadata", "urlContextMetadata", "interrupted", "turnComplete"]
        .iter()
        .any(|key| content.get(*key).is_some_and(|value| !value.is_null() && *value != Value::Bool(false)))
}

impl LiveSession {
    /// See [`Session::resume`](crate::provider::socket::Session::resume).
    pub(super) fn catch_up(&mut self, heard: Option<&str>) -> Resumed {
        if self.relaying.lost {
            let message = format!("The client has said more than {MOST_BYTES} bytes, which no upstream was told");
            return Resumed::Never(Box::new(ErrorReply::new(ErrorOrigin::Server, 502, message)));
        }
        let Some(heard) = heard else { return Resumed::Waits(self.relaying.setup.iter().cloned().collect()) };
        let message: Value = serde_json::from_str(heard).unwrap_or_default();
        if message.get("setupComplete").is_none() {
            return Resumed::Waits(Vec::new());
        }
        let mut messages = Vec::new();
        if !self.contents.is_empty() {
            messages.push(json!({ "clientContent": { "turns": self.contents, "turnComplete": false } }).to_string());
        }
        // The last one began the turn, and is told after these.
        self.relaying.said.pop_back();
        messages.extend(self.relaying.said.drain(..));
        Resumed::Stands(messages)
    }

    /// The client has spoken while the upstream tells a turn: what is still told of it is not remembered.
    pub(super) fn overtake(&mut self) {
        if self.relaying.telling.begun && !self.relaying.telling.called {
            self.relaying.overtaken += 1;
        }
        self.relaying.telling = Telling::default();
        self.keep_parts();
    }

    /// See [`Session::follow`](crate::provider::socket::Session::follow).
    pub(super) fn follow_upstream(&mut self, text: &str) -> Told {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return Told::Aside };
        if let Some(error) = message.get("error") {
            let code = [message.get("code"), error.get("code")].into_iter().flatten().filter_map(Value::as_u64);
            let status = code.filter_map(|code| u16::try_from(code).ok()).find(|code| (400..600).contains(code)).unwrap_or(500);
            return Told::Part(TURN.to_owned(), Stage::Over(status));
        }
        let content = message.get("serverContent").filter(|content| tells(content));
        let call = message.get("toolCall");
        let is = |key: &str| content.and_then(|content| content.get(key)).and_then(Value::as_bool) == Some(true);
        let counted = message.get("usageMetadata").is_some();
        if content.is_none() && call.is_none() && !(counted && self.relaying.telling.begun) {
            return Told::Aside;
        }
        let over = is("turnComplete");
        if self.relaying.overtaken > 0 {
            self.relaying.overtaken -= usize::from(over);
            let stage = if over { Stage::Interrupted } else { Stage::Goes };
            return Told::Part(TURN.to_owned(), stage);
        }
        self.relaying.telling.begun = true;
        self.relaying.telling.called |= call.is_some();
        self.relaying.telling.interrupted |= is("interrupted");
        self.remember(&message);
        self.contents.append(&mut self.pending);
        if over {
            let interrupted = self.relaying.telling.interrupted;
            self.close_turn();
            return Told::Part(TURN.to_owned(), if interrupted { Stage::Interrupted } else { Stage::Over(200) });
        }
        // Functions are answered by the client first; then the counts are the last that is told.
        if self.relaying.telling.called && counted {
            self.close_turn();
            return Told::Part(TURN.to_owned(), Stage::Over(200));
        }
        Told::Part(TURN.to_owned(), if self.relaying.telling.called { Stage::Enough } else { Stage::Goes })
    }

    /// See [`Session::unasked`](crate::provider::socket::Session::unasked).
    pub(super) fn unasked_body(&mut self) -> Option<Value> {
        if !std::mem::take(&mut self.media) {
            return None;
        }
        let spoken = json!({ "role": "user", "parts": [{ "text": MEDIA }] });
        self.contents.push(spoken);
        Some(self.asked())
    }
}
