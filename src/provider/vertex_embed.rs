//! Vertex AI's embeddings and images with Google's models (Vertex AI reference, "Text embeddings API", "Imagen API"). Both are asked
//! for with `:predict`; instances with a prompt ask for images.

use super::shared::{gemini_embeddings, google, imagen};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: VertexEmbed = VertexEmbed;

#[derive(Debug)]
pub(super) struct VertexEmbed;

impl Provider for VertexEmbed {
    fn name(&self) -> &'static str {
        "vertex_embed"
    }

    fn provider(&self) -> &'static str {
        "vertexai"
    }

    fn summary(&self) -> &'static str {
        "Vertex AI embeddings with Google's models: embedContent, batchEmbedContents, predict with text; and Imagen's images"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:embedContent",
                endpoint: Endpoint::Embedding,
            },
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:batchEmbedContents",
                endpoint: Endpoint::Embedding,
            },
            Route {
                method: "POST",
                path: "/{version}/projects/{project}/locations/{location}/publishers/google/models/{model}:predict",
                endpoint: Endpoint::Embedding,
            },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        if route.path.ends_with(":predict") && imagen::is_asked(raw) {
            return imagen::decode(raw, self.provider(), params.get("model")).map_err(google::refusal);
        }
        gemini_embeddings::decode(raw, self.provider(), params.get("model")).map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        if context.request.endpoint == Some(Endpoint::Image) {
            return imagen::encode(context, reply);
        }
        gemini_embeddings::encode(context, reply)
    }

    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        if request.endpoint == Some(Endpoint::Image) {
            return imagen::collapse(captured);
        }
        gemini_embeddings::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        google::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        (context.request.endpoint == Some(Endpoint::Embedding)).then(|| gemini_embeddings::fallback(context))
    }
}
