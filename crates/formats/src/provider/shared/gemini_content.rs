//! The codec of Gemini's content and token counts, which two services of Google's speak (Gemini API reference, "Generating
//! content", "Counting tokens").

use super::{gemini_collapse, gemini_reply, gemini_request, google};
use crate::exchange::{Captured, Collapsed, Emission, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::provider::grammar::{self, Grammar};
use crate::provider::{Context, Moment, Params, Provider, Route};
use crate::wire::Framing;

/// The codec, but for who serves it where.
#[derive(Debug)]
pub(in crate::provider) struct GeminiContent {
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) provider: &'static str,
    pub(in crate::provider) summary: &'static str,
    pub(in crate::provider) routes: &'static [Route],
}

impl Provider for GeminiContent {
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

    fn framing(&self, raw: &RawRequest) -> Framing {
        gemini_request::framing(raw)
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        gemini_request::decode(raw, route.path, self.provider, params.get("model")).map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        gemini_reply::encode(context, reply)
    }

    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        gemini_collapse::collapse(request, captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        google::encode_error(error, moment)
    }

    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        Some(google::error_event(error, moment))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::GEMINI)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        gemini_request::offered_tools(raw)
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        gemini_request::audit(raw)
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        context.request.endpoint.is_none().then(|| gemini_reply::token_count(context))
    }
}
