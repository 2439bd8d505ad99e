//! Events of Cohere's chat: `message-start`, a plan, entries of the content and tool calls one after the other, citations
//! anywhere between, `message-end`.
//!
//! Source: Cohere's API reference, "Chat with Streaming", and its guide to streaming responses.

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

/// Where a stream of events stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct CohereEvents {
    stage: Stage,
    /// Entries of the content, and tool calls, that were begun.
    contents: u64,
    calls: u64,
    open: Option<Open>,
    citations: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Before,
    Message,
    /// `message-end` has come.
    Ended,
    /// `[DONE]` has come.
    Done,
}

#[derive(Debug)]
enum Open {
    Content { index: u64, kind: String },
    Call { index: u64, arguments: String },
}

impl Open {
    fn shown(&self) -> String {
        match self {
            Open::Content { index, .. } => format!("content {index}"),
            Open::Call { index, .. } => format!("tool call {index}"),
        }
    }

    /// Whether it is what an event of this type ends.
    fn is(&self, end: &str, wanted: Option<u64>) -> bool {
        match self {
            Open::Content { index, .. } => end == "content-end" && Some(*index) == wanted,
            Open::Call { index, .. } => end == "tool-call-end" && Some(*index) == wanted,
        }
    }
}

type Say<'s> = &'s mut dyn FnMut(String);

impl Protocol for CohereEvents {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        if self.stage == Stage::Done {
            say("an event comes after `[DONE]`".to_owned());
        }
        if event.data.as_deref().is_some_and(|data| data.trim() == "[DONE]") {
            if self.stage < Stage::Ended {
                say("`[DONE]` comes before `message-end`".to_owned());
            }
            self.stage = Stage::Done;
            return;
        }
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        let Some(kind) = text(value, "type") else { return say("its data has no `type`".to_owned()) };
        if let Some(name) = event.name.as_deref().filter(|name| *name != kind) {
            say(format!("it is named `{name}`, and its data is of type `{kind}`"));
        }
        if self.stage == Stage::Ended {
            say("an event comes after `message-end`".to_owned());
        }
        if self.stage == Stage::Before && !matches!(kind, "message-start" | "message-end") {
            say(format!("`{kind}` comes before `message-start`"));
        }
        match kind {
            "message-start" => self.start(value, say),
            "content-start" => self.start_content(value, say),
            "content-delta" => self.take_content(value, say),
            "tool-plan-delta" if value.pointer("/delta/message/tool_plan").is_none_or(|plan| !plan.is_string()) => {
                say("a `tool-plan-delta` has no text `tool_plan`".to_owned());
            }
            "tool-call-start" => self.start_call(value, say),
            "tool-call-delta" => self.take_call(value, say),
            "content-end" | "tool-call-end" => self.close(kind, value, say),
            "citation-start" => self.start_citation(value, say),
            "citation-end" => self.end_citation(value, say),
            "message-end" => self.end_message(value, say),
            // Events of a kind that is new are passed over.
            _ => {}
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.stage < Stage::Ended {
            say("the stream ends without `message-end`".to_owned());
        }
    }
}

impl CohereEvents {
    fn start(&mut self, value: &Value, say: Say<'_>) {
        if self.stage == Stage::Message {
            say("`message-start` comes a second time".to_owned());
        }
        self.stage = self.stage.max(Stage::Message);
        if text(value, "id").is_none_or(str::is_empty) {
            say("`message-start` has no `id`".to_owned());
        }
    }

    /// One thing is said after the other.
    fn begin(&mut self, what: &str, index: Option<u64>, due: u64, say: Say<'_>) {
        if let Some(open) = &self.open {
            say(format!("a {what} begins while {} is open", open.shown()));
        }
        if index != Some(due) {
            say(format!("a {what} begins with index {}, and {due} is due", shown(index)));
        }
    }

    fn start_content(&mut self, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        self.begin("content", index, self.contents, say);
        let kind = value.pointer("/delta/message/content/type").and_then(Value::as_str);
        if kind.is_none() {
            say("a content begins without `type`".to_owned());
        }
        self.open = Some(Open::Content { index: index.unwrap_or(self.contents), kind: kind.unwrap_or_default().to_owned() });
        self.contents += 1;
    }

    fn take_content(&mut self, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        let kind = match &self.open {
            Some(Open::Content { index: open, kind }) if Some(*open) == index => kind,
            _ => return say(format!("a delta is for content {}, which is not open", shown(index))),
        };
        let content = value.pointer("/delta/message/content").unwrap_or(&Value::Null);
        let fits = content.get(kind.as_str()).is_some_and(Value::is_string);
        if matches!(kind.as_str(), "text" | "thinking") && !fits {
            say(format!("a delta of a content of type `{kind}` has no `{kind}`"));
        }
    }

    fn start_call(&mut self, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        self.begin("tool call", index, self.calls, say);
        let call = value.pointer("/delta/message/tool_calls").unwrap_or(&Value::Null);
        if text(call, "id").is_none_or(str::is_empty) {
            say("a tool call begins without `id`".to_owned());
        }
        if call.get("function").and_then(|function| text(function, "name")).is_none_or(str::is_empty) {
            say("a tool call begins without `name`".to_owned());
        }
        let arguments = call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.open = Some(Open::Call { index: index.unwrap_or(self.calls), arguments });
        self.calls += 1;
    }

    fn take_call(&mut self, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        let Some(Open::Call { arguments, .. }) = self.open.as_mut().filter(|open| open.is("tool-call-end", index)) else {
            return say(format!("a delta is for tool call {}, which is not open", shown(index)));
        };
        match value.pointer("/delta/message/tool_calls/function/arguments").and_then(Value::as_str) {
            Some(piece) => arguments.push_str(piece),
            None => say("a delta of a tool call has no text `arguments`".to_owned()),
        }
    }

    fn close(&mut self, kind: &str, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        match self.open.take() {
            Some(open) if open.is(kind, index) => {
                // A tool without parameters is called with `null`.
                if let Open::Call { index, arguments } = open
                    && !is_object(&arguments)
                    && arguments.trim() != "null"
                {
                    say(format!("the arguments of tool call {index} do not join to a JSON object"));
                }
            }
            open => {
                say(format!("`{kind}` comes for index {}, which is not open", shown(index)));
                self.open = open;
            }
        }
    }

    fn start_citation(&mut self, value: &Value, say: Say<'_>) {
        let citation = value.pointer("/delta/message/citations").filter(|citation| citation.is_object());
        if citation.is_none() {
            say("a citation begins without `citations`".to_owned());
        }
        match number(value, "index") {
            Some(index) if self.citations.contains(&index) => say(format!("citation {index} begins a second time")),
            Some(index) => self.citations.push(index),
            None => say("a citation begins without `index`".to_owned()),
        }
    }

    fn end_citation(&mut self, value: &Value, say: Say<'_>) {
        let index = number(value, "index");
        match self.citations.iter().position(|open| Some(*open) == index) {
            Some(place) => drop(self.citations.swap_remove(place)),
            None => say(format!("citation {} ends, which is not open", shown(index))),
        }
    }

    fn end_message(&mut self, value: &Value, say: Say<'_>) {
        let failed = value.pointer("/delta/error").is_some_and(|error| !error.is_null());
        let began = self.stage != Stage::Before;
        self.stage = Stage::Ended;
        if failed {
            return;
        }
        if !began {
            say("`message-end` comes before `message-start`".to_owned());
        }
        if let Some(open) = &self.open {
            say(format!("the message ends while {} is open", open.shown()));
        }
        if let Some(index) = self.citations.first() {
            say(format!("the message ends while citation {index} is open"));
        }
        match value.pointer("/delta/finish_reason").and_then(Value::as_str) {
            None => say("`message-end` has no `finish_reason`".to_owned()),
            Some("TOOL_CALL") if self.calls == 0 => say("the finish reason is `TOOL_CALL`, and no tool is called".to_owned()),
            Some(_) => {}
        }
    }
}

fn shown(index: Option<u64>) -> String {
    index.map_or_else(|| "none".to_owned(), |index| index.to_string())
}
