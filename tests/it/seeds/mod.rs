//! The behaviours that must hold to the letter, over real sockets. A test's name begins with the letter and number of its
//! line: `a` chaos, `b` streams that end badly, `d` scripted upstreams. Each runs for OpenAI chat, Anthropic messages and
//! OpenAI responses, streaming and not.

#![expect(clippy::unwrap_used, reason = "a test whose server or client fails has failed")]

/// Chaos.
mod chaos;
/// The same seed, whatever the concurrency; counts that agree.
mod chaos_counts;
/// Streams that end badly.
mod cuts;
/// What is counted when a stream ends badly.
mod endings;
/// A client with several keys, against fixtures alone.
mod failover;
/// Chaos on the status of jobs.
mod jobs;
/// Requests, answers and what to expect of them, for each API.
pub(crate) mod kit;
/// Chaos and cuts where an upstream is asked.
mod relayed;
/// Scripted upstreams.
mod upstreams;
