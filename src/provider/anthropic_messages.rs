//! Anthropic Messages, and their token counts.

use super::grammar::{self, Grammar};
use super::shared::{messages_collapse, messages_reply, messages_request};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: AnthropicMessages = AnthropicMessages;

#[derive(Debug)]
pub(super) struct AnthropicMessages;

const COUNT: &str = "/v1/messages/count_tokens";

impl Provider for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic_messages"
    }

    fn provider(&self) -> &'static str {
        "anthropic"
    }

    fn summary(&self) -> &'static str {
        "Anthropic Messages, and their token counts"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1/messages", endpoint: Endpoint::Chat },
            Route { method: "POST", path: COUNT, endpoint: Endpoint::Chat },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let request = messages_request::decode(raw, self.provider()).map_err(messages_request::refusal)?;
        Ok(if route.path == COUNT { Request { endpoint: None, stream: false, ..request } } else { request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        messages_reply::encode(context, reply)
    }

    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        messages_collapse::collapse(request, captured)
    }

    fn likeness(&self, request: &Request) -> Option<u64> {
        request.endpoint.map(|_| u64::from(request.stream))
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        messages_reply::encode_error(error, moment)
    }

    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        Some(messages_reply::error_event(error, moment))
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        messages_request::offered_tools(raw)
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::MESSAGES)
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        messages_request::audit_thinking(raw)
    }
    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        context.request.endpoint.is_none().then(|| messages_reply::token_count(context))
    }
}
