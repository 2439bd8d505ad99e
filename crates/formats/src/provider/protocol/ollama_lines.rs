//! Lines of Ollama's chat and completion: words or calls with `done: false`, then one with `done: true`.
//!
//! Source: Ollama's API documentation, "Generate a chat completion" and "Generate a completion".

use serde_json::Value;

use super::{Protocol, text};
use crate::wire::Event;

/// Where a stream of lines stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct OllamaLines {
    /// Whether the words stand in `message`; not known before the first line.
    chat: Option<bool>,
    failed: bool,
    done: bool,
}

impl Protocol for OllamaLines {
    fn event(&mut self, _event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(line) = value.filter(|value| value.is_object()) else {
            return say("the line is no JSON object".to_owned());
        };
        if self.done {
            say("a line comes after the one with `done: true`".to_owned());
        }
        if self.failed {
            say("a line comes after an error".to_owned());
        }
        if line.get("error").is_some_and(|error| !error.is_null()) {
            self.failed = true;
            return;
        }
        let chat = line.get("message").is_some();
        if *self.chat.get_or_insert(chat) != chat {
            say("lines of a chat and of a completion are mixed".to_owned());
        }
        let words = line.get("message").unwrap_or(line);
        let key = if chat { "content" } else { "response" };
        if text(words, key).is_none() {
            say(format!("it has no text `{key}`"));
        }
        if chat && text(words, "role").is_none() {
            say("its `message` has no `role`".to_owned());
        }
        for call in words.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let function = call.get("function").unwrap_or(&Value::Null);
            if text(function, "name").is_none_or(str::is_empty) {
                say("a tool call has no `name`".to_owned());
            }
            if !function.get("arguments").is_some_and(Value::is_object) {
                say("the `arguments` of a tool call are no object".to_owned());
            }
        }
        match line.get("done").and_then(Value::as_bool) {
            None => say("it has no `done`".to_owned()),
            Some(done) => self.done |= done,
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if !self.failed && !self.done {
            say("the stream ends without `done: true`".to_owned());
        }
    }
}
