//! OpenRouter embeddings (API reference, "Submit an embedding request"): OpenAI's with an id, and its own errors.

use super::shared::collapse::LeftOut;
use super::shared::embeddings::{self, Style};
use super::shared::{embeddings_collapse, openai, openrouter};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenRouterEmbeddings = OpenRouterEmbeddings;

const STYLE: Style = Style { id: Some("gen-emb-"), ..embeddings::OPENAI };

#[derive(Debug)]
pub(super) struct OpenRouterEmbeddings;

impl Provider for OpenRouterEmbeddings {
    fn name(&self) -> &'static str {
        "openrouter_embeddings"
    }

    fn provider(&self) -> &'static str {
        "openrouter"
    }

    fn summary(&self) -> &'static str {
        "OpenRouter embeddings, as floats and as base64"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/api/v1/embeddings", endpoint: Endpoint::Embedding }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        embeddings::decode_as(raw, self.provider(), None, &STYLE).map_err(embeddings::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (embeddings::vectors(context, reply, &STYLE), reply) {
            (Some(answer), _) => answer,
            (None, Reply::Error(error)) => openrouter::encode_error(error),
            (None, _) => openrouter::encode_error(&openai::unusable(embeddings::NOT_A_VECTOR)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        if captured.status < 400 {
            return embeddings_collapse::collapse(captured);
        }
        let mut left_out = LeftOut::default();
        let reply = Reply::Error(openrouter::collapse_error(captured, &mut left_out)?);
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openrouter::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(embeddings::fallback_as(context, &STYLE))
    }
}
