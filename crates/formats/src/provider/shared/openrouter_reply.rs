//! Writing OpenRouter's chat completions, whole and streamed (API reference, "Send a chat completion request"; guide
//! "Reasoning Tokens").
//!
//! OpenAI's shape with who served it, the upstream's own finish reason, thinking as `reasoning` and `reasoning_details`, and
//! a usage chunk in every stream. `cost` is only said where the fixture gives it.

use serde_json::{Map, Value, json};

use super::openai::{self, NOT_A_TURN};
use super::openrouter::{author, encode_error};
use super::respond::{data_frame, event_stream, json as json_answer};
use super::usage::{count, tokens};
use super::{chat_reply, reasoning, text::slices};
use crate::exchange::{Block, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Reply, Turn};
use crate::provider::Context;
use crate::wire::sse;

/// Sent while the upstream is awaited.
const PROCESSING: &str = "OPENROUTER PROCESSING";
/// Members of `usage` that are said elsewhere, or are other vendors' words for it.
const COUNTS: [&str; 8] = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "promptTokenCount",
    "candidatesTokenCount",
    "totalTokenCount",
];

/// A reply as a chat completion, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) if context.request.stream => stream(context, turn),
        Reply::Turn(turn) => whole(context, turn),
        Reply::Error(error) => encode_error(error),
        Reply::Audio(_) => encode_error(&ErrorReply::new(ErrorOrigin::Request, 422, chat_reply::NO_AUDIO)),
        Reply::Embedding(_)
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
        "id": given.id.clone().unwrap_or_else(|| context.ids.next("gen-")),
        "provider": given.provider.as_deref().unwrap_or(author(model)),
        "model": model,
        "object": object,
        "created": given.created.map_or_else(|| context.created.into(), count),
    });
    if let Value::Object(head) = head { head } else { Map::new() }
}

/// Whether the client gets to see what was thought.
fn shows_thinking(context: &Context<'_>) -> bool {
    let body = context.raw.json();
    let asked = |pointer: &str| body.and_then(|body| body.pointer(pointer));
    let flag = |pointer: &str, off: bool| asked(pointer).and_then(Value::as_bool) == Some(off);
    let hidden = flag("/reasoning/exclude", true) || flag("/reasoning/enabled", false) || flag("/include_reasoning", false);
    let none = asked("/reasoning/effort").and_then(Value::as_str) == Some("none");
    !hidden && !none && reasoning::is_shown(context)
}

/// What was thought, as it may be read.
fn thought<'t>(context: &Context<'_>, turn: &'t Turn) -> Option<&'t str> {
    turn.reasoning.as_deref().filter(|text| !text.is_empty() && shows_thinking(context))
}

/// Whose rules the details follow, where the model's name tells.
fn format_of(model: Option<&str>) -> &'static str {
    match author(model.unwrap_or_default()) {
        "anthropic" => "anthropic-claude-v1",
        "google" => "google-gemini-v1",
        _ => "unknown",
    }
}

fn text_detail(text: &str, format: &str) -> Value {
    json!({ "type": "reasoning.text", "text": text, "format": format, "index": 0 })
}

/// What was thought and may not be read; it stands behind the text that may.
fn encrypted(context: &Context<'_>, turn: &Turn, has_text: bool) -> Vec<Value> {
    let format = format_of(context.request.model.as_deref());
    let shown: &[String] = if shows_thinking(context) { &turn.redacted_thinking } else { &[] };
    let detail = |(data, index): (&String, usize)| json!({ "type": "reasoning.encrypted", "data": data, "format": format, "index": index });
    shown.iter().zip(usize::from(has_text)..).map(detail).collect()
}

fn native<'t>(turn: &'t Turn, finish: &'t str) -> &'t str {
    turn.overrides.native_finish_reason.as_deref().unwrap_or(finish)
}

/// Counts; with the cost comes all of what it is made of, as the official client wants it.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let mut usage = Map::new();
    usage.insert("prompt_tokens".to_owned(), count(tokens.input).into());
    usage.insert("completion_tokens".to_owned(), count(tokens.output).into());
    usage.insert("total_tokens".to_owned(), count(tokens.total).into());
    let none = Map::new();
    let given = turn.overrides.usage.as_ref().map_or(&none, |usage| &usage.given);
    for (key, value) in given {
        let needed: &[&str] = match key.as_str() {
            key if COUNTS.contains(&key) || key == "cost_details" => continue,
            "prompt_tokens_details" => &["cached_tokens"],
            "completion_tokens_details" => &["reasoning_tokens"],
            _ => &[],
        };
        usage.insert(key.clone(), completed(value, needed));
        if key == "cost" {
            let parts = ["upstream_inference_cost", "upstream_inference_prompt_cost", "upstream_inference_completions_cost"];
            usage.insert("cost_details".to_owned(), completed(given.get("cost_details").unwrap_or(&json!({})), &parts));
        }
    }
    Value::Object(usage)
}

/// An object with every member that its readers need; 0 where it had none.
fn completed(value: &Value, needed: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        for key in needed {
            members.entry((*key).to_owned()).or_insert_with(|| json!(0));
        }
    }
    value
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut body = head(context, turn, "chat.completion");
    let mut calls = Vec::new();
    for block in &turn.blocks {
        if let Block::ToolCall { name, arguments, id } = block {
            let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
            calls.push(json!({ "index": calls.len(), "id": id, "type": "function", "function": { "name": name, "arguments": arguments } }));
        }
    }
    let thought = thought(context, turn);
    let said = chat_reply::has_text(turn).then(|| turn.text());
    let mut message = json!({ "role": chat_reply::role(turn), "content": said, "refusal": null, "reasoning": thought });
    let details = details(context, turn, thought);
    if !details.is_empty() {
        message["reasoning_details"] = details.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let finish = chat_reply::finish_reason(turn);
    let choice =
        json!({ "index": 0, "logprobs": null, "finish_reason": finish, "native_finish_reason": native(turn, finish), "message": message });
    body.insert("choices".to_owned(), json!([choice]));
    body.insert("system_fingerprint".to_owned(), json!(turn.overrides.system_fingerprint));
    body.insert("service_tier".to_owned(), Value::Null);
    body.insert("usage".to_owned(), usage(context, turn));
    json_answer(200, &body)
}

fn details(context: &Context<'_>, turn: &Turn, thought: Option<&str>) -> Vec<Value> {
    let text = thought.map(|text| {
        let mut detail = text_detail(text, format_of(context.request.model.as_deref()));
        detail["signature"] = json!(turn.reasoning_signature);
        detail
    });
    text.into_iter().chain(encrypted(context, turn, thought.is_some())).collect()
}

/// Collects the chunks of one stream.
struct Chunks {
    head: Map<String, Value>,
    frames: Vec<Frame>,
}

impl Chunks {
    /// A piece of the message; everyone says anew who speaks.
    fn delta(&mut self, kind: FrameKind, role: &str, content: Option<&str>, more: &[(&str, Value)]) {
        let mut delta = Map::from_iter([("role".to_owned(), json!(role)), ("content".to_owned(), json!(content))]);
        delta.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        self.choice(kind, &Value::Object(delta), None);
    }

    /// The reason why it ends, and the upstream's own word for it.
    fn choice(&mut self, kind: FrameKind, delta: &Value, finish: Option<(&str, &str)>) {
        let (finish, native) = finish.unzip();
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish, "native_finish_reason": native });
        self.chunk(kind, &[("choices", json!([choice]))]);
    }

    fn chunk(&mut self, kind: FrameKind, more: &[(&str, Value)]) {
        let mut chunk = self.head.clone();
        chunk.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        self.frames.push(data_frame(kind, &chunk));
    }
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut head = head(context, turn, "chat.completion.chunk");
    // The official client refuses `null` here.
    head.extend(turn.overrides.system_fingerprint.as_ref().map(|print| ("system_fingerprint".to_owned(), json!(print))));
    let mut chunks = Chunks { head, frames: Vec::new() };
    if context.processing {
        chunks.frames.push(Frame {
            bytes: sse::encode(&sse::Event { comment: Some(PROCESSING.to_owned()), ..sse::Event::default() }),
            kind: FrameKind::Comment,
        });
    }
    let role = chat_reply::role(turn);
    chunks.delta(FrameKind::Prelude, role, chat_reply::has_text(turn).then_some(""), &[]);
    stream_thinking(&mut chunks, context, turn, role);
    let mut calls = 0_usize;
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                for slice in slices(text, context.chunk_size) {
                    chunks.delta(FrameKind::Token, role, Some(slice), &[]);
                }
            }
            Block::ToolCall { name, arguments, id } => {
                let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
                let call = json!([{ "index": calls, "id": id, "type": "function", "function": { "name": name, "arguments": "" } }]);
                chunks.delta(FrameKind::Prelude, role, None, &[("tool_calls", call)]);
                for slice in slices(arguments, context.chunk_size) {
                    let piece = json!([{ "index": calls, "type": "function", "function": { "arguments": slice } }]);
                    chunks.delta(FrameKind::Token, role, None, &[("tool_calls", piece)]);
                }
                calls += 1;
            }
        }
    }
    let finish = chat_reply::finish_reason(turn);
    chunks.choice(FrameKind::Closing, &json!({ "role": role, "content": "" }), Some((finish, native(turn, finish))));
    chunks.chunk(FrameKind::Closing, &[("choices", json!([])), ("service_tier", Value::Null), ("usage", usage(context, turn))]);
    chunks.frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(chunks.frames)
}

/// Thinking piece by piece, then its signature, then what may not be read.
fn stream_thinking(chunks: &mut Chunks, context: &Context<'_>, turn: &Turn, role: &str) {
    let format = format_of(context.request.model.as_deref());
    let thought = thought(context, turn);
    for slice in slices(thought.unwrap_or_default(), context.chunk_size) {
        let more = [("reasoning", json!(slice)), ("reasoning_details", json!([text_detail(slice, format)]))];
        chunks.delta(FrameKind::Token, role, Some(""), &more);
    }
    let signature = turn.reasoning_signature.as_ref().filter(|_| thought.is_some());
    let signed = signature.map(|signature| json!({ "type": "reasoning.text", "signature": signature, "format": format, "index": 0 }));
    for detail in signed.into_iter().chain(encrypted(context, turn, thought.is_some())) {
        chunks.delta(FrameKind::Prelude, role, Some(""), &[("reasoning_details", json!([detail]))]);
    }
}
