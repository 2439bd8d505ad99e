//! A live translation: audio comes in until the client closes the session; what a fixture says is told then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::conversation::{MOST_BYTES, invalid, kind_of, parsed};
use super::relayed::status_of;
use super::{AUDIO_INPUT, defaults, put_over, request, text_at};
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::socket::{Heard, Opening, Resumed, Session, Stage, Then, Told};
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
    /// What the client has said, for an upstream that takes part later; `None` where none does, or where it is too much.
    said: Option<(usize, Vec<String>)>,
    upstream: Upstream,
}

/// Where an upstream stands with the translation.
#[derive(Debug, Default)]
struct Upstream {
    /// The client has asked for the end, and nothing was told before.
    asked: bool,
    begun: bool,
}

impl Translation {
    pub(super) fn new(opening: Opening<'_>) -> Translation {
        let Opening { raw, now, mut ids, relays } = opening;
        let model = raw.query_value("model").unwrap_or_else(|| defaults::TRANSLATION_MODEL.to_owned());
        let session = defaults::translation(&ids.next("sess_"), &model, now);
        Translation {
            ids,
            session,
            heard: 0,
            closing: false,
            closed: false,
            said: relays.then(Default::default),
            upstream: Upstream::default(),
        }
    }

    fn event(&mut self, name: &str, members: &[(&str, Value)]) -> String {
        let mut event = json!({ "type": name, "event_id": self.ids.next("event_") });
        for (key, value) in members {
            event[*key] = value.clone();
        }
        event.to_string()
    }
}

impl Translation {
    fn body(&self) -> Value {
        let item = json!({ "type": "message", "role": "user", "content": [{ "type": "input_audio", "text": AUDIO_INPUT }] });
        json!({ "type": request::CLOSE, "session": self.session, "items": [item] })
    }

    /// Keeps what an upstream would have to be told; the message that asks for the end is told anyway.
    fn keep(&mut self, text: &str) {
        let Some((bytes, said)) = &mut self.said else { return };
        *bytes += text.len();
        if *bytes > MOST_BYTES {
            self.said = None;
        } else if kind_of(text).is_some_and(|kind| kind != request::CLOSE) {
            said.push(text.to_owned());
        }
    }
}

impl Session for Translation {
    fn greet(&mut self) -> Heard {
        let session = self.session.clone();
        Heard::messages(vec![self.event("session.created", &[("session", session)])])
    }

    fn hear(&mut self, text: &str) -> Heard {
        self.keep(text);
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
                (self.closing, self.upstream.asked) = (true, true);
                Heard::turn(&self.body())
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

    fn resume(&mut self, heard: Option<&str>) -> Resumed {
        let event = heard.and_then(kind_of);
        match event.as_deref() {
            Some("session.created") => match self.said.take() {
                Some((_, said)) => Resumed::Stands(said),
                None => Resumed::Never(Box::new(ErrorReply::new(
                    ErrorOrigin::Server,
                    502,
                    format!("The session holds more than {MOST_BYTES} bytes, which no upstream was told"),
                ))),
            },
            Some("error") => Resumed::Never(Box::new(ErrorReply::new(ErrorOrigin::Server, 502, "The upstream refuses the session"))),
            _ => Resumed::Waits(Vec::new()),
        }
    }

    fn pass(&mut self, text: &str) -> Option<Bytes> {
        self.said = None;
        let begun = self.upstream.begun;
        match self.hear(text).then {
            // The turn is what the upstream tells already.
            Then::Turn(body) => (!begun).then_some(body),
            Then::Listen | Then::Refuse(_) | Then::Close { .. } => None,
        }
    }

    fn follow(&mut self, text: &str) -> Told {
        let Some(kind) = kind_of(text) else { return Told::Aside };
        let stage = match kind.as_ref() {
            "session.closed" => Stage::Over(200),
            kind if kind.starts_with("session.output_") => Stage::Goes,
            "error" if self.upstream.asked => {
                self.upstream.asked = false;
                let event: Value = serde_json::from_str(text).unwrap_or_default();
                return Told::Refusal(status_of(event.get("error").unwrap_or(&Value::Null)));
            }
            _ => return Told::Aside,
        };
        self.upstream.begun = stage == Stage::Goes;
        self.upstream.asked = false;
        Told::Part("translation".to_owned(), stage)
    }

    fn unasked(&mut self) -> Option<Bytes> {
        self.upstream.begun.then(|| Bytes::from(self.body().to_string()))
    }
}
