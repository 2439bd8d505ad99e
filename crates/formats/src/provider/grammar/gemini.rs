//! Responses of Gemini (API reference, "`GenerateContentResponse`"), as events or as elements of an array. No event says
//! that the stream is over: the one with the finish reason is the last that says anything.

use serde_json::Value;

use super::super::protocol::GeminiChunks;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "gemini-chunks", owns, take, usage, protocol: || Box::<GeminiChunks>::default() };

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.get("candidates").is_some() || value.get("promptFeedback").is_some())
}

fn take(reading: &mut Reading, _event: &Event, value: Option<&Value>) {
    let known = |value: &Value| ["candidates", "promptFeedback", "usageMetadata", "error"].iter().any(|key| value.get(key).is_some());
    reading.event(value.is_some_and(known));
    let Some(value) = value else { return };
    if let Some(stated) = usage(value) {
        reading.facts.usage = Some(stated);
        reading.facts.usage_only |= value.get("candidates").is_none() && value.get("promptFeedback").is_none();
    }
    if value.pointer("/promptFeedback/blockReason").is_some() {
        reading.terminator();
    }
    for candidate in value.get("candidates").and_then(Value::as_array).into_iter().flatten() {
        let is_first = candidate.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter(|_| is_first) {
            take_part(reading, part);
        }
        if candidate.get("finishReason").is_some_and(Value::is_string) {
            reading.terminator();
        }
    }
}

fn take_part(reading: &mut Reading, part: &Value) {
    let thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
    if let Some(text) = part.get("text").and_then(Value::as_str).filter(|_| !thought) {
        reading.text(text);
    }
    if let Some(call) = part.get("functionCall") {
        let number = reading.arguments.len() as u64;
        reading.arguments(number, &call.get("args").map(Value::to_string).unwrap_or_default());
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usageMetadata").filter(|usage| usage.get("promptTokenCount").is_some())?;
    let output = ["candidatesTokenCount", "thoughtsTokenCount"].map(|key| tokens(usage.get(key)));
    Some(StatedUsage {
        input: tokens(usage.get("promptTokenCount")),
        output: output.iter().fold(0, |sum, count| sum.saturating_add(*count)),
    })
}
