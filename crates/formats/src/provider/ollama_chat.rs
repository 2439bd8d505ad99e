//! Ollama chat (Ollama's API documentation, "Generate a chat completion"). Lines of JSON unless `stream` is false.

use super::Route;
use super::shared::ollama_reply::Form;
use super::shared::ollama_text::OllamaText;
use crate::exchange::Endpoint;

pub(super) static PROVIDER: OllamaText = OllamaText {
    name: "ollama_chat",
    provider: "ollama",
    summary: "Ollama chat, whole and as lines of JSON",
    routes: &[Route { method: "POST", path: "/api/chat", endpoint: Endpoint::Chat }],
    form: Form::Chat,
};
