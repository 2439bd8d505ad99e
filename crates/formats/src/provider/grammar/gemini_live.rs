//! Messages of one turn of Gemini Live (API reference, "Live API"), ended by `turnComplete`, or by usage alone where
//! functions were called and the turn waits for their answers.

use serde_json::Value;

use super::super::protocol::LiveMessages;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "live-messages", owns, take, usage, protocol: || Box::<LiveMessages>::default() };

const OWN: [&str; 3] = ["serverContent", "toolCall", "setupComplete"];

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    value.is_some_and(|value| OWN.iter().any(|key| value.get(key).is_some()))
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    let Some(value) = value else { return reading.event(false) };
    if let Some(stated) = usage(value) {
        reading.facts.usage = Some(stated);
    }
    let says = owns(event, Some(value));
    let complete = value.pointer("/serverContent/turnComplete").and_then(Value::as_bool) == Some(true);
    if complete || (!says && value.get("usageMetadata").is_some()) {
        reading.facts.usage_only |= !says;
        return reading.terminator();
    }
    reading.event(says || value.get("error").is_some());
    for part in value.pointer("/serverContent/modelTurn/parts").and_then(Value::as_array).into_iter().flatten() {
        let thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
        if let Some(text) = part.get("text").and_then(Value::as_str).filter(|_| !thought) {
            reading.text(text);
        }
    }
    for call in value.pointer("/toolCall/functionCalls").and_then(Value::as_array).into_iter().flatten() {
        let number = reading.arguments.len() as u64;
        reading.arguments(number, &call.get("args").map(Value::to_string).unwrap_or_default());
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usageMetadata").filter(|usage| usage.get("responseTokenCount").is_some())?;
    let output = ["responseTokenCount", "thoughtsTokenCount"].map(|key| tokens(usage.get(key)));
    Some(StatedUsage {
        input: tokens(usage.get("promptTokenCount")),
        output: output.iter().fold(0, |sum, count| sum.saturating_add(*count)),
    })
}
