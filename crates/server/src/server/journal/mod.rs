//! The journal: one entry for every request that was not for the server itself, in order of decision.
//!
//! An entry appears when its answer is decided and is completed when the answer ends, however it ends. It is kept
//! cheaply (as it came) and rendered when asked for. Credentials do not get out.

mod filter;
mod ledger;
mod render;
mod sealed;
mod seen;
mod tail;
mod witness;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

pub(super) use filter::Filter;
pub(super) use seen::retry_after;
pub(super) use tail::{Tail, Told};

use self::ledger::Ledger;
use self::sealed::Sealed;
use self::tail::Tails;
use self::witness::Witness;
use super::credential::{Credential, Credentials};
use super::id::Id;
use crate::engine::{Bypass, FieldValue, Scripted, Telling, View, reason};
use crate::exchange::{Missed, RawRequest, StatedUsage};
use crate::fixture::ChaosAction;
use crate::secrets::Redactor;
use crate::wire::Framing;

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
    pub(super) fn name(self) -> &'static str {
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

/// One model of a request that names several.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tried {
    pub model: Option<String>,
    /// The fixture that was claimed for it.
    pub fixture: Option<Arc<View>>,
    /// The status of the error that it got.
    pub error: Option<u16>,
}

/// How a request was answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub status: u16,
    pub answerer: Option<Answerer>,
    pub source: Source,
    /// Why the fixture was chosen; as the header `X-AIMock-Match`.
    pub matched: Option<&'static str>,
    /// The models that were tried, in order; empty where there was but one.
    pub attempts: Vec<Tried>,
    pub strict_override: Option<bool>,
    pub error: Option<String>,
    /// The handle of the fixture that the answer became.
    pub recorded: Option<String>,
    /// What came nearest, where nothing matched.
    pub missed: Option<Arc<Missed>>,
    pub interrupted: Option<&'static str>,
    /// From arrival to the end of the answer; `None` while it is under way.
    pub duration: Option<Duration>,
    pub events: u64,
    pub bytes: u64,
    pub first_byte: Option<Duration>,
    pub streamed: bool,
    /// The route's path with its parameters as names; empty where no answer was decided.
    pub route: &'static str,
    /// The faults that the fixture scripts.
    pub scripted: Vec<Scripted>,
    /// The one decision of chaos; `None` where no rate was set.
    pub chaos: Option<ChaosRecord>,
    /// How the answer's bytes are read when someone asks what they said.
    pub speech: Speech,
    /// Milliseconds that the answer asks the client to wait.
    pub retry_after: Option<f64>,
}

/// What the bytes of an answer are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speech {
    /// Nothing that states usage or text.
    #[default]
    Other,
    /// A whole JSON body.
    Json,
    /// A stream of events; the codec that wrote them, if one did.
    Events(Framing, Option<&'static str>),
}

/// What chaos decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChaosRecord {
    /// `None`: the request was left alone.
    pub action: Option<ChaosAction>,
    /// How many events leave before it has happened, or why it cannot.
    pub result: Result<u64, Bypass>,
    pub seed: u64,
    pub identity: u64,
    pub occurrence: u64,
}

impl Outcome {
    /// Whether a scripted fault has happened.
    pub(super) fn has_fired(&self, fault: &Scripted) -> bool {
        let ended = !fault.cuts || self.interrupted == Some(fault.key);
        fault.at.as_ref().is_ok_and(|at| self.events >= *at) && self.first_or_no_byte() && ended
    }

    /// The random fault that the client has met.
    pub(super) fn applied_chaos(&self) -> Option<ChaosAction> {
        let chaos = self.chaos.as_ref()?;
        let action = chaos.action?;
        let cut = self.interrupted == Some(reason(action));
        let applied = match action {
            ChaosAction::Disconnect => cut,
            ChaosAction::Truncate => cut && self.first_byte.is_some(),
            ChaosAction::Drop
            | ChaosAction::Malformed
            | ChaosAction::RateLimit
            | ChaosAction::Status
            | ChaosAction::Stall
            | ChaosAction::ErrorEvent => self.first_byte.is_some(),
        };
        (applied && chaos.result.is_ok_and(|at| self.events >= at)).then_some(action)
    }

    /// The random fault that was decided on and is never met, once the answer has ended.
    pub(super) fn bypassed_chaos(&self) -> Option<(ChaosAction, Bypass)> {
        let chaos = self.chaos.as_ref()?;
        let action = chaos.action.filter(|_| self.duration.is_some() && self.applied_chaos().is_none())?;
        Some((action, chaos.result.err().unwrap_or(Bypass::ClientGone)))
    }

    fn first_or_no_byte(&self) -> bool {
        self.first_byte.is_some() || self.status == 0
    }
}

/// One request and how it was answered.
#[derive(Debug)]
pub(super) struct Entry {
    id: Id,
    /// Since the Unix epoch.
    arrived: Duration,
    head: Sealed,
    body: Kept,
    request_id: FieldValue,
    test_id: Cow<'static, str>,
    credential: Option<Credential>,
    /// Finds what no entry may show.
    redactor: Arc<Redactor>,
    size: usize,
    outcome: Mutex<Outcome>,
    witness: Mutex<Witness>,
    /// What neither of them knows yet.
    played: Played,
    /// Under the lock of the ring: bytes of the answer that count against the journal's bound; `None` once the entry is
    /// forgotten.
    answer_bytes: Mutex<Option<usize>>,
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
enum Kept {
    Bytes(Bytes),
    TooLarge(usize),
}

impl Entry {
    pub(super) fn method(&self) -> &str {
        self.head.method()
    }

    /// Finds what must not be shown: the credentials of the request, and what no entry may show.
    fn redactor(&self) -> Redactor {
        self.redactor.and(self.head.unshown().iter().map(String::as_str))
    }

    /// The outcome so far.
    pub(super) fn outcome(&self) -> MutexGuard<'_, Outcome> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if self.played.bytes.load(Ordering::Acquire) > 0 {
            outcome.events += self.played.events.swap(0, Ordering::AcqRel);
            outcome.bytes += self.played.bytes.swap(0, Ordering::AcqRel);
        }
        outcome
    }

    /// Says how the answer's bytes are read, before the first of them.
    pub(super) fn speaks(&self, speech: Speech) {
        self.outcome().speech = speech;
        *self.witness() = Witness::new(speech);
    }

    /// Notes bytes of the answer as they leave.
    pub(super) fn saw(&self, bytes: &Bytes) {
        self.witness().saw(bytes, || bytes.clone());
    }

    /// Notes that so many frames of an answer have left.
    pub(super) fn told(&self, telling: &Arc<Telling>, frames: usize) {
        self.witness().told(telling, frames);
    }

    /// Notes bytes of a told answer as they leave.
    pub(super) fn played(&self, bytes: usize, events: u32, frames: usize) {
        self.played.frames.store(frames, Ordering::Release);
        self.played.events.fetch_add(u64::from(events), Ordering::AcqRel);
        self.played.bytes.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    /// The same for bytes that are part of something larger, which must not be kept for their sake.
    pub(super) fn saw_part(&self, bytes: &[u8]) {
        self.witness().saw(bytes, || Bytes::copy_from_slice(bytes));
    }

    /// The tokens that the answer has stated so far.
    pub(super) fn usage(&self) -> Option<StatedUsage> {
        self.witness().usage()
    }

    fn witness(&self) -> MutexGuard<'_, Witness> {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.told_up_to(self.played.frames.load(Ordering::Acquire));
        witness
    }

    fn answer_bytes(&self) -> MutexGuard<'_, Option<usize>> {
        self.answer_bytes.lock().unwrap_or_else(PoisonError::into_inner)
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

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    ledger: Ledger,
}

impl Journal {
    /// An empty journal; what the redactor knows is never shown.
    pub(super) fn new(limits: JournalLimits, redactor: Arc<Redactor>) -> Journal {
        Journal { limits, credentials: Credentials::new(), redactor, ring: Mutex::default(), tails: Tails::default() }
    }

    /// Adds an entry; the oldest make room.
    pub(super) fn add(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) -> Arc<Entry> {
        let entry = Arc::new(self.entry(arrival, raw, outcome));
        let mut ring = self.ring();
        ring.bytes += entry.size;
        ring.ledger.count(&entry.outcome());
        ring.entries.push_back(entry.clone());
        ring.make_room(self.limits);
        entry
    }

    /// An answer has ended: its kept bytes are counted, and whoever follows the journal is told.
    pub(super) fn ended(&self, entry: &Arc<Entry>) {
        self.settle(entry);
        self.tails.tell(entry);
    }

    /// Follows the journal from now on; `None`: it takes no more readers.
    pub(super) fn follow(&self, filter: Filter) -> Option<Tail> {
        self.tails.follow(filter)
    }

    /// Ends those who follow.
    pub(super) fn close_tails(&self) {
        self.tails.close();
    }

    fn settle(&self, entry: &Entry) {
        let held = entry.witness().held();
        if held == 0 {
            return;
        }
        let mut ring = self.ring();
        let mut answer_bytes = entry.answer_bytes();
        if let Some(counted) = answer_bytes.as_mut() {
            ring.bytes += held.saturating_sub(*counted);
            *counted = held.max(*counted);
            drop(answer_bytes);
            ring.make_room(self.limits);
        }
    }

    /// All entries, oldest first.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.ring().entries.iter().cloned().collect()
    }

    /// Forgets all entries, and numbers credentials from `k0` again.
    pub(super) fn clear(&self) {
        let mut ring = self.ring();
        let ledger = std::mem::take(&mut ring.ledger).emptied();
        *ring = Ring { ledger, ..Ring::default() };
        self.credentials.reset();
    }

    fn entry(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) -> Entry {
        let head = Sealed::new(raw.head());
        // Copied, as a small body may share memory with everything that came in with it.
        let kept =
            if raw.body.len() > self.limits.body { Kept::TooLarge(raw.body.len()) } else { Kept::Bytes(Bytes::copy_from_slice(&raw.body)) };
        let size = ENTRY_OVERHEAD + head.bytes() + if let Kept::Bytes(bytes) = &kept { bytes.len() } else { 0 };
        Entry {
            id: arrival.id,
            arrived: arrival.arrived,
            head,
            body: kept,
            request_id: arrival.request_id,
            test_id: arrival.test_id,
            credential: self.credentials.identify(raw),
            redactor: self.redactor.clone(),
            size,
            witness: Mutex::new(Witness::new(outcome.speech)),
            played: Played::default(),
            answer_bytes: Mutex::new(Some(0)),
            outcome: Mutex::new(outcome),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// Forgets the oldest entries until the bounds are kept.
    fn make_room(&mut self, limits: JournalLimits) {
        let over = |limit: usize, value: usize| limit > 0 && value > limit;
        while over(limits.entries, self.entries.len()) || (over(limits.bytes, self.bytes) && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { break };
            let answer_bytes = oldest.answer_bytes().take().unwrap_or(0);
            self.bytes = self.bytes.saturating_sub(oldest.size + answer_bytes);
            self.ledger.forgotten += 1;
        }
    }
}
