//! The codec of Google's models that answer at once, with vectors or, on `:predict` with a prompt, with images.

use super::{gemini_embeddings, google, imagen};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};
use crate::provider::{Context, Moment, Params, Provider, Route};

/// The codec, but for who serves it where.
#[derive(Debug)]
pub(in crate::provider) struct GoogleModels {
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) provider: &'static str,
    pub(in crate::provider) summary: &'static str,
    pub(in crate::provider) routes: &'static [Route],
}

impl Provider for GoogleModels {
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
        if route.path.ends_with(":predict") && imagen::is_asked(raw) {
            return imagen::decode(raw, self.provider, params.get("model")).map_err(google::refusal);
        }
        gemini_embeddings::decode(raw, self.provider, params.get("model")).map_err(google::refusal)
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
