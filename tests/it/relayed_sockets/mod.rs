//! Conversations over WebSocket that an upstream takes part in: what is told, recorded and replayed, over real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests: to fail here is to fail the test")]

/// What goes wrong, and chaos.
mod faults;
mod live;
mod realtime;
mod responses;
/// Keys, protocols, addresses.
mod secrets;
mod upstream;
