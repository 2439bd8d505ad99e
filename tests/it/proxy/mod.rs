#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

/// What passes unchanged, and what does not pass.
mod passing;
/// Connections that are used again, and those that cannot be.
mod pooling;
/// Certificates of upstreams, and tunnels to them.
pub(crate) mod tls;
/// Upstreams that fail, fall silent or break off, and clients that leave.
mod trouble;
/// A scripted upstream that counts what reaches it.
pub(crate) mod upstream;
