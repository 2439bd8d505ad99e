//! What a difference is about, and how bad that is.
//!
//! The table is the policy: a key that stands in none of its rows is breaking, so that a new key is never waved through.

use schemars::JsonSchema;
use serde::Serialize;

use crate::fixture::{EntryHead, EntryOptions, ResponseFields};
use crate::shape::is_free_key;

/// How much a difference matters, the harmless first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Equal in meaning: spelling, notes and what every recording draws anew.
    #[default]
    Identical,
    /// The same answer at another pace.
    Timing,
    /// The same answer in other pieces.
    Rechunked,
    /// Other words; calls, finish reason, errors and structure are the same.
    Reworded,
    /// A client may behave differently.
    Breaking,
}

impl Verdict {
    /// All of them, the harmless first.
    pub const ALL: [Verdict; 5] = [Verdict::Identical, Verdict::Timing, Verdict::Rechunked, Verdict::Reworded, Verdict::Breaking];

    /// The word in reports for people.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::Timing => "timing only",
            Verdict::Rechunked => "re-chunked",
            Verdict::Reworded => "reworded",
            Verdict::Breaking => "breaking",
        }
    }
}

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// A value that every recording draws anew: an id, a time.
    Volatile,
    /// A note that nobody serves.
    Note,
    Timing,
    Chunking,
    Text,
    Usage,
    /// The prompt that the recording was made for (`metadata.systemHash`).
    PromptChanged,
    /// The tools that the recording was made for (`metadata.toolsHash`).
    ToolsChanged,
    Id,
    Match,
    ToolCall,
    FinishReason,
    Error,
    Event,
    Fault,
    Http,
    Embedding,
    Media,
    Sequence,
    Expectation,
    /// Which key a request carried (journals).
    Credential,
    /// Kind or structure of the answer.
    Response,
}

impl Topic {
    /// How bad a difference of this topic is.
    pub fn verdict(self) -> Verdict {
        match self {
            Topic::Volatile | Topic::Note => Verdict::Identical,
            Topic::Timing => Verdict::Timing,
            Topic::Chunking => Verdict::Rechunked,
            Topic::Text | Topic::Usage | Topic::PromptChanged | Topic::ToolsChanged | Topic::Id => Verdict::Reworded,
            Topic::Match
            | Topic::ToolCall
            | Topic::FinishReason
            | Topic::Error
            | Topic::Event
            | Topic::Fault
            | Topic::Http
            | Topic::Embedding
            | Topic::Media
            | Topic::Sequence
            | Topic::Expectation
            | Topic::Credential
            | Topic::Response => Verdict::Breaking,
        }
    }

    /// The word in reports for people.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Volatile => "volatile",
            Topic::Note => "note",
            Topic::Timing => "timing",
            Topic::Chunking => "chunks",
            Topic::Text => "text",
            Topic::Usage => "usage",
            Topic::PromptChanged => "prompt changed",
            Topic::ToolsChanged => "tools changed",
            Topic::Id => "id",
            Topic::Match => "match",
            Topic::ToolCall => "tool call",
            Topic::FinishReason => "finish reason",
            Topic::Error => "error",
            Topic::Event => "event",
            Topic::Fault => "fault",
            Topic::Http => "http",
            Topic::Embedding => "embedding",
            Topic::Media => "media",
            Topic::Sequence => "sequence",
            Topic::Expectation => "expectation",
            Topic::Credential => "credential",
            Topic::Response => "response",
        }
    }
}

/// The topic of a key beside `match` and `response`.
pub(super) fn of_entry_key(key: &str) -> Topic {
    match key {
        "id" => Topic::Id,
        "expect" => Topic::Expectation,
        "onExhausted" => Topic::Sequence,
        "description" | "tags" | "recordedAt" | "metadata" | "misbehavior" => Topic::Note,
        "latency" | "streamingProfile" | "recordedTimings" | "replaySpeed" | "firstByteDelayMs" => Topic::Timing,
        "chunkSize" => Topic::Chunking,
        key if EntryHead::KEYS.contains(&key) || EntryOptions::KEYS.contains(&key) => Topic::Fault,
        // The server ignores what it does not know.
        _ => Topic::Note,
    }
}

/// The topic of a key of a response.
pub(super) fn of_response_key(key: &str) -> Topic {
    match key {
        "content" | "reasoning" => Topic::Text,
        "toolCalls" | "blocks" | "toolPlan" | "webSearches" | "customToolCalls" => Topic::ToolCall,
        "reasoningSignature" | "redactedThinking" | "systemFingerprint" => Topic::Volatile,
        "error" | "status" | "retryAfter" | "fallthrough" => Topic::Error,
        "embedding" | "embeddings" => Topic::Embedding,
        "image" | "images" | "audio" | "format" | "transcription" | "video" => Topic::Media,
        "http" | "headers" => Topic::Http,
        "events" => Topic::Event,
        "finishReason" | "nativeFinishReason" => Topic::FinishReason,
        "usage" | "billableUnits" => Topic::Usage,
        "liveTiming" => Topic::Timing,
        key if is_free_key(key) || !ResponseFields::KEYS.contains(&key) => Topic::Note,
        _ => Topic::Response,
    }
}
