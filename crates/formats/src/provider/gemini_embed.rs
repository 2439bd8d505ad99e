//! Gemini embeddings (Gemini API reference, "Embeddings").

use super::Route;
use super::shared::google_models::GoogleModels;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: GoogleModels = GoogleModels {
    name: "gemini_embed",
    provider: "gemini",
    summary: "Gemini embeddings: embedContent and batchEmbedContents",
    routes: &[
        Route { method: "POST", path: "/{version}/models/{model}:embedContent", endpoint: Endpoint::Embedding },
        Route { method: "POST", path: "/{version}/models/{model}:batchEmbedContents", endpoint: Endpoint::Embedding },
    ],
};
