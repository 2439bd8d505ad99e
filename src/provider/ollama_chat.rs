//! Ollama chat (Ollama's API documentation, "Generate a chat completion"). Lines of JSON unless `stream` is false.

use super::grammar::{self, Grammar};
use super::shared::ollama_reply::Form;
use super::shared::{ollama, ollama_collapse, ollama_reply, ollama_request};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::wire::Framing;

pub(super) static PROVIDER: OllamaChat = OllamaChat;

#[derive(Debug)]
pub(super) struct OllamaChat;

impl Provider for OllamaChat {
    fn name(&self) -> &'static str {
        "ollama_chat"
    }

    fn provider(&self) -> &'static str {
        "ollama"
    }

    fn summary(&self) -> &'static str {
        "Ollama chat, whole and as lines of JSON"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/api/chat", endpoint: Endpoint::Chat }]
    }

    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::Ndjson
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        ollama_request::chat(raw, self.provider()).map_err(|problem| ollama::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        ollama_reply::encode(context, reply, Form::Chat)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        ollama_collapse::collapse(captured, Form::Chat)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        ollama::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(ollama::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::OLLAMA)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        ollama_reply::loaded(context, Form::Chat)
    }
}
