//! Gemini: content, whole and streamed, and token counts (Gemini API reference, "Generating content", "Counting tokens").

use super::Route;
use super::shared::gemini_content::GeminiContent;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: GeminiContent = GeminiContent {
    name: "gemini_generate",
    provider: "gemini",
    summary: "Gemini generateContent and streamGenerateContent, as events and as one array, and countTokens",
    routes: &[
        Route { method: "POST", path: "/{version}/models/{model}:generateContent", endpoint: Endpoint::Chat },
        Route { method: "POST", path: "/{version}/models/{model}:streamGenerateContent", endpoint: Endpoint::Chat },
        Route { method: "POST", path: "/{version}/models/{model}:countTokens", endpoint: Endpoint::Chat },
    ],
};
