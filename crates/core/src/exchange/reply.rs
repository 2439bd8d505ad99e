//! The provider-neutral answer that a fixture holds.

use serde_json::Value;

use super::{Blank, Detail, Sparse};

/// Token counts and cost. `None` means: not given, so the codec estimates or leaves it out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    pub input_tokens: Option<f64>,
    pub output_tokens: Option<f64>,
    pub total_tokens: Option<f64>,
    /// The object as the fixture gives it, all spellings and extra members kept (`cost`, `*_details` …).
    pub given: serde_json::Map<String, Value>,
}

/// Response fields that a fixture sets itself in place of what the codec would make up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    pub id: Option<String>,
    /// Unix seconds.
    pub created: Option<f64>,
    pub model: Option<String>,
    pub role: Option<String>,
    /// In OpenAI's words (`stop`, `tool_calls`, `length`, `content_filter`); codecs translate.
    pub finish_reason: Option<String>,
    pub system_fingerprint: Option<String>,
    pub usage: Option<Usage>,
    pub provider: Option<String>,
    pub native_finish_reason: Option<String>,
}

impl Blank for Overrides {
    fn blank() -> &'static Overrides {
        static BLANK: Overrides = Overrides {
            id: None,
            created: None,
            model: None,
            role: None,
            finish_reason: None,
            system_fingerprint: None,
            usage: None,
            provider: None,
            native_finish_reason: None,
        };
        &BLANK
    }
}

/// A piece of an assistant turn. Their order is the order on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Text(String),
    /// `arguments` is JSON text as the fixture gives it (objects were written compactly); it may be broken on purpose.
    ToolCall {
        name: String,
        arguments: String,
        id: Option<String>,
    },
}

/// An assistant turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    pub blocks: Vec<Block>,
    /// Whether the fixture has `content` (even empty): a text block or field then exists on the wire.
    pub has_text: bool,
    /// Whether the order of `blocks` was written by the author (`response.blocks`), so that text may follow calls.
    pub ordered: bool,
    pub reasoning: Option<String>,
    pub reasoning_signature: Option<String>,
    pub redacted_thinking: Vec<String>,
    pub web_searches: Vec<String>,
    /// What the model means to do with its tools, where the wire has a place for it beside text and reasoning.
    pub tool_plan: Option<String>,
    pub overrides: Sparse<Overrides>,
}

impl Turn {
    /// All text of the turn, in order, with nothing between.
    pub fn text(&self) -> String {
        self.blocks.iter().filter_map(|block| if let Block::Text(text) = block { Some(text.as_str()) } else { None }).collect()
    }

    /// Whether the turn calls any tool.
    pub fn calls_tools(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, Block::ToolCall { .. }))
    }
}

/// Where an error comes from; envelopes and retry headers depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorOrigin {
    /// A fixture's `error` response.
    Fixture,
    /// Nothing matched: 404.
    Miss,
    /// Nothing matched in strict mode: 503.
    StrictMiss,
    /// The request is wrong: malformed JSON, wrong shape. The provider's own 400.
    Request,
    /// A random fault.
    Chaos,
    /// The server could not answer: unusable response kind, failed transform, exhausted list.
    Server,
}

/// An error in no vendor's envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorReply {
    pub origin: ErrorOrigin,
    pub status: u16,
    pub message: String,
    /// The error's `type`; codecs have their own default.
    pub kind: Option<String>,
    pub param: Option<String>,
    pub code: Option<String>,
    /// Seconds.
    pub retry_after: Option<f64>,
    pub metadata: Option<Box<Value>>,
    /// No further model is tried after it, where several were named.
    pub ends_failover: bool,
    /// Added to the envelope as member `aimock`: the nearest fixtures of a miss.
    pub detail: Option<Detail>,
}

impl ErrorReply {
    /// An error with status and message; everything else empty.
    pub fn new(origin: ErrorOrigin, status: u16, message: impl Into<String>) -> ErrorReply {
        ErrorReply {
            origin,
            status,
            message: message.into(),
            kind: None,
            param: None,
            code: None,
            retry_after: None,
            metadata: None,
            ends_failover: false,
            detail: None,
        }
    }
}

/// One image, by URL or inline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub url: Option<String>,
    pub b64_json: Option<String>,
    pub revised_prompt: Option<String>,
}

/// Audio bytes in base64.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    pub base64: String,
    /// `mp3`, `wav` … of the string form.
    pub format: Option<String>,
    /// MIME type of the object form.
    pub content_type: Option<String>,
    /// Text, reasoning and tool calls beside the audio.
    pub companion: Option<Box<Turn>>,
}

/// A transcription as the fixture gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcription(pub Value);

/// A video job as the fixture gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Video(pub Value);

/// One raw server-sent event of `response.events`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawEvent {
    pub event: Option<String>,
    pub data: Option<String>,
    pub id: Option<String>,
    pub comment: Option<String>,
    pub delay_ms: Option<f64>,
}

/// What kind of answer a reply is, for endpoint compatibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Turn,
    Error,
    Embedding,
    Image,
    Audio,
    Transcription,
    Video,
    Json,
    /// Sent as it is: `http`, `events`.
    Raw,
    /// No shape that any endpoint knows; answers 500.
    Unrecognised,
}

/// What a fixture answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Turn(Turn),
    Error(ErrorReply),
    /// One vector for every input (`embedding`).
    Embedding(Vec<f64>),
    /// One vector an input (`embeddings`).
    Embeddings(Vec<Vec<f64>>),
    Images(Vec<Image>),
    Audio(Audio),
    Transcription(Transcription),
    Video(Video),
    Json {
        value: Value,
        status: Option<u16>,
    },
    /// Raw server-sent events, these and nothing else.
    Events(Vec<RawEvent>),
    /// Bytes as they are.
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: bytes::Bytes,
    },
    Unrecognised,
}

impl Reply {
    /// Its kind, for endpoint compatibility.
    pub fn kind(&self) -> MediaKind {
        match self {
            Reply::Turn(_) => MediaKind::Turn,
            Reply::Error(_) => MediaKind::Error,
            Reply::Embedding(_) | Reply::Embeddings(_) => MediaKind::Embedding,
            Reply::Images(_) => MediaKind::Image,
            Reply::Audio(_) => MediaKind::Audio,
            Reply::Transcription(_) => MediaKind::Transcription,
            Reply::Video(_) => MediaKind::Video,
            Reply::Json { .. } => MediaKind::Json,
            Reply::Events(_) | Reply::Http { .. } => MediaKind::Raw,
            Reply::Unrecognised => MediaKind::Unrecognised,
        }
    }
}

/// What a captured answer says, in no vendor's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Collapsed {
    pub reply: Reply,
    /// Members of the answer that the reply does not hold and that carry no content (`service_tier`), each once, sorted.
    pub left_out: Vec<String>,
}

/// Why an answer cannot be said in no vendor's words without changing it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsayable(pub String);
