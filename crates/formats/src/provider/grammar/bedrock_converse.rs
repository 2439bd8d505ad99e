//! Events of Bedrock's `ConverseStream` (API reference, "`ConverseStreamOutput`"), ended by `metadata`, which also states the
//! counts. The name of an event stands in its frame, not in its data.

use serde_json::Value;

use super::super::protocol::ConverseEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "converse-events", owns, take, usage, protocol: || Box::<ConverseEvents>::default() };

/// Every event that is no exception.
const NAMES: [&str; 6] = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];

fn owns(event: &Event, _value: Option<&Value>) -> bool {
    event.name.as_deref().is_some_and(|name| NAMES.contains(&name))
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    let name = event.name.as_deref().unwrap_or_default();
    let known = event.exception || NAMES.contains(&name);
    let Some(value) = value.filter(|value| value.is_object()) else { return reading.event(false) };
    if name == "metadata" {
        reading.facts.usage = usage(value).or(reading.facts.usage);
        reading.facts.usage_only |= reading.facts.usage.is_some();
        return reading.terminator();
    }
    reading.event(known);
    let block = value.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0);
    let piece = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    if let Some(text) = piece("/delta/text") {
        reading.text(text);
    }
    if let Some(input) = piece("/delta/toolUse/input") {
        reading.arguments(block, input);
    }
    if value.pointer("/start/toolUse").is_some() {
        reading.arguments(block, "");
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usage").filter(|usage| usage.get("inputTokens").is_some())?;
    Some(StatedUsage { input: tokens(usage.get("inputTokens")), output: tokens(usage.get("outputTokens")) })
}
