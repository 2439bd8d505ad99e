//! Vertex AI's embeddings and images with Google's models (Vertex AI reference, "Text embeddings API", "Imagen API"). Both are asked
//! for with `:predict`; instances with a prompt ask for images.

use super::Route;
use super::shared::google_models::GoogleModels;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: GoogleModels = GoogleModels {
    name: "vertex_embed",
    provider: "vertexai",
    summary: "Vertex AI embeddings with Google's models: embedContent, batchEmbedContents, predict with text; and Imagen's images",
    routes: &[
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
        Route { method: "POST", path: "/{version}/publishers/google/models/{model}:embedContent", endpoint: Endpoint::Embedding },
        Route { method: "POST", path: "/{version}/publishers/google/models/{model}:predict", endpoint: Endpoint::Embedding },
    ],
};
