//! Events of Gemini's interactions: the interaction, its steps one after the other, `[DONE]`.
//!
//! Source: Gemini API guide, "Interactions API", "Streaming".

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

/// Where a stream of events stands.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what has come so far has many sides")]
pub(in crate::provider) struct InteractionEvents {
    created: bool,
    completed: bool,
    failed: bool,
    done: bool,
    /// Steps that were begun.
    steps: u64,
    open: Option<Step>,
}

#[derive(Debug)]
struct Step {
    index: u64,
    is_call: bool,
    arguments: String,
}

impl Protocol for InteractionEvents {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        if self.done {
            return say("an event comes after `[DONE]`".to_owned());
        }
        if event.data.as_deref().is_some_and(|data| data.trim() == "[DONE]") {
            self.done = true;
            return;
        }
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        let Some(kind) = text(value, "event_type") else { return say("its data has no `event_type`".to_owned()) };
        if self.failed {
            say("an event comes after an error".to_owned());
        }
        match kind {
            "error" => self.failed = true,
            "interaction.created" if self.created => say("`interaction.created` comes a second time".to_owned()),
            "interaction.created" => self.created = true,
            _ if !self.created => say(format!("`{kind}` comes before `interaction.created`")),
            "step.start" => self.start(value, say),
            "step.delta" => self.take_delta(value, say),
            "step.stop" => self.stop(value, say),
            "interaction.completed" => {
                if let Some(open) = &self.open {
                    say(format!("the interaction is completed while step {} is open", open.index));
                }
                self.completed = true;
            }
            // Events of a kind that is new are passed over.
            _ => {}
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.failed {
            return;
        }
        if !self.completed {
            say("the stream ends without `interaction.completed`".to_owned());
        } else if !self.done {
            say("the stream ends without `[DONE]`".to_owned());
        }
    }
}

impl InteractionEvents {
    fn start(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        if let Some(open) = &self.open {
            say(format!("a step begins while step {} is open", open.index));
        }
        let index = number(value, "index");
        if index != Some(self.steps) {
            say(format!("a step begins where step {} is due", self.steps));
        }
        let kind = value.pointer("/step/type").and_then(Value::as_str);
        if kind.is_none() {
            say("a step begins without `step.type`".to_owned());
        }
        self.open = Some(Step { index: index.unwrap_or(self.steps), is_call: kind == Some("function_call"), arguments: String::new() });
        self.steps += 1;
    }

    fn take_delta(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let index = number(value, "index");
        let Some(open) = self.open.as_mut().filter(|open| Some(open.index) == index) else {
            return say("a delta is for a step that is not open".to_owned());
        };
        match value.pointer("/delta/type").and_then(Value::as_str) {
            None => say("a delta has no `delta.type`".to_owned()),
            Some("arguments_delta") if !open.is_call => say("an `arguments_delta` is for a step that calls nothing".to_owned()),
            Some("arguments_delta") => {
                open.arguments.push_str(value.pointer("/delta/arguments").and_then(Value::as_str).unwrap_or_default());
            }
            Some(_) => {}
        }
    }

    fn stop(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        match self.open.take() {
            Some(open) if number(value, "index") == Some(open.index) => {
                if !is_object(&open.arguments) {
                    say(format!("the arguments of step {} do not join to a JSON object", open.index));
                }
            }
            open => {
                say("a step ends that is not open".to_owned());
                self.open = open;
            }
        }
    }
}
