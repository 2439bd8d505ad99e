//! Conversations over WebSocket, over real sockets: what is told, how faults look, what a hostile client can do.
#![expect(clippy::unwrap_used, reason = "helpers of tests: to fail here is to fail the test")]

mod faults;
mod hostile;
pub(crate) mod kit;
mod live;
mod matching;
mod realtime;
mod responses;
