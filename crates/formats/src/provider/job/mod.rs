//! Jobs: work that is submitted now, asked after, and fetched later.
//!
//! What a job is and how each vendor speaks of it stands here and in the codecs; which jobs there are, and how often each
//! was asked after, is the server's to remember.

use serde_json::{Map, Value};

use super::{Context, Params, Route};
use crate::exchange::{Captured, Emission, ErrorOrigin, ErrorReply, Reply};

/// One job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: String,
    /// What it comes to.
    pub reply: Reply,
    pub model: Option<String>,
    pub prompt: Option<String>,
    /// Unix seconds.
    pub created: u64,
    /// What the vendor repeats of the request (`seconds`, `size` …).
    pub asked: Map<String, Value>,
    /// How often it is asked after before it is done. 0: it is done when it is submitted.
    pub waits: u64,
    /// How often it was asked after.
    pub polls: u64,
    pub cancelled: bool,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has asked after it yet.
    Queued,
    Running {
        /// Below 100.
        percent: u64,
    },
    Done,
}

impl Job {
    /// A job that has just been submitted.
    pub(super) fn new(id: String, context: &Context<'_>, reply: &Reply) -> Job {
        Job {
            id,
            reply: reply.clone(),
            model: context.request.model.clone(),
            prompt: context.request.user_text().map(str::to_owned),
            created: context.created,
            asked: Map::new(),
            waits: 0,
            polls: 0,
            cancelled: false,
        }
    }

    pub fn progress(&self) -> Progress {
        if self.cancelled || self.polls > self.waits || self.waits == 0 {
            return Progress::Done;
        }
        match self.polls {
            0 => Progress::Queued,
            polls => Progress::Running { percent: polls.saturating_mul(100) / self.waits.saturating_add(1) },
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.progress() == Progress::Done
    }

    /// What the fixture says of a video.
    pub(super) fn video(&self) -> &Value {
        if let Reply::Video(video) = &self.reply { &video.0 } else { &Value::Null }
    }
}

/// What is done about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Counts as asking after it.
    Status,
    /// Its status over and over until it is done, in one stream.
    Watch,
    Result,
    Cancel,
    Delete,
    /// All jobs of a test id.
    List,
}

/// What a request wants of a job that was submitted before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    pub verb: Verb,
    /// Empty for lists.
    pub id: String,
}

impl FollowUp {
    /// A follow-up whose job the parameter `name` says. What some answers add to an id to keep the next request within its
    /// test is part of the segment where a client percent-encodes it.
    pub(super) fn of(verb: Verb, params: &Params, name: &str) -> FollowUp {
        let id = params.get(name).unwrap_or_default();
        FollowUp { verb, id: id.split('?').next().unwrap_or_default().to_owned() }
    }
}

/// The half of a codec that speaks of jobs.
pub trait Jobs: Sync {
    /// What a request wants of an earlier job; `None`: it is no such request, or another vendor's.
    ///
    /// The route need not be the codec's own: where two vendors share a URL, the job decides whose it is.
    fn follow_up(&self, raw: &crate::exchange::RawRequest, route: &Route, params: &Params) -> Option<FollowUp>;
    /// The job that a reply begins; `None` where the codec answers at once (errors, replies of another kind).
    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job>;
    /// What the client is told of a job that it has just submitted.
    fn submitted(&self, context: &mut Context<'_>, job: &Job) -> Emission;
    /// The answer to a follow-up of one job.
    fn answer(&self, context: &mut Context<'_>, verb: Verb, job: &Job) -> Emission;
    /// The answer to a follow-up of all jobs, the oldest first.
    fn list(&self, _context: &mut Context<'_>, _jobs: &[Job]) -> Option<Emission> {
        None
    }
    /// The id of the job that an answer of the vendor's tells of, if that is not done; empty where it does not say which.
    fn unfinished(&self, captured: &Captured) -> Option<String>;
    /// The name under which the bytes of a job are fetched, by the answer that says that it is done; `None`: that of the job.
    fn file(&self, _captured: &Captured) -> Option<String> {
        None
    }
    /// The follow-up whose answer says what became of the job: it is what a recording holds.
    fn settled_by(&self) -> Verb {
        Verb::Status
    }
    /// What the client is told of a job that nobody knows.
    fn unknown(&self, id: &str) -> ErrorReply;
}

/// A 404 of the vendor's.
pub(super) fn not_found(message: String, code: &str) -> ErrorReply {
    let mut error = ErrorReply::new(ErrorOrigin::Request, 404, message);
    error.code = Some(code.to_owned());
    error
}
