//! The codec of Anthropic's Messages and their token counts, served by the vendor and by Vertex AI, where the path names the model.

use super::{messages_collapse, messages_reply, messages_request};
use crate::exchange::{Captured, Collapsed, Emission, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::provider::grammar::{self, Grammar};
use crate::provider::{Context, Moment, Params, Provider, Route};

/// The codec, but for who serves it where.
#[derive(Debug)]
pub(in crate::provider) struct Messages {
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) provider: &'static str,
    pub(in crate::provider) summary: &'static str,
    pub(in crate::provider) routes: &'static [Route],
    /// The route on which tokens are counted.
    pub(in crate::provider) count: &'static str,
}

impl Provider for Messages {
    fn name(&self) -> &'static str {
        self.name
    }

    fn provider(&self) -> &'static str {
        self.provider
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn routes(&self) -> &'static [Route] {
        self.routes
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let mut request = messages_request::decode(raw, self.provider).map_err(messages_request::refusal)?;
        if route.path == self.count {
            return Ok(Request { endpoint: None, stream: false, ..request });
        }
        if let Some(model) = params.get("model") {
            request.model = Some(model.to_owned());
        }
        Ok(request)
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
