//! OpenRouter chat completions (API reference, "Send a chat completion request"; guides "Model Fallbacks", "Reasoning
//! Tokens", "Streaming"), and what it says of its models, the key and the credits.
//!
//! Several `models` are tried in order, which is the server's work: here they only become the request's list of models.

use serde_json::{Value, json};

use super::grammar::{self, Grammar};
use super::shared::body::{Place, Problem};
use super::shared::chat_collapse::{self, Dialect};
use super::shared::{chat_reply, chat_request, openrouter, openrouter_models, openrouter_reply, respond};
use super::{Context, Moment, Params, Provider, Recall, Recalled, Route, StoredRoute};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenRouterChat = OpenRouterChat;

/// More models than this are refused: each costs a search.
const MOST_MODELS: usize = 100;
const TOO_MANY: &str = "'models' array must have 100 items or fewer.";

#[derive(Debug)]
pub(super) struct OpenRouterChat;

impl Provider for OpenRouterChat {
    fn name(&self) -> &'static str {
        "openrouter_chat"
    }

    fn provider(&self) -> &'static str {
        "openrouter"
    }

    fn summary(&self) -> &'static str {
        "OpenRouter chat completions: failover over `models`, cost, reasoning details"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/api/v1/chat/completions", endpoint: Endpoint::Chat }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let mut request = chat_request::decode(raw, self.provider(), None).map_err(chat_reply::refusal)?;
        models(raw, &mut request).map_err(chat_reply::refusal)?;
        Ok(request)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        openrouter_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        chat_collapse::collapse_as(captured, Dialect::OpenRouter)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openrouter::encode_error(error)
    }

    /// A chunk like the others, with the error beside its choice; the documentation's "Streaming Error Formats".
    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        let choice = json!({ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": "error", "native_finish_reason": "error" });
        let chunk = json!({
            "id": format!("gen-{}", moment.request_id),
            "object": "chat.completion.chunk",
            "created": moment.now,
            "model": "unknown",
            "provider": "unknown",
            "error": openrouter::envelope(error),
            "choices": [choice],
        });
        Some(respond::data_frame(FrameKind::Closing, &chunk))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::CHAT)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn stored_routes(&self) -> &'static [StoredRoute] {
        &openrouter_models::ROUTES
    }

    fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
        Ok(openrouter_models::recall(recall))
    }
}

/// The models to try, each once: `model`, then `models`. Where no fallbacks are allowed only the first is tried.
fn models(raw: &RawRequest, request: &mut Request) -> Result<(), Problem> {
    let empty = Value::Null;
    let body = Place::body(raw.json().unwrap_or(&empty))?;
    for member in ["reasoning", "provider"] {
        body.member(member).map(|place| place.object().map(drop)).transpose()?;
    }
    let provider = body.member("provider");
    let alone = provider.as_ref().map(|provider| provider.flag("allow_fallbacks")).transpose()?.flatten() == Some(false);
    let mut names: Vec<String> = request.model.take().filter(|name| !name.is_empty()).into_iter().collect();
    if let Some(place) = body.member("models") {
        let list = place.value().as_array().ok_or_else(|| place.is_not("an array of strings"))?;
        if list.len() > MOST_MODELS {
            return Err(Problem::Refused { message: TOO_MANY });
        }
        for item in list {
            let name = item.as_str().ok_or_else(|| place.is_not("an array of strings"))?;
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    let mut names = names.into_iter();
    request.model = names.next();
    request.fallback_models = if alone { Vec::new() } else { names.collect() };
    Ok(())
}
