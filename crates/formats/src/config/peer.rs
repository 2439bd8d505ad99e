//! The section `llm` of the peer's `aimock.json`, with the meaning that it has there.

use super::LogLevelWord;
use crate::shape::{AnyJson, Fields, Millis, NonEmpty, PositiveCount, Speed, shape};

shape! {
    /// The peer's section for its LLM server.
    pub struct PeerLlmShape {
        /// Path of the fixtures, relative to the working directory.
        "fixtures" fixtures: NonEmpty;
        /// Delay before every chunk of a stream, in milliseconds.
        "latency" latency: Millis;
        /// Longest slice of text in a stream, in characters.
        "chunkSize" chunk_size: PositiveCount;
        /// Divides every delay.
        "replaySpeed" replay_speed: Speed;
        /// How much the server says.
        "logLevel" log_level: LogLevelWord;
        /// Random faults.
        "chaos" chaos: crate::fixture::ChaosShape;
        /// Upstreams that are asked and recorded; that it is there switches this on.
        "record" record: PeerRecordShape;
        unknown: Warning
    }
}

shape! {
    /// The peer's settings of its recorder.
    pub struct PeerRecordShape {
        /// Base URL of each provider's upstream.
        "providers" providers: Fields<NonEmpty>;
        /// Keys that upstreams get in place of a client's that is missing or a placeholder.
        "providerKeys" provider_keys: Fields<String>;
        /// Directory of recordings, relative to the working directory.
        "fixturePath" fixture_path: NonEmpty;
        /// Whether nothing is written.
        "proxyOnly" proxy_only: bool;
        /// Whether a recording is for the model as the request names it, date and all.
        "recordFullModelVersion" record_full_model_version: bool;
        /// How the peer waits for jobs of fal; not acted on.
        "fal" fal: AnyJson;
        /// The peer's limit for videos of OpenRouter; not acted on.
        "openRouterVideo" open_router_video: AnyJson;
        /// Longest wait for the first byte of an upstream's answer, in milliseconds.
        "upstreamTimeoutMs" upstream_timeout_ms: PositiveCount;
        /// Longest silence within an upstream's answer, in milliseconds.
        "bodyTimeoutMs" body_timeout_ms: PositiveCount;
        /// Longer answers are relayed and not recorded, in bytes.
        "maxProxyBufferBytes" max_proxy_buffer_bytes: PositiveCount;
        /// The same in pieces as they come from the network.
        "maxProxyBufferFrames" max_proxy_buffer_frames: PositiveCount;
        unknown: Warning
    }
}
