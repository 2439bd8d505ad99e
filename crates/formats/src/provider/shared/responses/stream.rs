//! Streaming answers (OpenAI's API reference, "Streaming events"): a whole response, told event by event. Events are
//! numbered from 0, and the last one carries the whole response, so no `[DONE]` follows.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::openai;
use super::super::respond::named_frame;
use super::super::text::slices;
use crate::exchange::{ErrorReply, Frame, FrameKind};
use crate::provider::Moment;

/// An error after the stream has begun. The vendor sends it nested, where its official clients look for it, and documents
/// it flat, where others do; this one can be read both ways. Clients want a text as code, so the type stands in for one.
pub(in crate::provider) fn error_event(error: &ErrorReply, moment: Moment<'_>) -> Frame {
    let mut body = openai::envelope(error);
    let error = body.get_mut("error").map(Value::take).unwrap_or_default();
    let member = |key: &str| error.get(key).cloned().unwrap_or_default();
    let code = if member("code").is_null() { member("type") } else { member("code") };
    let event = json!({
        "type": "error",
        "sequence_number": moment.events,
        "code": code,
        "message": member("message"),
        "param": member("param"),
        "error": { "type": member("type"), "code": code, "message": member("message"), "param": member("param") },
    });
    named_frame(FrameKind::Closing, "error", &event)
}

/// The events of a response. Text is cut into slices of at most `chunk_size` UTF-16 code units.
pub(super) fn frames(response: &Value, chunk_size: usize) -> Vec<Frame> {
    let mut events = Events { frames: Vec::new(), chunk_size };
    let begun = begun(response);
    events.response("response.created", FrameKind::Prelude, &begun);
    events.response("response.in_progress", FrameKind::Prelude, &begun);
    for (index, item) in response.get("output").and_then(Value::as_array).into_iter().flatten().enumerate() {
        events.item(index, item);
    }
    let last = match text(response, "status") {
        "incomplete" => "response.incomplete",
        "failed" => "response.failed",
        _ => "response.completed",
    };
    events.response(last, FrameKind::Terminal, response);
    events.frames
}

/// The response as it stands when it begins.
fn begun(response: &Value) -> Value {
    let mut begun = response.clone();
    if let Some(members) = begun.as_object_mut() {
        members.shift_remove("completed_at");
        for (key, value) in [
            ("status", json!("in_progress")),
            ("error", Value::Null),
            ("incomplete_details", Value::Null),
            ("output", json!([])),
            ("usage", Value::Null),
        ] {
            members.insert(key.to_owned(), value);
        }
    }
    begun
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An item before anything of it is said: these members in place of its own.
fn opened(item: &Value, members: Value) -> Value {
    let mut opened = item.clone();
    if let (Some(opened), Value::Object(members)) = (opened.as_object_mut(), members) {
        opened.extend(members);
    }
    opened
}

/// Events so far; each one's number is how many came before.
struct Events {
    frames: Vec<Frame>,
    chunk_size: usize,
}

/// What every event says first.
#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    sequence_number: usize,
}

/// A piece of an item.
#[derive(Serialize)]
struct Slice<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    sequence_number: usize,
    item_id: &'a str,
    output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<usize>,
    delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
}

/// Where in the answer an event belongs.
#[derive(Clone, Copy)]
struct Spot<'a> {
    item_id: &'a str,
    output_index: usize,
    content_index: Option<usize>,
    summary_index: Option<usize>,
}

impl Events {
    fn push(&mut self, kind: FrameKind, name: &str, event: &impl Serialize) {
        self.frames.push(named_frame(kind, name, event));
    }

    /// An event about the response as a whole.
    fn response(&mut self, name: &str, kind: FrameKind, response: &Value) {
        #[derive(Serialize)]
        struct Event<'a> {
            #[serde(flatten)]
            head: Head<'a>,
            response: &'a Value,
        }
        let head = Head { kind: name, sequence_number: self.frames.len() };
        self.push(kind, name, &Event { head, response });
    }

    /// An event about an item as a whole.
    fn whole_item(&mut self, name: &str, kind: FrameKind, output_index: usize, item: &Value) {
        #[derive(Serialize)]
        struct Event<'a> {
            #[serde(flatten)]
            head: Head<'a>,
            output_index: usize,
            item: &'a Value,
        }
        let head = Head { kind: name, sequence_number: self.frames.len() };
        self.push(kind, name, &Event { head, output_index, item });
    }

    /// An event about a part of an item; `more` are its own members.
    fn part(&mut self, name: &str, kind: FrameKind, spot: Spot<'_>, more: &[(&str, Value)]) {
        let mut event = json!({
            "type": name,
            "sequence_number": self.frames.len(),
            "item_id": spot.item_id,
            "output_index": spot.output_index,
        });
        if let Some(members) = event.as_object_mut() {
            let index = |key: &str, index: Option<usize>| index.map(|index| (key.to_owned(), json!(index)));
            members.extend(index("content_index", spot.content_index).into_iter().chain(index("summary_index", spot.summary_index)));
            members.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        }
        self.push(kind, name, &event);
    }

    /// The slices of a text, each as an event.
    fn deltas(&mut self, name: &str, spot: Spot<'_>, text: &str, with_logprobs: bool) {
        for slice in slices(text, self.chunk_size) {
            let event = Slice {
                kind: name,
                sequence_number: self.frames.len(),
                item_id: spot.item_id,
                output_index: spot.output_index,
                content_index: spot.content_index,
                summary_index: spot.summary_index,
                delta: slice,
                logprobs: with_logprobs.then_some([]),
            };
            self.push(FrameKind::Token, name, &event);
        }
    }

    fn item(&mut self, output_index: usize, item: &Value) {
        let spot = Spot { item_id: text(item, "id"), output_index, content_index: None, summary_index: None };
        let kind = text(item, "type");
        let begin = match kind {
            "message" => opened(item, json!({ "status": "in_progress", "content": [] })),
            "function_call" => opened(item, json!({ "status": "in_progress", "arguments": "" })),
            "custom_tool_call" => opened(item, json!({ "status": "in_progress", "input": "" })),
            "web_search_call" => opened(item, json!({ "status": "in_progress" })),
            "reasoning" => {
                let mut begin = opened(item, json!({ "summary": [] }));
                begin.as_object_mut().map(|members| members.shift_remove("encrypted_content"));
                begin
            }
            _ => item.clone(),
        };
        self.whole_item("response.output_item.added", FrameKind::Prelude, output_index, &begin);
        match kind {
            "message" => self.message(spot, item),
            "reasoning" => self.reasoning(spot, item),
            "function_call" => self.arguments("response.function_call_arguments", "arguments", spot, item),
            "custom_tool_call" => self.arguments("response.custom_tool_call_input", "input", spot, item),
            "web_search_call" => {
                self.part("response.web_search_call.in_progress", FrameKind::Prelude, spot, &[]);
                self.part("response.web_search_call.searching", FrameKind::Prelude, spot, &[]);
                self.part("response.web_search_call.completed", FrameKind::Closing, spot, &[]);
            }
            _ => {}
        }
        self.whole_item("response.output_item.done", FrameKind::Closing, output_index, item);
    }

    fn message(&mut self, spot: Spot<'_>, item: &Value) {
        for (index, part) in item.get("content").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let spot = Spot { content_index: Some(index), ..spot };
            let said = text(part, "text");
            let begin = if part.get("text").is_some() { opened(part, json!({ "text": "" })) } else { part.clone() };
            self.part("response.content_part.added", FrameKind::Prelude, spot, &[("part", begin)]);
            if text(part, "type") == "output_text" {
                self.deltas("response.output_text.delta", spot, said, true);
                let done = [("text", json!(said)), ("logprobs", json!([]))];
                self.part("response.output_text.done", FrameKind::Closing, spot, &done);
            }
            self.part("response.content_part.done", FrameKind::Closing, spot, &[("part", part.clone())]);
        }
    }

    fn reasoning(&mut self, spot: Spot<'_>, item: &Value) {
        for (index, part) in item.get("summary").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let spot = Spot { summary_index: Some(index), ..spot };
            let said = text(part, "text");
            let begin = opened(part, json!({ "text": "" }));
            self.part("response.reasoning_summary_part.added", FrameKind::Prelude, spot, &[("part", begin)]);
            self.deltas("response.reasoning_summary_text.delta", spot, said, false);
            self.part("response.reasoning_summary_text.done", FrameKind::Closing, spot, &[("text", json!(said))]);
            self.part("response.reasoning_summary_part.done", FrameKind::Closing, spot, &[("part", part.clone())]);
        }
    }

    fn arguments(&mut self, name: &str, key: &str, spot: Spot<'_>, item: &Value) {
        let said = text(item, key);
        self.deltas(&format!("{name}.delta"), spot, said, false);
        self.part(&format!("{name}.done"), FrameKind::Closing, spot, &[(key, json!(said))]);
    }
}
