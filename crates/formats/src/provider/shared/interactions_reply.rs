//! Writing interactions, whole and streamed (Gemini API reference, "Interaction"; guide "Streaming interactions").
//!
//! Thoughts are a step, each run of text is one, and so is each call. Arguments that are no JSON object become `{}`, since
//! the vendor never sends anything else.

use serde_json::{Map, Value, json};

use super::gemini_reply::counts;
use super::messages_reply::rfc3339;
use super::openai::{self, NOT_A_TURN, retry_headers};
use super::reasoning;
use super::respond::{event_stream, json as json_answer, named_frame, status_or_500};
use super::text::slices;
use super::usage::count;
use crate::exchange::{Block, Emission, ErrorReply, Frame, FrameKind, Reply, Turn};
use crate::provider::Context;
use crate::wire::sse;

/// A reply as an interaction, or the error that says why it cannot be one.
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

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let mut emission = json_answer(status_or_500(error.status), &json!({ "error": inner(error) }));
    emission.headers.extend(retry_headers(error));
    emission
}

/// An error after the stream has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply) -> Frame {
    named_frame(FrameKind::Closing, "error", &json!({ "error": inner(error), "event_type": "error" }))
}

fn inner(error: &ErrorReply) -> Value {
    let code = error.code.as_deref().or(error.kind.as_deref()).unwrap_or_else(|| code_of(error.status));
    let mut body = json!({ "message": error.message, "code": code });
    if let (Some(body), Some(detail)) = (body.as_object_mut(), error.detail.as_ref()) {
        body.insert("aimock".to_owned(), detail.to_json());
    }
    body
}

/// The word for a status, as the vendor writes `gateway_timeout` for 504.
pub(super) fn code_of(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        409 => "conflict",
        413 => "payload_too_large",
        429 => "too_many_requests",
        400..=499 => "invalid_request",
        502 => "bad_gateway",
        503 | 529 => "service_unavailable",
        504 => "gateway_timeout",
        _ => "internal_server_error",
    }
}

/// A step of the answer.
enum Step<'t> {
    Thought { text: &'t str, signature: Option<&'t str> },
    Text(&'t str),
    Call { id: String, name: &'t str, arguments: String },
}

fn steps<'t>(context: &mut Context<'_>, turn: &'t Turn) -> Vec<Step<'t>> {
    let mut steps = Vec::new();
    let signature = turn.reasoning_signature.as_deref().filter(|_| reasoning::is_shown(context));
    let thought = reasoning::shown(context, turn);
    if thought.is_some() || signature.is_some() {
        steps.push(Step::Thought { text: thought.unwrap_or_default(), signature });
    }
    if turn.has_text && !turn.blocks.iter().any(|block| matches!(block, Block::Text(_))) {
        steps.push(Step::Text(""));
    }
    steps.extend(turn.blocks.iter().map(|block| match block {
        Block::Text(text) => Step::Text(text),
        Block::ToolCall { name, arguments, id } => {
            let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
            let is_object = serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
            Step::Call { id, name, arguments: if is_object { arguments.clone() } else { "{}".to_owned() } }
        }
    }));
    steps
}

/// What the interaction has come to.
fn status(turn: &Turn) -> &str {
    match turn.overrides.finish_reason.as_deref() {
        None | Some("stop" | "tool_calls") if turn.calls_tools() => "requires_action",
        Some("length") => "incomplete",
        Some("content_filter") => "failed",
        Some(known @ ("incomplete" | "failed" | "cancelled" | "requires_action")) => known,
        _ => "completed",
    }
}

fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let counts = counts(context, turn);
    json!({
        "total_input_tokens": count(counts.input),
        "input_tokens_by_modality": [{ "modality": "text", "tokens": count(counts.input) }],
        "total_cached_tokens": count(counts.cached.unwrap_or(0.0)),
        "total_output_tokens": count(counts.output),
        "total_tool_use_tokens": 0,
        "total_thought_tokens": count(counts.thoughts.unwrap_or(0.0)),
        "total_tokens": count(counts.total),
    })
}

/// The members that the interaction has from its beginning to its end.
fn head(context: &mut Context<'_>, turn: &Turn, status: &str) -> Map<String, Value> {
    let given = &turn.overrides;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a negative time is 1970, a huge one the year 9999")]
    let created = rfc3339(given.created.map_or(context.created, |seconds| seconds as u64));
    let model = given.model.as_deref().or(context.request.model.as_deref());
    let id = given.id.clone().unwrap_or_else(|| context.ids.next("v1_"));
    let mut head = Map::new();
    let mut put = |key: &str, value: Value| head.insert(key.to_owned(), value);
    put("id", id.into());
    put("object", "interaction".into());
    put("status", status.into());
    if let Some(model) = model {
        put("model", model.into());
    }
    put("created", created.clone().into());
    put("updated", created.into());
    let previous = context.raw.json().and_then(|body| body.get("previous_interaction_id")).filter(|previous| previous.is_string());
    if let Some(previous) = previous {
        put("previous_interaction_id", previous.clone());
    }
    head
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut interaction = head(context, turn, status(turn));
    let steps = steps(context, turn).into_iter().map(|step| match step {
        Step::Text(text) => json!({ "type": "model_output", "content": [{ "type": "text", "text": text }] }),
        Step::Call { id, name, arguments } => {
            let arguments: Value = serde_json::from_str(&arguments).unwrap_or_default();
            json!({ "type": "function_call", "id": id, "name": name, "arguments": arguments })
        }
        Step::Thought { text, signature } => {
            let mut step = json!({ "type": "thought" });
            if let Some(members) = step.as_object_mut() {
                members.extend((!text.is_empty()).then(|| ("summary".to_owned(), json!([{ "type": "text", "text": text }]))));
                members.extend(signature.map(|signature| ("signature".to_owned(), signature.into())));
            }
            step
        }
    });
    interaction.insert("steps".to_owned(), steps.collect());
    interaction.insert("usage".to_owned(), usage(context, turn));
    json_answer(200, &interaction)
}

/// What stands before the number of an event; clients go on behind the event of such an id.
pub(super) const EVENT_ID: &str = "evt_";

/// Collects the events of one stream; steps are numbered as they are opened, events from 1.
#[derive(Default)]
pub(super) struct Events {
    frames: Vec<Frame>,
    steps: usize,
}

impl Events {
    pub(super) fn push(&mut self, kind: FrameKind, name: &str, mut event: Value) {
        if let Some(members) = event.as_object_mut() {
            members.insert("event_type".to_owned(), name.into());
            members.insert("event_id".to_owned(), format!("{EVENT_ID}{}", self.frames.len() + 1).into());
        }
        self.frames.push(named_frame(kind, name, &event));
    }

    /// Every frame, the end of the stream last.
    pub(super) fn finish(mut self) -> Vec<Frame> {
        self.frames.push(Frame { bytes: sse::named("done", "[DONE]"), kind: FrameKind::Terminal });
        self.frames
    }

    pub(super) fn step(&mut self, step: &Value, deltas: impl Iterator<Item = Value>) {
        let index = self.steps;
        self.steps += 1;
        self.push(FrameKind::Prelude, "step.start", json!({ "index": index, "step": step }));
        for delta in deltas {
            self.push(FrameKind::Token, "step.delta", json!({ "index": index, "delta": delta }));
        }
        self.push(FrameKind::Closing, "step.stop", json!({ "index": index }));
    }
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let mut events = Events::default();
    let mut interaction = head(context, turn, "in_progress");
    events.push(FrameKind::Prelude, "interaction.created", json!({ "interaction": interaction }));
    let size = context.chunk_size;
    for step in steps(context, turn) {
        match step {
            Step::Text(text) => {
                let deltas = slices(text, size).into_iter().map(|text| json!({ "type": "text", "text": text }));
                events.step(&json!({ "type": "model_output" }), deltas);
            }
            Step::Call { id, name, arguments } => {
                let deltas = slices(&arguments, size).into_iter();
                let deltas = deltas.map(|slice| json!({ "type": "arguments_delta", "arguments": slice }));
                events.step(&json!({ "type": "function_call", "id": id, "name": name, "arguments": {} }), deltas);
            }
            Step::Thought { text, signature } => {
                let summary = |text| json!({ "type": "thought_summary", "content": { "type": "text", "text": text } });
                let signed = signature.map(|signature| json!({ "type": "thought_signature", "signature": signature }));
                let deltas = slices(text, size).into_iter().map(summary).chain(signed);
                events.step(&json!({ "type": "thought" }), deltas);
            }
        }
    }
    interaction.insert("status".to_owned(), status(turn).into());
    interaction.insert("usage".to_owned(), usage(context, turn));
    events.push(FrameKind::Closing, "interaction.completed", json!({ "interaction": interaction }));
    event_stream(events.finish())
}
