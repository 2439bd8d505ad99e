//! Writing answers of Cohere's chat, whole and as the events of a stream (Cohere's API reference, "Chat" and "Chat with
//! Streaming" of version 2).
//!
//! Order on the wire: thinking, the plan for the tools, then the turn's blocks. Entries of the content and tool calls are
//! numbered apart. Members that would say nothing are left out of a whole answer, as the vendor does; arguments of a tool
//! call that are not JSON become `{}`, whole and streamed alike. Citations are never made up.

use serde_json::{Map, Value, json};

use super::openai::{NOT_A_TURN, unusable};
use super::respond::{event_stream, json as json_answer, named_frame};
use super::text::slices;
use super::usage::{count, tokens};
use super::{cohere, reasoning, video};
use crate::exchange::{Block, Emission, Frame, FrameKind, Reply, Turn};
use crate::provider::Context;
use crate::wire::sse;

/// A reply as an answer, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) if context.request.stream => stream(context, turn),
        Reply::Turn(turn) => whole(context, turn),
        Reply::Error(error) => cohere::encode_error(error, context.moment()),
        _ => cohere::encode_error(&unusable(NOT_A_TURN), context.moment()),
    }
}

fn message_id(context: &mut Context<'_>, turn: &Turn) -> String {
    turn.overrides.id.clone().unwrap_or_else(|| video::uuid(context.ids))
}

/// The vendor's ids begin with the name of the tool.
fn call_id(context: &mut Context<'_>, name: &str, id: Option<&str>) -> String {
    id.map_or_else(|| context.ids.next(&format!("{name}_")), str::to_owned)
}

fn valid(arguments: &str) -> &str {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
    if is_json { arguments } else { "{}" }
}

fn plan(turn: &Turn) -> Option<&str> {
    turn.tool_plan.as_deref().filter(|plan| !plan.is_empty())
}

fn finish_reason(turn: &Turn) -> &str {
    match turn.overrides.finish_reason.as_deref() {
        None if turn.calls_tools() => "TOOL_CALL",
        None | Some("stop") => "COMPLETE",
        Some("tool_calls") => "TOOL_CALL",
        Some("length") => "MAX_TOKENS",
        // The vendor knows no other word for an answer that it does not give.
        Some("content_filter") => "ERROR",
        Some(other) => other,
    }
}

/// Counts of tokens, and what is billed: the same, unless the fixture says otherwise (`billed_input_tokens` …).
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let given = turn.overrides.usage.as_ref().map(|usage| &usage.given);
    let number = |path: &[&str]| {
        let (last, way) = path.split_last()?;
        let within = way.first().map_or(given, |details| given?.get(*details)?.as_object())?;
        within.get(*last).and_then(Value::as_f64).map(count)
    };
    let mut billed = Map::new();
    billed.insert("input_tokens".to_owned(), number(&["billed_input_tokens"]).unwrap_or_else(|| count(tokens.input)).into());
    billed.insert("output_tokens".to_owned(), number(&["billed_output_tokens"]).unwrap_or_else(|| count(tokens.output)).into());
    for key in ["search_units", "classifications"] {
        billed.extend(number(&[key]).map(|number| (key.to_owned(), number.into())));
    }
    let mut used = Map::new();
    used.insert("input_tokens".to_owned(), count(tokens.input).into());
    used.insert("output_tokens".to_owned(), count(tokens.output).into());
    let reasoning = number(&["completion_tokens_details", "reasoning_tokens"]);
    used.extend(reasoning.map(|number| ("reasoning_tokens".to_owned(), number.into())));
    let mut usage = json!({ "billed_units": billed, "tokens": used });
    let cached = number(&["prompt_tokens_details", "cached_tokens"]).or_else(|| number(&["cached_tokens"]));
    if let (Some(usage), Some(cached)) = (usage.as_object_mut(), cached) {
        usage.insert("cached_tokens".to_owned(), cached.into());
    }
    usage
}

/// A turn as one answer.
fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let id = message_id(context, turn);
    let thinking = reasoning::shown(context, turn).map(|thinking| json!({ "type": "thinking", "thinking": thinking }));
    let mut entries: Vec<Value> = thinking.into_iter().collect();
    let mut calls = Vec::new();
    for block in &turn.blocks {
        match block {
            Block::Text(text) => entries.push(json!({ "type": "text", "text": text })),
            Block::ToolCall { name, arguments, id } => {
                let id = call_id(context, name, id.as_deref());
                calls.push(json!({ "id": id, "type": "function", "function": { "name": name, "arguments": valid(arguments) } }));
            }
        }
    }
    let mut message = Map::new();
    message.insert("role".to_owned(), "assistant".into());
    if !entries.is_empty() || calls.is_empty() {
        message.insert("content".to_owned(), entries.into());
    }
    message.extend(plan(turn).map(|plan| ("tool_plan".to_owned(), plan.into())));
    if !calls.is_empty() {
        message.insert("tool_calls".to_owned(), calls.into());
    }
    json_answer(200, &json!({ "id": id, "message": message, "finish_reason": finish_reason(turn), "usage": usage(context, turn) }))
}

/// Collects the events of one stream.
#[derive(Default)]
struct Events {
    frames: Vec<Frame>,
    contents: usize,
    calls: usize,
}

impl Events {
    fn push(&mut self, kind: FrameKind, name: &str, more: Value) {
        let mut event = Map::new();
        event.insert("type".to_owned(), name.into());
        if let Value::Object(more) = more {
            event.extend(more);
        }
        self.frames.push(named_frame(kind, name, &event));
    }

    /// An entry of the content; `kind` names both its type and its text.
    fn content(&mut self, kind: &str, text: &str, chunk_size: usize) {
        let index = self.contents;
        self.contents += 1;
        let start = json!({ "index": index, "delta": { "message": { "content": { "type": kind, kind: "" } } } });
        self.push(FrameKind::Prelude, "content-start", start);
        for piece in slices(text, chunk_size) {
            let delta = json!({ "index": index, "delta": { "message": { "content": { kind: piece } } } });
            self.push(FrameKind::Token, "content-delta", delta);
        }
        self.push(FrameKind::Closing, "content-end", json!({ "index": index }));
    }

    fn call(&mut self, id: &str, name: &str, arguments: &str, chunk_size: usize) {
        let index = self.calls;
        self.calls += 1;
        let call = json!({ "id": id, "type": "function", "function": { "name": name, "arguments": "" } });
        self.push(FrameKind::Prelude, "tool-call-start", json!({ "index": index, "delta": { "message": { "tool_calls": call } } }));
        for piece in slices(valid(arguments), chunk_size) {
            let call = json!({ "function": { "arguments": piece } });
            self.push(FrameKind::Token, "tool-call-delta", json!({ "index": index, "delta": { "message": { "tool_calls": call } } }));
        }
        self.push(FrameKind::Closing, "tool-call-end", json!({ "index": index }));
    }
}

/// A turn as the events of a stream.
fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut events = Events::default();
    let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    let start = json!({ "id": message_id(context, turn), "delta": { "message": message } });
    events.push(FrameKind::Prelude, "message-start", start);
    if let Some(thinking) = reasoning::shown(context, turn) {
        events.content("thinking", thinking, context.chunk_size);
    }
    for piece in slices(plan(turn).unwrap_or_default(), context.chunk_size) {
        events.push(FrameKind::Token, "tool-plan-delta", json!({ "delta": { "message": { "tool_plan": piece } } }));
    }
    for block in &turn.blocks {
        match block {
            Block::Text(text) => events.content("text", text, context.chunk_size),
            Block::ToolCall { name, arguments, id } => {
                let id = call_id(context, name, id.as_deref());
                events.call(&id, name, arguments, context.chunk_size);
            }
        }
    }
    let end = json!({ "delta": { "finish_reason": finish_reason(turn), "usage": usage(context, turn) } });
    events.push(FrameKind::Closing, "message-end", end);
    events.frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(events.frames)
}
