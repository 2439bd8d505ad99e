//! Events of models that Bedrock invokes with their makers' own bodies (Llama, Mistral, Titan Text): pieces, and why it ends.
//!
//! Source: Amazon Bedrock user guide, "Inference request parameters and response fields".

use serde_json::Value;

use super::{Protocol, is_object};
use crate::wire::Event;

/// Where a stream of pieces stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct InvokeTexts {
    ended: bool,
}

/// What one event says: its text, the arguments of its calls, why the answer ends.
#[derive(Debug, Default)]
pub(in crate::provider) struct TextPiece<'v> {
    pub(in crate::provider) text: &'v str,
    pub(in crate::provider) calls: Vec<&'v str>,
    pub(in crate::provider) stop: Option<&'v str>,
}

/// Reads an event; `None` where it is of none of these models.
pub(in crate::provider) fn text_piece(event: &Value) -> Option<TextPiece<'_>> {
    let of = |value, said, stop| TextPiece { text: str_of(value, said), stop: stop_of(value, stop), ..TextPiece::default() };
    if event.get("generation").is_some_and(Value::is_string) {
        return Some(of(event, "generation", "stop_reason"));
    }
    if event.get("outputText").is_some_and(Value::is_string) {
        return Some(of(event, "outputText", "completionReason"));
    }
    if let Some(output) = event.pointer("/outputs/0") {
        return Some(of(output, "text", "stop_reason"));
    }
    let choice = event.pointer("/choices/0")?;
    let message = choice.get("message").or(choice.get("delta"))?;
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    Some(TextPiece {
        text: str_of(message, "content"),
        calls: calls.filter_map(|call| call.pointer("/function/arguments").and_then(Value::as_str)).collect(),
        stop: stop_of(choice, "stop_reason").or(stop_of(choice, "finish_reason")),
    })
}

fn str_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn stop_of<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

impl Protocol for InvokeTexts {
    fn event(&mut self, _event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(piece) = value.and_then(text_piece) else {
            return say("it holds no piece of a text".to_owned());
        };
        if self.ended {
            say("a piece comes after the one that says why the answer ends".to_owned());
        }
        if piece.calls.iter().any(|arguments| !is_object(arguments)) {
            say("the arguments of a call are no JSON object".to_owned());
        }
        self.ended |= piece.stop.is_some();
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if !self.ended {
            say("the stream ends without a stop reason".to_owned());
        }
    }
}
