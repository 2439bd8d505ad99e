//! The journal: one entry for every request that was not for the server itself, in order of decision.
//!
//! An entry appears when its answer is decided and is completed when the answer ends, however it ends. It is kept
//! cheaply (bytes as they came) and rendered when asked for. Credentials do not get in.

mod filter;
mod render;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

pub(super) use filter::Filter;

use super::credential::{Credential, Credentials, redacted_headers, redacted_target};
use crate::engine::{NearMiss, View};
use crate::exchange::RawRequest;

/// Larger request bodies are not kept.
const BODY_CAP: usize = 64 * 1024;
/// What an entry takes beside its texts, roughly.
const ENTRY_OVERHEAD: usize = 512;

/// How much the journal keeps; 0 means no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    pub entries: usize,
    /// Bytes of all kept headers, paths and bodies.
    pub bytes: usize,
}

impl Default for JournalLimits {
    /// 1,000 entries and 64 MiB.
    fn default() -> JournalLimits {
        JournalLimits { entries: 1000, bytes: 64 * 1024 * 1024 }
    }
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Source {
    /// A fixture, or an error queued through the control API.
    Fixture,
    /// No fixture: an upstream would have been asked, had there been one.
    Proxy,
    /// The server itself: a refused or unknown request.
    #[default]
    Internal,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::Fixture => "fixture",
            Source::Proxy => "proxy",
            Source::Internal => "internal",
        }
    }
}

/// The fixture of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answerer {
    Fixture(Arc<View>),
    /// An error queued through the control API.
    Injected,
}

/// How a request was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub status: u16,
    pub answerer: Option<Answerer>,
    pub source: Source,
    /// Why the fixture was chosen; as the header `X-AIMock-Match`.
    pub matched: Option<&'static str>,
    pub strict_override: Option<bool>,
    pub error: Option<String>,
    /// The handle of the fixture that the answer became.
    pub recorded: Option<String>,
    pub nearest: Vec<NearMiss>,
    pub interrupted: Option<&'static str>,
    /// From arrival to the end of the answer; `None` while it is under way.
    pub duration: Option<Duration>,
    pub events: u64,
    pub bytes: u64,
    pub first_byte: Option<Duration>,
    pub streamed: bool,
}

/// One request and how it was answered.
#[derive(Debug)]
pub(super) struct Entry {
    id: String,
    /// Milliseconds since the Unix epoch.
    timestamp: u64,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Kept,
    request_id: String,
    test_id: String,
    credential: Option<Credential>,
    size: usize,
    outcome: Mutex<Outcome>,
}

/// A request body, if it is small enough to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    Bytes(Bytes),
    TooLarge(usize),
}

impl Entry {
    /// The outcome so far.
    pub(super) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an entry needs to know about a request beside the request.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub id: String,
    pub timestamp: u64,
    pub request_id: String,
    pub test_id: String,
}

/// The entries kept, oldest first.
#[derive(Debug)]
pub(super) struct Journal {
    limits: JournalLimits,
    credentials: Credentials,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Journal {
    /// An empty journal.
    pub(super) fn new(limits: JournalLimits) -> Journal {
        Journal { limits, credentials: Credentials::new(), ring: Mutex::default() }
    }

    /// Adds an entry; the oldest make room.
    pub(super) fn add(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) -> Arc<Entry> {
        let entry = Arc::new(self.entry(arrival, raw, outcome));
        let mut ring = self.ring();
        ring.bytes += entry.size;
        ring.entries.push_back(entry.clone());
        let over = |limit: usize, value: usize| limit > 0 && value > limit;
        while over(self.limits.entries, ring.entries.len()) || (over(self.limits.bytes, ring.bytes) && ring.entries.len() > 1) {
            let Some(oldest) = ring.entries.pop_front() else { break };
            ring.bytes -= oldest.size;
        }
        entry
    }

    /// All entries, oldest first.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.ring().entries.iter().cloned().collect()
    }

    /// Forgets all entries, and numbers credentials from `k0` again.
    pub(super) fn clear(&self) {
        *self.ring() = Ring::default();
        self.credentials.reset();
    }

    fn entry(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) -> Entry {
        let mut headers = redacted_headers(raw);
        // As answered: an id that is none was replaced.
        headers.retain(|(name, _)| name != "x-request-id");
        headers.push(("x-request-id".to_owned(), arrival.request_id.clone()));
        let target = redacted_target(raw);
        // Copied, as a small body may share memory with everything that came in with it.
        let kept = if raw.body.len() > BODY_CAP { Kept::TooLarge(raw.body.len()) } else { Kept::Bytes(Bytes::copy_from_slice(&raw.body)) };
        let texts: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let size = ENTRY_OVERHEAD + texts + target.len() + if let Kept::Bytes(bytes) = &kept { bytes.len() } else { 0 };
        Entry {
            id: arrival.id,
            timestamp: arrival.timestamp,
            method: raw.method.clone(),
            target,
            headers,
            body: kept,
            request_id: arrival.request_id,
            test_id: arrival.test_id,
            credential: self.credentials.identify(raw),
            size,
            outcome: Mutex::new(outcome),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
