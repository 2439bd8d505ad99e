//! Jobs of running tests: which were submitted, and how often each was asked after. Bounded; the oldest go first.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::decide::{Asked, Call, Decided, Speaker};
use super::journal::{Outcome, Source};
use super::relay::{RecordedAs, Stamped};
use crate::engine::{Close, Dice, Verdict, plan_emission};
use crate::exchange::{Captured, Emission, ErrorReply, Exchange, Reply, Request};
use crate::fixture::{Answer, Pace};
use crate::provider::job::{FollowUp, Job, Jobs, Verb};
use crate::provider::{Context, Params, Provider, Route, SeededIds};

/// Jobs that are kept.
const MOST_JOBS: usize = 10_000;
/// Bytes of all kept replies, roughly.
const MOST_BYTES: usize = 256 << 20;
/// Jobs of upstreams whose end is waited for.
const MOST_ELSEWHERE: usize = 1000;
/// `X-AIMock-Match` of answers about jobs.
const MATCHED: &str = "job";

/// The jobs of all test ids.
#[derive(Debug, Default)]
pub(super) struct JobBook(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    jobs: HashMap<Key, Held>,
    /// The oldest first; what was removed or replaced is still named here until it comes up.
    order: VecDeque<(Key, u64)>,
    bytes: usize,
    count: u64,
    /// Jobs that began elsewhere, whose end is to be recorded; the oldest first.
    elsewhere: VecDeque<(Key, Box<Elsewhere>)>,
}

/// A job of an upstream's.
#[derive(Clone)]
pub(super) struct Elsewhere {
    pub id: String,
    /// Who speaks of it: where two vendors share a URL, the URL does not tell.
    pub codec: &'static dyn Provider,
    /// The request that began it, with which it is recorded.
    pub exchange: Exchange,
    pub stamped: Stamped,
    /// What became of it, once that is recorded.
    pub settled: Option<Settled>,
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elsewhere").field("id", &self.id).field("codec", &self.codec.name()).finish_non_exhaustive()
    }
}

/// The end of a job as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub captured: Captured,
    /// The file of the recording.
    pub path: PathBuf,
}

/// Test id and job id.
type Key = (String, String);

struct Held {
    codec: &'static dyn Provider,
    job: Job,
    /// Header fields that its fixture sets, for the result.
    headers: Vec<(String, String)>,
    bytes: usize,
    number: u64,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl JobBook {
    /// Remembers a job, in place of another of its id.
    pub(super) fn keep(&self, test_id: &str, codec: &'static dyn Provider, job: Job, headers: Vec<(String, String)>) {
        let mut kept = self.shelf();
        let bytes = weight(&job.reply);
        let key = (test_id.to_owned(), job.id.clone());
        kept.count += 1;
        let number = kept.count;
        kept.remove(&key);
        kept.bytes += bytes;
        kept.order.push_back((key.clone(), number));
        kept.jobs.insert(key, Held { codec, job, headers, bytes, number });
        while kept.jobs.len() > MOST_JOBS || (kept.bytes > MOST_BYTES && kept.jobs.len() > 1) || kept.order.len() > 2 * MOST_JOBS {
            let Some((oldest, number)) = kept.order.pop_front() else { break };
            if kept.jobs.get(&oldest).is_some_and(|held| held.number == number) {
                kept.remove(&oldest);
            }
        }
    }

    /// Remembers a job that began at an upstream, so that its end can be recorded with the request that began it.
    pub(super) fn began_elsewhere(&self, test_id: &str, begun: Elsewhere) {
        self.shelf().put_elsewhere((test_id.to_owned(), begun.id.clone()), begun);
    }

    /// The end of such a job is recorded. What is fetched of it later may have a name of its own.
    pub(super) fn settled(&self, test_id: &str, id: &str, settled: &Settled) {
        let mut kept = self.shelf();
        let Some((_, begun)) = kept.elsewhere.iter_mut().find(|((test, job), _)| test == test_id && job == id) else { return };
        begun.settled = Some(settled.clone());
        let file = begun.codec.jobs().and_then(|jobs| jobs.file(&settled.captured));
        if let Some(file) = file.filter(|file| file != id) {
            let begun = Elsewhere::clone(begun);
            kept.put_elsewhere((test_id.to_owned(), file), begun);
        }
    }

    /// Who speaks of a job that began at an upstream, and what the answer to a follow-up is recorded with.
    fn submitter(&self, test_id: &str, follow_up: &FollowUp) -> Option<(&'static dyn Provider, RecordedAs)> {
        let kept = self.shelf();
        let (_, begun) = kept.elsewhere.iter().find(|((test, job), _)| test == test_id && *job == follow_up.id)?;
        let settles = begun.codec.jobs().is_some_and(|jobs| jobs.settled_by() == follow_up.verb);
        let recorded_as = match begun.settled {
            None if settles => RecordedAs::Job(begun.clone()),
            Some(_) if !settles && follow_up.verb == Verb::Result => RecordedAs::Content(begun.clone()),
            _ => RecordedAs::Nothing,
        };
        Some((begun.codec, recorded_as))
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.shelf() = Shelf::default();
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The jobs of a test id that a codec keeps, the oldest first.
    fn of(&self, test_id: &str, codec: &str) -> Vec<Job> {
        let kept = self.shelf();
        let own = kept.jobs.iter().filter(|((id, _), held)| id == test_id && held.codec.name() == codec);
        let mut own: Vec<(u64, Job)> = own.map(|(_, held)| (held.number, held.job.clone())).collect();
        own.sort_by_key(|(number, _)| *number);
        own.into_iter().map(|(_, job)| job).collect()
    }

    /// Does what is asked about a job; the job as it is then, and who speaks of it.
    fn follow(&self, test_id: &str, asked: &FollowUp, may: impl Fn(&dyn Jobs) -> bool) -> Option<Followed> {
        let mut kept = self.shelf();
        let key = (test_id.to_owned(), asked.id.clone());
        let held = kept.jobs.get_mut(&key)?;
        let jobs = held.codec.jobs().filter(|jobs| may(*jobs))?;
        let before = held.job.clone();
        match asked.verb {
            Verb::Status => held.job.polls = held.job.polls.saturating_add(1),
            Verb::Watch => held.job.polls = held.job.waits.saturating_add(1),
            Verb::Cancel if before.progress() != crate::provider::job::Progress::Done => held.job.cancelled = true,
            Verb::Cancel | Verb::Result | Verb::Delete | Verb::List => {}
        }
        // Who cancels or watches is told from where the job was.
        let job = if asked.verb == Verb::Status { held.job.clone() } else { before };
        let followed = Followed { codec: held.codec, jobs, job, headers: held.headers.clone() };
        if asked.verb == Verb::Delete {
            kept.remove(&key);
        }
        Some(followed)
    }
}

impl Shelf {
    fn put_elsewhere(&mut self, key: Key, begun: Elsewhere) {
        self.elsewhere.retain(|(other, _)| *other != key);
        self.elsewhere.push_back((key, Box::new(begun)));
        if self.elsewhere.len() > MOST_ELSEWHERE {
            self.elsewhere.pop_front();
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(held) = self.jobs.remove(key) {
            self.bytes = self.bytes.saturating_sub(held.bytes);
        }
    }
}

/// A job that was found.
struct Followed {
    codec: &'static dyn Provider,
    jobs: &'static dyn Jobs,
    job: Job,
    headers: Vec<(String, String)>,
}

/// What a reply takes in memory, roughly.
fn weight(reply: &Reply) -> usize {
    match reply {
        Reply::Video(video) => json_weight(&video.0),
        Reply::Json { value, .. } => json_weight(value),
        Reply::Audio(audio) => audio.base64.len(),
        Reply::Images(images) => images.iter().map(|image| image.b64_json.as_ref().map_or(0, String::len)).sum(),
        _ => 0,
    }
}

fn json_weight(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::String(text) => text.len() + 32,
        Value::Array(items) => items.iter().map(json_weight).sum::<usize>() + 32,
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + 64 + json_weight(value)).sum::<usize>() + 32,
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
    }
}

impl Call<'_> {
    /// What is said about a job that was submitted before. Fixtures with a `path` come first, as everywhere; else the job
    /// answers, or the upstream that may know it. Chaos is rolled as for any request.
    pub(super) fn follow(
        &self,
        codec: &'static dyn Provider,
        route: &Route,
        params: &Params,
        follow_up: &FollowUp,
        exchange: &mut Exchange,
    ) -> Decided {
        exchange.request = Request { context: self.policy.context.clone(), ..Request::default() };
        let speaker = Speaker { codec: Some(codec), call: self };
        let rolled = if self.app.editions.current().answers_any_url {
            let plain = Speaker { codec: None, call: self };
            let seen = match self.app.settings.transforms.exchange(exchange) {
                Ok(seen) => seen,
                Err(error) => return plain.transform_failed(exchange, &error),
            };
            let (decision, rolled) = self.claim(&seen);
            if !matches!(decision.verdict, Verdict::Miss(..)) {
                return plain.decided(Asked { exchange, seen: &seen, disturbed: rolled.is_some() }, decision, rolled);
            }
            rolled
        } else {
            self.roll(exchange)
        };
        let outcome = || Outcome { source: Source::Internal, matched: Some(MATCHED), ..Outcome::default() };
        speaker.disturbed(rolled, Close::default(), outcome, || speaker.told(codec, route, params, follow_up, exchange, outcome()))
    }
}

impl Speaker<'_> {
    /// Remembers a job that a fixture began, and says so to the client.
    pub(super) fn submitted(
        self,
        codec: &'static dyn Provider,
        jobs: &'static dyn Jobs,
        context: &mut Context<'_>,
        job: Job,
        answer: &Answer,
    ) -> Emission {
        let job = Job { waits: answer.polls, ..job };
        let emission = jobs.submitted(context, &job);
        self.call.app.jobs.keep(&self.call.policy.test_id, codec, job, answer.headers.clone());
        emission
    }

    fn told(
        self,
        codec: &'static dyn Provider,
        route: &Route,
        params: &Params,
        follow_up: &FollowUp,
        exchange: &Exchange,
        outcome: Outcome,
    ) -> Decided {
        let (app, test_id) = (self.call.app, &self.call.policy.test_id);
        let mut ids = SeededIds::new(0);
        let mut context = self.context(exchange, &Pace::default(), &mut ids);
        if follow_up.verb == Verb::List {
            let listed = codec.jobs().and_then(|jobs| jobs.list(&mut context, &app.jobs.of(test_id, codec.name())));
            if let Some(emission) = listed {
                return self.emission(emission, outcome);
            }
        }
        let raw = &exchange.raw;
        let found = app.jobs.follow(test_id, follow_up, |jobs| jobs.follow_up(raw, route, params).as_ref() == Some(follow_up));
        if let Some(Followed { codec, jobs, job, headers }) = found {
            let emission = jobs.answer(&mut context, follow_up.verb, &job);
            let speaker = Speaker { codec: Some(codec), ..self };
            if follow_up.verb == Verb::Result && emission.status == 200 {
                return speaker.with_headers(emission, &headers, outcome);
            }
            return speaker.emission(emission, outcome);
        }
        let (speaker, recorded_as) = match app.jobs.submitter(test_id, follow_up) {
            Some((codec, recorded_as)) => (Speaker { codec: Some(codec), ..self }, recorded_as),
            None => (self, RecordedAs::Nothing),
        };
        if !self.call.policy.strict
            && let Some(relayed) = speaker.relay_follow_up(exchange, recorded_as)
        {
            return relayed;
        }
        let unknown = codec.jobs().map(|jobs| jobs.unknown(&follow_up.id));
        let unknown = unknown.unwrap_or_else(|| ErrorReply::new(crate::exchange::ErrorOrigin::Request, 404, "Not found"));
        self.error(&unknown, outcome)
    }

    fn with_headers(self, emission: Emission, headers: &[(String, String)], outcome: Outcome) -> Decided {
        let mut plan = plan_emission(emission, &crate::engine::Delivery::default(), &mut Dice::seeded(0));
        for (name, value) in headers {
            plan.set_header(name.clone(), value.clone());
        }
        self.headed(plan, outcome)
    }
}
