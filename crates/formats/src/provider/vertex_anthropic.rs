//! Vertex AI with Anthropic's models: Messages below a project's path, as the vendor's Vertex client asks for them
//! (Anthropic's documentation, "Claude on Vertex AI").

use super::Route;
use super::shared::messages::Messages;
use crate::exchange::Endpoint;

/// A model of this name stands for the counting of tokens.
const COUNT: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/count-tokens:rawPredict";
const WHOLE: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:rawPredict";
const STREAM: &str = "/{version}/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:streamRawPredict";

pub(super) static PROVIDER: Messages = Messages {
    name: "vertex_anthropic",
    provider: "vertexai",
    summary: "Vertex AI with Anthropic's models: Messages and token counts",
    routes: &[
        Route { method: "POST", path: COUNT, endpoint: Endpoint::Chat },
        Route { method: "POST", path: WHOLE, endpoint: Endpoint::Chat },
        Route { method: "POST", path: STREAM, endpoint: Endpoint::Chat },
    ],
    count: COUNT,
};
