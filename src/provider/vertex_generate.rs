//! Vertex AI with Google's models: Gemini's bodies below a project's path, or without one, as express mode has it (Vertex AI
//! reference, "Inference").

use super::grammar::{self, Grammar};
use super::shared::{gemini_collapse, gemini_reply, gemini_request, google};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::wire::Framing;

pub(super) static PROVIDER: VertexGenerate = VertexGenerate;

#[derive(Debug)]
pub(super) struct VertexGenerate;

impl Provider for VertexGenerate {
    fn name(&self) -> &'static str {
        "vertex_generate"
    }

    fn provider(&self) -> &'static str {
        "vertexai"
    }

    fn summary(&self) -> &'static str {
        "Vertex AI with Google's models: generateContent, streamGenerateContent and countTokens"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:generateContent",
                endpoint: Endpoint::Chat,
            },
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:streamGenerateContent",
                endpoint: Endpoint::Chat,
            },
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:countTokens",
                endpoint: Endpoint::Chat,
            },
            Route { method: "POST", path: "/{version}/publishers/google/models/{model}:generateContent", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/{version}/publishers/google/models/{model}:streamGenerateContent", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/{version}/publishers/google/models/{model}:countTokens", endpoint: Endpoint::Chat },
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
