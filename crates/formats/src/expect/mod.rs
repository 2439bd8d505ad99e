//! Expectations on a run: how many requests, in which order, with which keys, how far apart, with which streams.
//!
//! A [`Run`] is what a journal tells, whoever kept it: a server in this process, or a file. [`judge`] holds [`Claim`]s
//! against it and returns an [`Outcome`] for each, with what was expected beside what was seen. Pure: no clock, no
//! socket, no disk; what cannot be told from a journal that forgot its beginning is said to be unknown and counts as
//! broken.

mod claim;
mod coverage;
mod judge;
mod outcome;
mod retries;
mod seen;
mod streams;
#[cfg(test)]
mod tests;

pub use claim::{Claim, Subject, claims_of_file, claims_of_fixtures};
pub use coverage::{Coverage, Use};
pub use judge::judge;
pub use outcome::{Outcome, report};
pub use seen::{Answerer, BadEntry, Counts, Run, Seen};
