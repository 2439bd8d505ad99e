//! A live translation: audio comes in until the client closes the session; what a fixture says is told then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::conversation::{invalid, kind_of, parsed};
use super::{AUDIO_INPUT, defaults, put_over, request, text_at};
use crate::provider::socket::{Heard, Opening, Session, Then};
use crate::provider::{Ids as _, SeededIds};

/// What the client may say.
const EVENTS: [&str; 3] = ["session.update", "session.input_audio_buffer.append", request::CLOSE];

/// One translation.
#[derive(Debug)]
pub(super) struct Translation {
    ids: SeededIds,
    session: Value,
    /// Bytes of audio so far.
    heard: usize,
    closing: bool,
    /// The client was told that the session is over.
    closed: bool,
}

impl Translation {
    pub(super) fn new(opening: Opening<'_>) -> Translation {
        let Opening { raw, now, mut ids } = opening;
        let model = raw.query_value("model").unwrap_or_else(|| defaults::TRANSLATION_MODEL.to_owned());
        let session = defaults::translation(&ids.next("sess_"), &model, now);
        Translation { ids, session, heard: 0, closing: false, closed: false }
    }

    fn event(&mut self, name: &str, members: &[(&str, Value)]) -> String {
        let mut event = json!({ "type": name, "event_id": self.ids.next("event_") });
        for (key, value) in members {
            event[*key] = value.clone();
        }
        event.to_string()
    }
}

impl Session for Translation {
    fn greet(&mut self) -> Heard {
        let session = self.session.clone();
        Heard::messages(vec![self.event("session.created", &[("session", session)])])
    }

    fn hear(&mut self, text: &str) -> Heard {
        let mut message = match parsed(text, &EVENTS) {
            Ok(message) => message,
            Err(error) => return error.into(),
        };
        match text_at(&message, "/type").unwrap_or_default() {
            "session.update" => {
                let Some(audio) = message.pointer_mut("/session/audio").filter(|audio| audio.is_object()) else {
                    return invalid("session", "Missing required parameter: 'session.audio'.", "missing_required_parameter").into();
                };
                put_over(&mut self.session["audio"], audio.take());
                let session = self.session.clone();
                Heard::messages(vec![self.event("session.updated", &[("session", session)])])
            }
            "session.input_audio_buffer.append" => match text_at(&message, "/audio").map(|audio| STANDARD.decode(audio)) {
                Some(Ok(audio)) => {
                    self.heard = self.heard.saturating_add(audio.len());
                    Heard::default()
                }
                _ => invalid("audio", "Invalid 'audio': expected base64-encoded audio.", "invalid_value").into(),
            },
            _ if self.heard == 0 => {
                let closed = self.event("session.closed", &[]);
                Heard { messages: vec![closed], then: Then::Close { code: 1000, reason: String::new() } }
            }
            _ => {
                self.closing = true;
                let item = json!({ "type": "message", "role": "user", "content": [{ "type": "input_audio", "text": AUDIO_INPUT }] });
                Heard::turn(&json!({ "type": request::CLOSE, "session": self.session, "items": [item] }))
            }
        }
    }

    fn say(&mut self, _status: u16, text: String) -> Vec<String> {
        self.closed |= kind_of(&text).is_some_and(|kind| kind == "session.closed");
        vec![text]
    }

    fn answered(&mut self) -> Heard {
        if !self.closing {
            return Heard::default();
        }
        // An error says nothing of the end that the client waits for.
        let closed = (!self.closed).then(|| self.event("session.closed", &[]));
        Heard { messages: closed.into_iter().collect(), then: Then::Close { code: 1000, reason: String::new() } }
    }
}
