//! An entry while its answer is under way, and whenever someone reads it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::sealed::Sealed;
use super::witness::Witness;
use super::{Arrival, Outcome};
use crate::engine::{FieldValue, Speech, Telling};
use crate::exchange::StatedUsage;
use crate::secrets::Redactor;
use crate::server::credential::Credential;
use crate::server::id::Id;

/// One request and how it was answered.
#[derive(Debug)]
pub(in crate::server) struct Entry {
    /// Its place among all entries since the start.
    pub(super) number: u64,
    pub(super) id: Id,
    /// Since the Unix epoch.
    pub(super) arrived: Duration,
    pub(super) head: Sealed,
    pub(super) body: Kept,
    pub(super) request_id: FieldValue,
    pub(super) test_id: Cow<'static, str>,
    pub(super) credential: Option<Arc<Credential>>,
    /// Finds what no entry may show.
    redactor: Arc<Redactor>,
    outcome: Mutex<Outcome>,
    witness: Mutex<Witness>,
    /// What neither of them knows yet.
    played: Played,
}

/// What has left of a paced stream since someone asked last: each event is noted in one place and without a lock.
#[derive(Debug, Default)]
struct Played {
    bytes: AtomicU64,
    events: AtomicU64,
    /// All so far.
    frames: AtomicUsize,
}

/// A request body, if it is small enough to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Bytes(Bytes),
    TooLarge(usize),
}

/// What is said of an entry from its beginning.
pub(super) struct Said {
    pub number: u64,
    pub arrival: Arrival,
    pub head: Sealed,
    pub body: Kept,
    pub credential: Option<Arc<Credential>>,
}

impl Entry {
    pub(super) fn new(said: Said, outcome: Outcome, witness: Witness, redactor: Arc<Redactor>) -> Entry {
        let Said { number, arrival: Arrival { id, arrived, request_id, test_id }, head, body, credential } = said;
        let (outcome, witness) = (Mutex::new(outcome), Mutex::new(witness));
        Entry { number, id, arrived, head, body, request_id, test_id, credential, redactor, outcome, witness, played: Played::default() }
    }

    pub(in crate::server) fn method(&self) -> &str {
        self.head.method()
    }

    /// Finds what must not be shown: the credentials of the request, and what no entry may show.
    pub(super) fn redactor(&self) -> Redactor {
        self.redactor.and(self.head.unshown().iter().map(String::as_str))
    }

    /// The outcome so far.
    pub(in crate::server) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if self.played.bytes.load(Ordering::Acquire) > 0 {
            outcome.events += self.played.events.swap(0, Ordering::AcqRel);
            outcome.bytes += self.played.bytes.swap(0, Ordering::AcqRel);
        }
        outcome
    }

    /// Says how the answer's bytes are read, before the first of them.
    pub(in crate::server) fn speaks(&self, speech: Speech) {
        self.outcome().speech = speech;
        *self.witness() = Witness::new(speech);
    }

    /// Notes bytes of the answer as they leave.
    pub(in crate::server) fn saw(&self, bytes: &Bytes) {
        self.witness().saw(bytes, || bytes.clone());
    }

    /// The same for bytes that are part of something larger, which must not be kept for their sake.
    pub(in crate::server) fn saw_part(&self, bytes: &[u8]) {
        self.witness().saw(bytes, || Bytes::copy_from_slice(bytes));
    }

    /// Notes that so many frames of an answer have left.
    pub(in crate::server) fn told(&self, telling: &Arc<Telling>, frames: usize) {
        self.witness().told(telling, frames);
    }

    /// Notes bytes of a told answer as they leave.
    pub(in crate::server) fn played(&self, bytes: usize, events: u32, frames: usize) {
        self.played.frames.store(frames, Ordering::Release);
        self.played.events.fetch_add(u64::from(events), Ordering::AcqRel);
        self.played.bytes.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    /// The tokens that the answer has stated so far.
    pub(in crate::server) fn usage(&self) -> Option<StatedUsage> {
        self.witness().usage()
    }

    /// Bytes of the answer that are kept, and whether they are few texts.
    pub(super) fn answer(&self) -> (usize, bool) {
        let witness = self.witness();
        (witness.held(), witness.can_rest())
    }

    pub(super) fn witness(&self) -> MutexGuard<'_, Witness> {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.told_up_to(self.played.frames.load(Ordering::Acquire));
        witness
    }
}

impl Kept {
    /// Bytes that it holds.
    pub(super) fn len(&self) -> usize {
        match self {
            Kept::Bytes(bytes) => bytes.len(),
            Kept::TooLarge(_) => 0,
        }
    }
}
