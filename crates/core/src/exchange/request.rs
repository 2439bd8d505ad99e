//! The provider-neutral request that matching reads.
//!
//! Built only by codecs and by tests. Text rules that depend on the vendor (which parts count as text, where tool
//! results stand) are settled by the codec; the questions asked here are the same for every vendor.

use serde::{Deserialize, Serialize};

/// The kind of API that was called. The names are those of `match.endpoint` in fixture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    Chat,
    Embedding,
    Image,
    Speech,
    Transcription,
    Translation,
    Video,
    AudioGen,
    ElevenlabsTts,
    ElevenlabsVoiceDesign,
    ElevenlabsVoice,
    ElevenlabsVoiceGet,
    ElevenlabsVoiceDelete,
    FalAudio,
    Fal,
    Realtime,
    RealtimeTranscription,
    RealtimeTranslation,
    OpenaiLive,
    Moderation,
    Search,
    Rerank,
}

impl Endpoint {
    /// Every endpoint, in the order of the documentation.
    pub const ALL: [Endpoint; 22] = [
        Endpoint::Chat,
        Endpoint::Embedding,
        Endpoint::Image,
        Endpoint::Speech,
        Endpoint::Transcription,
        Endpoint::Translation,
        Endpoint::Video,
        Endpoint::AudioGen,
        Endpoint::ElevenlabsTts,
        Endpoint::ElevenlabsVoiceDesign,
        Endpoint::ElevenlabsVoice,
        Endpoint::ElevenlabsVoiceGet,
        Endpoint::ElevenlabsVoiceDelete,
        Endpoint::FalAudio,
        Endpoint::Fal,
        Endpoint::Realtime,
        Endpoint::RealtimeTranscription,
        Endpoint::RealtimeTranslation,
        Endpoint::OpenaiLive,
        Endpoint::Moderation,
        Endpoint::Search,
        Endpoint::Rerank,
    ];

    /// The name as fixture files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Endpoint::Chat => "chat",
            Endpoint::Embedding => "embedding",
            Endpoint::Image => "image",
            Endpoint::Speech => "speech",
            Endpoint::Transcription => "transcription",
            Endpoint::Translation => "translation",
            Endpoint::Video => "video",
            Endpoint::AudioGen => "audio-gen",
            Endpoint::ElevenlabsTts => "elevenlabs-tts",
            Endpoint::ElevenlabsVoiceDesign => "elevenlabs-voice-design",
            Endpoint::ElevenlabsVoice => "elevenlabs-voice",
            Endpoint::ElevenlabsVoiceGet => "elevenlabs-voice-get",
            Endpoint::ElevenlabsVoiceDelete => "elevenlabs-voice-delete",
            Endpoint::FalAudio => "fal-audio",
            Endpoint::Fal => "fal",
            Endpoint::Realtime => "realtime",
            Endpoint::RealtimeTranscription => "realtime-transcription",
            Endpoint::RealtimeTranslation => "realtime-translation",
            Endpoint::OpenaiLive => "openai-live",
            Endpoint::Moderation => "moderation",
            Endpoint::Search => "search",
            Endpoint::Rerank => "rerank",
        }
    }

    /// The endpoint with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Endpoint> {
        Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}

/// Who speaks. `Developer` is kept apart from `System`, as `systemMessage` reads only the latter; codecs whose wire
/// has no such difference decode both as `System`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Other(String),
}

/// A tool call that the assistant made earlier in the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolCall {
    pub id: Option<String>,
    pub name: String,
    /// JSON text as it stood on the wire; not proven to parse.
    pub arguments: String,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub role: Role,
    /// The text parts joined with nothing between them. `None`: no text part at all (an image alone), which is not
    /// the same as the empty text.
    #[serde(rename = "content")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// For tool results: the call that they answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message with text and nothing else.
    pub fn text(role: Role, text: impl Into<String>) -> Message {
        Message { role, text: Some(text.into()), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// The result of a tool call.
    pub fn tool_result(call: impl Into<String>, text: impl Into<String>) -> Message {
        Message { role: Role::Tool, text: Some(text.into()), tool_calls: Vec::new(), tool_call_id: Some(call.into()) }
    }
}

/// A tool on offer in the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ToolOffer {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The JSON Schema of the arguments, when the request carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<serde_json::Value>,
}

/// One input of an embeddings request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EmbeddingInput {
    Text(String),
    Tokens(Vec<u64>),
}

/// What was asked, in no vendor's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Request {
    /// Which provider's wire format carried it (`openai`, `anthropic`, `azure` …); empty for a URL nobody owns.
    pub provider: &'static str,
    /// `None` for a URL that no codec owns: only fixtures with `path` answer such a request.
    pub endpoint: Option<Endpoint>,
    pub model: Option<String>,
    /// Further models to try in order, where the wire has such a list.
    pub fallback_models: Vec<String>,
    pub messages: Vec<Message>,
    /// UTF-16 code units of all texts of the messages, where they were counted on reading. Whoever changes a text takes it
    /// away.
    #[serde(skip)]
    pub text_units: Option<usize>,
    pub tools: Vec<ToolOffer>,
    /// `response_format.type` or what the vendor calls it (`text`, `json_object`, `json_schema`).
    pub response_format: Option<String>,
    pub embedding_inputs: Vec<EmbeddingInput>,
    pub stream: bool,
    /// Whether a stream is to say its token counts, where the wire lets the client ask for that.
    #[serde(skip)]
    pub wants_usage: bool,
    /// Value of `X-AIMock-Context`.
    pub context: Option<String>,
}

impl Request {
    /// The newest user text: the last user message that has any text (a trailing image-only message is passed over).
    pub fn user_text(&self) -> Option<&str> {
        self.messages.iter().rev().filter(|message| message.role == Role::User).find_map(|message| message.text.as_deref())
    }

    /// All system texts joined with a newline; `None` when there is none or all of it is empty.
    pub fn system_text(&self) -> Option<String> {
        let texts: Vec<&str> =
            self.messages.iter().filter(|message| message.role == Role::System).filter_map(|message| message.text.as_deref()).collect();
        let joined = texts.join("\n");
        (!joined.is_empty()).then_some(joined)
    }

    /// The last message, if it is a tool result.
    pub fn last_tool_result(&self) -> Option<&Message> {
        self.messages.last().filter(|message| message.role == Role::Tool)
    }

    /// Whether a tool result stands after the last user message (anywhere, when there is no user message).
    pub fn has_tool_result(&self) -> bool {
        self.messages.iter().rev().take_while(|message| message.role != Role::User).any(|message| message.role == Role::Tool)
    }

    /// The number of assistant messages: the turn that the next answer belongs to.
    pub fn assistant_count(&self) -> u64 {
        self.messages.iter().filter(|message| message.role == Role::Assistant).count() as u64
    }

    /// Embedding inputs that are text, joined with one space; `None` when this is no embeddings request.
    pub fn embedding_text(&self) -> Option<String> {
        if self.embedding_inputs.is_empty() {
            return None;
        }
        let texts: Vec<&str> = self
            .embedding_inputs
            .iter()
            .filter_map(|input| match input {
                EmbeddingInput::Text(text) => Some(text.as_str()),
                EmbeddingInput::Tokens(_) => None,
            })
            .collect();
        Some(texts.join(" "))
    }
}
