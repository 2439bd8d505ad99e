//! Requests in no vendor's words, read back from JSON: what witnesses, reports and journals hold.

use serde::Deserialize;

use super::{EmbeddingInput, Endpoint, Message, Request, Role, ToolCall, ToolOffer};

/// Every provider that a request can come from, the likeliest first.
pub const PROVIDERS: [&str; 17] = [
    "openai",
    "anthropic",
    "gemini",
    "azure",
    "bedrock",
    "vertex",
    "vertexai",
    "ollama",
    "cohere",
    "mistral",
    "openrouter",
    "grok",
    "elevenlabs",
    "fal",
    "byteplus",
    "gemini-interactions",
    "tavily",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeutralRequest {
    #[serde(default)]
    provider: String,
    endpoint: Option<Endpoint>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    fallback_models: Vec<String>,
    #[serde(default)]
    messages: Vec<NeutralMessage>,
    #[serde(default)]
    tools: Vec<NeutralTool>,
    #[serde(default)]
    response_format: Option<String>,
    #[serde(default)]
    embedding_inputs: Vec<NeutralInput>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    context: Option<String>,
}

#[derive(Deserialize)]
struct NeutralMessage {
    role: NeutralRole,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    tool_calls: Vec<NeutralCall>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum NeutralRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Other(String),
}

#[derive(Deserialize)]
struct NeutralCall {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct NeutralTool {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    parameters: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NeutralInput {
    Text(String),
    Tokens(Vec<u64>),
}

impl Request {
    /// Reads what serializing a request wrote.
    ///
    /// # Errors
    /// It is not of that shape; the reason names the key.
    pub fn from_neutral(value: &serde_json::Value) -> Result<Request, String> {
        let neutral = NeutralRequest::deserialize(value).map_err(|error| error.to_string())?;
        let provider = match neutral.provider.as_str() {
            "" => "",
            name => PROVIDERS.into_iter().find(|known| *known == name).ok_or_else(|| format!("`{name}` is no known provider"))?,
        };
        Ok(Request {
            provider,
            endpoint: neutral.endpoint,
            model: neutral.model,
            fallback_models: neutral.fallback_models,
            messages: neutral.messages.into_iter().map(message).collect(),
            text_units: None,
            tools: neutral
                .tools
                .into_iter()
                .map(|tool| ToolOffer { name: tool.name, namespace: tool.namespace, parameters: tool.parameters })
                .collect(),
            response_format: neutral.response_format,
            embedding_inputs: neutral
                .embedding_inputs
                .into_iter()
                .map(|input| match input {
                    NeutralInput::Text(text) => EmbeddingInput::Text(text),
                    NeutralInput::Tokens(tokens) => EmbeddingInput::Tokens(tokens),
                })
                .collect(),
            stream: neutral.stream,
            wants_usage: false,
            context: neutral.context,
        })
    }
}

fn message(neutral: NeutralMessage) -> Message {
    let role = match neutral.role {
        NeutralRole::System => Role::System,
        NeutralRole::Developer => Role::Developer,
        NeutralRole::User => Role::User,
        NeutralRole::Assistant => Role::Assistant,
        NeutralRole::Tool => Role::Tool,
        NeutralRole::Other(name) => Role::Other(name),
    };
    let call = |call: NeutralCall| ToolCall { id: call.id, name: call.name, arguments: call.arguments };
    Message {
        role,
        text: neutral.content,
        tool_calls: neutral.tool_calls.into_iter().map(call).collect(),
        tool_call_id: neutral.tool_call_id,
    }
}
