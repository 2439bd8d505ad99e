//! The replay server over real sockets, on the loopback interface: answers, matching state, cuts, control API,
//! journal, limits and its end. Letters and numbers in names are those of the seed behaviours.

#![expect(clippy::unwrap_used, reason = "a test whose server or client fails has failed")]

mod answers;
pub(crate) mod clock;
mod control;
mod converted;
mod fast_path;
mod google;
mod interactions;
mod jobs;
mod journal;
mod limits;
mod matching;
mod media;
mod openrouter;
pub(crate) mod program;
mod responses;
mod shutdown;
mod streams;
pub(crate) mod support;
mod transforms;
mod urls;
mod verify;
