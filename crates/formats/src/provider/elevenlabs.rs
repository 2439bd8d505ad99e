//! ElevenLabs (API reference, "Text to speech", "Sound effects", "Music"): audio as bytes, at once or as a stream, with
//! timestamps as JSON.
//!
//! The path says what is asked, the query (`output_format`) in which format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::shared::{audio, openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Audio, Block, Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Reply, Request, Role, Turn,
    Unsayable,
};

pub(super) static PROVIDER: ElevenLabs = ElevenLabs;

const SPEECH: &str = "eleven_multilingual_v2";
const EFFECTS: &str = "eleven_text_to_sound_v2";
const MUSIC: &str = "music_v1";
const NOT_A_PLAN: &str = "Fixture response is not a plan: give it as `json`, or as JSON text in `content`";
/// Seconds that a letter takes in made-up timestamps.
const LETTER: f64 = 0.05;

#[derive(Debug)]
pub(super) struct ElevenLabs;

impl Provider for ElevenLabs {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn provider(&self) -> &'static str {
        "elevenlabs"
    }

    fn summary(&self) -> &'static str {
        "ElevenLabs speech, sound effects and music"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1/text-to-speech/{voice}", endpoint: Endpoint::ElevenlabsTts },
            Route { method: "POST", path: "/v1/text-to-speech/{voice}/stream", endpoint: Endpoint::ElevenlabsTts },
            Route { method: "POST", path: "/v1/text-to-speech/{voice}/with-timestamps", endpoint: Endpoint::ElevenlabsTts },
            Route { method: "POST", path: "/v1/text-to-speech/{voice}/stream/with-timestamps", endpoint: Endpoint::ElevenlabsTts },
            Route { method: "POST", path: "/v1/sound-generation", endpoint: Endpoint::AudioGen },
            Route { method: "POST", path: "/v1/music", endpoint: Endpoint::AudioGen },
            Route { method: "POST", path: "/v1/music/stream", endpoint: Endpoint::AudioGen },
            Route { method: "POST", path: "/v1/music/plan", endpoint: Endpoint::AudioGen },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            let (text, usual) = if route.path.starts_with("/v1/music") {
                (music(&body)?, MUSIC)
            } else {
                let usual = if route.endpoint == Endpoint::AudioGen { EFFECTS } else { SPEECH };
                (body.text("text")?.filter(|text| !text.is_empty()).ok_or(Problem::Missing("text"))?.to_owned(), usual)
            };
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(route.endpoint),
                model: Some(body.text("model_id")?.filter(|model| !model.is_empty()).unwrap_or(usual).to_owned()),
                messages: vec![Message::text(Role::User, text)],
                ..Request::default()
            })
        };
        read().map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        let path = context.raw.path.as_str();
        let answer = match reply {
            Reply::Error(error) => return failed(error),
            Reply::Turn(turn) if path.ends_with("/plan") => return plan(turn),
            Reply::Json { value, .. } if path.ends_with("/plan") => return respond::json(200, value),
            _ if path.ends_with("/plan") => return failed(&openai::unusable(NOT_A_PLAN)),
            Reply::Audio(audio) if path.ends_with("/with-timestamps") => timed(context, audio),
            Reply::Audio(audio) => audio::emission(audio, Some(&asked_format(context.raw))),
            _ => return failed(&openai::unusable(audio::NOT_AUDIO)),
        };
        let mut answer = answer.unwrap_or_else(|| failed(&openai::unusable(audio::NOT_BASE64)));
        if path.starts_with("/v1/music") && answer.status == 200 {
            answer.headers.push(("song-id", context.ids.next("")));
        }
        answer
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        if let Ok(audio) = audio::captured(captured) {
            return Ok(left_out.with(Reply::Audio(audio)));
        }
        let body = json_body(captured)?;
        if let Some(base64) = body.get("audio_base64").and_then(Value::as_str) {
            left_out.others(&body, &["audio_base64"]);
            let audio = Audio { base64: base64.to_owned(), format: None, content_type: None, companion: None };
            return Ok(left_out.with(Reply::Audio(audio)));
        }
        if body.get("sections").is_none() && body.get("chunks").is_none() {
            return Err(unsayable("the body is neither audio nor a plan"));
        }
        let turn = Turn { blocks: vec![Block::Text(body.to_string())], has_text: true, ..Turn::default() };
        Ok(left_out.with(Reply::Turn(turn)))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        failed(error)
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }
}

/// The prompt of a piece of music, or its plan.
fn music(body: &Place<'_, '_>) -> Result<String, Problem> {
    if let Some(prompt) = body.text("prompt")?.filter(|prompt| !prompt.is_empty()) {
        return Ok(prompt.to_owned());
    }
    body.object_at("composition_plan")?;
    body.member("composition_plan").map(|plan| plan.value().to_string()).ok_or(Problem::Missing("prompt"))
}

/// `mp3` of `?output_format=mp3_44100_128`.
fn asked_format(raw: &RawRequest) -> String {
    let asked = raw.query_value("output_format").unwrap_or_default();
    asked.split('_').next().unwrap_or_default().to_owned()
}

/// A plan is JSON that the fixture gives as text.
fn plan(turn: &Turn) -> Emission {
    match serde_json::from_str::<Value>(&turn.text()) {
        Ok(plan) => respond::json(200, &plan),
        Err(_) => failed(&openai::unusable(NOT_A_PLAN)),
    }
}

/// Audio as base64 with the time of every character, evenly spread.
fn timed(context: &Context<'_>, audio: &Audio) -> Option<Emission> {
    let bytes = audio::decoded(&audio.base64)?;
    let text = context.request.user_text().unwrap_or_default();
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let at = |index: usize| (f64::from(u32::try_from(index).unwrap_or(u32::MAX)) * LETTER * 1000.0).round() / 1000.0;
    let starts: Vec<f64> = (0..letters.len()).map(at).collect();
    let ends: Vec<f64> = (1..=letters.len()).map(at).collect();
    let alignment = json!({
        "characters": letters,
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    });
    let body = json!({ "audio_base64": STANDARD.encode(bytes), "alignment": alignment, "normalized_alignment": alignment });
    let mut emission = respond::json(200, &body);
    if context.raw.path.ends_with("/stream/with-timestamps") {
        // One line a chunk.
        emission.body = crate::exchange::Body::Whole(format!("{body}\n").into());
    }
    Some(emission)
}

/// An error in ElevenLabs' envelope.
fn failed(error: &ErrorReply) -> Emission {
    let code = error.code.as_deref().or(error.kind.as_deref()).unwrap_or_else(|| word(error));
    let mut detail = json!({ "status": code, "message": error.message });
    if let Some(found) = error.detail.as_ref() {
        detail["aimock"] = found.to_json();
    }
    let mut emission = respond::json(respond::status_or_500(error.status), &json!({ "detail": detail }));
    emission.headers.extend(openai::retry_headers(error));
    emission
}

fn word(error: &ErrorReply) -> &'static str {
    match (error.origin, error.status) {
        (ErrorOrigin::Miss | ErrorOrigin::StrictMiss, _) => "no_fixture_match",
        (_, 401) => "invalid_api_key",
        (_, 429) => "too_many_concurrent_requests",
        (_, 400..=499) => "invalid_request",
        _ => "internal_server_error",
    }
}

fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let message = text("/detail/message").or_else(|| text("/detail")).or_else(|| text("/detail/0/msg"));
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message.ok_or_else(|| unsayable("the error has no message"))?);
    error.code = text("/detail/status").filter(|code| code != word(&error));
    error.retry_after = own_pause(captured, left_out);
    Ok(error)
}
