//! Writing Mistral's chat and fill-in-the-middle completions, whole and streamed (API reference, "Chat Completion", "Fim
//! Completion"; guide "Reasoning").
//!
//! Unlike OpenAI's: thinking is an entry of the content, a call comes in one piece, the ids of calls have nine characters, and
//! the counts stand in the last chunk, beside the finish reason.

use serde_json::{Map, Value, json};

use super::mistral::encode_error;
use super::openai::{self, NOT_A_TURN};
use super::respond::{data_frame, event_stream, json as json_answer};
use super::usage::{count, tokens};
use super::{chat_reply, reasoning, text::slices};
use crate::exchange::{Block, Emission, Frame, FrameKind, Reply, Turn};
use crate::provider::{Context, Ids};
use crate::wire::sse;

/// Mistral refuses ids of any other length.
const CALL_ID: usize = 9;

/// A reply as a completion, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) if context.request.stream => stream(context, turn),
        Reply::Turn(turn) => whole(context, turn),
        Reply::Error(error) => encode_error(error),
        Reply::Audio(_)
        | Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => encode_error(&openai::unusable(NOT_A_TURN)),
    }
}

/// What every chunk repeats.
fn head(context: &mut Context<'_>, turn: &Turn, object: &str) -> Map<String, Value> {
    let given = &turn.overrides;
    let model = given.model.as_deref().or(context.request.model.as_deref()).unwrap_or_default();
    let head = json!({
        "id": given.id.clone().unwrap_or_else(|| context.ids.next("cmpl-")),
        "object": object,
        "created": given.created.map_or_else(|| context.created.into(), count),
        "model": model,
    });
    if let Value::Object(head) = head { head } else { Map::new() }
}

/// Counts; what the fixture says of cached tokens stays.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let mut usage =
        json!({ "prompt_tokens": count(tokens.input), "completion_tokens": count(tokens.output), "total_tokens": count(tokens.total) });
    let given = turn.overrides.usage.as_ref().and_then(|given| given.given.get("prompt_tokens_details"));
    if let Some(details) = given {
        usage["prompt_tokens_details"] = details.clone();
    }
    usage
}

fn call_id(ids: &mut dyn Ids) -> String {
    let mut id = String::new();
    while id.len() < CALL_ID {
        id.extend(ids.next("").chars().filter(char::is_ascii_alphanumeric));
    }
    id.truncate(CALL_ID);
    id
}

fn call(index: usize, name: &str, arguments: &str, id: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments }, "index": index })
}

fn thinking(text: &str) -> Value {
    json!({ "type": "thinking", "thinking": [{ "type": "text", "text": text }] })
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut body = head(context, turn, "chat.completion");
    let mut calls = Vec::new();
    for block in &turn.blocks {
        if let Block::ToolCall { name, arguments, id } = block {
            let id = id.clone().unwrap_or_else(|| call_id(context.ids));
            calls.push(call(calls.len(), name, arguments, &id));
        }
    }
    let text = turn.text();
    let said = match reasoning::shown(context, turn) {
        Some(thought) => {
            let mut entries = vec![thinking(thought)];
            entries.extend(chat_reply::has_text(turn).then(|| json!({ "type": "text", "text": text })));
            Value::Array(entries)
        }
        // A message that only calls has empty text, never none.
        None => text.into(),
    };
    let calls = if calls.is_empty() { Value::Null } else { calls.into() };
    let message = json!({ "role": chat_reply::role(turn), "tool_calls": calls, "content": said });
    let choice = json!({ "index": 0, "message": message, "finish_reason": chat_reply::finish_reason(turn) });
    body.insert("choices".to_owned(), json!([choice]));
    body.insert("usage".to_owned(), usage(context, turn));
    json_answer(200, &body)
}

/// Collects the chunks of one stream.
struct Chunks {
    head: Map<String, Value>,
    frames: Vec<Frame>,
}

impl Chunks {
    fn delta(&mut self, kind: FrameKind, delta: &Value) {
        self.choice(kind, delta, None, None);
    }

    fn choice(&mut self, kind: FrameKind, delta: &Value, finish: Option<&str>, usage: Option<Value>) {
        let mut chunk = self.head.clone();
        chunk.insert("choices".to_owned(), json!([{ "index": 0, "delta": delta, "finish_reason": finish }]));
        chunk.extend(usage.map(|usage| ("usage".to_owned(), usage)));
        self.frames.push(data_frame(kind, &chunk));
    }
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut chunks = Chunks { head: head(context, turn, "chat.completion.chunk"), frames: Vec::new() };
    chunks.delta(FrameKind::Prelude, &json!({ "role": chat_reply::role(turn), "content": "" }));
    for slice in slices(reasoning::shown(context, turn).unwrap_or_default(), context.chunk_size) {
        chunks.delta(FrameKind::Token, &json!({ "content": [thinking(slice)] }));
    }
    let mut calls = 0;
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                for slice in slices(text, context.chunk_size) {
                    chunks.delta(FrameKind::Token, &json!({ "content": slice }));
                }
            }
            Block::ToolCall { name, arguments, id } => {
                let id = id.clone().unwrap_or_else(|| call_id(context.ids));
                chunks.delta(FrameKind::Token, &json!({ "content": "", "tool_calls": [call(calls, name, arguments, &id)] }));
                calls += 1;
            }
        }
    }
    let usage = usage(context, turn);
    chunks.choice(FrameKind::Closing, &json!({ "content": "" }), Some(chat_reply::finish_reason(turn)), Some(usage));
    chunks.frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(chunks.frames)
}
