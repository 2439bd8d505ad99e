//! Gemini: content, whole and streamed, and token counts (Gemini API reference, "Generating content", "Counting tokens").

use super::grammar::{self, Grammar};
use super::shared::{gemini_collapse, gemini_reply, gemini_request, google};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::wire::Framing;

pub(super) static PROVIDER: GeminiGenerate = GeminiGenerate;

#[derive(Debug)]
pub(super) struct GeminiGenerate;

impl Provider for GeminiGenerate {
    fn name(&self) -> &'static str {
        "gemini_generate"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Gemini generateContent and streamGenerateContent, as events and as one array, and countTokens"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/{version}/models/{model}:generateContent", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/{version}/models/{model}:streamGenerateContent", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/{version}/models/{model}:countTokens", endpoint: Endpoint::Chat },
        ]
    }

    fn framing(&self, raw: &RawRequest) -> Framing {
        gemini_request::framing(raw)
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        gemini_request::decode(raw, route.path, self.provider(), params.get("model")).map_err(google::refusal)
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
