//! Framing, both ways: how events stand on the wire, whatever they mean.
//!
//! Codecs frame what they send with it; the proxy, chaos, the journal and the tests read streams with it. It knows no
//! vendor, imports nothing of ours and does no I/O.

pub mod count;
mod decoder;
pub mod event_stream;
mod framing;
pub mod json_array;
pub mod scan;
pub mod sse;

pub use decoder::{Decoder, Event, Unreadable};
pub use framing::{Framing, media_type};
