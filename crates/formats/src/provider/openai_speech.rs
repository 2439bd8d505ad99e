//! OpenAI speech (API reference, "Create speech"): audio as bytes, or as events with `stream_format: "sse"`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::shared::collapse::{LeftOut, error, events, unsayable};
use super::shared::form::{self, Fields};
use super::shared::respond::{data_frame, event_stream};
use super::shared::usage::{count, estimate};
use super::shared::{audio, chat_collapse, chat_reply, openai, text};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Audio, Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, Message, RawRequest, Reply, Request, Role, Unsayable,
};

pub(super) static PROVIDER: OpenAiSpeech = OpenAiSpeech;

const DEFAULT_MODEL: &str = "tts-1";
/// Audio is sent in this many events at most, unless it is short.
const MOST_EVENTS: usize = 16;

#[derive(Debug)]
pub(super) struct OpenAiSpeech;

impl Provider for OpenAiSpeech {
    fn name(&self) -> &'static str {
        "openai_speech"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI speech, as bytes and as events"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/audio/speech", endpoint: Endpoint::Speech }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = |fields: Fields<'_>| {
            let input = fields.needed("input")?;
            let model = fields.text("model")?.filter(|model| !model.is_empty());
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Speech),
                model: Some(model.map_or_else(|| DEFAULT_MODEL.to_owned(), Into::into)),
                messages: vec![Message::text(Role::User, input)],
                response_format: fields.text("response_format")?.map(Into::into),
                stream: fields.text("stream_format")?.as_deref() == Some("sse"),
                ..Request::default()
            })
        };
        Fields::of(raw).and_then(read).map_err(|problem| form::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        let answer = match reply {
            Reply::Audio(audio) if context.request.stream => stream(context, audio),
            Reply::Audio(audio) => audio::emission(audio, context.request.response_format.as_deref()),
            Reply::Error(error) => return openai::encode_error(error),
            _ => return openai::encode_error(&openai::unusable(audio::NOT_AUDIO)),
        };
        answer.unwrap_or_else(|| openai::encode_error(&openai::unusable(audio::NOT_BASE64)))
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let reply = if captured.status >= 400 {
            Reply::Error(chat_collapse::without_defaults(error(captured, &mut left_out)?))
        } else if captured.is_event_stream() {
            Reply::Audio(streamed(captured, &mut left_out)?)
        } else {
            Reply::Audio(audio::captured(captured)?)
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

/// Pieces of whole groups of three bytes, so that their base64 texts join to one.
fn stream(context: &Context<'_>, audio: &Audio) -> Option<Emission> {
    let bytes = audio::decoded(&audio.base64)?;
    let piece = bytes.len().div_ceil(MOST_EVENTS).div_ceil(3).max(context.chunk_size).saturating_mul(3);
    let deltas = bytes.chunks(piece).enumerate().map(|(index, piece)| {
        let kind = if index == 0 { FrameKind::Prelude } else { FrameKind::Token };
        data_frame(kind, &json!({ "type": "speech.audio.delta", "audio": STANDARD.encode(piece) }))
    });
    let input = estimate(context.request.user_text().map_or(0, text::units_of));
    let output = estimate(bytes.len() / 40);
    let usage = json!({ "input_tokens": count(input), "output_tokens": count(output), "total_tokens": count(input + output) });
    let done = data_frame(FrameKind::Terminal, &json!({ "type": "speech.audio.done", "usage": usage }));
    Some(event_stream(deltas.chain([done]).collect()))
}

fn streamed(captured: &Captured, left_out: &mut LeftOut) -> Result<Audio, Unsayable> {
    let mut bytes = Vec::new();
    let mut done = false;
    for event in events(captured)? {
        let Some(data) = event.data.filter(|data| data.trim() != "[DONE]") else { continue };
        let event: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        match event.get("type").and_then(Value::as_str) {
            Some("speech.audio.delta") => {
                let piece = event.get("audio").and_then(Value::as_str).and_then(audio::decoded);
                bytes.extend_from_slice(&piece.ok_or_else(|| unsayable("a piece of audio is not base64"))?);
            }
            Some("speech.audio.done") => {
                left_out.others(&event, &["type"]);
                done = true;
            }
            _ => return Err(unsayable("the stream holds an event that is none of speech")),
        }
    }
    if !done || bytes.is_empty() {
        return Err(unsayable("the stream ends without `speech.audio.done`"));
    }
    Ok(Audio { base64: STANDARD.encode(bytes), format: None, content_type: None, companion: None })
}
