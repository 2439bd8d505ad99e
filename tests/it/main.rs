//! The integration tests, one binary.

/// The replay server over real sockets.
mod server;

fn main() {}
