//! OpenAI's Responses API, both ways (OpenAI's API reference, "Responses" and "Streaming events"), for every vendor that
//! speaks it and whatever carries it.
//!
//! An answer is built whole first; a stream is that answer told event by event, so both always say the same, and an
//! answer that is kept can be streamed again.

pub(in crate::provider) mod collapse;
mod item;
pub(in crate::provider) mod reply;
pub(in crate::provider) mod request;
pub(in crate::provider) mod socket;
pub(in crate::provider) mod stored;
mod stream;

pub(in crate::provider) use stream::error_event;
