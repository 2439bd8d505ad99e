//! Chunks of chat completions: `delta`s for each choice, its finish reason, the usage chunk, `[DONE]`.
//!
//! Source: OpenAI's API reference, "The chat completion chunk object" and `stream_options`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

const DONE: &str = "[DONE]";

/// Where a stream of chunks stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct ChatChunks {
    id: Option<String>,
    choices: BTreeMap<u64, Choice>,
    usage_seen: bool,
    failed: bool,
    done: bool,
}

#[derive(Debug, Default)]
struct Choice {
    calls: BTreeMap<u64, String>,
    finish: Option<String>,
}

impl Protocol for ChatChunks {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        if self.done {
            return say("an event comes after `[DONE]`".to_owned());
        }
        if event.data.as_deref().is_some_and(|data| data.trim() == DONE) {
            self.done = true;
            return;
        }
        let Some(chunk) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        if self.failed {
            say("an event comes after an error".to_owned());
        }
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            self.failed = true;
            return;
        }
        let Some(choices) = chunk.get("choices").and_then(Value::as_array) else {
            return say("it has no `choices` array".to_owned());
        };
        self.take_head(chunk, choices, say);
        for choice in choices {
            self.take_choice(choice, say);
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.failed {
            return;
        }
        if !self.done {
            say("the stream ends without `[DONE]`".to_owned());
        }
        for (index, choice) in &self.choices {
            if choice.finish.is_none() {
                say(format!("choice {index} has no finish reason"));
            }
            for (call, arguments) in &choice.calls {
                if !is_object(arguments) {
                    say(format!("the arguments of tool call {call} do not join to a JSON object"));
                }
            }
        }
    }
}

impl ChatChunks {
    fn take_head(&mut self, chunk: &Value, choices: &[Value], say: &mut dyn FnMut(String)) {
        if let Some(object) = chunk.get("object").filter(|object| *object != "chat.completion.chunk") {
            say(format!("its `object` is {object}, not \"chat.completion.chunk\""));
        }
        // Azure opens with a chunk of prompt filter results that has an empty id and no choices.
        if let Some(id) = text(chunk, "id").filter(|id| !id.is_empty()) {
            match &self.id {
                Some(first) if first != id => say(format!("its `id` is `{id}`, and the stream began with `{first}`")),
                Some(_) => {}
                None => self.id = Some(id.to_owned()),
            }
        }
        if self.usage_seen && !choices.is_empty() {
            say("a choice comes after the usage chunk".to_owned());
        }
        self.usage_seen |= choices.is_empty() && chunk.get("usage").is_some_and(Value::is_object);
    }

    fn take_choice(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let Some(index) = number(value, "index") else { return say("a choice has no `index`".to_owned()) };
        let choice = self.choices.entry(index).or_default();
        let empty = Value::Null;
        let delta = value.get("delta").unwrap_or(&empty);
        if !delta.is_object() {
            say(format!("choice {index} has no `delta`"));
        }
        if choice.finish.is_some() && says_something(delta) {
            say(format!("choice {index} goes on after its finish reason"));
        }
        if delta.get("content").is_some_and(|content| !content.is_null() && !content.is_string() && !is_entries(content)) {
            say(format!("`delta.content` of choice {index} is neither text nor null"));
        }
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            choice.take_call(call, say);
        }
        if let Some(reason) = text(value, "finish_reason") {
            if reason == "tool_calls" && choice.calls.is_empty() {
                say("the finish reason is `tool_calls`, and no tool was called".to_owned());
            }
            choice.finish = Some(reason.to_owned());
        }
    }
}

impl Choice {
    fn take_call(&mut self, call: &Value, say: &mut dyn FnMut(String)) {
        let Some(index) = number(call, "index") else { return say("a tool call has no `index`".to_owned()) };
        let function = call.get("function");
        if !self.calls.contains_key(&index) {
            if text(call, "id").is_none_or(str::is_empty) {
                say(format!("tool call {index} begins without an `id`"));
            }
            if function.and_then(|function| text(function, "name")).is_none_or(str::is_empty) {
                say(format!("tool call {index} begins without a name"));
            }
            let expected = self.calls.len() as u64;
            if index != expected {
                say(format!("tool call {index} begins where {expected} is due"));
            }
        }
        let piece = function.and_then(|function| text(function, "arguments")).unwrap_or_default();
        self.calls.entry(index).or_default().push_str(piece);
    }
}

/// Whether content is a list of typed entries, in which Mistral sends what its models think (its guide "Reasoning").
fn is_entries(content: &Value) -> bool {
    content.as_array().is_some_and(|entries| entries.iter().all(|entry| text(entry, "type").is_some()))
}

/// Whether a delta has content.
fn says_something(delta: &Value) -> bool {
    let content = delta.get("content");
    let content = content.is_some_and(|content| content.as_str().is_some_and(|text| !text.is_empty()) || content.is_array());
    content || delta.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty())
}
