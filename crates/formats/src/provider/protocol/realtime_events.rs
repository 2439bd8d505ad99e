//! Events of one turn of OpenAI Realtime: a response whose items are opened and closed one after the other, or the pieces of
//! a transcription or translation, then their end.
//!
//! Source: OpenAI's API reference, "Realtime", "Server events".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

const TRANSCRIPTION: &str = "conversation.item.input_audio_transcription.";

/// Where a turn stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct RealtimeEvents {
    ids: BTreeSet<String>,
    response: Option<String>,
    /// Something else than a response is told.
    other: bool,
    failed: bool,
    over: bool,
    /// The item that is open.
    open: Option<Item>,
    /// Items that were closed.
    closed: u64,
}

#[derive(Debug, Default)]
struct Item {
    id: Option<String>,
    pieces: BTreeMap<String, String>,
}

impl Protocol for RealtimeEvents {
    fn event(&mut self, _event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        let Some(kind) = text(value, "type") else { return say("its data has no `type`".to_owned()) };
        match text(value, "event_id") {
            None => say("it has no `event_id`".to_owned()),
            Some(id) if !self.ids.insert(id.to_owned()) => say(format!("its `event_id` `{id}` was used before")),
            Some(_) => {}
        }
        if self.over {
            say("an event comes after the end of the turn".to_owned());
        }
        match kind {
            "error" => self.failed = true,
            "response.created" => self.begin(value, say),
            "response.done" => self.finish(value, say),
            "session.closed" => self.over = true,
            _ if kind.starts_with("response.") => self.part(value, kind, say),
            _ if kind.starts_with(TRANSCRIPTION) => {
                self.other = true;
                if text(value, "item_id").is_none() {
                    say("it has no `item_id`".to_owned());
                }
                self.over |= kind.ends_with(".completed") || kind.ends_with(".failed");
            }
            _ if kind.starts_with("session.") => self.other = true,
            _ => {}
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if !self.over && !self.failed {
            let due = if self.other { "its end" } else { "`response.done`" };
            say(format!("the turn ends without {due}"));
        }
    }
}

impl RealtimeEvents {
    fn begin(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let id = value.pointer("/response/id").and_then(Value::as_str);
        if id.is_none() {
            say("`response.created` has no `response` with an `id`".to_owned());
        }
        if self.response.replace(id.unwrap_or_default().to_owned()).is_some() {
            say("`response.created` comes a second time".to_owned());
        }
    }

    fn finish(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        self.over = true;
        let response = value.get("response");
        if self.response.is_none() {
            say("`response.done` comes before `response.created`".to_owned());
        } else if response.and_then(|response| text(response, "id")) != self.response.as_deref() {
            say("`response.done` is for another response than the one that was created".to_owned());
        }
        let status = response.and_then(|response| text(response, "status"));
        if !matches!(status, Some("completed" | "cancelled" | "failed" | "incomplete")) {
            say("the response is done without a status that ends it".to_owned());
        }
        if self.open.is_some() && status == Some("completed") {
            say("the response is completed while an item is open".to_owned());
        }
    }

    fn part(&mut self, value: &Value, kind: &str, say: &mut dyn FnMut(String)) {
        if self.response.is_none() {
            say(format!("`{kind}` comes before `response.created`"));
        } else if text(value, "response_id") != self.response.as_deref() {
            say(format!("`{kind}` is for another response than the one that was created"));
        }
        match kind {
            "response.output_item.added" => {
                if self.open.is_some() {
                    say("an item begins while another one is open".to_owned());
                }
                if number(value, "output_index") != Some(self.closed) {
                    say(format!("an item begins at another output index than {}", self.closed));
                }
                let id = value.pointer("/item/id").and_then(Value::as_str).map(str::to_owned);
                self.open = Some(Item { id, pieces: BTreeMap::new() });
            }
            "response.output_item.done" => {
                if self.open.take().is_none() {
                    say("an item is done that is not open".to_owned());
                }
                self.closed += 1;
                let item = value.get("item");
                let calls = item.and_then(|item| text(item, "type")) == Some("function_call");
                let arguments = item.and_then(|item| text(item, "arguments"));
                if calls && arguments.is_none_or(|arguments| !is_object(arguments)) {
                    say("the arguments of a call are no JSON object".to_owned());
                }
            }
            _ => self.piece(value, kind, say),
        }
    }

    /// A piece of the open item, or the whole of what came in pieces.
    fn piece(&mut self, value: &Value, kind: &str, say: &mut dyn FnMut(String)) {
        // Events that concern no item are passed over.
        let Some(id) = text(value, "item_id") else { return };
        let Some(item) = self.open.as_mut().filter(|item| item.id.as_deref() == Some(id)) else {
            return say(format!("`{kind}` is for `{id}`, which is not the item that is open"));
        };
        if let (Some(stem), Some(piece)) = (kind.strip_suffix(".delta"), text(value, "delta")) {
            item.pieces.entry(stem.to_owned()).or_default().push_str(piece);
        } else if let Some(stem) = kind.strip_suffix(".done") {
            let whole = ["text", "transcript", "arguments"].iter().find_map(|key| text(value, key));
            if let (Some(whole), Some(joined)) = (whole, item.pieces.get(stem))
                && whole != joined
            {
                say(format!("`{kind}` says something else than its deltas do"));
            }
        }
    }
}
