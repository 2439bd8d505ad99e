//! What aimock says, reads and matches with: vocabulary, framing, texts as trees, and the matcher. It knows no fixture, no
//! vendor, no disk and no socket.
//!
//! - [`exchange`]: what is asked and answered, in nobody's dialect; [`wire`]: framing of streams
//! - [`diagnostic`]: what we say about files; [`document`]: texts as trees with places
//! - [`secrets`]: what keys and personal data look like; [`transform`]: what differs from run to run, made constant
//! - [`matcher`]: the core

pub mod diagnostic;
pub mod document;
pub mod exchange;
pub mod matcher;
pub mod secrets;
pub mod transform;
pub mod wire;
