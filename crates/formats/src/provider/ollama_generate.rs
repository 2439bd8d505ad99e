//! Ollama text completion (Ollama's API documentation, "Generate a completion"). Lines of JSON unless `stream` is false.

use super::Route;
use super::shared::ollama_reply::Form;
use super::shared::ollama_text::OllamaText;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: OllamaText = OllamaText {
    name: "ollama_generate",
    provider: "ollama",
    summary: "Ollama text completion, whole and as lines of JSON",
    routes: &[Route { method: "POST", path: "/api/generate", endpoint: Endpoint::Chat }],
    form: Form::Generate,
};
