//! Chunks of text completions (OpenAI's API reference, "The completion object"), ended by `[DONE]`.

use serde_json::Value;

use super::super::protocol::CompletionChunks;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "completion-chunks", owns, take, usage, protocol: || Box::<CompletionChunks>::default() };

const DONE: &str = "[DONE]";

fn is_completion(value: &Value) -> bool {
    value.get("object").and_then(Value::as_str) == Some("text_completion")
}

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    value.is_some_and(is_completion)
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
        if choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0 {
            reading.text(choice.get("text").and_then(Value::as_str).unwrap_or_default());
        }
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usage").filter(|usage| is_completion(value) && usage.get("prompt_tokens").is_some())?;
    Some(StatedUsage { input: tokens(usage.get("prompt_tokens")), output: tokens(usage.get("completion_tokens")) })
}
