//! Vertex AI with Google's models: Gemini's bodies below a project's path, or without one, as express mode has it (Vertex AI
//! reference, "Inference").

use super::Route;
use super::shared::gemini_content::GeminiContent;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: GeminiContent = GeminiContent {
    name: "vertex_generate",
    provider: "vertexai",
    summary: "Vertex AI with Google's models: generateContent, streamGenerateContent and countTokens",
    routes: &[
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
    ],
};
