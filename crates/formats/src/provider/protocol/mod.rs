//! Whether a stream keeps to its grammar: one state machine a grammar, fed event by event.
//!
//! A client reads a stream with such a machine, so what breaks it here breaks there. The machines hold for what codecs
//! write, for raw events in fixtures and for streams that people captured; what a vendor may leave out, they do not ask
//! for. They judge form, never content.

mod chat_chunks;
mod cohere_events;
mod completion_chunks;
mod converse_events;
mod gemini_chunks;
mod interaction_events;
mod invoke_chunks;
mod invoke_texts;
mod live_messages;
mod message_events;
mod ollama_lines;
mod realtime_events;
mod response_events;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use serde_json::Value;

pub(super) use self::chat_chunks::ChatChunks;
pub(super) use self::cohere_events::CohereEvents;
pub(super) use self::completion_chunks::CompletionChunks;
pub(super) use self::converse_events::ConverseEvents;
pub(super) use self::gemini_chunks::GeminiChunks;
pub(super) use self::interaction_events::InteractionEvents;
pub(super) use self::invoke_chunks::InvokeChunks;
pub(super) use self::invoke_texts::{InvokeTexts, text_piece};
pub(super) use self::live_messages::LiveMessages;
pub(super) use self::message_events::MessageEvents;
pub(super) use self::ollama_lines::OllamaLines;
pub(super) use self::realtime_events::RealtimeEvents;
pub(super) use self::response_events::ResponseEvents;
use super::grammar::{Grammar, recognise};
use crate::wire::{Decoder, Event, Framing};

/// Longer events are not judged; the stream then counts as unreadable.
const MOST_EVENT: usize = 64 << 20;
/// Offences beyond these are only counted: one slip at the start of a stream often breaks everything behind it.
const MOST_OFFENCES: usize = 20;

/// The state machine of one grammar.
pub trait Protocol: Debug + Send {
    /// Takes the next event that has data; the JSON is that of its data. Every offence is said on its own.
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String));
    /// The stream has ended: says what is missing.
    fn end(&mut self, say: &mut dyn FnMut(String));
}

/// An offence against the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// The number of the event, from 1; one more than there are where the end of the stream is the offence.
    pub event: u64,
    /// What is wrong, without place: lower case, no full stop.
    pub message: String,
}

/// What became of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The name of the grammar; `None` where no event was one that any grammar knows.
    pub grammar: Option<&'static str>,
    /// Events with data.
    pub events: u64,
    /// In order, the first twenty of them.
    pub offences: Vec<Offence>,
    /// How many more there are.
    pub more: u64,
}

impl Verdict {
    /// Whether a grammar was found and kept to.
    pub fn holds(&self) -> bool {
        self.grammar.is_some() && self.offences.is_empty()
    }
}

/// Judges the events of one stream.
#[derive(Debug)]
pub struct Judge {
    machine: Option<Box<dyn Protocol>>,
    verdict: Verdict,
}

impl Judge {
    /// A judge of a stream of this grammar; `None`: of the one that its first event shows.
    pub fn new(grammar: Option<&'static Grammar>) -> Judge {
        let mut judge = Judge { machine: None, verdict: Verdict::default() };
        if let Some(grammar) = grammar {
            judge.settle(grammar);
        }
        judge
    }

    /// Takes the next event. Comments are passed over.
    pub fn take(&mut self, event: &Event) {
        let Some(data) = &event.data else { return };
        self.verdict.events += 1;
        let value = serde_json::from_str::<Value>(data).ok();
        if self.machine.is_none()
            && let Some(grammar) = recognise(event, value.as_ref())
        {
            self.settle(grammar);
        }
        let Judge { machine, verdict } = self;
        if let Some(machine) = machine {
            machine.event(event, value.as_ref(), &mut |message| verdict.offend(message));
        }
    }

    /// The stream has ended.
    pub fn end(mut self) -> Verdict {
        let Judge { machine, verdict } = &mut self;
        if let Some(machine) = machine {
            verdict.events += 1;
            machine.end(&mut |message| verdict.offend(message));
            verdict.events -= 1;
        }
        self.verdict
    }

    fn settle(&mut self, grammar: &'static Grammar) {
        self.verdict.grammar = Some(grammar.name);
        self.machine = Some((grammar.protocol)());
    }
}

impl Verdict {
    fn offend(&mut self, message: String) {
        if self.offences.len() < MOST_OFFENCES {
            self.offences.push(Offence { event: self.events, message });
        } else {
            self.more += 1;
        }
    }
}

/// Judges the bytes of a whole stream.
pub fn check(framing: Framing, grammar: Option<&'static Grammar>, bytes: &[u8]) -> Verdict {
    let mut judge = Judge::new(grammar);
    let mut decoder = Decoder::new(framing, MOST_EVENT);
    let events = decoder.feed(bytes);
    let broken = match events {
        Ok(events) => {
            for event in events.into_iter().chain(decoder.finish()) {
                judge.take(&event);
            }
            if decoder.is_mid_event() {
                Some("the stream ends in the middle of an event".to_owned())
            } else {
                (framing == Framing::JsonArray && !decoder.is_closed()).then(|| "the array is not closed".to_owned())
            }
        }
        Err(unreadable) => Some(unreadable.to_string()),
    };
    if let Some(broken) = broken {
        judge.verdict.events += 1;
        judge.verdict.offend(broken);
        judge.verdict.events -= 1;
        return judge.verdict;
    }
    judge.end()
}

/// The text under a key.
fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// The whole number under a key.
fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

/// Whether pieces of tool arguments join to a JSON object; nothing at all is read as `{}`.
fn is_object(arguments: &str) -> bool {
    arguments.is_empty() || serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object())
}
