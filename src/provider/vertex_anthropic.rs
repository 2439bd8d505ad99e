//! Vertex AI with Anthropic's models: Messages below a project's path, as the vendor's Vertex client asks for them
//! (Anthropic's documentation, "Claude on Vertex AI").

use super::grammar::{self, Grammar};
use super::shared::{messages_collapse, messages_reply, messages_request};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: VertexAnthropic = VertexAnthropic;

#[derive(Debug)]
pub(super) struct VertexAnthropic;

/// A model of this name stands for the counting of tokens.
const COUNT: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/count-tokens:rawPredict";
const WHOLE: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:rawPredict";
const STREAM: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:streamRawPredict";

impl Provider for VertexAnthropic {
    fn name(&self) -> &'static str {
        "vertex_anthropic"
    }

    fn provider(&self) -> &'static str {
        "vertexai"
    }

    fn summary(&self) -> &'static str {
        "Vertex AI with Anthropic's models: Messages and token counts"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: COUNT, endpoint: Endpoint::Chat },
            Route { method: "POST", path: WHOLE, endpoint: Endpoint::Chat },
            Route { method: "POST", path: STREAM, endpoint: Endpoint::Chat },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let mut request = messages_request::decode(raw, self.provider()).map_err(messages_request::refusal)?;
        if route.path == COUNT {
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
