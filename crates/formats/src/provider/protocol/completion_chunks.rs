//! Chunks of legacy completions: pieces of text for each choice, its finish reason, `[DONE]`.
//!
//! Source: OpenAI's API reference, "Completions", "The completion object".

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Protocol, number, text};
use crate::wire::Event;

/// Where a stream of chunks stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct CompletionChunks {
    /// Whether each choice has its finish reason.
    choices: BTreeMap<u64, bool>,
    failed: bool,
    done: bool,
}

impl Protocol for CompletionChunks {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        if self.done {
            return say("an event comes after `[DONE]`".to_owned());
        }
        if event.data.as_deref().is_some_and(|data| data.trim() == "[DONE]") {
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
        for choice in choices {
            let Some(index) = number(choice, "index") else { return say("a choice has no `index`".to_owned()) };
            let finished = self.choices.entry(index).or_default();
            match text(choice, "text") {
                None => say(format!("choice {index} has no `text`")),
                Some(piece) if *finished && !piece.is_empty() => say(format!("choice {index} goes on after its finish reason")),
                Some(_) => {}
            }
            *finished |= choice.get("finish_reason").is_some_and(Value::is_string);
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.failed {
            return;
        }
        if !self.done {
            say("the stream ends without `[DONE]`".to_owned());
        }
        for (index, _) in self.choices.iter().filter(|(_, finished)| !**finished) {
            say(format!("choice {index} has no finish reason"));
        }
    }
}
