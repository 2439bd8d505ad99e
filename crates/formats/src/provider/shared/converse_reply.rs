//! Writing Converse answers, whole and as the events of a stream (Amazon Bedrock's API reference, "Converse",
//! "`ConverseStream`").
//!
//! Order on the wire: redacted reasoning, reasoning, then the turn's blocks. Only tool calls are opened by an event: text
//! and reasoning begin with their first delta, since an empty `start` is refused by clients that know the union's
//! members. Arguments of a tool call that are not JSON become `{}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::aws::LATENCY_MS;
use super::messages_reply::{Piece, pieces};
use super::text::slices;
use super::usage::{count, tokens};
use crate::exchange::{FrameKind, Turn};
use crate::provider::Context;

/// An event of a stream, not yet framed.
pub(in crate::provider) struct Event {
    pub(in crate::provider) kind: FrameKind,
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) payload: Value,
}

/// A turn as one answer.
pub(in crate::provider) fn whole(context: &mut Context<'_>, turn: &Turn) -> Value {
    let blocks: Vec<Value> = pieces(context, turn).into_iter().map(block).collect();
    json!({
        "output": { "message": { "role": "assistant", "content": blocks } },
        "stopReason": stop_reason(turn),
        "usage": usage(context, turn),
        "metrics": { "latencyMs": LATENCY_MS },
    })
}

fn block(piece: Piece<'_>) -> Value {
    match piece {
        Piece::Text(text) => json!({ "text": text }),
        Piece::Thinking { text, signature } => json!({ "reasoningContent": { "reasoningText": { "text": text, "signature": signature } } }),
        Piece::Redacted(data) => json!({ "reasoningContent": { "redactedContent": blob(data) } }),
        Piece::Call { id, name, arguments } => {
            let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
        }
    }
}

/// A turn as the events of a stream, `metadata` last.
pub(in crate::provider) fn stream_events(context: &mut Context<'_>, turn: &Turn) -> Vec<Event> {
    let mut events = vec![Event { kind: FrameKind::Prelude, name: "messageStart", payload: json!({ "role": "assistant" }) }];
    for (index, piece) in pieces(context, turn).into_iter().enumerate() {
        if let Piece::Call { id, name, arguments: _ } = &piece {
            let start = json!({ "contentBlockIndex": index, "start": { "toolUse": { "toolUseId": id, "name": name } } });
            events.push(Event { kind: FrameKind::Prelude, name: "contentBlockStart", payload: start });
        }
        events.extend(deltas(&piece, context.chunk_size).into_iter().map(|delta| {
            let payload = json!({ "contentBlockIndex": index, "delta": delta });
            Event { kind: FrameKind::Token, name: "contentBlockDelta", payload }
        }));
        events.push(Event { kind: FrameKind::Closing, name: "contentBlockStop", payload: json!({ "contentBlockIndex": index }) });
    }
    events.push(Event { kind: FrameKind::Closing, name: "messageStop", payload: json!({ "stopReason": stop_reason(turn) }) });
    let metadata = json!({ "usage": usage(context, turn), "metrics": { "latencyMs": LATENCY_MS } });
    events.push(Event { kind: FrameKind::Terminal, name: "metadata", payload: metadata });
    events
}

fn deltas(piece: &Piece<'_>, chunk_size: usize) -> Vec<Value> {
    match piece {
        // Without a delta nobody would know that the block is text.
        Piece::Text("") => vec![json!({ "text": "" })],
        Piece::Text(text) => slices(text, chunk_size).into_iter().map(|text| json!({ "text": text })).collect(),
        Piece::Thinking { text, signature } => {
            let texts = slices(text, chunk_size).into_iter().map(|text| json!({ "reasoningContent": { "text": text } }));
            texts.chain([json!({ "reasoningContent": { "signature": signature } })]).collect()
        }
        Piece::Redacted(data) => vec![json!({ "reasoningContent": { "redactedContent": blob(data) } })],
        Piece::Call { id: _, name: _, arguments } => {
            let valid = serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
            let arguments = if valid { arguments } else { "{}" };
            slices(arguments, chunk_size).into_iter().map(|input| json!({ "toolUse": { "input": input } })).collect()
        }
    }
}

/// Bytes stand in base64; redacted reasoning is written so in fixtures already.
fn blob(data: &str) -> String {
    if STANDARD.decode(data).is_ok() { data.to_owned() } else { STANDARD.encode(data) }
}

fn stop_reason(turn: &Turn) -> &str {
    match turn.overrides.finish_reason.as_deref() {
        None if turn.calls_tools() => "tool_use",
        None | Some("stop") => "end_turn",
        Some("tool_calls") => "tool_use",
        Some("length") => "max_tokens",
        Some("content_filter") => "content_filtered",
        Some(other) => other,
    }
}

/// Counts of tokens; those of caches where the fixture gives them, under its own names or Bedrock's.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let mut usage = json!({
        "inputTokens": count(tokens.input), "outputTokens": count(tokens.output), "totalTokens": count(tokens.total),
    });
    for (name, given) in [("cacheReadInputTokens", "cache_read_input_tokens"), ("cacheWriteInputTokens", "cache_creation_input_tokens")] {
        let counts = turn.overrides.usage.as_ref().map(|usage| &usage.given);
        let number = counts.and_then(|counts| counts.get(given).or_else(|| counts.get(name))).and_then(Value::as_f64);
        if let (Some(usage), Some(number)) = (usage.as_object_mut(), number) {
            usage.insert(name.to_owned(), Value::Number(count(number)));
        }
    }
    usage
}
