//! Framing, both ways: how events stand on the wire, whatever they mean.
//!
//! Codecs frame what they send with it; the proxy and the tests read streams with it. It knows no vendor, imports
//! nothing of ours and does no I/O.

pub mod count;
pub mod sse;
