//! Answers that clients may ask for again by their id: kept for each test id, bounded, and forgotten by a reset. What of
//! an answer is kept, and what is said when it is asked for, is the codec's.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::decide::{Call, Decided, Speaker};
use super::journal::{Outcome, Source};
use super::models;
use crate::engine::{Close, Plan, Step};
use crate::exchange::{Captured, Exchange, RawRequest};
use crate::fixture::Pace;
use crate::provider::{Models, Params, Provider, Recall, Stored, StoredRoute};

/// `X-AIMock-Match` and `matchedBy` of what is said of an earlier answer.
const STORED: &str = "stored";
/// So many answers are kept, and so many bytes of them and their requests; of more, the oldest are forgotten.
const MOST_ANSWERS: usize = 1000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The answers that are kept.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    answers: HashMap<Key, Book>,
    /// The keys by age.
    ages: BTreeMap<u64, Key>,
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Book {
    age: u64,
    stored: Arc<Stored>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    test_id: String,
    codec: &'static str,
    id: String,
}

impl Books {
    fn remove(&mut self, key: &Key) {
        if let Some(book) = self.answers.remove(key) {
            self.ages.remove(&book.age);
            self.bytes = self.bytes.saturating_sub(size(&book.stored));
        }
    }

    fn put(&mut self, key: Key, stored: Stored) {
        self.remove(&key);
        self.bytes += size(&stored);
        let age = self.next;
        self.next += 1;
        self.ages.insert(age, key.clone());
        self.answers.insert(key, Book { age, stored: Arc::new(stored) });
        while self.answers.len() > MOST_ANSWERS || self.bytes > MOST_BYTES {
            let Some((_, oldest)) = self.ages.pop_first() else { break };
            self.remove(&oldest);
        }
    }
}

fn size(stored: &Stored) -> usize {
    stored.id.len() + stored.request.len() + stored.answer.len()
}

impl Shelf {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.books() = Books::default();
    }
}

impl Call<'_> {
    fn key(&self, codec: &dyn Provider, id: &str) -> Key {
        Key { test_id: self.policy.test_id.clone().into_owned(), codec: codec.name(), id: id.to_owned() }
    }

    /// Answers about an earlier answer: by a fixture that names the path, from what is kept, or from the upstream where
    /// nothing is kept here.
    pub(super) fn recalled(
        &self,
        codec: &'static dyn Provider,
        route: &'static StoredRoute,
        params: &Params,
        exchange: &mut Exchange,
    ) -> Decided {
        if let Some(decided) = self.by_path(exchange) {
            return decided;
        }
        let key = params.get("id").map(|id| self.key(codec, id));
        let stored = key.as_ref().and_then(|key| self.app.shelf.books().answers.get(key).map(|book| book.stored.clone()));
        if let (None, Some(_), false) = (&stored, &key, self.policy.strict) {
            // Recorded by its path, since it is no request that a fixture of this API answers.
            let plain = Speaker { codec: None, call: self };
            if let Some(relayed) = plain.unmatched(exchange, Ok(exchange)) {
                return relayed;
            }
        }
        let speaker = Speaker { codec: Some(codec), call: self };
        let outcome = || Outcome { source: Source::Internal, matched: Some(STORED), ..Outcome::default() };
        // Lists of models and the like are no answers of a model: chaos leaves them alone.
        let rolled = if key.is_none() && exchange.raw.method == "GET" { None } else { self.roll(exchange) };
        speaker.disturbed(rolled, Close::default(), outcome, || {
            let chunk_size = self.chunk_size(&Pace::default());
            let named = || models::named_by_fixtures(self.app);
            let models = Models(&named);
            match codec.recall(&Recall { raw: &exchange.raw, route, params, stored: stored.as_deref(), chunk_size, models }) {
                Ok(recalled) => {
                    if let Some(key) = key.filter(|_| recalled.forget) {
                        self.app.shelf.books().remove(&key);
                    }
                    speaker.emission(recalled.emission, outcome())
                }
                Err(error) => speaker.error(&error, Outcome::default()),
            }
        })
    }
}

impl Speaker<'_> {
    /// Keeps an answer, if its API lets clients ask for it again.
    pub(super) fn shelve(self, raw: &RawRequest, plan: &Plan) {
        let Some(codec) = self.codec.filter(|codec| plan.status == 200 && !codec.stored_routes().is_empty()) else { return };
        let headers = plan.header("content-type").map(|kind| ("content-type", kind)).into_iter().collect();
        let pieces = plan.steps.iter().filter_map(|step| if let Step::Send { bytes, .. } = step { Some(bytes.clone()) } else { None });
        let answer = Captured { status: plan.status, headers, pieces: pieces.collect() };
        if let Some(stored) = codec.store(raw, &answer) {
            // A small body may share memory with everything that came in with it.
            let stored = Stored { request: Bytes::copy_from_slice(&stored.request), ..stored };
            let key = self.call.key(codec, &stored.id);
            self.call.app.shelf.books().put(key, stored);
        }
    }
}
