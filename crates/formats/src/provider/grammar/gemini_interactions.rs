//! Events of interactions (Gemini API guide, "Streaming interactions"), ended by `[DONE]`.

use serde_json::Value;

use super::super::protocol::InteractionEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "interaction-events", owns, take, usage: of_interaction, protocol: || Box::<InteractionEvents>::default() };

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    let kind = value.and_then(|event| event.get("event_type")).and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("interaction.") || kind.starts_with("step.") || kind == "error")
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    if event.data.as_deref().is_some_and(|data| data.trim() == "[DONE]") {
        return reading.terminator();
    }
    let kind = value.and_then(|event| event.get("event_type")).and_then(Value::as_str).unwrap_or_default();
    reading.event(!kind.is_empty());
    let Some(value) = value else { return };
    let index = value.get("index").and_then(Value::as_u64).unwrap_or(0);
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    match kind {
        "interaction.completed" => reading.facts.usage = value.get("interaction").and_then(of_interaction).or(reading.facts.usage),
        "step.start" if text("/step/type") == Some("function_call") => reading.arguments(index, ""),
        "step.delta" => match text("/delta/type") {
            Some("text") => reading.text(text("/delta/text").unwrap_or_default()),
            Some("arguments_delta") => reading.arguments(index, text("/delta/arguments").unwrap_or_default()),
            _ => {}
        },
        _ => {}
    }
}

fn of_interaction(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usage").filter(|usage| usage.get("total_input_tokens").is_some())?;
    let output = ["total_output_tokens", "total_thought_tokens"].map(|key| tokens(usage.get(key)));
    Some(StatedUsage {
        input: tokens(usage.get("total_input_tokens")),
        output: output.iter().fold(0, |sum, count| sum.saturating_add(*count)),
    })
}
