//! Sessions as the vendor sets them up when nobody has said anything yet.

use serde_json::{Value, json};

/// Of the parameter `model`, as in the peer.
pub(super) const MODEL: &str = "gpt-realtime-2";
/// Of transcription sessions, as in the peer.
pub(super) const TRANSCRIPTION_MODEL: &str = "gpt-transcribe";
/// Of translation sessions.
pub(super) const TRANSLATION_MODEL: &str = "gpt-realtime-translate";
/// Sessions last an hour.
const LIFETIME: u64 = 3600;

/// A conversation.
pub(super) fn conversation(id: &str, model: &str, now: u64) -> Value {
    json!({
        "type": "realtime",
        "object": "realtime.session",
        "id": id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": null,
        "truncation": "auto",
        "prompt": null,
        "expires_at": now + LIFETIME,
        "audio": {
            "input": {
                "format": { "type": "audio/pcm", "rate": 24000 },
                "transcription": null,
                "noise_reduction": null,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 200,
                    "idle_timeout_ms": null,
                    "create_response": true,
                    "interrupt_response": true,
                },
            },
            "output": { "format": { "type": "audio/pcm", "rate": 24000 }, "voice": "alloy", "speed": 1.0 },
        },
        "include": null,
    })
}

/// A transcription.
pub(super) fn transcription(id: &str, model: &str, now: u64) -> Value {
    json!({
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": id,
        "expires_at": now + LIFETIME,
        "audio": {
            "input": {
                "format": { "type": "audio/pcm", "rate": 24000 },
                "transcription": { "model": model, "language": null, "prompt": null },
                "noise_reduction": null,
                "turn_detection": { "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200 },
            },
        },
        "include": null,
    })
}

/// A translation.
pub(super) fn translation(id: &str, model: &str, now: u64) -> Value {
    json!({
        "type": "translation",
        "id": id,
        "model": model,
        "expires_at": now + LIFETIME,
        "audio": { "input": { "transcription": null, "noise_reduction": null }, "output": { "language": "en" } },
    })
}
