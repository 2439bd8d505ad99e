//! Lines of Ollama (API documentation, "Generate a chat completion"), ended by the one with `done: true`, which also states the
//! counts.

use serde_json::Value;

use super::super::protocol::OllamaLines;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "ollama-lines", owns, take, usage, protocol: || Box::<OllamaLines>::default() };

fn is_line(value: &Value) -> bool {
    value.get("done").is_some_and(Value::is_boolean) && ["message", "response"].iter().any(|key| value.get(key).is_some())
}

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    value.is_some_and(is_line)
}

fn take(reading: &mut Reading, _event: &Event, value: Option<&Value>) {
    let Some(value) = value.filter(|value| is_line(value)) else {
        return reading.event(value.is_some_and(|value| value.get("error").is_some()));
    };
    let words = value.get("message").unwrap_or(value);
    let text = ["content", "response"].iter().find_map(|key| words.get(*key)).and_then(Value::as_str);
    reading.text(text.unwrap_or_default());
    for call in words.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let number = reading.arguments.len() as u64;
        reading.arguments(number, &call.pointer("/function/arguments").map(Value::to_string).unwrap_or_default());
    }
    if value.get("done").and_then(Value::as_bool) == Some(true) {
        reading.facts.usage = usage(value).or(reading.facts.usage);
        return reading.terminator();
    }
    reading.event(true);
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let given = value.get("eval_count").filter(|_| is_line(value))?;
    Some(StatedUsage { input: tokens(value.get("prompt_eval_count")), output: tokens(Some(given)) })
}
