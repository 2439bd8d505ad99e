//! What was chosen for a request, and why.

use std::sync::Arc;

use super::{Edition, Reading};
use crate::exchange::{ErrorReply, Reply};
use crate::matcher::{Miss, Served};

/// Why a fixture answered; the header `X-AIMock-Match` and the journal say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    Content,
    /// Its `turnIndex` is the conversation's turn, and it alone is.
    Turn,
    /// It has a sequence slot, and the slot's turn had come.
    Sequence,
}

impl MatchedBy {
    /// As header and journal write it.
    pub fn name(self) -> &'static str {
        match self {
            MatchedBy::Content => "content",
            MatchedBy::Turn => "turnIndex",
            MatchedBy::Sequence => "sequenceIndex",
        }
    }
}

/// A claimed turn of a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub row: usize,
    /// How often the fixture answered this test id before; [`crate::fixture::Fixture::answer_at`] knows what that means.
    pub times: u64,
    pub by: MatchedBy,
    /// Served although its `turnIndex` is another turn's.
    pub turn_relaxed: bool,
}

/// What answers a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// An error queued through the control API.
    Injected(Box<ErrorReply>),
    Serve(Claim),
    /// The fixture's list of responses is used up, and it says that this is an error.
    Exhausted(Claim),
    /// Nothing; the counts as they stood, for near misses.
    Miss(Miss, Arc<Served>),
}

impl Verdict {
    /// The fixture that was claimed.
    pub(super) fn row(&self) -> Option<usize> {
        match self {
            Verdict::Serve(claim) | Verdict::Exhausted(claim) => Some(claim.row),
            Verdict::Injected(_) | Verdict::Miss(..) => None,
        }
    }

    /// The error that its fixture holds.
    pub(super) fn error<'e>(&self, edition: &'e Edition) -> Option<&'e ErrorReply> {
        match self {
            Verdict::Serve(claim) => match &edition.library.fixtures.get(claim.row)?.answer_at(claim.times)?.reply {
                Reply::Error(error) => Some(error),
                _ => None,
            },
            Verdict::Injected(_) | Verdict::Exhausted(_) | Verdict::Miss(..) => None,
        }
    }
}

/// A verdict with the edition it was made on.
#[derive(Debug)]
pub struct Decision {
    pub edition: Reading,
    pub verdict: Verdict,
    /// How often the same request came before; 0 where nobody asked for it.
    pub occurrence: u64,
    /// Of a request that names several models: those that were tried, in order; else empty.
    pub attempts: Vec<Attempt>,
    /// The number of the model whose verdict it is.
    pub chosen: usize,
}

/// One model that was tried. Its number is its place: 0 is the request's model, the others are its fallbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The fixture that answered for it; it was claimed, whatever came of it.
    pub row: Option<usize>,
    /// The status of the error that it got.
    pub error: Option<u16>,
}
