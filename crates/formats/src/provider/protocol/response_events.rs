//! Events of OpenAI's responses: numbered, each item opened and closed, ended by the response as it became.
//!
//! Source: OpenAI's API reference, "Responses", "Streaming events".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

/// After one of these nothing follows.
const LAST: [&str; 3] = ["response.completed", "response.incomplete", "response.failed"];

/// Where a stream of events stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct ResponseEvents {
    /// The number that is due.
    due: Option<u64>,
    created: bool,
    failed: bool,
    over: bool,
    /// Open items by output index.
    open: BTreeMap<u64, Item>,
    closed: BTreeSet<u64>,
}

#[derive(Debug, Default)]
struct Item {
    id: Option<String>,
    kind: String,
    /// Pieces by the kind of their event and the index of their part.
    pieces: BTreeMap<(String, u64), String>,
}

impl Protocol for ResponseEvents {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        let Some(kind) = text(value, "type") else { return say("its data has no `type`".to_owned()) };
        if let Some(name) = event.name.as_deref().filter(|name| *name != kind) {
            say(format!("it is named `{name}`, and its data is of type `{kind}`"));
        }
        self.take_number(value, say);
        if self.over || self.failed {
            say("an event comes after the end of the response".to_owned());
        }
        match kind {
            "error" => self.failed = true,
            "response.created" => {
                if std::mem::replace(&mut self.created, true) {
                    say("`response.created` comes a second time".to_owned());
                }
                has_response(value, kind, say);
            }
            _ if !self.created => say(format!("`{kind}` comes before `response.created`")),
            "response.in_progress" | "response.queued" => has_response(value, kind, say),
            "response.output_item.added" => self.open_item(value, say),
            "response.output_item.done" => self.close_item(value, say),
            _ if LAST.contains(&kind) => self.finish(value, kind, say),
            _ => self.take_part(value, kind, say),
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if !self.over && !self.failed {
            say("the stream ends without `response.completed`, `response.incomplete` or `response.failed`".to_owned());
        }
    }
}

impl ResponseEvents {
    fn take_number(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let Some(found) = number(value, "sequence_number") else {
            return say("it has no `sequence_number`".to_owned());
        };
        if let Some(due) = self.due.filter(|due| *due != found) {
            say(format!("its `sequence_number` is {found}, and {due} is due"));
        }
        self.due = Some(found.saturating_add(1));
    }

    fn open_item(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let Some(index) = number(value, "output_index") else { return say("it has no `output_index`".to_owned()) };
        let due = (self.open.len() + self.closed.len()) as u64;
        if index != due {
            say(format!("an item begins at output index {index}, and {due} is due"));
        }
        let item = value.get("item").filter(|item| item.is_object());
        if item.is_none() {
            say("it has no `item`".to_owned());
        }
        let kind = item.and_then(|item| text(item, "type"));
        if kind == Some("function_call") {
            for key in ["call_id", "name"] {
                if item.and_then(|item| text(item, key)).is_none_or(str::is_empty) {
                    say(format!("a `function_call` begins without `{key}`"));
                }
            }
        }
        let id = item.and_then(|item| text(item, "id")).map(str::to_owned);
        self.open.insert(index, Item { id, kind: kind.unwrap_or_default().to_owned(), pieces: BTreeMap::new() });
    }

    fn close_item(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let Some(index) = number(value, "output_index") else { return say("it has no `output_index`".to_owned()) };
        let Some(item) = self.open.remove(&index) else { return say(format!("item {index} is done, which is not open")) };
        self.closed.insert(index);
        let arguments = value.pointer("/item/arguments").and_then(Value::as_str);
        if item.kind == "function_call" && arguments.is_none_or(|arguments| !is_object(arguments)) {
            say(format!("the arguments of item {index} are no JSON object"));
        }
    }

    /// An event of an open item: a piece, or the whole of what came in pieces.
    fn take_part(&mut self, value: &Value, kind: &str, say: &mut dyn FnMut(String)) {
        // Events of a kind that is new, and that concern no item, are passed over.
        let Some(index) = number(value, "output_index") else { return };
        let Some(item) = self.open.get_mut(&index) else {
            return say(format!("`{kind}` is for item {index}, which is not open"));
        };
        if let (Some(own), Some(named)) = (&item.id, text(value, "item_id"))
            && own != named
        {
            say(format!("its `item_id` is `{named}`, and the item at {index} is `{own}`"));
        }
        let part = ["content_index", "summary_index"].iter().find_map(|key| number(value, key)).unwrap_or(0);
        if let (Some(stem), Some(piece)) = (kind.strip_suffix(".delta"), text(value, "delta")) {
            item.pieces.entry((stem.to_owned(), part)).or_default().push_str(piece);
        } else if let Some(stem) = kind.strip_suffix(".done") {
            let whole = ["text", "arguments", "refusal", "input", "code"].iter().find_map(|key| text(value, key));
            let joined = item.pieces.get(&(stem.to_owned(), part));
            if let (Some(whole), Some(joined)) = (whole, joined)
                && whole != joined
            {
                say(format!("`{kind}` says something else than its deltas do"));
            }
        }
    }

    fn finish(&mut self, value: &Value, kind: &str, say: &mut dyn FnMut(String)) {
        has_response(value, kind, say);
        for index in self.open.keys().filter(|_| kind == "response.completed") {
            say(format!("the response is completed while item {index} is open"));
        }
        let status = value.pointer("/response/status").and_then(Value::as_str);
        if status.is_some_and(|status| kind.strip_prefix("response.") != Some(status)) {
            say(format!("`{kind}` carries a response with the status `{}`", status.unwrap_or_default()));
        }
        self.over = true;
    }
}

fn has_response(value: &Value, kind: &str, say: &mut dyn FnMut(String)) {
    if !value.get("response").is_some_and(Value::is_object) {
        say(format!("`{kind}` has no `response`"));
    }
}
