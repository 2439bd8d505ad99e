//! Chunks of chat completions (OpenAI's API reference, "The chat completion chunk object"), ended by `[DONE]`.

use serde_json::Value;

use super::super::protocol::ChatChunks;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "chat-chunks", owns, take, usage, protocol: || Box::<ChatChunks>::default() };

const DONE: &str = "[DONE]";
/// Numbers of tool calls of one choice stay below this.
const CALLS: u64 = 1 << 16;

fn owns(event: &Event, value: Option<&Value>) -> bool {
    event.data.as_deref() == Some(DONE) || value.is_some_and(|value| value.get("choices").is_some())
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    if event.data.as_deref().is_some_and(|data| data.trim() == DONE) {
        return reading.terminator();
    }
    let choices = value.and_then(|chunk| chunk.get("choices")).and_then(Value::as_array);
    let is_error = value.is_some_and(|chunk| chunk.get("error").is_some());
    reading.event(choices.is_some() || is_error);
    if let Some(stated) = value.and_then(usage) {
        reading.facts.usage = Some(stated);
        reading.facts.usage_only |= choices.is_some_and(Vec::is_empty);
    }
    for choice in choices.into_iter().flatten() {
        take_choice(reading, choice);
    }
}

fn take_choice(reading: &mut Reading, choice: &Value) {
    let number = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
    let Some(delta) = choice.get("delta") else { return };
    if let (0, Some(content)) = (number, delta.get("content")) {
        // Mistral's content may be a list of typed entries.
        let entries = content.as_array().into_iter().flatten().filter(|entry| entry.get("type").is_some_and(|kind| kind == "text"));
        let texts = entries.filter_map(|entry| entry.get("text")).chain([content]);
        texts.filter_map(Value::as_str).for_each(|text| reading.text(text));
    }
    for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let index = call.get("index").and_then(Value::as_u64).unwrap_or(0);
        let piece = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default();
        reading.arguments(number.wrapping_mul(CALLS).wrapping_add(index), piece);
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usage").filter(|usage| usage.get("prompt_tokens").is_some())?;
    Some(StatedUsage { input: tokens(usage.get("prompt_tokens")), output: tokens(usage.get("completion_tokens")) })
}
