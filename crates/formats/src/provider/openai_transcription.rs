//! OpenAI transcription and translation (API reference, "Create transcription", "Create translation"): audio in, text out,
//! as JSON, as subtitles, or as events.
//!
//! A fixture is chosen by the `prompt` that goes with the audio (`userMessage`) and by what the client calls the file
//! (`inputText`). What is in the file is not listened to.

use serde_json::{Map, Value, json};

use super::shared::collapse::{LeftOut, error, events, unsayable};
use super::shared::form::{self, Fields};
use super::shared::respond::{data_frame, event_stream, json as json_answer};
use super::shared::transcript::{self, Cue};
use super::shared::usage::{count, estimate};
use super::shared::{chat_collapse, chat_reply, openai, text};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Body, Captured, Collapsed, EmbeddingInput, Emission, Endpoint, ErrorReply, Frame, FrameKind, Message, RawRequest, Reply, Request, Role,
    Transcription, Unsayable,
};
use crate::wire::sse;

pub(super) static PROVIDER: OpenAiTranscription = OpenAiTranscription;

/// The model that is meant where none is named; it does not stream.
const WHISPER: &str = "whisper-1";
const NOT_A_TRANSCRIPTION: &str = "Fixture response is not a transcription type";
/// What the vendor says of every segment where the fixture says nothing.
const SEGMENT: [(&str, f64); 4] = [("temperature", 0.0), ("avg_logprob", -0.25), ("compression_ratio", 1.25), ("no_speech_prob", 0.01)];

#[derive(Debug)]
pub(super) struct OpenAiTranscription;

impl Provider for OpenAiTranscription {
    fn name(&self) -> &'static str {
        "openai_transcription"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI transcription and translation in every format, whole and streamed"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1/audio/transcriptions", endpoint: Endpoint::Transcription },
            Route { method: "POST", path: "/v1/audio/translations", endpoint: Endpoint::Translation },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = |fields: Fields<'_>| {
            let file = fields.file("file").ok_or(super::shared::body::Problem::Missing("file"))?;
            let text = |name| fields.text(name).map(|text| text.filter(|text| !text.is_empty()));
            let model = text("model")?.map_or_else(|| WHISPER.to_owned(), Into::into);
            let streams = route.endpoint == Endpoint::Transcription && model != WHISPER && fields.flag("stream")?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(route.endpoint),
                model: Some(model),
                messages: text("prompt")?.map(|prompt| Message::text(Role::User, prompt)).into_iter().collect(),
                embedding_inputs: Some(file)
                    .filter(|file| !file.is_empty())
                    .map(|file| EmbeddingInput::Text(file.to_owned()))
                    .into_iter()
                    .collect(),
                response_format: text("response_format")?.map(Into::into),
                stream: streams,
                ..Request::default()
            })
        };
        Fields::of(raw).and_then(read).map_err(|problem| form::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Transcription(Transcription(said)) if context.request.stream => stream(context, said),
            Reply::Transcription(Transcription(said)) => whole(context, said),
            Reply::Error(error) => openai::encode_error(error),
            _ => openai::encode_error(&openai::unusable(NOT_A_TRANSCRIPTION)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let reply = if captured.status >= 400 {
            Reply::Error(chat_collapse::without_defaults(error(captured, &mut left_out)?))
        } else if captured.is_event_stream() {
            Reply::Transcription(Transcription(streamed(captured)?))
        } else {
            Reply::Transcription(Transcription(said(captured, &mut left_out)?))
        };
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(chat_reply::error_event(error))
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

/// The text of a fixture's transcription.
fn text_of(said: &Value) -> &str {
    said.get("text").and_then(Value::as_str).unwrap_or_default()
}

fn whole(context: &Context<'_>, said: &Value) -> Emission {
    match context.request.response_format.as_deref() {
        Some("text") => plain("text/plain; charset=utf-8", format!("{}\n", text_of(said))),
        Some("srt") => plain("text/plain; charset=utf-8", transcript::srt(&transcript::cues(said))),
        Some("vtt") => plain("text/vtt; charset=utf-8", transcript::vtt(&transcript::cues(said))),
        Some("verbose_json") => json_answer(200, &verbose(context, said)),
        Some("diarized_json") => json_answer(200, &diarized(context, said)),
        _ => json_answer(200, &short(context, said)),
    }
}

fn plain(kind: &str, text: String) -> Emission {
    Emission { status: 200, headers: vec![("content-type", kind.to_owned())], body: Body::Whole(text.into()) }
}

/// `{"text"}` with what newer models add. A translation is text alone.
fn short(context: &Context<'_>, said: &Value) -> Value {
    let mut body = json!({ "text": text_of(said) });
    if let Some(body) = body.as_object_mut().filter(|_| context.request.endpoint == Some(Endpoint::Transcription)) {
        for key in ["languages", "logprobs"] {
            let wanted = key != "logprobs" || asks(context.raw, "include", "logprobs");
            body.extend(said.get(key).filter(|_| wanted).map(|value| (key.to_owned(), value.clone())));
        }
        body.insert("usage".to_owned(), usage(context, said));
    }
    body
}

/// Whether a list of the request holds a word.
fn asks(raw: &RawRequest, list: &'static str, word: &str) -> bool {
    Fields::of(raw).is_ok_and(|fields| fields.lists(list, word))
}

/// `verbose_json`: with words where they are asked for, and segments unless only words are.
fn verbose(context: &Context<'_>, said: &Value) -> Value {
    let translates = context.request.endpoint == Some(Endpoint::Translation);
    let wants = |what| asks(context.raw, "timestamp_granularities", what);
    let (words, segments) = (wants("word"), wants("segment"));
    let mut body = json!({
        "task": if translates { "translate" } else { "transcribe" },
        "language": said.get("language").and_then(Value::as_str).unwrap_or("english"),
        "duration": transcript::duration(said),
        "text": text_of(said),
    });
    if let Some(body) = body.as_object_mut() {
        let given = said.get("words").filter(|given| given.as_array().is_some_and(|given| !given.is_empty()));
        body.extend(given.filter(|_| words || !segments).map(|given| ("words".to_owned(), given.clone())));
        if segments || !words {
            body.insert("segments".to_owned(), transcript::segments(said).iter().enumerate().map(segment).collect());
        }
        if !translates {
            body.insert("usage".to_owned(), json!({ "type": "duration", "seconds": count(transcript::duration(said).ceil()) }));
        }
    }
    body
}

/// A segment with every member that the vendor sends.
fn segment((index, given): (usize, &Value)) -> Value {
    let mut segment = Map::new();
    segment.insert("id".to_owned(), index.into());
    segment.insert("seek".to_owned(), 0.into());
    for (key, value) in [("start", json!(0.0)), ("end", json!(0.0)), ("text", json!("")), ("tokens", json!([]))] {
        segment.insert(key.to_owned(), value);
    }
    segment.extend(SEGMENT.map(|(key, value)| (key.to_owned(), json!(value))));
    segment.extend(given.as_object().cloned().unwrap_or_default());
    Value::Object(segment)
}

/// Who said what, when. Speakers that the fixture does not name are one.
fn diarized(context: &Context<'_>, said: &Value) -> Value {
    let segments: Vec<Value> = transcript::segments(said).iter().enumerate().map(spoken).collect();
    json!({
        "task": "transcribe",
        "duration": transcript::duration(said),
        "text": text_of(said),
        "segments": segments,
        "usage": usage(context, said),
    })
}

fn spoken((index, given): (usize, &Value)) -> Value {
    let text = |key: &str, usual: &str| given.get(key).and_then(Value::as_str).unwrap_or(usual).to_owned();
    let seconds = |key: &str| given.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    json!({
        "type": "transcript.text.segment",
        "id": text("id", &format!("seg_{:03}", index + 1)),
        "start": seconds("start"),
        "end": seconds("end"),
        "text": text("text", ""),
        "speaker": text("speaker", "A"),
    })
}

/// What the fixture gives, else an estimate in the unit that the model is billed in.
fn usage(context: &Context<'_>, said: &Value) -> Value {
    if let Some(given) = said.get("usage").filter(|given| given.is_object()) {
        return given.clone();
    }
    let seconds = transcript::duration(said).ceil();
    if context.request.model.as_deref() == Some(WHISPER) {
        return json!({ "type": "duration", "seconds": count(seconds) });
    }
    let prompt = context.request.user_text().map_or(0.0, |prompt| estimate(text::units_of(prompt)));
    // Ten tokens a second.
    let audio = seconds * 10.0;
    let output = estimate(text::units_of(text_of(said)));
    json!({
        "type": "tokens",
        "total_tokens": count(prompt + audio + output),
        "input_tokens": count(prompt + audio),
        "input_token_details": { "text_tokens": count(prompt), "audio_tokens": count(audio) },
        "output_tokens": count(output),
    })
}

fn stream(context: &Context<'_>, said: &Value) -> Emission {
    let mut frames = Vec::new();
    let mut delta = |text: &str, segment: Option<&Value>| {
        for slice in text::slices(text, context.chunk_size) {
            let mut event = json!({ "type": "transcript.text.delta", "delta": slice });
            if let Some(id) = segment.and_then(|segment| segment.get("id")) {
                event["segment_id"] = id.clone();
            }
            frames.push(data_frame(FrameKind::Token, &event));
        }
        if let Some(segment) = segment {
            frames.push(data_frame(FrameKind::Closing, segment));
        }
    };
    if context.request.response_format.as_deref() == Some("diarized_json") {
        for segment in transcript::segments(said).iter().enumerate().map(spoken) {
            delta(segment.get("text").and_then(Value::as_str).unwrap_or_default(), Some(&segment));
        }
    } else {
        delta(text_of(said), None);
    }
    let mut done = json!({ "type": "transcript.text.done" });
    if let (Some(done), Value::Object(members)) = (done.as_object_mut(), short(context, said)) {
        done.extend(members);
    }
    frames.push(data_frame(FrameKind::Closing, &done));
    frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(frames)
}

/// What a whole answer says, in JSON or as text.
fn said(captured: &Captured, left_out: &mut LeftOut) -> Result<Value, Unsayable> {
    let body = captured.body();
    let Ok(Value::Object(members)) = serde_json::from_slice(&body) else {
        let text = std::str::from_utf8(&body).map_err(|_| unsayable("the body is no text"))?;
        return written(captured, text);
    };
    if !members.get("text").is_some_and(Value::is_string) {
        return Err(unsayable("the body is no transcription"));
    }
    left_out.others(&Value::Object(members.clone()), &KEPT);
    Ok(Value::Object(
        members.into_iter().filter(|(key, value)| KEPT.contains(&key.as_str()) && key != "task" && !value.is_null()).collect(),
    ))
}

/// Members of an answer that a fixture keeps, and `task`, which the endpoint says.
const KEPT: [&str; 9] = ["task", "text", "language", "languages", "duration", "words", "segments", "logprobs", "usage"];

/// Text or subtitles. What calls itself JSON is none of them.
fn written(captured: &Captured, text: &str) -> Result<Value, Unsayable> {
    let kind = captured.headers.first("content-type").unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("text/") {
        return Err(unsayable("the body is no transcription"));
    }
    let Some(cues) = transcript::read(text) else {
        let text = text.trim_end_matches(['\r', '\n']);
        return if text.is_empty() { Err(unsayable("the transcription is empty")) } else { Ok(json!({ "text": text })) };
    };
    let segments = cues.iter().map(|Cue { start, end, text }| json!({ "start": start, "end": end, "text": text }));
    let all = cues.iter().map(|cue| cue.text.replace('\n', " ")).collect::<Vec<_>>().join(" ");
    Ok(json!({ "text": all, "segments": segments.collect::<Vec<_>>() }))
}

fn streamed(captured: &Captured) -> Result<Value, Unsayable> {
    let mut said = Map::new();
    let mut segments = Vec::new();
    for event in events(captured)? {
        let Some(data) = event.data.filter(|data| data.trim() != "[DONE]") else { continue };
        let event: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        match event.get("type").and_then(Value::as_str) {
            Some("transcript.text.delta") => {}
            Some("transcript.text.segment") => {
                let members = event.as_object().into_iter().flatten().filter(|(key, _)| *key != "type");
                segments.push(members.map(|(key, value)| (key.clone(), value.clone())).collect::<Value>());
            }
            Some("transcript.text.done") => {
                let kept = event.as_object().into_iter().flatten().filter(|(key, value)| KEPT.contains(&key.as_str()) && !value.is_null());
                said.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => return Err(unsayable("the stream holds an event that is none of transcriptions")),
        }
    }
    if !said.get("text").is_some_and(Value::is_string) {
        return Err(unsayable("the stream ends without `transcript.text.done`"));
    }
    if !segments.is_empty() {
        said.insert("segments".to_owned(), segments.into());
    }
    Ok(Value::Object(said))
}
