//! The replay server: the only async code, sockets and clock.
//!
//! [`serve`] takes a socket and an [`App`] and answers until it is told to stop. A request goes through `pipeline`: it
//! is read whole, `decide` turns it into a plan (no waiting there), the journal gets its entry, and `transmit` carries
//! the plan out. What only concerns the server itself stands in `control`.

mod alarm;
mod app;
mod ask;
mod auth;
mod capture;
mod chaos;
mod control;
mod credential;
mod decide;
mod errors;
mod fast_path;
mod faults;
mod finish;
mod head;
mod id;
mod intake;
mod jobs;
mod journal;
mod line;
mod listen;
mod metrics;
mod models;
mod ollama;
mod pacer;
mod pipeline;
mod plain;
mod recorder;
mod relay;
mod routes;
mod seldom;
mod shelf;
mod shelves;
mod signals;
mod socket;
mod stencils;
mod tail;
#[cfg(test)]
mod tests;
mod together;
mod track;
mod transmit;
mod upstream;
mod verify;
mod wheel;

pub use app::{App, Level, Limits, Loader, Log, OnMiss, Settings, World};
pub use auth::{ApiKeyError, ApiKeys};
pub use control::{OWN, OwnRoute};
pub use journal::JournalLimits;
pub use listen::{Ended, Stage, make_room, run, serve};
pub use recorder::{RecordSettings, RecordWhen, Recorder};
pub use signals::{PassedSignals, outlive_size_limits, stop_signals};
pub use upstream::{Proxies, Target, UpstreamError, UpstreamSettings, Upstreams};
