//! Mistral chat and fill-in-the-middle completions, and its models (Mistral's API reference).
//!
//! The paths are OpenAI's, so they stand below `/mistral` here; Mistral's own clients are told by their `User-Agent` and need
//! no prefix (see `route::address`).

use serde_json::json;

use super::grammar::{self, Grammar};
use super::shared::body::{self, Place, Problem};
use super::shared::chat_collapse::{self, Dialect};
use super::shared::{chat_request, mistral, mistral_models, mistral_reply, respond};
use super::{Context, Moment, Params, Provider, Recall, Recalled, Route, StoredRoute};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, Message, RawRequest, Reply, Request, Role, Unsayable,
};

pub(super) static PROVIDER: MistralChat = MistralChat;

const CHAT: &str = "/mistral/v1/chat/completions";

#[derive(Debug)]
pub(super) struct MistralChat;

impl Provider for MistralChat {
    fn name(&self) -> &'static str {
        "mistral_chat"
    }

    fn provider(&self) -> &'static str {
        "mistral"
    }

    fn summary(&self) -> &'static str {
        "Mistral chat and fill-in-the-middle completions"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: CHAT, endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/mistral/v1/fim/completions", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/v1/fim/completions", endpoint: Endpoint::Chat },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        looked_over(raw).map_err(mistral::refusal)?;
        let read = if route.path == CHAT { chat_request::decode(raw, self.provider(), None) } else { fill_in(raw, self.provider()) };
        read.map_err(mistral::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        mistral_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        chat_collapse::collapse_as(captured, Dialect::Mistral)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        mistral::encode_error(error)
    }

    /// `error` is one of the finish reasons; why is said beside it.
    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        let chunk = json!({
            "id": format!("cmpl-{}", moment.request_id),
            "object": "chat.completion.chunk",
            "created": moment.now,
            "model": "unknown",
            "choices": [{ "index": 0, "delta": { "content": "" }, "finish_reason": "error" }],
            "error": mistral::envelope(error),
        });
        Some(respond::data_frame(FrameKind::Closing, &chunk))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::CHAT)
    }

    fn request_id_header(&self) -> &'static str {
        "mistral-correlation-id"
    }

    fn stored_routes(&self) -> &'static [StoredRoute] {
        &mistral_models::ROUTES
    }

    fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
        mistral_models::recall(recall)
    }
}

/// What the vendor looks at and nobody here reads.
fn looked_over(raw: &RawRequest) -> Result<(), Problem> {
    // What is no JSON is refused by whoever reads it.
    let Some(body) = raw.json().and_then(|body| Place::body(body).ok()) else { return Ok(()) };
    body.numbers(&["random_seed"])?;
    body.flag("safe_prompt")?;
    match body.member("tool_choice") {
        Some(choice) if !(choice.value().is_string() || choice.value().is_object()) => Err(choice.is_not("a string or an object")),
        _ => Ok(()),
    }
}

/// The request to write what stands between `prompt` and `suffix`: the prompt is what the user says.
fn fill_in(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(body::json(raw)?)?;
    let prompt = body.text("prompt")?.ok_or(Problem::Missing("prompt"))?;
    body.text("suffix")?;
    Ok(Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.text("model")?.map(str::to_owned),
        messages: vec![Message::text(Role::User, prompt)],
        stream: body.flag("stream")?.unwrap_or(false),
        ..Request::default()
    })
}
