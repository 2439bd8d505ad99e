//! Transforms: what differs from run to run becomes a constant, before texts are compared.
//!
//! One list, in the order that the configuration gives, is used by loading (the texts of match keys), by serve (a copy
//! of the request), by record (before the key is made) and by normalize (on files). Pure: text in, text out; the same
//! text always gives the same text, and doing it twice changes nothing more. Reads no clock, no disk, no environment,
//! and never sees headers or bodies.

mod builtins;
mod bytes;
mod exchange;
mod found;
mod freeze;
mod list;
mod page;
mod pointer;
mod request;
mod scanner;
mod spec;
#[cfg(test)]
mod tests;

pub use builtins::{ALL, BuiltIn, Example, Strictness, builtin, is_drawn_epoch};
pub use bytes::Signs;
pub use found::{Found, Kind, stable_id};
pub use list::{TransformError, Transforms};
pub use page::page;
pub use scanner::Scanner;
pub use spec::{FREE_TEXTS, KEYS, Spec, SpecError};
