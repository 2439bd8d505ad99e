//! Counts for each test id, and the one step that chooses a fixture and claims its turn.
//!
//! Choosing and counting happen under one lock of the test id, so two parallel requests never get the same sequence
//! slot or the same item of a `responses` list. Errors queued through the control API come before every fixture,
//! whatever its `turnIndex`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rapidhash::RapidHashMap;

use super::{Changes, Edition, Editions, Policy};
use crate::exchange::{Endpoint, ErrorReply, Exchange, Reply};
use crate::fixture::Library;
use crate::matcher::{Miss, Selection, Served};

/// So many test ids are kept unless told otherwise; of more, the one that came first is forgotten.
pub const DEFAULT_TEST_IDS: usize = 500;
/// More queued errors than this are refused.
const QUEUED_ERRORS: usize = 1000;
/// Different requests of a test id whose occurrences are counted; each further one counts as its first.
const COUNTED_REQUESTS: usize = 100_000;

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
    Miss(Miss, Served),
}

impl Verdict {
    /// The fixture that was claimed.
    fn row(&self) -> Option<usize> {
        match self {
            Verdict::Serve(claim) | Verdict::Exhausted(claim) => Some(claim.row),
            Verdict::Injected(_) | Verdict::Miss(..) => None,
        }
    }

    /// The error that its fixture holds.
    fn error<'e>(&self, edition: &'e Edition) -> Option<&'e ErrorReply> {
        match self {
            Verdict::Serve(claim) => match &edition.library.fixtures.get(claim.row)?.answer_at(claim.times)?.reply {
                Reply::Error(error) => Some(error),
                _ => None,
            },
            Verdict::Injected(_) | Verdict::Exhausted(_) | Verdict::Miss(..) => None,
        }
    }
}

/// What came of several models.
struct Tried {
    verdict: Verdict,
    attempts: Vec<Attempt>,
    chosen: usize,
}

/// A verdict with the edition it was made on.
#[derive(Clone, Debug)]
pub struct Decision {
    pub edition: Arc<Edition>,
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

/// The counts of one test id.
#[derive(Debug, Default)]
struct Session {
    generation: u64,
    served: Served,
    /// How often each row answered. Unlike `served`, a sequence's siblings do not count.
    cursors: RapidHashMap<usize, u64>,
    /// How often each request came, by its identity.
    occurrences: RapidHashMap<u64, u64>,
}

#[derive(Debug, Default)]
struct Book {
    sessions: RapidHashMap<String, Arc<Mutex<Session>>>,
    /// In order of first appearance.
    order: VecDeque<String>,
}

/// The counts of all test ids, and the queue of injected errors.
#[derive(Debug)]
pub struct Sessions {
    /// Test ids that are kept; 0 means all.
    most: usize,
    book: Mutex<Book>,
    injected: Mutex<VecDeque<ErrorReply>>,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::keeping(DEFAULT_TEST_IDS)
    }
}

impl Sessions {
    /// Counts of at most this many test ids; 0 means all.
    pub fn keeping(most: usize) -> Sessions {
        Sessions { most, book: Mutex::default(), injected: Mutex::default() }
    }

    /// Chooses what answers and claims it, in one step.
    pub fn claim(&self, editions: &Editions, exchange: &Exchange, policy: &Policy) -> Decision {
        self.claim_as(editions, exchange, policy, None)
    }

    /// The same, and in the same step counts how often a request of this identity came.
    pub fn claim_as(&self, editions: &Editions, exchange: &Exchange, policy: &Policy, identity: Option<u64>) -> Decision {
        let injected = self.take_injected(exchange.request.endpoint);
        let session = self.session(&policy.test_id);
        let mut session = lock(&session);
        // Fetched under the session's lock, so that counts and rows are of one generation.
        let edition = editions.current();
        let session = session.at(edition.generation);
        let occurrence = identity.map_or(0, |identity| session.occurs(identity));
        if injected.is_none() && !exchange.request.fallback_models.is_empty() {
            let tried = session.fail_over(&edition, exchange, policy);
            return Decision { edition, verdict: tried.verdict, occurrence, attempts: tried.attempts, chosen: tried.chosen };
        }
        let verdict = match injected {
            Some(error) => Verdict::Injected(Box::new(error)),
            None => session.claim(&edition, exchange, policy),
        };
        Decision { edition, verdict, occurrence, attempts: Vec::new(), chosen: 0 }
    }

    /// Counts how often a request of this identity came, where nothing is claimed.
    pub fn occurs(&self, editions: &Editions, policy: &Policy, identity: u64) -> u64 {
        let session = self.session(&policy.test_id);
        let mut session = lock(&session);
        session.at(editions.current().generation).occurs(identity)
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
        Ok(())
    }

    /// Serves what was loaded anew; the counts of fixtures that are as before go on, in every session. No request chooses
    /// in between.
    pub fn reload(&self, editions: &Editions, library: Library) -> Changes {
        let book = lock(&self.book);
        let mut sessions: Vec<MutexGuard<'_, Session>> =
            book.order.iter().filter_map(|id| book.sessions.get(id)).map(|it| lock(it)).collect();
        let (changes, map) = editions.reload(library);
        let new_rows = map.new_rows();
        for session in sessions.iter_mut().filter(|session| session.generation == map.from) {
            session.generation = map.to;
            session.served = session.served.rows().filter_map(|(row, count)| Some((*new_rows.get(&row)?, count))).collect();
            let cursors = std::mem::take(&mut session.cursors);
            session.cursors = cursors.into_iter().filter_map(|(row, count)| Some((*new_rows.get(&row)?, count))).collect();
        }
        changes
    }

    /// Forgets all counts.
    pub fn reset(&self) {
        *lock(&self.book) = Book::default();
    }

    /// Forgets queued errors.
    pub fn clear_injected(&self) {
        lock(&self.injected).clear();
    }

    fn take_injected(&self, endpoint: Option<Endpoint>) -> Option<ErrorReply> {
        if !endpoint.is_some_and(takes_injected_errors) {
            return None;
        }
        lock(&self.injected).pop_front()
    }

    fn session(&self, test_id: &str) -> Arc<Mutex<Session>> {
        let mut book = lock(&self.book);
        if let Some(session) = book.sessions.get(test_id) {
            return session.clone();
        }
        while self.most > 0 && book.order.len() >= self.most {
            if let Some(oldest) = book.order.pop_front() {
                book.sessions.remove(&oldest);
            }
        }
        let session = Arc::<Mutex<Session>>::default();
        book.order.push_back(test_id.to_owned());
        book.sessions.insert(test_id.to_owned(), session.clone());
        session
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

impl Session {
    /// The counts of this generation: those of an older one are void.
    fn at(&mut self, generation: u64) -> &mut Session {
        if self.generation != generation {
            *self = Session { generation, ..Session::default() };
        }
        self
    }

    fn claim(&mut self, edition: &Edition, exchange: &Exchange, policy: &Policy) -> Verdict {
        match edition.library.table.claim(exchange, &mut self.served, policy.strictness) {
            Selection::Miss(miss) => Verdict::Miss(miss, self.served.clone()),
            Selection::Hit { row, by_turn, turn_relaxed } => {
                edition.hit(row);
                self.hand_out(edition, row, by_turn, turn_relaxed)
            }
        }
    }

    /// Tries the request's models in order, as if each were the only one: the first answer that is no error counts, else the
    /// last error. All in one step, so that no other request comes in between.
    fn fail_over(&mut self, edition: &Edition, exchange: &Exchange, policy: &Policy) -> Tried {
        let mut probe = exchange.clone();
        let fallbacks = exchange.request.fallback_models.iter().cloned().map(Some);
        let (mut attempts, mut failed, mut missed) = (Vec::new(), None, Miss::default());
        for (number, model) in std::iter::once(exchange.request.model.clone()).chain(fallbacks).enumerate() {
            probe.request.model = model;
            let verdict = self.claim(edition, &probe, policy);
            let error = verdict.error(edition);
            attempts.push(Attempt { row: verdict.row(), error: error.map(|error| error.status) });
            match (&verdict, error) {
                (Verdict::Miss(miss, _), _) => missed.skipped_by_position = missed.skipped_by_position.max(miss.skipped_by_position),
                (_, Some(error)) if !error.ends_failover => failed = Some((verdict, number)),
                _ => return Tried { verdict, attempts, chosen: number },
            }
        }
        let (verdict, chosen) = failed.unwrap_or_else(|| (Verdict::Miss(missed, self.served.clone()), 0));
        Tried { verdict, attempts, chosen }
    }

    fn occurs(&mut self, identity: u64) -> u64 {
        if self.occurrences.len() >= COUNTED_REQUESTS && !self.occurrences.contains_key(&identity) {
            return 0;
        }
        let count = self.occurrences.entry(identity).or_default();
        let before = *count;
        *count = before.saturating_add(1);
        before
    }

    /// Takes the next answer of a chosen fixture.
    fn hand_out(&mut self, edition: &Edition, row: usize, by_turn: bool, turn_relaxed: bool) -> Verdict {
        let cursor = self.cursors.entry(row).or_default();
        let times = *cursor;
        *cursor = times.saturating_add(1);
        let Some(fixture) = edition.library.fixtures.get(row) else { return Verdict::Miss(Miss::default(), Served::default()) };
        let by = match (by_turn, fixture.position.sequence) {
            (true, _) => MatchedBy::Turn,
            (false, Some(_)) => MatchedBy::Sequence,
            (false, None) => MatchedBy::Content,
        };
        let claim = Claim { row, times, by, turn_relaxed };
        if fixture.answer_at(times).is_some() { Verdict::Serve(claim) } else { Verdict::Exhausted(claim) }
    }
}

/// A lock whose holder never leaves half a change behind, so poisoning means nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
