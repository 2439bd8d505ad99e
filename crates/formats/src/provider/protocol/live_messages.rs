//! Messages of one turn of Gemini Live: contents and calls, then the end of the turn, or usage where calls wait for their
//! answers.
//!
//! Source: Gemini API reference, "Live API".

use serde_json::Value;

use super::{Protocol, text};
use crate::wire::Event;

/// Where a turn stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct LiveMessages {
    called: bool,
    generated: bool,
    /// The turn is complete, or has failed.
    over: bool,
}

impl Protocol for LiveMessages {
    fn event(&mut self, _event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("the message is no JSON object".to_owned());
        };
        if self.over {
            say("a message comes after the end of the turn".to_owned());
        }
        if value.get("error").is_some() {
            self.over = true;
            return;
        }
        let (content, call) = (value.get("serverContent"), value.get("toolCall"));
        match (content, call) {
            (Some(_), Some(_)) => say("a message has both `serverContent` and `toolCall`".to_owned()),
            (Some(content), None) => self.content(content, say),
            (None, Some(call)) => self.call(call, say),
            (None, None) if value.get("usageMetadata").is_some() => self.over |= self.called,
            (None, None) => say("it has neither `serverContent` nor `toolCall` nor `usageMetadata`".to_owned()),
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if !self.over {
            say("the turn ends without `turnComplete`".to_owned());
        }
    }
}

impl LiveMessages {
    fn content(&mut self, content: &Value, say: &mut dyn FnMut(String)) {
        let is = |key: &str| content.get(key).and_then(Value::as_bool) == Some(true);
        if let Some(turn) = content.get("modelTurn") {
            if self.generated {
                say("the model goes on after `generationComplete`".to_owned());
            }
            let parts = turn.get("parts").and_then(Value::as_array);
            if parts.is_none_or(Vec::is_empty) {
                say("its `modelTurn` has no `parts`".to_owned());
            }
        }
        self.generated |= is("generationComplete");
        self.over |= is("turnComplete");
    }

    fn call(&mut self, call: &Value, say: &mut dyn FnMut(String)) {
        self.called = true;
        let calls = call.get("functionCalls").and_then(Value::as_array);
        if calls.is_none_or(Vec::is_empty) {
            say("its `toolCall` has no `functionCalls`".to_owned());
        }
        for call in calls.into_iter().flatten() {
            for key in ["id", "name"] {
                if text(call, key).is_none_or(str::is_empty) {
                    say(format!("a function call has no `{key}`"));
                }
            }
            if !call.get("args").is_some_and(Value::is_object) {
                say("the `args` of a function call are no object".to_owned());
            }
        }
    }
}
