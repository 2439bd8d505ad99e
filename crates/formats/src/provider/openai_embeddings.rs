//! OpenAI embeddings.

use super::shared::{embeddings, embeddings_collapse, openai};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenAiEmbeddings = OpenAiEmbeddings;

#[derive(Debug)]
pub(super) struct OpenAiEmbeddings;

impl Provider for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai_embeddings"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI embeddings, as floats and as base64"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/embeddings", endpoint: Endpoint::Embedding }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        embeddings::decode(raw, self.provider(), None).map_err(embeddings::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        embeddings::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        embeddings_collapse::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(embeddings::fallback(context))
    }
}
