//! Cohere chat, version 2 (Cohere's API reference, "Chat").

use super::grammar::{self, Grammar};
use super::shared::{cohere, cohere_collapse, cohere_reply, cohere_request};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: CohereChat = CohereChat;

#[derive(Debug)]
pub(super) struct CohereChat;

impl Provider for CohereChat {
    fn name(&self) -> &'static str {
        "cohere_chat"
    }

    fn provider(&self) -> &'static str {
        "cohere"
    }

    fn summary(&self) -> &'static str {
        "Cohere chat"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v2/chat", endpoint: Endpoint::Chat }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        cohere_request::decode(raw, self.provider()).map_err(cohere::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        cohere_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        cohere_collapse::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        cohere::encode_error(error, moment)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(cohere::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::COHERE)
    }

    fn request_id_header(&self) -> &'static str {
        cohere::REQUEST_ID
    }

    fn audit(&self, raw: &RawRequest, request: &Request) -> Vec<String> {
        cohere_request::audit(raw, request)
    }
}
