//! OpenAI chat completions, and everything that answers in their format below another prefix.

use super::grammar::{self, Grammar};
use super::shared::{chat_collapse, chat_reply, chat_request, openai};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenAiChat = OpenAiChat;

#[derive(Debug)]
pub(super) struct OpenAiChat;

impl Provider for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI chat completions, also below compatible prefixes"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/chat/completions", endpoint: Endpoint::Chat }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        chat_request::decode(raw, self.provider(), None).map_err(chat_reply::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        chat_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        chat_collapse::collapse(captured)
    }

    fn likeness(&self, request: &Request) -> Option<u64> {
        Some(u64::from(request.stream) | u64::from(request.wants_usage) << 1)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(chat_reply::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::CHAT)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}
