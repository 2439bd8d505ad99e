//! Reading turns back: a response, a transcription, a translation (OpenAI's API reference, "Realtime", "Server events").
//!
//! Of a response the last event counts, which holds all items; audio is put together from its pieces.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::collapse::{LeftOut, event_as_body, events, only, says_something, short, turn, unsayable, usage};
use super::text_at;
use crate::exchange::{
    Audio, Block, Captured, Collapsed, Endpoint, ErrorOrigin, ErrorReply, Overrides, Reply, Request, Transcription, Turn, Unsayable,
};

/// Members of a response that a reply holds, or that are only the request's once more.
const HEAD: [&str; 13] = [
    "object",
    "id",
    "status",
    "status_details",
    "output",
    "conversation_id",
    "output_modalities",
    "modalities",
    "max_output_tokens",
    "audio",
    "usage",
    "temperature",
    "voice",
];
/// Raw audio as sessions have it unless they say otherwise.
const AUDIO: &str = "audio/pcm";

/// What a turn says.
pub(in crate::provider) fn collapse(request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        return Ok(left_out.with(Reply::Error(error(captured)?)));
    }
    let told = Told::of(captured, &mut left_out)?;
    let reply = match request.endpoint {
        Some(Endpoint::RealtimeTranscription) => told.transcription(&mut left_out)?,
        Some(Endpoint::RealtimeTranslation) => told.translation()?,
        _ => told.response(&mut left_out)?,
    };
    Ok(left_out.with(reply))
}

/// The error of a turn that failed: alone, of a response, or of a transcription.
fn error(captured: &Captured) -> Result<ErrorReply, Unsayable> {
    let body: Value = serde_json::from_slice(&event_as_body(captured)?.body()).map_err(|_| unsayable("the error is no JSON"))?;
    let error = body.pointer("/response/status_details/error").or_else(|| body.get("error"));
    let error = error.filter(|error| error.is_object()).ok_or_else(|| unsayable("the error is in no known envelope"))?;
    only(error, &["type", "code", "message", "param", "event_id"], "`error`")?;
    let text = |key: &str| text_at(error, &format!("/{key}")).filter(|text| !text.is_empty()).map(str::to_owned);
    let message = text("message").ok_or_else(|| unsayable("the error has no message"))?;
    let mut reply = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    (reply.kind, reply.code, reply.param) = (text("type"), text("code"), text("param"));
    Ok(super::super::chat_collapse::without_defaults(reply))
}

/// What the events of a turn hold.
#[derive(Debug, Default)]
struct Told {
    done: Option<Value>,
    /// Of the response, or of the translation.
    audio: Vec<u8>,
    /// The parts whose audio that is.
    spoken: BTreeSet<(String, u64)>,
    text: String,
    closed: bool,
}

impl Told {
    fn of(captured: &Captured, left_out: &mut LeftOut) -> Result<Told, Unsayable> {
        let mut told = Told::default();
        for event in events(captured)? {
            let Some(data) = event.data else { continue };
            let mut event: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event is no JSON"))?;
            let kind = text_at(&event, "/type").unwrap_or_default().to_owned();
            match kind.as_str() {
                "response.done" => told.done = event.get_mut("response").map(Value::take),
                "conversation.item.input_audio_transcription.completed" => told.done = Some(event),
                "response.output_audio.delta" | "response.audio.delta" | "session.output_audio.delta" => {
                    let part = event.get("content_index").and_then(Value::as_u64).unwrap_or(0);
                    told.spoken.insert((text_at(&event, "/item_id").unwrap_or_default().to_owned(), part));
                    let audio = STANDARD.decode(text_at(&event, "/delta").unwrap_or_default());
                    told.audio.extend(audio.map_err(|_| unsayable("a piece of audio is no base64"))?);
                }
                "session.output_transcript.delta" => told.text.push_str(text_at(&event, "/delta").unwrap_or_default()),
                "session.closed" => told.closed = true,
                "error" => return Err(unsayable("the turn holds an error")),
                other if other.ends_with(".segment") => left_out.name("segments"),
                _ => {}
            }
        }
        Ok(told)
    }

    fn transcription(self, left_out: &mut LeftOut) -> Result<Reply, Unsayable> {
        let done = self.done.ok_or_else(|| unsayable("the turn ends without `…input_audio_transcription.completed`"))?;
        let text = text_at(&done, "/transcript").ok_or_else(|| unsayable("the transcription has no transcript"))?;
        left_out.others(&done, &["type", "event_id", "item_id", "content_index", "transcript", "usage", "languages", "logprobs"]);
        let mut kept = Map::from_iter([("text".to_owned(), text.into())]);
        for key in ["usage", "languages", "logprobs"] {
            if let Some(value) = done.get(key).filter(|value| says_something(value)) {
                kept.insert(key.to_owned(), value.clone());
            }
        }
        Ok(Reply::Transcription(Transcription(Value::Object(kept))))
    }

    fn translation(self) -> Result<Reply, Unsayable> {
        if !self.closed {
            return Err(unsayable("the translation ends without `session.closed`"));
        }
        let said = if self.text.is_empty() { None } else { Some(turn(vec![Block::Text(self.text)])?) };
        match (self.audio.is_empty(), said) {
            (true, None) => Err(unsayable("the translation says nothing")),
            (true, Some(said)) => Ok(Reply::Turn(said)),
            (false, companion) => Ok(Reply::Audio(spoken(&self.audio, None, companion))),
        }
    }

    fn response(self, left_out: &mut LeftOut) -> Result<Reply, Unsayable> {
        let done = self.done.ok_or_else(|| unsayable("the turn ends without `response.done`"))?;
        left_out.others(&done, &HEAD);
        let overrides = Overrides {
            id: text_at(&done, "/id").map(str::to_owned),
            finish_reason: finish_reason(&done)?,
            usage: done.get("usage").and_then(|given| usage(&in_chat_words(given, left_out), left_out)),
            ..Overrides::default()
        };
        let mut blocks = Vec::new();
        let mut transcripts = 0;
        for item in done.get("output").and_then(Value::as_array).into_iter().flatten() {
            transcripts += block(item, &mut blocks)?;
        }
        let heard = !self.audio.is_empty();
        let texts = blocks.iter().filter(|block| matches!(block, Block::Text(_))).count();
        if self.spoken.len() > 1 || (heard && texts > transcripts) || transcripts > 1 {
            return Err(unsayable("the response has several parts with audio, or text beside audio"));
        }
        // A transcript stands before the calls where it is told.
        if heard && texts > 0 && !matches!(blocks.first(), Some(Block::Text(_))) {
            return Err(unsayable("the response calls tools before it speaks"));
        }
        if !heard {
            let said = turn(blocks)?;
            return Ok(Reply::Turn(Turn { overrides: overrides.into(), ..said }));
        }
        // Without a transcript its text is empty.
        blocks.retain(|block| !matches!(block, Block::Text(text) if text.is_empty()));
        let companion = if blocks.is_empty() { Turn::default() } else { turn(blocks)? };
        let kind = text_at(&done, "/audio/output/format/type");
        Ok(Reply::Audio(spoken(&self.audio, kind, Some(Turn { overrides: overrides.into(), ..companion }))))
    }
}

fn spoken(audio: &[u8], kind: Option<&str>, companion: Option<Turn>) -> Audio {
    let content_type = Some(kind.unwrap_or(AUDIO).to_owned());
    Audio { base64: STANDARD.encode(audio), format: None, content_type, companion: companion.map(Box::new) }
}

/// Reads an item of a response; how many of its parts are transcripts.
fn block(item: &Value, blocks: &mut Vec<Block>) -> Result<usize, Unsayable> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text_at(item, "/type").unwrap_or_default() {
        "message" => {
            only(item, &["id", "object", "type", "status", "role", "content", "phase"], "a message")?;
            match item.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
                [] => Ok(0),
                [part] => match text_at(part, "/type") {
                    Some("output_text" | "text") => {
                        blocks.push(Block::Text(text(part, "text")));
                        Ok(0)
                    }
                    Some("output_audio" | "audio") => {
                        blocks.push(Block::Text(text(part, "transcript")));
                        Ok(1)
                    }
                    other => Err(unsayable(format!("a part of type `{}`", short(other.unwrap_or_default())))),
                },
                _ => Err(unsayable("a message has more than one part")),
            }
        }
        "function_call" => {
            only(item, &["id", "object", "type", "status", "call_id", "name", "arguments"], "a function call")?;
            let id = item.get("call_id").and_then(Value::as_str).map(str::to_owned);
            blocks.push(Block::ToolCall { name: text(item, "name"), arguments: text(item, "arguments"), id });
            Ok(0)
        }
        other => Err(unsayable(format!("an item of type `{}`, which no neutral response holds", short(other)))),
    }
}

/// Why it ended, in the words of fixtures; `None` where it goes without saying.
fn finish_reason(response: &Value) -> Result<Option<String>, Unsayable> {
    match (text_at(response, "/status"), text_at(response, "/status_details/reason")) {
        (Some("completed"), _) => Ok(None),
        (Some("incomplete"), None | Some("max_output_tokens")) => Ok(Some("length".to_owned())),
        (Some("incomplete"), Some("content_filter")) => Ok(Some("content_filter".to_owned())),
        (status, _) => Err(unsayable(format!("the status is `{}`", short(status.unwrap_or_default())))),
    }
}

/// Usage with the details under the names that fixtures have for them.
fn in_chat_words(given: &Value, left_out: &mut LeftOut) -> Value {
    let Some(members) = given.as_object() else { return given.clone() };
    let mut kept = Map::new();
    for (key, value) in members {
        match key.as_str() {
            "input_token_details" => {
                let cached = value.get("cached_tokens").filter(|count| count.as_f64() != Some(0.0));
                kept.extend(cached.map(|cached| ("prompt_tokens_details".to_owned(), json!({ "cached_tokens": cached }))));
                if value.get("audio_tokens").and_then(Value::as_f64).is_some_and(|count| count > 0.0) {
                    left_out.name("usage.input_token_details");
                }
            }
            // Text and audio are told apart by what the answer holds.
            "output_token_details" => {}
            _ => drop(kept.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(kept)
}
