//! The counts of all test ids, and the errors that wait for a request.
//!
//! Which rows take a request is found without a lock, however long its text. Choosing among them and counting happen under
//! one lock, for as long as that takes and no longer, so two parallel requests never get the same sequence slot or the same
//! item of a `responses` list. Test ids are spread over several locks. Errors queued through the control API come before
//! every fixture, whatever its `turnIndex`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rapidhash::RapidHashMap;

use super::session::{Session, Tried};
use super::{Changes, Decision, Edition, Editions, Policy, Verdict};
use crate::exchange::{Endpoint, ErrorReply, Exchange};
use crate::fixture::{Draft, Library};
use crate::matcher::Takers;

/// So many test ids are kept unless told otherwise; of more, the one that came first is forgotten.
pub const DEFAULT_TEST_IDS: usize = 500;
/// More queued errors than this are refused.
const QUEUED_ERRORS: usize = 1000;
/// Locks over which test ids are spread.
const SHARDS: usize = 16;

/// Some of the test ids. Each shard has lines of the processor's cache to itself.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<RapidHashMap<String, Session>>);

/// The counts of all test ids, and the queue of injected errors. Where several locks are needed, that of the order comes
/// first, and then the shards in order.
#[derive(Debug)]
pub struct Sessions {
    /// Test ids that are kept; 0 means all.
    most: usize,
    shards: [Shard; SHARDS],
    /// All test ids by their first appearance. Whoever adds or removes some holds this.
    order: Mutex<VecDeque<String>>,
    injected: Mutex<VecDeque<ErrorReply>>,
    /// How many errors are queued: mostly none, and then nobody looks.
    queued: AtomicUsize,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::keeping(DEFAULT_TEST_IDS)
    }
}

/// What takes a request: the rows for each of its models.
enum Takes {
    One(Takers),
    /// Of a request with fallbacks.
    Several(Vec<Takers>),
}

impl Default for Takes {
    fn default() -> Takes {
        Takes::One(Takers::default())
    }
}

impl Takes {
    fn of(edition: &Edition, exchange: &Exchange) -> Takes {
        let table = &edition.library.table;
        if exchange.request.fallback_models.is_empty() {
            return Takes::One(table.takers(exchange));
        }
        let mut probe = exchange.clone();
        let fallbacks = exchange.request.fallback_models.iter().cloned().map(Some);
        let models = std::iter::once(exchange.request.model.clone()).chain(fallbacks);
        let takers = models.map(|model| {
            probe.request.model = model;
            table.takers(&probe)
        });
        Takes::Several(takers.collect())
    }
}

impl Sessions {
    /// Counts of at most this many test ids; 0 means all.
    pub fn keeping(most: usize) -> Sessions {
        Sessions { most, shards: Default::default(), order: Mutex::default(), injected: Mutex::default(), queued: AtomicUsize::new(0) }
    }

    /// Chooses what answers and claims it, in one step.
    pub fn claim(&self, editions: &Editions, exchange: &Exchange, policy: &Policy) -> Decision {
        self.claim_as(editions, exchange, policy, None)
    }

    /// The same, and in the same step counts how often a request of this identity came.
    pub fn claim_as(&self, editions: &Editions, exchange: &Exchange, policy: &Policy, identity: Option<u64>) -> Decision {
        let injected = self.take_injected(exchange.request.endpoint);
        let is_injected = injected.is_some();
        let find = |edition: &Edition| if is_injected { Takes::default() } else { Takes::of(edition, exchange) };
        let edition = editions.current();
        let found = find(&edition);
        self.with(&policy.test_id, |session| {
            let now = editions.current();
            let (edition, found) = if now.generation == edition.generation {
                (edition, found)
            } else {
                // Loaded anew meanwhile: counts and rows must be of one generation.
                let found = find(&now);
                (now, found)
            };
            let session = session.at(edition.generation);
            let occurrence = identity.map_or(0, |identity| session.occurs(identity));
            let Tried { verdict, attempts, chosen } = match (injected, found) {
                (Some(error), _) => Tried::once(Verdict::Injected(Box::new(error))),
                (None, Takes::One(takers)) => Tried::once(session.claim(&edition, &takers, policy)),
                (None, Takes::Several(models)) => session.fail_over(&edition, &models, policy),
            };
            Decision { edition, verdict, occurrence, attempts, chosen }
        })
    }

    /// Counts how often a request of this identity came, where nothing is claimed.
    pub fn occurs(&self, editions: &Editions, policy: &Policy, identity: u64) -> u64 {
        self.with(&policy.test_id, |session| session.at(editions.current().generation).occurs(identity))
    }

    /// Puts an error before everything else; of several the last one queued comes first, as in the peer.
    ///
    /// # Errors
    /// The queue is full.
    pub fn inject(&self, error: ErrorReply) -> Result<(), &'static str> {
        let mut queue = lock(&self.injected);
        if queue.len() >= QUEUED_ERRORS {
            return Err("1000 errors are queued already; POST /__aimock/reset empties the queue");
        }
        queue.push_front(error);
        self.queued.store(queue.len(), Ordering::Release);
        Ok(())
    }

    /// Serves what was read anew, given what was loaded before; the counts of fixtures that are as before go on, in every session. No request chooses
    /// in between.
    pub fn reload(&self, editions: &Editions, read: impl FnOnce(&Library) -> Draft) -> Changes {
        let prepared = editions.prepare(read);
        let new_rows = prepared.map.new_rows();
        let _order = lock(&self.order);
        let mut shards = self.shards.each_ref().map(|shard| lock(&shard.0));
        shards.iter_mut().flat_map(|shard| shard.values_mut()).for_each(|session| session.follow(&prepared.map, &new_rows));
        prepared.put()
    }

    /// Forgets all counts.
    pub fn reset(&self) {
        let mut order = lock(&self.order);
        order.clear();
        self.shards.iter().for_each(|shard| lock(&shard.0).clear());
    }

    /// Forgets queued errors.
    pub fn clear_injected(&self) {
        let mut queue = lock(&self.injected);
        queue.clear();
        self.queued.store(0, Ordering::Release);
    }

    fn take_injected(&self, endpoint: Option<Endpoint>) -> Option<ErrorReply> {
        if self.queued.load(Ordering::Acquire) == 0 || !endpoint.is_some_and(takes_injected_errors) {
            return None;
        }
        let mut queue = lock(&self.injected);
        let first = queue.pop_front();
        self.queued.store(queue.len(), Ordering::Release);
        first
    }

    /// Does something with the counts of a test id, and nobody else does meanwhile.
    fn with<T>(&self, test_id: &str, step: impl FnOnce(&mut Session) -> T) -> T {
        let shard = self.shard(test_id);
        if let Some(session) = lock(shard).get_mut(test_id) {
            return step(session);
        }
        let mut order = lock(&self.order);
        let is_new = !lock(shard).contains_key(test_id);
        if is_new {
            while self.most > 0 && order.len() >= self.most {
                let Some(oldest) = order.pop_front() else { break };
                lock(self.shard(&oldest)).remove(&oldest);
            }
            order.push_back(test_id.to_owned());
        }
        let mut sessions = lock(shard);
        // Whoever removes it again comes after this.
        drop(order);
        step(sessions.entry(test_id.to_owned()).or_default())
    }

    fn shard(&self, test_id: &str) -> &Mutex<RapidHashMap<String, Session>> {
        let [.., last] = rapidhash::v3::rapidhash_v3(test_id.as_bytes()).to_be_bytes();
        &self.shards[usize::from(last) % SHARDS].0
    }
}

/// Endpoints whose answers can be errors of a fixture; a queued error waits for one of them.
fn takes_injected_errors(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::Chat
        | Endpoint::Embedding
        | Endpoint::Realtime
        | Endpoint::RealtimeTranscription
        | Endpoint::RealtimeTranslation
        | Endpoint::Fal
        | Endpoint::Moderation
        | Endpoint::Search
        | Endpoint::Rerank
        | Endpoint::ElevenlabsVoiceDesign
        | Endpoint::ElevenlabsVoice
        | Endpoint::ElevenlabsVoiceGet
        | Endpoint::ElevenlabsVoiceDelete => true,
        Endpoint::Image
        | Endpoint::Speech
        | Endpoint::Transcription
        | Endpoint::Translation
        | Endpoint::Video
        | Endpoint::AudioGen
        | Endpoint::ElevenlabsTts
        | Endpoint::FalAudio
        | Endpoint::OpenaiLive => false,
    }
}

/// A lock whose holder never leaves half a change behind, so poisoning means nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
