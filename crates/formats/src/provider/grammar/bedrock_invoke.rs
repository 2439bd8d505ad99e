//! Chunks of Bedrock's `InvokeModelWithResponseStream` (API reference, "`PayloadPart`"): the model's own events in base64,
//! here those of Anthropic's messages, of Converse, and of models that send pieces of text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::protocol::{InvokeChunks, text_piece};
use super::{CONVERSE, Grammar, MESSAGES, Reading, tokens};
use crate::exchange::StatedUsage;
use crate::wire::Event;

pub(in crate::provider) static GRAMMAR: Grammar =
    Grammar { name: "invoke-chunks", owns, take, usage: |_| None, protocol: || Box::<InvokeChunks>::default() };

fn owns(event: &Event, value: Option<&Value>) -> bool {
    event.name.as_deref() == Some("chunk") && bytes(value).is_some()
}

fn take(reading: &mut Reading, event: &Event, value: Option<&Value>) {
    if event.exception {
        return reading.event(value.is_some_and(Value::is_object));
    }
    let inner = bytes(value).and_then(|bytes| STANDARD.decode(bytes).ok());
    match inner.and_then(|inner| serde_json::from_slice::<Value>(&inner).ok()) {
        Some(inner) if inner.get("type").is_some() => (MESSAGES.take)(reading, event, Some(&inner)),
        Some(inner) => {
            if let Some(piece) = text_piece(&inner) {
                reading.event(true);
                reading.text(piece.text);
                for arguments in &piece.calls {
                    reading.arguments(reading.arguments.len() as u64, arguments);
                }
                if piece.stop.is_some() {
                    reading.terminator();
                    reading.facts.usage = inner.get("amazon-bedrock-invocationMetrics").map(|metrics| StatedUsage {
                        input: tokens(metrics.get("inputTokenCount")),
                        output: tokens(metrics.get("outputTokenCount")),
                    });
                }
                return;
            }
            // Amazon's own models send Converse's events, each under its name.
            let named = |(name, payload): (&String, &Value)| (Event { name: Some(name.clone()), ..Event::default() }, payload.clone());
            match inner.as_object().and_then(|inner| inner.iter().map(named).find(|(named, payload)| (CONVERSE.owns)(named, Some(payload))))
            {
                Some((named, payload)) => (CONVERSE.take)(reading, &named, Some(&payload)),
                None => reading.event(false),
            }
        }
        None => reading.event(false),
    }
}

fn bytes(value: Option<&Value>) -> Option<&str> {
    value?.get("bytes")?.as_str()
}
