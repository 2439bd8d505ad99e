//! Writing chat completions, whole and streamed (OpenAI's API reference, "The chat completion object" and "The chat
//! completion chunk object"), for every vendor that answers so.
//!
//! The role chunk comes first; with `include_usage` every other chunk has `usage: null`, and one chunk without
//! choices carries the counts before `[DONE]`. `reasoning_content` is what reasoning models behind this API send.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::body::Problem;
use super::openai::{self, NOT_A_TURN};
use super::respond::{data_frame, event_stream, json};
use super::usage::{count, tokens};
use super::{reasoning, text::slices};
use crate::exchange::{Block, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Reply, Turn};
use crate::provider::Context;
use crate::wire::sse;

pub(in crate::provider) const NO_AUDIO: &str =
    "Audio responses are not supported on the chat completions endpoint. Use Gemini generateContent or a dedicated audio endpoint.";

/// A reply as a chat completion, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) if context.request.stream => stream(context, turn),
        Reply::Turn(turn) => whole(context, turn),
        Reply::Error(error) => openai::encode_error(error),
        Reply::Audio(_) => openai::encode_error(&ErrorReply::new(ErrorOrigin::Request, 422, NO_AUDIO)),
        Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => openai::encode_error(&openai::unusable(NOT_A_TURN)),
    }
}

/// A refused body in OpenAI's words.
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    openai::refusal(problem, "Malformed JSON")
}

/// An error as a chunk of a stream that has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    data_frame(FrameKind::Closing, &openai::envelope(error))
}

/// What every chunk repeats.
struct Head<'a> {
    id: String,
    created: Number,
    model: Option<&'a str>,
    system_fingerprint: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn new<'c: 'a>(context: &mut Context<'c>, turn: &'a Turn) -> Head<'a> {
        let given = &turn.overrides;
        Head {
            id: given.id.clone().unwrap_or_else(|| context.ids.next("chatcmpl-")),
            created: given.created.map_or_else(|| context.created.into(), count),
            model: given.model.as_deref().or(context.request.model.as_deref()),
            system_fingerprint: given.system_fingerprint.as_deref(),
        }
    }
}

/// Who speaks.
pub(in crate::provider) fn role(turn: &Turn) -> &str {
    turn.overrides.role.as_deref().unwrap_or("assistant")
}

/// Why it ends, in OpenAI's words.
pub(in crate::provider) fn finish_reason(turn: &Turn) -> &str {
    let natural = if turn.calls_tools() { "tool_calls" } else { "stop" };
    turn.overrides.finish_reason.as_deref().unwrap_or(natural)
}

/// Whether there is content, even empty.
pub(in crate::provider) fn has_text(turn: &Turn) -> bool {
    turn.has_text || turn.blocks.iter().any(|block| matches!(block, Block::Text(_)))
}

/// Counts, and the details that the fixture gives.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let mut usage = Map::new();
    usage.insert("prompt_tokens".to_owned(), count(tokens.input).into());
    usage.insert("completion_tokens".to_owned(), count(tokens.output).into());
    usage.insert("total_tokens".to_owned(), count(tokens.total).into());
    for key in ["prompt_tokens_details", "completion_tokens_details"] {
        let given = turn.overrides.usage.as_ref().and_then(|given| given.given.get(key));
        usage.extend(given.map(|details| (key.to_owned(), details.clone())));
    }
    Value::Object(usage)
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: &'a Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    choices: [Choice<'a>; 1],
    usage: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u8,
    message: Message<'a>,
    logprobs: (),
    finish_reason: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: Option<String>,
    refusal: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let head = Head::new(context, turn);
    let mut tool_calls = Vec::new();
    for block in &turn.blocks {
        if let Block::ToolCall { name, arguments, id } = block {
            let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
            let function = Function { name: Some(name), arguments };
            tool_calls.push(Call { index: None, id: Some(id), kind: Some("function"), function });
        }
    }
    let message = Message {
        role: role(turn),
        content: has_text(turn).then(|| turn.text()),
        refusal: (),
        reasoning_content: reasoning::shown(context, turn),
        tool_calls,
    };
    let completion = Completion {
        id: &head.id,
        object: "chat.completion",
        created: &head.created,
        model: head.model,
        choices: [Choice { index: 0, message, logprobs: (), finish_reason: finish_reason(turn) }],
        usage: usage(context, turn),
        system_fingerprint: head.system_fingerprint,
    };
    json(200, &completion)
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: &'a Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
    choices: &'a [ChunkChoice<'a>],
    /// `None`: no such member, as the client did not ask for usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u8,
    delta: Delta<'a>,
    logprobs: (),
    finish_reason: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    /// `null`: opens a turn without text.
    Null,
}

/// Collects the chunks of one stream.
struct Chunks<'a> {
    head: Head<'a>,
    with_usage: bool,
    frames: Vec<Frame>,
}

impl Chunks<'_> {
    fn delta(&mut self, kind: FrameKind, delta: Delta<'_>) {
        self.choices(kind, &[ChunkChoice { index: 0, delta, logprobs: (), finish_reason: None }], Value::Null);
    }

    fn choices(&mut self, kind: FrameKind, choices: &[ChunkChoice<'_>], usage: Value) {
        let head = &self.head;
        let chunk = Chunk {
            id: &head.id,
            object: "chat.completion.chunk",
            created: &head.created,
            model: head.model,
            system_fingerprint: head.system_fingerprint,
            choices,
            usage: self.with_usage.then_some(usage),
        };
        self.frames.push(data_frame(kind, &chunk));
    }

    fn call(&mut self, index: usize, id: String, name: &str, arguments: &str, chunk_size: usize) {
        let part = |id, kind, function| Delta { tool_calls: Some([Call { index: Some(index), id, kind, function }]), ..Delta::default() };
        self.delta(FrameKind::Prelude, part(Some(id), Some("function"), Function { name: Some(name), arguments: "" }));
        for slice in slices(arguments, chunk_size) {
            self.delta(FrameKind::Token, part(None, None, Function { name: None, arguments: slice }));
        }
    }
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let head = Head::new(context, turn);
    let mut chunks = Chunks { head, with_usage: context.request.wants_usage, frames: Vec::new() };
    let opening = if has_text(turn) { Content::Text("") } else { Content::Null };
    chunks.delta(FrameKind::Prelude, Delta { role: Some(role(turn)), content: Some(opening), ..Delta::default() });
    for slice in slices(reasoning::shown(context, turn).unwrap_or_default(), context.chunk_size) {
        chunks.delta(FrameKind::Token, Delta { reasoning_content: Some(slice), ..Delta::default() });
    }
    let mut calls = 0;
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                for slice in slices(text, context.chunk_size) {
                    chunks.delta(FrameKind::Token, Delta { content: Some(Content::Text(slice)), ..Delta::default() });
                }
            }
            Block::ToolCall { name, arguments, id } => {
                let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
                chunks.call(calls, id, name, arguments, context.chunk_size);
                calls += 1;
            }
        }
    }
    let last = ChunkChoice { index: 0, delta: Delta::default(), logprobs: (), finish_reason: Some(finish_reason(turn)) };
    chunks.choices(FrameKind::Closing, &[last], Value::Null);
    if chunks.with_usage {
        chunks.choices(FrameKind::Closing, &[], usage(context, turn));
    }
    chunks.frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(chunks.frames)
}
