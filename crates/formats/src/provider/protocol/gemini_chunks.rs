//! Responses of Gemini that arrive in parts: candidates, each until its finish reason. No event says that the stream is
//! over.
//!
//! Source: Gemini API reference, "`GenerateContentResponse`" and "`FinishReason`".

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Protocol, number, text};
use crate::wire::Event;

/// Members of a part that hold its content, in both spellings that clients read.
const CONTENT: [&str; 14] = [
    "text",
    "inlineData",
    "inline_data",
    "functionCall",
    "function_call",
    "functionResponse",
    "function_response",
    "fileData",
    "file_data",
    "executableCode",
    "codeExecutionResult",
    "thoughtSignature",
    "toolCall",
    "toolResponse",
];

/// Where a stream of responses stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct GeminiChunks {
    id: Option<String>,
    /// Candidates that were begun, and those with a finish reason.
    begun: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    /// The prompt was blocked, or an error came.
    over: bool,
}

impl Protocol for GeminiChunks {
    fn event(&mut self, _event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        if self.over {
            say("an event comes after the stream has failed, or its prompt was blocked".to_owned());
        }
        if value.get("error").is_some() {
            self.over = true;
            return;
        }
        if let Some(id) = text(value, "responseId") {
            match &self.id {
                Some(first) if first != id => say(format!("its `responseId` is `{id}`, and the stream began with `{first}`")),
                Some(_) => {}
                None => self.id = Some(id.to_owned()),
            }
        }
        self.over |= value.pointer("/promptFeedback/blockReason").is_some();
        let candidates = value.get("candidates").and_then(Value::as_array);
        if candidates.is_none() && !["promptFeedback", "usageMetadata"].iter().any(|key| value.get(key).is_some()) {
            say("it has neither `candidates` nor `promptFeedback` nor `usageMetadata`".to_owned());
        }
        for candidate in candidates.into_iter().flatten() {
            self.take_candidate(candidate, say);
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.over {
            return;
        }
        if self.begun.is_empty() {
            say("the stream ends without a candidate".to_owned());
        }
        for index in self.begun.difference(&self.finished) {
            say(format!("candidate {index} has no `finishReason`"));
        }
    }
}

impl GeminiChunks {
    fn take_candidate(&mut self, candidate: &Value, say: &mut dyn FnMut(String)) {
        let index = number(candidate, "index").unwrap_or(0);
        self.begun.insert(index);
        let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
        if self.finished.contains(&index) && parts.is_some_and(|parts| !parts.is_empty()) {
            say(format!("candidate {index} goes on after its finish reason"));
        }
        for part in parts.into_iter().flatten() {
            if !CONTENT.iter().any(|key| part.get(key).is_some()) {
                say("a part has no content".to_owned());
            }
            let call = part.get("functionCall").or_else(|| part.get("function_call"));
            if call.is_some_and(|call| text(call, "name").is_none_or(str::is_empty)) {
                say("a function call has no `name`".to_owned());
            }
            if call.and_then(|call| call.get("args")).is_some_and(|args| !args.is_object()) {
                say("the `args` of a function call are no object".to_owned());
            }
        }
        if candidate.get("finishReason").is_some_and(Value::is_string) && !self.finished.insert(index) {
            say(format!("candidate {index} finishes a second time"));
        }
    }
}
