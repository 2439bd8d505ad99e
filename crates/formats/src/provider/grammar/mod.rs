//! Grammars of streams: what the events of an answer say, read from the bytes that were sent.
//!
//! A [`Reading`] is fed bytes however they are cut and keeps a bounded account of them, so that the journal can tell
//! what a client saw of a stream without keeping the stream. One file a grammar; a codec that none names is read by the
//! shape of its events. Nothing here judges: that is `expect`.

mod anthropic_messages;
mod bedrock_converse;
mod bedrock_invoke;
mod cohere;
mod gemini;
mod gemini_interactions;
mod gemini_live;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod realtime;
#[cfg(test)]
mod tests;

pub(super) use anthropic_messages::GRAMMAR as MESSAGES;
pub(super) use bedrock_converse::GRAMMAR as CONVERSE;
pub(super) use bedrock_invoke::GRAMMAR as INVOKE;
pub(super) use cohere::GRAMMAR as COHERE;
pub(super) use gemini::GRAMMAR as GEMINI;
pub(super) use gemini_interactions::GRAMMAR as INTERACTIONS;
pub(super) use gemini_live::GRAMMAR as LIVE;
pub(super) use ollama::GRAMMAR as OLLAMA;
pub(super) use openai_chat::GRAMMAR as CHAT;
pub(super) use openai_completions::GRAMMAR as COMPLETIONS;
pub(super) use openai_responses::GRAMMAR as RESPONSES;
pub(super) use realtime::GRAMMAR as REALTIME;

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Provider;
use super::protocol::Protocol;
use crate::exchange::{StatedUsage, StreamFacts, TextFacts};
use crate::wire::{Decoder, Event, Framing};

/// Longer events are not read; the stream then counts as one that does not parse.
const MOST_EVENT: usize = 16 * 1024 * 1024;
/// Tool arguments of one stream that are kept to be parsed at its end; longer ones count as no JSON.
const MOST_ARGUMENTS: usize = 4 * 1024 * 1024;

/// A grammar: how the events of one wire format read.
#[derive(Debug)]
pub struct Grammar {
    /// As people are told it.
    pub name: &'static str,
    /// Whether an event of a stream whose codec is unknown looks like this grammar's.
    owns: fn(&Event, Option<&Value>) -> bool,
    /// Takes one event with data; the JSON is that of its data.
    take: fn(&mut Reading, &Event, Option<&Value>),
    /// The counts that a whole body states.
    usage: fn(&Value) -> Option<StatedUsage>,
    /// A machine that judges a stream of it.
    pub(super) protocol: fn() -> Box<dyn Protocol>,
}

/// Every grammar, in the order in which events of unknown codecs are tried.
static ALL: &[&Grammar] =
    &[&INVOKE, &CONVERSE, &REALTIME, &RESPONSES, &COMPLETIONS, &CHAT, &MESSAGES, &GEMINI, &INTERACTIONS, &LIVE, &OLLAMA, &COHERE];

/// The grammar that an event of unknown origin shows.
pub(super) fn recognise(event: &Event, value: Option<&Value>) -> Option<&'static Grammar> {
    ALL.iter().find(|grammar| (grammar.owns)(event, value)).copied()
}

/// The grammar with this name.
pub fn named(name: &str) -> Option<&'static Grammar> {
    ALL.iter().find(|grammar| grammar.name == name).copied()
}

/// The name of every grammar.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|grammar| grammar.name)
}

/// The usage that a whole JSON body states, whatever API it is of.
pub fn stated_usage(body: &[u8]) -> Option<StatedUsage> {
    let value: Value = serde_json::from_slice(body).ok()?;
    ALL.iter().find_map(|grammar| (grammar.usage)(&value))
}

/// The account of one stream of events.
#[derive(Debug)]
pub struct Reading {
    grammar: Option<&'static Grammar>,
    decoder: Decoder,
    /// The decoder gave up on an event that is too long.
    lost: bool,
    facts: StreamFacts,
    text: Sha256,
    arguments: BTreeMap<u64, String>,
    argument_bytes: usize,
    /// Input tokens that the opening event stated, for formats whose closing one leaves them out.
    opening_input: Option<u64>,
}

impl Reading {
    /// A reading of a stream that this codec wrote; `None`: of a stream of unknown kind.
    pub fn new(framing: Framing, codec: Option<&str>) -> Reading {
        Reading {
            grammar: codec.and_then(super::named).and_then(Provider::grammar),
            decoder: Decoder::new(framing, MOST_EVENT),
            lost: false,
            facts: StreamFacts::default(),
            text: Sha256::new(),
            arguments: BTreeMap::new(),
            argument_bytes: 0,
            opening_input: None,
        }
    }

    /// The facts of a whole stream.
    pub fn of(framing: Framing, codec: Option<&str>, bytes: &[u8]) -> StreamFacts {
        let mut reading = Reading::new(framing, codec);
        reading.feed(bytes);
        reading.facts()
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.lost {
            return;
        }
        match self.decoder.feed(bytes) {
            Ok(events) => events.iter().for_each(|event| self.take(event)),
            Err(_) => self.lost = true,
        }
    }

    /// What is known so far.
    pub fn facts(&self) -> StreamFacts {
        let cut = u64::from(self.lost || self.decoder.is_mid_event());
        // A call without a single piece of arguments has none, which every vendor reads as `{}`.
        let parses = |arguments: &String| arguments.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
        let tool_arguments =
            (!self.arguments.is_empty()).then(|| self.argument_bytes <= MOST_ARGUMENTS && self.arguments.values().all(parses));
        let mut facts = StreamFacts { unparsed: self.facts.unparsed + cut, tool_arguments, ..self.facts.clone() };
        if facts.text.characters > 0 {
            facts.text.digest = TextFacts::digest_of(self.text.clone());
        }
        facts
    }

    fn take(&mut self, event: &Event) {
        let Some(data) = &event.data else { return };
        let value = serde_json::from_str::<Value>(data).ok();
        match self.grammar.or_else(|| recognise(event, value.as_ref())) {
            Some(grammar) => (grammar.take)(self, event, value.as_ref()),
            None => self.event(value.as_ref().is_some_and(Value::is_object)),
        }
    }

    /// Counts an event, and whether it is what its format allows.
    fn event(&mut self, parses: bool) {
        self.facts.events += 1;
        self.facts.unparsed += u64::from(!parses);
    }

    fn terminator(&mut self) {
        self.facts.terminated = true;
    }

    fn text(&mut self, piece: &str) {
        self.facts.text.add(piece);
        self.text.update(piece);
    }

    /// A piece of a tool call's arguments; calls are told apart by a number.
    fn arguments(&mut self, call: u64, piece: &str) {
        self.argument_bytes = self.argument_bytes.saturating_add(piece.len());
        let held = self.arguments.entry(call).or_default();
        if self.argument_bytes <= MOST_ARGUMENTS {
            held.push_str(piece);
        }
    }
}

/// A count of tokens; fractions, which fixtures may have, are cut off.
fn tokens(value: Option<&Value>) -> u64 {
    let value = value.and_then(Value::as_f64).filter(|count| *count >= 0.0).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; larger than any count saturates")]
    let count = value as u64;
    count
}
