//! Writing answers: the events of a response, of a transcription, of a translation (OpenAI's API reference, "Realtime",
//! "Server events").
//!
//! A fixture's text is told as text, its audio as audio, whatever modality the session asks for: nothing is synthesised.

use serde_json::{Value, json};

use super::super::openai::{self, NOT_A_TURN};
use super::super::respond::{data_frame, event_stream, json as json_answer, status_or_500};
use super::super::text::slices;
use super::super::usage::{count, tokens};
use crate::exchange::{Audio, Block, Emission, Endpoint, ErrorReply, Frame, FrameKind, Reply, Transcription, Turn};
use crate::provider::{Context, Moment};

/// Characters of base64 in one event of audio: a whole number of bytes.
const AUDIO_SLICE: usize = 16 * 1024;
const NOT_A_TRANSCRIPT: &str = "Fixture response is not a transcription type";

/// A reply as the events of a turn, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    let endpoint = context.request.endpoint;
    let is_speech = |turn: &Turn| turn.has_text && !turn.calls_tools();
    match (endpoint, reply) {
        (Some(Endpoint::RealtimeTranscription), Reply::Transcription(transcription)) => transcribed(context, transcription),
        (Some(Endpoint::RealtimeTranscription), Reply::Turn(turn)) if is_speech(turn) => {
            transcribed(context, &Transcription(json!({ "text": turn.text() })))
        }
        (Some(Endpoint::RealtimeTranscription), Reply::Error(error)) => not_transcribed(context, error),
        (Some(Endpoint::RealtimeTranslation), Reply::Transcription(transcription)) => translated(context, text_of(&transcription.0), None),
        (Some(Endpoint::RealtimeTranslation), Reply::Audio(audio)) => {
            let text = audio.companion.as_deref().map(Turn::text).unwrap_or_default();
            translated(context, &text, Some(audio))
        }
        (Some(Endpoint::RealtimeTranslation), Reply::Turn(turn)) if is_speech(turn) => translated(context, &turn.text(), None),
        (Some(Endpoint::RealtimeTranscription | Endpoint::RealtimeTranslation), Reply::Turn(_) | Reply::Audio(_)) => {
            encode_error(&openai::unusable(NOT_A_TRANSCRIPT), context.moment())
        }
        (_, Reply::Turn(turn)) => Told::new(context).turn(turn, None),
        (_, Reply::Audio(audio)) => {
            let turn = audio.companion.clone().unwrap_or_default();
            Told::new(context).turn(&turn, Some(audio))
        }
        (Some(Endpoint::Realtime), Reply::Error(error)) => Told::new(context).failed(error),
        (_, Reply::Error(error)) => encode_error(error, context.moment()),
        (_, _) => encode_error(&openai::unusable(NOT_A_TURN), context.moment()),
    }
}

/// `error`: what went wrong outside of a response.
fn error_body(error: &ErrorReply, id: &str) -> Value {
    let mut body = openai::envelope(error).get_mut("error").map(Value::take).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        members.entry("param").or_insert(Value::Null);
        members.insert("event_id".to_owned(), Value::Null);
    }
    json!({ "type": "error", "event_id": format!("event_{id}"), "error": body })
}

/// An error as one message.
pub(in crate::provider) fn encode_error(error: &ErrorReply, moment: Moment<'_>) -> Emission {
    json_answer(status_or_500(error.status), &error_body(error, moment.request_id))
}

/// An error after an answer has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply, moment: Moment<'_>) -> Frame {
    data_frame(FrameKind::Closing, &error_body(error, moment.request_id))
}

/// A response that has not begun, or that has failed: for whoever waits for its end.
pub(super) fn response(id: &str, status: &str, details: &Value) -> Value {
    json!({
        "object": "realtime.response",
        "id": id,
        "status": status,
        "status_details": details,
        "output": [],
        "conversation_id": null,
        "output_modalities": ["text"],
        "max_output_tokens": "inf",
        "usage": null,
        "metadata": null,
    })
}

/// Why a response failed.
pub(super) fn failure(error: &Value) -> Value {
    let members = ["type", "code", "message"].into_iter().map(|key| (key.to_owned(), error.get(key).cloned().unwrap_or_default()));
    json!({ "type": "failed", "error": Value::Object(members.collect()) })
}

fn text_of(value: &Value) -> &str {
    value.get("text").and_then(Value::as_str).unwrap_or_default()
}

/// Events of an answer, as they come to be.
struct Told<'c, 'a> {
    context: &'c mut Context<'a>,
    frames: Vec<Frame>,
    response_id: String,
    /// The conversation that the response belongs to; `None` out of band.
    conversation: Option<String>,
    /// The item that stands last in the conversation.
    previous: Option<String>,
    output: Vec<Value>,
}

impl<'c, 'a> Told<'c, 'a> {
    fn new(context: &'c mut Context<'a>) -> Told<'c, 'a> {
        let body = context.raw.json();
        let text = |pointer: &str| body.and_then(|body| super::text_at(body, pointer)).map(str::to_owned);
        let out_of_band = text("/response/conversation").is_some_and(|conversation| conversation == "none");
        let conversation = text("/conversation_id").filter(|_| !out_of_band);
        let items = body.and_then(|body| body.get("items")).and_then(Value::as_array);
        let last = items.and_then(|items| items.last()).and_then(|item| item.get("id")).and_then(Value::as_str);
        let previous = last.filter(|_| !out_of_band).map(str::to_owned);
        let response_id = context.ids.next("resp_");
        Told { response_id, conversation, previous, context, frames: Vec::new(), output: Vec::new() }
    }

    fn push(&mut self, kind: FrameKind, name: &str, members: Value) {
        let mut event = json!({ "type": name, "event_id": self.context.ids.next("event_") });
        if let (Some(event), Value::Object(members)) = (event.as_object_mut(), members) {
            event.extend(members);
        }
        self.frames.push(data_frame(kind, &event));
    }

    /// The response with what stays the same of it.
    fn response(&self, status: &str, details: &Value) -> Value {
        let mut response = response(&self.response_id, status, details);
        response["conversation_id"] = self.conversation.clone().into();
        let body = self.context.raw.json();
        for key in ["output_modalities", "max_output_tokens", "metadata"] {
            let said = body.and_then(|body| body.get("response")?.get(key).or_else(|| body.get("session")?.get(key)));
            if let Some(said) = said {
                response[key] = said.clone();
            }
        }
        if let Some(output) = body.and_then(|body| body.pointer("/session/audio/output")) {
            response["audio"] = json!({ "output": { "format": output.get("format"), "voice": output.get("voice") } });
        }
        response
    }

    fn turn(mut self, turn: &Turn, audio: Option<&Audio>) -> Emission {
        self.response_id = turn.overrides.id.clone().unwrap_or(self.response_id);
        let begun = self.response("in_progress", &Value::Null);
        self.push(FrameKind::Prelude, "response.created", json!({ "response": begun }));
        let (status, details) = end(turn);
        if let Some(audio) = audio {
            self.message(&turn.text(), Some(audio), status);
        }
        for block in &turn.blocks {
            match block {
                Block::Text(_) if audio.is_some() => {}
                Block::Text(text) => self.message(text, None, status),
                Block::ToolCall { name, arguments, id } => self.call(name, arguments, id.as_deref()),
            }
        }
        if self.output.is_empty() && turn.has_text {
            self.message("", None, status);
        }
        let mut done = self.response(status, &details);
        done["output"] = self.output.clone().into();
        done["usage"] = usage(self.context, turn, audio.is_some());
        self.push(FrameKind::Terminal, "response.done", json!({ "response": done }));
        event_stream(self.frames)
    }

    /// A response that fails before it says anything.
    fn failed(mut self, error: &ErrorReply) -> Emission {
        let begun = self.response("in_progress", &Value::Null);
        self.push(FrameKind::Prelude, "response.created", json!({ "response": begun }));
        let error_body = openai::envelope(error).get_mut("error").map(Value::take).unwrap_or_default();
        let done = self.response("failed", &failure(&error_body));
        self.push(FrameKind::Terminal, "response.done", json!({ "response": done }));
        let mut emission = event_stream(self.frames);
        emission.status = status_or_500(error.status);
        emission
    }

    /// Where an item is in the answer.
    fn spot(&self, item: &str, more: Value) -> Value {
        let mut spot = json!({ "response_id": self.response_id, "item_id": item, "output_index": self.output.len() });
        if let (Some(spot), Value::Object(more)) = (spot.as_object_mut(), more) {
            spot.extend(more);
        }
        spot
    }

    fn open(&mut self, item: &Value) {
        let (response_id, output_index) = (self.response_id.clone(), self.output.len());
        self.push(
            FrameKind::Prelude,
            "response.output_item.added",
            json!({ "response_id": response_id, "output_index": output_index, "item": item }),
        );
        if self.conversation.is_some() {
            let previous = self.previous.clone();
            self.push(FrameKind::Prelude, "conversation.item.added", json!({ "previous_item_id": previous, "item": item }));
        }
    }

    fn close(&mut self, item: Value) {
        let (response_id, output_index) = (self.response_id.clone(), self.output.len());
        if self.conversation.is_some() {
            let previous = self.previous.take();
            self.push(FrameKind::Closing, "conversation.item.done", json!({ "previous_item_id": previous, "item": item }));
            self.previous = item.get("id").and_then(Value::as_str).map(str::to_owned);
        }
        self.push(
            FrameKind::Closing,
            "response.output_item.done",
            json!({ "response_id": response_id, "output_index": output_index, "item": item }),
        );
        self.output.push(item);
    }

    /// A message of one part, text or audio.
    fn message(&mut self, text: &str, audio: Option<&Audio>, status: &str) {
        let id = self.context.ids.next("item_");
        let item = |status: &str, content: Value| json!({ "id": id, "object": "realtime.item", "type": "message", "status": status, "role": "assistant", "content": content });
        self.open(&item("in_progress", json!([])));
        let (kind, key, stem) = match audio {
            None => ("text", "text", "response.output_text"),
            Some(_) => ("audio", "transcript", "response.output_audio_transcript"),
        };
        let part = |said: &str| json!({ "content_index": 0, "part": { "type": kind, key: said } });
        self.push(FrameKind::Prelude, "response.content_part.added", self.spot(&id, part("")));
        for slice in slices(text, self.context.chunk_size) {
            let event = self.spot(&id, json!({ "content_index": 0, "delta": slice }));
            self.push(FrameKind::Token, &format!("{stem}.delta"), event);
        }
        if let Some(audio) = audio {
            for slice in pieces(&audio.base64) {
                let event = self.spot(&id, json!({ "content_index": 0, "delta": slice }));
                self.push(FrameKind::Token, "response.output_audio.delta", event);
            }
            let event = self.spot(&id, json!({ "content_index": 0 }));
            self.push(FrameKind::Closing, "response.output_audio.done", event);
        }
        let event = self.spot(&id, json!({ "content_index": 0, key: text }));
        self.push(FrameKind::Closing, &format!("{stem}.done"), event);
        self.push(FrameKind::Closing, "response.content_part.done", self.spot(&id, part(text)));
        let status = if status == "completed" { "completed" } else { "incomplete" };
        self.close(item(status, json!([{ "type": format!("output_{kind}"), key: text }])));
    }

    fn call(&mut self, name: &str, arguments: &str, call_id: Option<&str>) {
        let id = self.context.ids.next("item_");
        let call_id = call_id.map_or_else(|| self.context.ids.next("call_"), str::to_owned);
        let item = |status: &str, arguments: &str| {
            json!({
                "id": id, "object": "realtime.item", "type": "function_call", "status": status,
                "name": name, "call_id": call_id, "arguments": arguments,
            })
        };
        self.open(&item("in_progress", ""));
        for slice in slices(arguments, self.context.chunk_size) {
            let event = self.spot(&id, json!({ "call_id": call_id, "delta": slice }));
            self.push(FrameKind::Token, "response.function_call_arguments.delta", event);
        }
        let event = self.spot(&id, json!({ "call_id": call_id, "name": name, "arguments": arguments }));
        self.push(FrameKind::Closing, "response.function_call_arguments.done", event);
        self.close(item("completed", arguments));
    }
}

/// Base64 in pieces that can each be decoded alone.
fn pieces(base64: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = base64;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at_checked(AUDIO_SLICE.min(rest.len())).unwrap_or((rest, ""));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// How a response ends, in the vendor's words.
fn end(turn: &Turn) -> (&'static str, Value) {
    match turn.overrides.finish_reason.as_deref() {
        Some("length" | "max_output_tokens" | "incomplete") => {
            ("incomplete", json!({ "type": "incomplete", "reason": "max_output_tokens" }))
        }
        Some("content_filter") => ("incomplete", json!({ "type": "incomplete", "reason": "content_filter" })),
        Some("failed" | "error") => {
            let error = json!({ "type": "server_error", "code": "server_error", "message": "The model failed to generate a response." });
            ("failed", failure(&error))
        }
        _ => ("completed", Value::Null),
    }
}

fn usage(context: &Context<'_>, turn: &Turn, audio: bool) -> Value {
    let tokens = tokens(context.request, turn);
    let (input, output) = (count(tokens.input), count(tokens.output));
    let given = turn.overrides.usage.as_ref().map(|usage| &usage.given);
    let cached = ["prompt_tokens_details", "input_tokens_details", "input_token_details"];
    let cached = cached.iter().find_map(|key| given?.get(*key)?.get("cached_tokens")).cloned().unwrap_or_else(|| json!(0));
    let spoken = if audio { [json!(0), json!(output)] } else { [json!(output), json!(0)] };
    json!({
        "total_tokens": count(tokens.total),
        "input_tokens": input,
        "output_tokens": output,
        "input_token_details": {
            "text_tokens": input, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": cached,
            "cached_tokens_details": { "text_tokens": cached, "audio_tokens": 0, "image_tokens": 0 },
        },
        "output_token_details": { "text_tokens": spoken[0], "audio_tokens": spoken[1] },
    })
}

/// The item of a turn that is to be transcribed.
fn item_id(context: &Context<'_>) -> String {
    let items = context.raw.json().and_then(|body| body.get("items")).and_then(Value::as_array);
    let id = items.and_then(|items| items.last()).and_then(|item| item.get("id")).and_then(Value::as_str);
    id.unwrap_or_default().to_owned()
}

fn transcribed(context: &mut Context<'_>, transcription: &Transcription) -> Emission {
    let (item, text) = (item_id(context), text_of(&transcription.0));
    let mut frames = Vec::new();
    let mut push = |context: &mut Context<'_>, kind, name: &str, members: Value| {
        let mut event = json!({
            "type": format!("conversation.item.input_audio_transcription.{name}"), "event_id": context.ids.next("event_"),
            "item_id": item, "content_index": 0,
        });
        if let (Some(event), Value::Object(members)) = (event.as_object_mut(), members) {
            event.extend(members);
        }
        frames.push(data_frame(kind, &event));
    };
    for slice in slices(text, context.chunk_size) {
        push(context, FrameKind::Token, "delta", json!({ "delta": slice }));
    }
    let usage = transcription.0.get("usage").cloned().unwrap_or_else(|| transcription_usage(context, &transcription.0));
    let mut done = json!({ "transcript": text, "usage": usage });
    for key in ["languages", "logprobs"] {
        if let Some(value) = transcription.0.get(key) {
            done[key] = value.clone();
        }
    }
    push(context, FrameKind::Terminal, "completed", done);
    event_stream(frames)
}

/// Some models are paid by the second, the others by the token; clients tell them apart by `type`.
fn transcription_usage(context: &Context<'_>, transcription: &Value) -> Value {
    let model = context.request.model.as_deref().unwrap_or_default();
    if model.starts_with("gpt-4o") {
        let turn = Turn { blocks: vec![Block::Text(text_of(transcription).to_owned())], ..Turn::default() };
        let tokens = tokens(context.request, &turn);
        let input = count(tokens.input);
        return json!({
            "type": "tokens", "total_tokens": count(tokens.total), "input_tokens": input, "output_tokens": count(tokens.output),
            "input_token_details": { "text_tokens": 0, "audio_tokens": input },
        });
    }
    json!({ "type": "duration", "seconds": super::super::transcript::duration(transcription) })
}

fn not_transcribed(context: &mut Context<'_>, error: &ErrorReply) -> Emission {
    let body = openai::envelope(error).get_mut("error").map(Value::take).unwrap_or_default();
    let event = failed_transcription(&context.ids.next("event_"), &item_id(context), &body);
    let mut emission = event_stream(vec![data_frame(FrameKind::Terminal, &event)]);
    emission.status = status_or_500(error.status);
    emission
}

/// A piece of audio that cannot be transcribed.
pub(super) fn failed_transcription(event_id: &str, item_id: &str, error: &Value) -> Value {
    let members = ["type", "code", "message", "param"].into_iter().map(|key| (key.to_owned(), error.get(key).cloned().unwrap_or_default()));
    json!({
        "type": "conversation.item.input_audio_transcription.failed", "event_id": event_id, "item_id": item_id, "content_index": 0,
        "error": Value::Object(members.collect()),
    })
}

fn translated(context: &mut Context<'_>, text: &str, audio: Option<&Audio>) -> Emission {
    let mut frames = Vec::new();
    for slice in slices(text, context.chunk_size) {
        let event = json!({ "type": "session.output_transcript.delta", "event_id": context.ids.next("event_"), "delta": slice });
        frames.push(data_frame(FrameKind::Token, &event));
    }
    for slice in audio.map(|audio| pieces(&audio.base64)).unwrap_or_default() {
        let event = json!({
            "type": "session.output_audio.delta", "event_id": context.ids.next("event_"), "delta": slice,
            "format": "pcm16", "sample_rate": 24000, "channels": 1,
        });
        frames.push(data_frame(FrameKind::Token, &event));
    }
    let event = json!({ "type": "session.closed", "event_id": context.ids.next("event_") });
    frames.push(data_frame(FrameKind::Terminal, &event));
    event_stream(frames)
}
