//! Answers that a client can ask for again by their id: what a codec says of them. It keeps nothing itself; that is the
//! server's, which asks the codec what of an answer is worth keeping and what to say when it is asked for.

use bytes::Bytes;

use super::Params;
use crate::exchange::{Emission, RawRequest};

/// A route to answers that are kept, matched as [`super::Route`] is. The parameter `{id}` names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRoute {
    pub method: &'static str,
    pub path: &'static str,
    /// One line for docs.
    pub summary: &'static str,
}

/// An answer that is kept, in its vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    /// The body of the request that it answered.
    pub request: Bytes,
    /// The whole answer, in whatever form the codec likes to have it back.
    pub answer: Bytes,
}

/// A request about an answer that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Recall<'a> {
    pub raw: &'a RawRequest,
    pub route: &'a StoredRoute,
    pub params: &'a Params,
    /// What is kept under the id; `None` when nothing is, or when the route names no id.
    pub stored: Option<&'a Stored>,
    /// Longest slice of text in a stream, as in [`super::Context`].
    pub chunk_size: usize,
    pub models: Models<'a>,
}

/// The models that fixtures name, for APIs that list them; looked for when asked.
#[derive(Clone, Copy)]
pub struct Models<'a>(pub &'a dyn Fn() -> Vec<String>);

impl Models<'_> {
    /// Their names in order of first appearance; none when no fixture names one.
    pub fn names(&self) -> Vec<String> {
        (self.0)()
    }
}

impl std::fmt::Debug for Models<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Models")
    }
}

/// What is said of an answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    pub emission: Emission,
    /// From now on nothing is kept under the id.
    pub forget: bool,
}
