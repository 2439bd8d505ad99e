//! The replay server of aimock.
//!
//! - [`engine`]: decides, as data; no clock, no dice of its own
//! - [`server`]: the only async code, sockets and clock

// What is below, under the names by which all modules know it.
#[cfg(test)]
use aimock_core::diagnostic;
use aimock_core::{exchange, matcher, secrets, transform, wire};
use aimock_formats::{expect, files, fixture, provider, record};

pub mod engine;
pub mod server;
