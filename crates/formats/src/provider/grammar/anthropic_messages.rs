//! Events of Anthropic's messages (API reference, "Streaming messages"), ended by `message_stop`.
//!
//! Counts are final in `message_delta`; those of `message_start` are not yet the answer's, so a stream that was cut
//! before it states no usage.

use serde_json::Value;

use super::super::protocol::MessageEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "message-events", owns, take, usage, protocol: || Box::<MessageEvents>::default() };

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    let kind = value.and_then(|event| event.get("type")).and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("message_") || kind.starts_with("content_block_") || kind == "ping" || kind == "error")
}

fn take(reading: &mut Reading, _event: &Event, value: Option<&Value>) {
    let kind = value.and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or_default();
    if kind == "message_stop" {
        return reading.terminator();
    }
    reading.event(!kind.is_empty());
    let Some(value) = value else { return };
    match kind {
        "message_start" => reading.opening_input = value.pointer("/message/usage/input_tokens").map(|count| tokens(Some(count))),
        "message_delta" => {
            if let Some(stated) = value.get("usage") {
                let input = stated.get("input_tokens").map(|count| tokens(Some(count))).or(reading.opening_input).unwrap_or(0);
                reading.facts.usage = Some(StatedUsage { input, output: tokens(stated.get("output_tokens")) });
                reading.facts.usage_only |= value.get("delta").is_none_or(|delta| delta.as_object().is_some_and(serde_json::Map::is_empty));
            }
        }
        "content_block_start" if value.pointer("/content_block/type").and_then(Value::as_str) == Some("tool_use") => {
            reading.arguments(block(value), "");
        }
        "content_block_delta" => take_delta(reading, value),
        _ => {}
    }
}

fn take_delta(reading: &mut Reading, value: &Value) {
    let piece = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    if let Some(text) = piece("/delta/text") {
        reading.text(text);
    }
    if let Some(json) = piece("/delta/partial_json") {
        reading.arguments(block(value), json);
    }
}

fn block(value: &Value) -> u64 {
    value.get("index").and_then(Value::as_u64).unwrap_or(0)
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.get("usage").filter(|usage| usage.get("input_tokens").is_some())?;
    Some(StatedUsage { input: tokens(usage.get("input_tokens")), output: tokens(usage.get("output_tokens")) })
}
