//! Events of one turn of OpenAI Realtime (API reference, "Realtime", "Server events"), ended by `response.done`, by the end of
//! a transcription, or by `session.closed` where a translation ends.

use serde_json::Value;

use super::super::protocol::RealtimeEvents;
use super::{Grammar, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "realtime-events", owns, take, usage, protocol: || Box::<RealtimeEvents>::default() };

const LAST: [&str; 4] = [
    "response.done",
    "session.closed",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
];
const BEGINNINGS: [&str; 4] = ["response.", "session.", "conversation.", "input_audio_buffer."];

fn kind(value: Option<&Value>) -> &str {
    value.and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or_default()
}

fn owns(_event: &Event, value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.get("event_id").is_some()) && BEGINNINGS.iter().any(|begin| kind(value).starts_with(begin))
}

fn take(reading: &mut Reading, _event: &Event, value: Option<&Value>) {
    let kind = kind(value);
    let Some(value) = value else { return reading.event(false) };
    let piece = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    if LAST.contains(&kind) {
        if let Some(stated) = usage(value) {
            reading.facts.usage = Some(stated);
        }
        return reading.terminator();
    }
    reading.event(kind == "error" || BEGINNINGS.iter().any(|begin| kind.starts_with(begin)));
    let item = value.get("output_index").and_then(Value::as_u64).unwrap_or(0);
    match kind {
        "response.output_text.delta"
        | "response.output_audio_transcript.delta"
        | "conversation.item.input_audio_transcription.delta"
        | "session.output_transcript.delta" => reading.text(piece("delta")),
        "response.function_call_arguments.delta" => reading.arguments(item, piece("delta")),
        "response.output_item.added" if value.pointer("/item/type").and_then(Value::as_str) == Some("function_call") => {
            reading.arguments(item, "");
        }
        _ => {}
    }
}

/// The counts of a closing event; a whole body of this kind there is not.
fn usage(value: &Value) -> Option<StatedUsage> {
    let usage = value.pointer("/response/usage").or_else(|| value.get("usage").filter(|_| value.get("event_id").is_some()))?;
    usage.get("input_tokens")?;
    Some(StatedUsage { input: tokens(usage.get("input_tokens")), output: tokens(usage.get("output_tokens")) })
}
