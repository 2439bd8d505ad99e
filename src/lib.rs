//! aimock: fixtures for software that talks to LLMs, made trustworthy.
//!
//! # What goes in, what comes out
//!
//! ```text
//! bytes ──codec──▶ Request ──matcher──▶ Decision ──codec──▶ Emission ──engine──▶ Plan ──server──▶ bytes
//! files ──document──▶ tree ──shape──▶ fixtures ──▶ Library ──▶ validate · lint · match · serve
//! ```
//!
//! One matcher and one loader stand behind every command: what `validate` calls valid is what `serve` serves, and what
//! `lint` calls shadowed is what the server's own selection can never choose.
//!
//! # Words
//!
//! *Fixture*: one entry of a file, "a request like this gets this answer". *Match*: the keys that a request must meet,
//! each a *clause* of a *criterion* and a *pattern*; a criterion reads a *facet* of the request. *Position*: sequence
//! slot and turn, kept apart from content. *Reply*: an answer in no vendor's words, made of *blocks*. *Codec*: one wire
//! format, both ways. *Emission*: bytes ready to leave; *plan*: the same in time. *Library*: fixtures in load order.
//! *Scope*: files that are loaded together. *Finding*: what is wrong, where, why, and what to do.
//!
//! # Modules, in reading order
//!
//! A few packages, so that each is compiled for what it does: what a request passes through for speed, the rest for size.
//!
//! `crates/core`, for speed:
//! - [`exchange`]: what is asked and answered, in nobody's dialect; [`wire`]: framing of streams
//! - [`diagnostic`]: what we say about files; [`document`]: texts as trees with places
//! - [`secrets`]: what keys and personal data look like; [`transform`]: what differs from run to run, made constant
//! - [`matcher`]: the core
//!
//! `crates/formats`, for size:
//! - [`files`]: the only disk; [`shape`]: typed reading that reports every problem and writes the schema
//! - [`fixture`]: files to a [`fixture::Library`]; [`config`]: `aimock.yaml`; [`expect`]: what must have happened by the end of a run
//! - [`provider`]: one file a wire format; [`normalize`]: one file a pass; [`record`]: what an upstream said becomes an entry
//!
//! `crates/server`, for speed:
//! - [`engine`]: decides, as data; [`server`]: the only async code, sockets and clock
//!
//! `crates/cli`, for size:
//! - [`schema`]: JSON Schema over trees; [`lint`]: one file a rule
//! - [`diff`](mod@diff): two sets of fixtures, or two journals, compared by meaning
//! - [`convert`]: one file a foreign format
//! - [`cli`]: arguments, one file a command, reports; [`reference`](mod@reference): texts that are generated
//!
//! Who may import whom is a table in the tests.
//!
//! # What never happens
//!
//! - Nothing is printed outside `cli`, nothing read or written outside `files`, nothing awaited outside `server`.
//! - Only `provider` knows a vendor's field names; a codec never matches, sleeps or opens a socket.
//! - A broken entry never hides its neighbours and never becomes a catch-all.
//! - Selection and counting are one step under one lock: two requests never share a sequence slot.
//! - The matcher and the engine have no clock and no dice of their own: time, ids and seeds come in as arguments.
//! - A credential is never written to a report, a log or the journal; findings about secrets hide their line.
//! - Trouble in a user's file is a finding, and all of them are collected; trouble in the world is an error that names its
//!   subject. `anyhow` is used in `cli` only.

// What the packages below hold, under the names by which all modules know it.
pub use aimock_cli::{cli, convert, diff, lint, reference, schema};
pub use aimock_core::{diagnostic, document, exchange, matcher, secrets, transform, wire};
pub use aimock_formats::{config, expect, files, fixture, normalize, provider, record, shape};
pub use aimock_server::{engine, server};
