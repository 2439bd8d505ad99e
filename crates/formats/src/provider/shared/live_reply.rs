//! Writing the messages of Gemini Live (Gemini API reference, "Live API": `BidiGenerateContentServerContent`,
//! `BidiGenerateContentToolCall`, `UsageMetadata`).
//!
//! A turn that calls functions is not complete until the client has answered them, so only its usage follows the calls.
//! Errors have the codes of gRPC, as in the peer; the vendor documents none but closed sockets.

use serde_json::{Value, json};

use super::gemini_reply::{blob, counts};
use super::google::canonical;
use super::openai::{self, NOT_A_TURN};
use super::reasoning;
use super::respond::{data_frame, event_stream, json as json_answer, status_or_500};
use super::text::slices;
use super::usage::count;
use crate::exchange::{Audio, Block, Emission, ErrorReply, Frame, FrameKind, Reply, Turn};
use crate::provider::Context;

/// A reply as messages, or the error that says why it cannot be told.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) => answer(context, turn, None),
        Reply::Audio(audio) => answer(context, &audio.companion.clone().unwrap_or_default(), Some(audio)),
        Reply::Error(error) => encode_error(error),
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

fn model_turn(kind: FrameKind, parts: &Value) -> Frame {
    data_frame(kind, &json!({ "serverContent": { "modelTurn": { "role": "model", "parts": parts } } }))
}

fn answer(context: &mut Context<'_>, turn: &Turn, audio: Option<&Audio>) -> Emission {
    let usage = usage(context, turn);
    let mut frames = Vec::new();
    for slice in slices(reasoning::shown(context, turn).unwrap_or_default(), context.chunk_size) {
        frames.push(model_turn(FrameKind::Token, &json!([{ "text": slice, "thought": true }])));
    }
    if let Some(audio) = audio {
        let blob = blob(audio);
        frames.push(model_turn(FrameKind::Token, &json!([{ "inlineData": blob }])));
    }
    let mut calls: Vec<Value> = Vec::new();
    let tell = |calls: &mut Vec<Value>, frames: &mut Vec<Frame>| {
        if !calls.is_empty() {
            frames.push(data_frame(FrameKind::Token, &json!({ "toolCall": { "functionCalls": std::mem::take(calls) } })));
        }
    };
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                tell(&mut calls, &mut frames);
                let said = slices(text, context.chunk_size).into_iter();
                frames.extend(said.map(|slice| match audio {
                    None => model_turn(FrameKind::Token, &json!([{ "text": slice }])),
                    Some(_) => data_frame(FrameKind::Token, &json!({ "serverContent": { "outputTranscription": { "text": slice } } })),
                }));
            }
            Block::ToolCall { name, arguments, id } => {
                let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
                let args = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
                calls.push(json!({ "id": id, "name": name, "args": args }));
            }
        }
    }
    tell(&mut calls, &mut frames);
    if turn.calls_tools() {
        frames.push(data_frame(FrameKind::Terminal, &json!({ "usageMetadata": usage })));
        return event_stream(frames);
    }
    if frames.is_empty() {
        frames.push(model_turn(FrameKind::Token, &json!([{ "text": "" }])));
    }
    let mut generated = json!({ "serverContent": { "generationComplete": true } });
    if !turn.web_searches.is_empty() {
        generated["serverContent"]["groundingMetadata"] = json!({ "webSearchQueries": turn.web_searches });
    }
    frames.push(data_frame(FrameKind::Closing, &generated));
    frames.push(data_frame(FrameKind::Terminal, &json!({ "serverContent": { "turnComplete": true }, "usageMetadata": usage })));
    event_stream(frames)
}

/// Here the output has other names than in `generateContent`.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let counts = counts(context, turn);
    let mut usage = json!({
        "promptTokenCount": count(counts.input),
        "responseTokenCount": count(counts.output),
        "totalTokenCount": count(counts.total),
    });
    for (key, value) in [("thoughtsTokenCount", counts.thoughts), ("cachedContentTokenCount", counts.cached)] {
        if let Some(value) = value {
            usage[key] = count(value).into();
        }
    }
    usage["promptTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": count(counts.input) }]);
    usage["responseTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": count(counts.output) }]);
    usage
}

fn body(error: &ErrorReply) -> Value {
    let is_canonical = |kind: &&str| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let name = error.kind.as_deref().filter(is_canonical).unwrap_or_else(|| canonical(error.status));
    let mut body = json!({ "code": grpc(name), "message": error.message, "status": name });
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    // Google's Python client reads the HTTP status here; without it, it fails over the error itself.
    json!({ "error": body, "code": status_or_500(error.status) })
}

/// An error as one message.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    json_answer(status_or_500(error.status), &body(error))
}

/// An error after an answer has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    data_frame(FrameKind::Closing, &body(error))
}

/// The number of a canonical code (gRPC, "Status codes and their use").
fn grpc(name: &str) -> u8 {
    match name {
        "CANCELLED" => 1,
        "UNKNOWN" => 2,
        "INVALID_ARGUMENT" => 3,
        "DEADLINE_EXCEEDED" => 4,
        "NOT_FOUND" => 5,
        "ALREADY_EXISTS" => 6,
        "PERMISSION_DENIED" => 7,
        "RESOURCE_EXHAUSTED" => 8,
        "FAILED_PRECONDITION" => 9,
        "ABORTED" => 10,
        "OUT_OF_RANGE" => 11,
        "UNIMPLEMENTED" => 12,
        "UNAVAILABLE" => 14,
        "DATA_LOSS" => 15,
        "UNAUTHENTICATED" => 16,
        _ => 13,
    }
}
