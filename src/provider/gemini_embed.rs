//! Gemini embeddings (Gemini API reference, "Embeddings").

use super::shared::{gemini_embeddings, google};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: GeminiEmbed = GeminiEmbed;

#[derive(Debug)]
pub(super) struct GeminiEmbed;

impl Provider for GeminiEmbed {
    fn name(&self) -> &'static str {
        "gemini_embed"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Gemini embeddings: embedContent and batchEmbedContents"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/{version}/models/{model}:embedContent", endpoint: Endpoint::Embedding },
            Route { method: "POST", path: "/{version}/models/{model}:batchEmbedContents", endpoint: Endpoint::Embedding },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        gemini_embeddings::decode(raw, self.provider(), params.get("model")).map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        gemini_embeddings::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        gemini_embeddings::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        google::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(gemini_embeddings::fallback(context))
    }
}
