//! The formats of aimock: fixture files as they are read and written, and the wire formats of providers.
//!
//! - [`files`]: the only disk; [`shape`]: typed reading that reports every problem and writes the schema
//! - [`fixture`]: files to a [`fixture::Library`]; [`config`]: `aimock.yaml`; [`expect`]: what must have happened by the end of a run
//! - [`provider`]: one file a wire format; [`normalize`]: one file a pass
//! - [`record`]: what an upstream said becomes an entry

// What is below, under the names by which all modules know it.
use aimock_core::{diagnostic, document, exchange, matcher, secrets, transform, wire};

pub mod config;
pub mod expect;
pub mod files;
pub mod fixture;
pub mod normalize;
pub mod provider;
pub mod record;
pub mod shape;
