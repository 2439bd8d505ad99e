//! Mistral embeddings (API reference, "Embeddings"): OpenAI's with an id, `output_dimension`, and its own errors.

use super::shared::body::Problem;
use super::shared::collapse::LeftOut;
use super::shared::embeddings::{self, Style};
use super::shared::{embeddings_collapse, mistral, openai};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: MistralEmbeddings = MistralEmbeddings;

/// Vectors of `mistral-embed` have 1024 numbers.
const STYLE: Style = Style { id: Some("embd-"), dimensions: "output_dimension", length: 1024 };

const FLOATS: &str = "Invalid parameter: only vectors of 'output_dtype' 'float' are served here";

#[derive(Debug)]
pub(super) struct MistralEmbeddings;

impl Provider for MistralEmbeddings {
    fn name(&self) -> &'static str {
        "mistral_embeddings"
    }

    fn provider(&self) -> &'static str {
        "mistral"
    }

    fn summary(&self) -> &'static str {
        "Mistral embeddings, as floats and as base64"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/mistral/v1/embeddings", endpoint: Endpoint::Embedding }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let others = raw.json().and_then(|body| body.get("output_dtype")).is_some_and(|kind| !kind.is_null() && kind != "float");
        if others {
            return Err(mistral::refusal(Problem::Refused { message: FLOATS }));
        }
        embeddings::decode_as(raw, self.provider(), None, &STYLE).map_err(mistral::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (embeddings::vectors(context, reply, &STYLE), reply) {
            (Some(answer), _) => answer,
            (None, Reply::Error(error)) => mistral::encode_error(error),
            (None, _) => mistral::encode_error(&openai::unusable(embeddings::NOT_A_VECTOR)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        if captured.status < 400 {
            return embeddings_collapse::collapse(captured);
        }
        let mut left_out = LeftOut::default();
        let reply = Reply::Error(mistral::collapse_error(captured, &mut left_out)?);
        Ok(left_out.with(reply))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        mistral::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "mistral-correlation-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(embeddings::fallback_as(context, &STYLE))
    }
}
