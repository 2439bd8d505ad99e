//! Imagen (Gemini API reference, "Generate images"): `:predict` with prompts, answered with images as bytes.

use super::shared::{google, imagen};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: GoogleImagen = GoogleImagen;

#[derive(Debug)]
pub(super) struct GoogleImagen;

impl Provider for GoogleImagen {
    fn name(&self) -> &'static str {
        "google_imagen"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Imagen: images as bytes"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1beta/models/{model}:predict", endpoint: Endpoint::Image },
            Route { method: "POST", path: "/v1/models/{model}:predict", endpoint: Endpoint::Image },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        imagen::decode(raw, self.provider(), params.get("model")).map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        imagen::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        imagen::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        google::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}
