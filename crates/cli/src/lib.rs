//! The commands of aimock, and what they do with fixtures beside serving them.
//!
//! - [`schema`]: JSON Schema over trees; [`lint`]: one file a rule
//! - [`diff`](mod@diff): two sets of fixtures, or two journals, compared by meaning
//! - [`convert`]: one file a foreign format
//! - [`cli`]: arguments, one file a command, reports; [`reference`](mod@reference): texts that are generated

// What is below, under the names by which all modules know it.
use aimock_core::{diagnostic, document, exchange, matcher, secrets, transform, wire};
use aimock_formats::{config, expect, files, fixture, normalize, provider, record, shape};
use aimock_server::{engine, server};

pub mod cli;
pub mod convert;
pub mod diff;
pub mod lint;
pub mod reference;
pub mod schema;
