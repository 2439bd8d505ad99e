//! Events of Cohere's chat (Cohere's API reference, "Chat with Streaming"), ended by `message-end` and, where it is sent,
//! `[DONE]`. The counts stand in `message-end`.

use serde_json::Value;

use super::super::protocol::CohereEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "cohere-events", owns, take, usage, protocol: || Box::<CohereEvents>::default() };

/// How the types of its events begin.
const KINDS: [&str; 5] = ["message-", "content-", "tool-plan-", "tool-call-", "citation-"];

fn kind(value: Option<&Value>) -> Option<&str> {
    let kind = value?.get("type")?.as_str()?;
    KINDS.iter().any(|begin| kind.starts_with(begin)).then_some(kind)
}

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    kind(value).is_some()
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    if event.data.as_deref().is_some_and(|data| data.trim() == "[DONE]") {
        return reading.terminator();
    }
    reading.event(value.is_some_and(|value| value.get("type").is_some()));
    let Some(value) = value else { return };
    let piece = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match kind(Some(value)).unwrap_or_default() {
        "content-start" | "content-delta" => reading.text(piece("/delta/message/content/text")),
        "tool-call-start" | "tool-call-delta" => {
            let index = value.get("index").and_then(Value::as_u64).unwrap_or(0);
            reading.arguments(index, piece("/delta/message/tool_calls/function/arguments"));
        }
        "message-end" => {
            reading.facts.usage = value.get("delta").and_then(usage).or(reading.facts.usage);
            // Older versions send nothing behind it.
            if value.pointer("/delta/error").is_none_or(Value::is_null) {
                reading.terminator();
            }
        }
        _ => {}
    }
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let counts = value.get("usage")?;
    let counts = counts.get("tokens").or(counts.get("billed_units"))?;
    Some(StatedUsage { input: tokens(counts.get("input_tokens")), output: tokens(counts.get("output_tokens")) })
}
