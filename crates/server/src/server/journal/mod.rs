//! The journal: one entry for every request that was not for the server itself, in order of decision.
//!
//! An entry appears when its answer is decided and is completed when the answer ends, however it ends. It is kept
//! cheaply (as it came) and rendered when asked for. Credentials do not get out.

mod entry;
mod filter;
mod ledger;
mod outcome;
mod render;
mod rest;
mod ring;
mod sealed;
mod seen;
mod tail;
mod texts;
mod witness;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

pub(super) use entry::Entry;
pub(super) use filter::Filter;
pub(super) use outcome::{Answerer, ChaosRecord, Outcome, Source, Tried};
pub(super) use seen::retry_after;
pub(super) use tail::{Tail, Told};

use self::entry::{Kept, Said};
use self::ring::Ring;
use self::sealed::Sealed;
use self::tail::Tails;
use self::witness::Witness;
use super::credential::Credentials;
use super::id::Id;
use crate::engine::FieldValue;
use crate::exchange::RawRequest;
use crate::secrets::Redactor;

/// Larger request bodies are not kept unless told otherwise.
const BODY_CAP: usize = 64 * 1024;
/// What an entry takes beside its texts, roughly.
const ENTRY_OVERHEAD: usize = 512;

/// How much the journal keeps; 0 means no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    pub entries: usize,
    /// Bytes of all kept headers, paths, bodies and answers.
    pub bytes: usize,
    /// Larger request bodies are marked and not kept; 0 keeps none.
    pub body: usize,
}

impl Default for JournalLimits {
    /// 1,000 entries and 64 MiB, of each body 64 KiB.
    fn default() -> JournalLimits {
        JournalLimits { entries: 1000, bytes: 64 * 1024 * 1024, body: BODY_CAP }
    }
}

/// What an entry needs to know about a request beside the request.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub id: Id,
    /// Since the Unix epoch.
    pub arrived: Duration,
    pub request_id: FieldValue,
    pub test_id: Cow<'static, str>,
}

/// The entries kept, oldest first.
#[derive(Debug)]
pub(super) struct Journal {
    limits: JournalLimits,
    credentials: Credentials,
    /// Knows what no entry may show.
    redactor: Arc<Redactor>,
    ring: Mutex<Ring>,
    tails: Tails,
}

impl Journal {
    /// An empty journal; what the redactor knows is never shown.
    pub(super) fn new(limits: JournalLimits, redactor: Arc<Redactor>) -> Journal {
        Journal { limits, credentials: Credentials::new(), redactor, ring: Mutex::default(), tails: Tails::default() }
    }

    /// Adds an entry; the oldest make room.
    pub(super) fn add(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) -> Arc<Entry> {
        let head = Sealed::new(raw.head());
        // Copied, as a small body may share memory with everything that came in with it.
        let body =
            if raw.body.len() > self.limits.body { Kept::TooLarge(raw.body.len()) } else { Kept::Bytes(Bytes::copy_from_slice(&raw.body)) };
        let size = ENTRY_OVERHEAD + head.bytes() + body.len();
        let credential = self.credentials.identify(raw);
        let witness = Witness::new(outcome.speech);
        let mut ring = self.ring();
        let said = Said { number: ring.next(), arrival, head, body, credential };
        let entry = Arc::new(Entry::new(said, outcome, witness, self.redactor.clone()));
        ring.push(entry.clone(), size, self.limits);
        entry
    }

    /// An answer has ended: whoever follows the journal is told, and the entry is put to rest.
    pub(super) fn ended(&self, entry: &Arc<Entry>) {
        self.tails.tell(entry);
        self.ring().end(entry, self.limits);
    }

    /// Follows the journal from now on; `None`: it takes no more readers.
    pub(super) fn follow(&self, filter: Filter) -> Option<Tail> {
        self.tails.follow(filter)
    }

    /// Ends those who follow.
    pub(super) fn close_tails(&self) {
        self.tails.close();
    }

    /// All entries, oldest first.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        let snapshot = self.ring().snapshot();
        snapshot.entries(&self.redactor)
    }

    /// Forgets all entries, and numbers credentials from `k0` again.
    pub(super) fn clear(&self) {
        self.ring().clear();
        self.credentials.reset();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
