//! Recording: a request and what its upstream said become an entry of a fixture file.
//!
//! Pure: bytes and times in, JSON and text out. The `match` is stamped by the criteria that will read it, the response is
//! what the codec read back, and what no reply can hold is kept byte for byte. What leaves here towards a disk is
//! [`Redacted`](crate::secrets::Redacted).

pub mod date;
mod entry;
mod name;
mod sink;
mod stamp;
#[cfg(test)]
mod tests;

pub use entry::{Arrivals, Form, Recording, is_transient};
pub use name::{NameBy, Naming, file_name};
pub use sink::{Addition, Inserted, OnEqual, Sheet, SinkError, insert};
pub use stamp::stamp;
