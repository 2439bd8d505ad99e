//! Writing Gemini answers, whole and streamed (Gemini API reference, "`GenerateContentResponse`"; Vertex AI reference,
//! "Inference"), for both of Google's endpoints.
//!
//! A stream is server-sent events with `alt=sse`, else one JSON array that grows; nothing marks the end but the finish
//! reason, which comes with the last piece. Thoughts come first, calls that stand together share a chunk, and a finished
//! turn stops with `STOP` whether it called functions or not. Arguments that are no JSON object become `{}`, since the
//! vendor never sends anything else.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::openai::{self, NOT_A_TURN};
use super::respond::{data_frame, event_stream, json as json_answer, to_json};
use super::text::{slices, units_of};
use super::usage::{count, estimate, tokens};
use super::{google, reasoning, token_counts};
use crate::exchange::{Audio, Block, Body, Emission, Frame, FrameKind, Image, Reply, Turn, Usage};
use crate::provider::Context;
use crate::wire::Framing;

/// A reply as a content response, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    if context.request.endpoint.is_none() {
        return token_counts::encode(reply, |error| google::encode_error(error, context.moment()));
    }
    match reply {
        Reply::Turn(turn) => answer(context, turn, &[]),
        Reply::Audio(audio) => answer(context, &audio.companion.clone().unwrap_or_default(), &[sound(audio)]),
        Reply::Images(images) => answer(context, &Turn::default(), &images.iter().map(picture).collect::<Vec<_>>()),
        Reply::Error(error) => google::encode_error(error, context.moment()),
        Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => google::encode_error(&openai::unusable(NOT_A_TURN), context.moment()),
    }
}

/// The tokens of the request ("`CountTokensResponse`").
pub(in crate::provider) fn token_count(context: &Context<'_>) -> Emission {
    let total = token_counts::estimated(context.request);
    json_answer(200, &json!({ "totalTokens": total, "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": total }] }))
}

#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

/// Media in base64.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    mime_type: String,
    data: &'a str,
}

/// Media at a URL.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    mime_type: &'static str,
    file_uri: &'a str,
}

#[derive(Clone, Serialize)]
struct Call<'a> {
    id: String,
    name: &'a str,
    args: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generated<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Candidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_feedback: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_version: Option<&'a str>,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'a str>,
    index: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    grounding_metadata: Option<Value>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: Vec<Part<'a>>,
    role: &'static str,
}

fn answer(context: &mut Context<'_>, turn: &Turn, media: &[Part<'_>]) -> Emission {
    let id = turn.overrides.id.clone().unwrap_or_else(|| context.ids.next(""));
    let model = turn.overrides.model.clone().or_else(|| context.request.model.clone());
    let usage = usage(context, turn);
    let limit = if context.request.stream { context.chunk_size } else { usize::MAX };
    let mut chunks = chunks(context, turn, media, limit);
    if !context.request.stream {
        chunks = vec![chunks.into_iter().flatten().collect()];
    }
    let blocked = media.is_empty() && is_blocked(context, turn);
    let last = chunks.len().saturating_sub(1);
    let responses = chunks.into_iter().enumerate().map(|(index, parts)| {
        let is_last = index == last;
        let candidate = Candidate {
            content: Content { parts, role: "model" },
            finish_reason: is_last.then(|| finish_reason(turn)),
            index: 0,
            grounding_metadata: is_last.then(|| grounding(turn)).flatten(),
        };
        Generated {
            candidates: if blocked { Vec::new() } else { vec![candidate] },
            prompt_feedback: blocked.then(|| json!({ "blockReason": finish_reason(turn) })),
            usage_metadata: is_last.then(|| usage.clone()),
            model_version: model.as_deref(),
            response_id: &id,
        }
    });
    let responses: Vec<Generated<'_>> = responses.collect();
    match (context.request.stream, responses.as_slice()) {
        (false, [whole]) => json_answer(200, whole),
        (_, responses) => stream(context.framing, responses),
    }
}

/// The chunks of a stream, each a list of parts; never none.
fn chunks<'t>(context: &mut Context<'_>, turn: &'t Turn, media: &[Part<'t>], limit: usize) -> Vec<Vec<Part<'t>>> {
    let thoughts = slices(reasoning::shown(context, turn).unwrap_or_default(), limit);
    let mut chunks: Vec<Vec<Part<'t>>> =
        thoughts.into_iter().map(|text| vec![Part { text: Some(text), thought: true, ..Part::default() }]).collect();
    chunks.extend(media.iter().map(|part| vec![part.clone()]));
    let mut calling = false;
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                chunks.extend(slices(text, limit).into_iter().map(|text| vec![Part { text: Some(text), ..Part::default() }]));
                calling = false;
            }
            Block::ToolCall { name, arguments, id } => {
                let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
                let args = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
                let part = Part { function_call: Some(Call { id, name, args }), ..Part::default() };
                match chunks.last_mut() {
                    Some(chunk) if calling => chunk.push(part),
                    _ => chunks.push(vec![part]),
                }
                calling = true;
            }
        }
    }
    let is_said = |chunk: &Vec<Part<'_>>| chunk.iter().any(|part| !part.thought);
    if !chunks.iter().any(is_said) {
        chunks.push(vec![Part { text: Some(""), ..Part::default() }]);
    }
    sign(context, turn, &mut chunks);
    chunks
}

/// The signature stands at the first call, where clients must send it back, else at the last part.
fn sign<'t>(context: &Context<'_>, turn: &'t Turn, chunks: &mut [Vec<Part<'t>>]) {
    let Some(signature) = turn.reasoning_signature.as_deref().filter(|_| reasoning::is_shown(context)) else { return };
    let call = chunks.iter_mut().flatten().find(|part| part.function_call.is_some());
    let part = match call {
        Some(call) => Some(call),
        None => chunks.last_mut().and_then(|chunk| chunk.last_mut()),
    };
    if let Some(part) = part {
        part.thought_signature = Some(signature);
    }
}

fn sound(audio: &Audio) -> Part<'_> {
    Part { inline_data: Some(blob(audio)), ..Part::default() }
}

/// An image as Gemini's image models answer it; one that the fixture gives by its URL is a file.
fn picture(image: &Image) -> Part<'_> {
    match (&image.b64_json, &image.url) {
        (Some(data), _) => Part { inline_data: Some(Blob { mime_type: image_type(data).to_owned(), data }), ..Part::default() },
        (None, Some(url)) => Part { file_data: Some(File { mime_type: "image/png", file_uri: url }), ..Part::default() },
        (None, None) => Part { text: Some(""), ..Part::default() },
    }
}

/// The MIME type of an image, by how its bytes begin in base64.
fn image_type(base64: &str) -> &'static str {
    let kinds = [("/9j/", "image/jpeg"), ("R0lG", "image/gif"), ("UklGR", "image/webp")];
    kinds.into_iter().find(|(start, _)| base64.starts_with(start)).map_or("image/png", |(_, kind)| kind)
}

/// Audio as a part holds it.
pub(super) fn blob(audio: &Audio) -> Blob<'_> {
    let mime_type = audio.content_type.clone().unwrap_or_else(|| match audio.format.as_deref() {
        None | Some("mp3") => "audio/mpeg".to_owned(),
        Some(format) => format!("audio/{format}"),
    });
    Blob { mime_type, data: &audio.base64 }
}

/// Whether the filter left nothing at all: then there is no candidate, but the reason why.
fn is_blocked(context: &Context<'_>, turn: &Turn) -> bool {
    let filtered = matches!(finish_reason(turn), "SAFETY" | "BLOCKLIST" | "PROHIBITED_CONTENT");
    filtered && turn.text().is_empty() && !turn.calls_tools() && reasoning::shown(context, turn).is_none()
}

fn finish_reason(turn: &Turn) -> &str {
    match turn.overrides.finish_reason.as_deref() {
        None | Some("stop" | "tool_calls" | "function_call") => "STOP",
        Some("length") => "MAX_TOKENS",
        Some("content_filter") => "SAFETY",
        Some(other) => other,
    }
}

fn grounding(turn: &Turn) -> Option<Value> {
    (!turn.web_searches.is_empty()).then(|| json!({ "webSearchQueries": turn.web_searches }))
}

/// Token counts as this vendor counts: thoughts stand beside the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) input: f64,
    pub(super) output: f64,
    pub(super) thoughts: Option<f64>,
    pub(super) cached: Option<f64>,
    pub(super) total: f64,
}

/// The counts of a turn; what the fixture gives in another vendor's words is told apart.
pub(super) fn counts(context: &Context<'_>, turn: &Turn) -> Counts {
    let tokens = tokens(context.request, turn);
    let given = turn.overrides.usage.as_ref().map(|usage| &usage.given);
    let number = |pointers: &[&[&str]]| {
        let follow = |keys: &&[&str]| {
            let (first, rest) = keys.split_first()?;
            rest.iter().try_fold(given?.get(*first)?, |value, key| value.get(*key))?.as_f64()
        };
        pointers.iter().find_map(follow)
    };
    let within = number(&[&["completion_tokens_details", "reasoning_tokens"], &["output_tokens_details", "reasoning_tokens"]]);
    let counted = |usage: &Usage| usage.input_tokens.or(usage.output_tokens).or(usage.total_tokens).is_some();
    let is_estimate = !turn.overrides.usage.as_ref().is_some_and(counted);
    let guessed = || reasoning::shown(context, turn).filter(|_| is_estimate).map(|text| estimate(units_of(text)));
    let thoughts = number(&[&["thoughtsTokenCount"]]).or(within).or_else(guessed).filter(|count| *count > 0.0);
    let own = number(&[&["candidatesTokenCount"]]);
    let output = own.unwrap_or_else(|| (tokens.output - within.unwrap_or(0.0)).max(0.0));
    let stated = turn.overrides.usage.as_ref().and_then(|usage| usage.total_tokens);
    let total = stated.unwrap_or_else(|| tokens.input + output + thoughts.unwrap_or(0.0));
    let cached = number(&[&["cachedContentTokenCount"], &["prompt_tokens_details", "cached_tokens"], &["cache_read_input_tokens"]]);
    Counts { input: tokens.input, output, thoughts, cached, total }
}

fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let counts = counts(context, turn);
    let mut usage = Map::new();
    let mut put = |key: &str, value: f64| usage.insert(key.to_owned(), count(value).into());
    put("promptTokenCount", counts.input);
    put("candidatesTokenCount", counts.output);
    put("totalTokenCount", counts.total);
    for (key, value) in [("thoughtsTokenCount", counts.thoughts), ("cachedContentTokenCount", counts.cached)] {
        if let Some(value) = value {
            put(key, value);
        }
    }
    usage.insert("promptTokensDetails".to_owned(), json!([{ "modality": "TEXT", "tokenCount": count(counts.input) }]));
    Value::Object(usage)
}

fn stream(framing: Framing, responses: &[Generated<'_>]) -> Emission {
    if framing != Framing::JsonArray {
        return event_stream(responses.iter().map(|response| data_frame(FrameKind::Token, response)).collect());
    }
    let element = |(index, response)| {
        let before = if index == 0 { "[" } else { ",\r\n" };
        Frame { bytes: Bytes::from(format!("{before}{}", to_json(response))), kind: FrameKind::Token }
    };
    let mut frames: Vec<Frame> = responses.iter().enumerate().map(element).collect();
    frames.push(Frame { bytes: Bytes::from_static(b"]"), kind: FrameKind::Terminal });
    let headers = vec![("content-type", "application/json".to_owned()), ("cache-control", "no-cache".to_owned())];
    Emission { status: 200, headers, body: Body::Stream(frames) }
}
