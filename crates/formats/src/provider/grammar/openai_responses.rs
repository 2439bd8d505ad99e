//! Events of OpenAI's responses (API reference, "Streaming events"), ended by `response.completed`, or by
//! `response.incomplete` or `response.failed`. That last event carries the counts; there is no terminator beside it.

use serde_json::Value;

use super::super::protocol::ResponseEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "response-events", owns, take, usage, protocol: || Box::<ResponseEvents>::default() };

const LAST: [&str; 3] = ["response.completed", "response.incomplete", "response.failed"];

fn kind(value: Option<&Value>) -> &str {
    value.and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or_default()
}

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    kind(value).starts_with("response.")
}

fn take(reading: &mut Reading, _event: &Event, value: Option<&Value>) {
    let kind = kind(value);
    if LAST.contains(&kind) {
        if let Some(stated) = value.and_then(|event| event.get("response")).and_then(usage) {
            reading.facts.usage = Some(stated);
        }
        return reading.terminator();
    }
    reading.event(kind.starts_with("response.") || kind == "error");
    let Some(value) = value else { return };
    let piece = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let item = value.get("output_index").and_then(Value::as_u64).unwrap_or(0);
    match kind {
        "response.output_text.delta" => reading.text(piece("delta")),
        "response.function_call_arguments.delta" => reading.arguments(item, piece("delta")),
        "response.output_item.added" if value.pointer("/item/type").and_then(Value::as_str) == Some("function_call") => {
            reading.arguments(item, "");
        }
        _ => {}
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    if value.get("object").and_then(Value::as_str) != Some("response") {
        return None;
    }
    let usage = value.get("usage").filter(|usage| usage.get("input_tokens").is_some())?;
    Some(StatedUsage { input: tokens(usage.get("input_tokens")), output: tokens(usage.get("output_tokens")) })
}
