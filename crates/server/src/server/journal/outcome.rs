//! How a request was answered. What few requests have is apart, so that the others cost no more than they must: an
//! outcome is moved from hand to hand while an answer is decided, and thousands are kept.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::engine::{Bypass, Scripted, Speech, View, reason};
use crate::fixture::ChaosAction;

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::server) enum Source {
    /// A fixture, or an error queued through the control API.
    Fixture,
    /// No fixture: an upstream would have been asked, had there been one.
    Proxy,
    /// The server itself: a refused or unknown request.
    #[default]
    Internal,
}

impl Source {
    pub(in crate::server) fn name(self) -> &'static str {
        match self {
            Source::Fixture => "fixture",
            Source::Proxy => "proxy",
            Source::Internal => "internal",
        }
    }
}

/// The fixture of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) enum Answerer {
    Fixture(Arc<View>),
    /// An error queued through the control API.
    Injected,
}

/// One model of a request that names several.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::server) struct Tried {
    pub model: Option<String>,
    /// The fixture that was claimed for it.
    pub fixture: Option<Arc<View>>,
    /// The status of the error that it got.
    pub error: Option<u16>,
}

/// How a request was answered.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Outcome {
    pub status: u16,
    pub answerer: Option<Answerer>,
    pub source: Source,
    /// Why the fixture was chosen; as the header `X-AIMock-Match`.
    pub matched: Option<&'static str>,
    /// What came nearest, where nothing matched: the JSON text of a [`Missed`](crate::exchange::Missed).
    pub missed: Option<Arc<RawValue>>,
    pub interrupted: Option<&'static str>,
    /// From arrival to the end of the answer; `None` while it is under way.
    pub duration: Option<Duration>,
    pub events: u64,
    pub bytes: u64,
    pub first_byte: Option<Duration>,
    pub streamed: bool,
    /// The route's path with its parameters as names; empty where no answer was decided.
    pub route: &'static str,
    /// How the answer's bytes are read when someone asks what they said.
    pub speech: Speech,
    /// What is said of few requests; `None`: nothing of it.
    pub seldom: Option<Box<Seldom>>,
}

/// What is said of few requests.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Seldom {
    /// The models that were tried, in order; empty where there was but one.
    pub attempts: Vec<Tried>,
    pub strict_override: Option<bool>,
    pub error: Option<String>,
    /// The handle of the fixture that the answer became.
    pub recorded: Option<String>,
    /// The faults that the fixture scripts.
    pub scripted: Vec<Scripted>,
    /// The one decision of chaos; `None` where no rate was set.
    pub chaos: Option<ChaosRecord>,
    /// Milliseconds that the answer asks the client to wait.
    pub retry_after: Option<f64>,
}

/// An outcome of which nothing seldom is said.
static NOTHING: Seldom = Seldom {
    attempts: Vec::new(),
    strict_override: None,
    error: None,
    recorded: None,
    scripted: Vec::new(),
    chaos: None,
    retry_after: None,
};

/// What chaos decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct ChaosRecord {
    /// `None`: the request was left alone.
    pub action: Option<ChaosAction>,
    /// How many events leave before it has happened, or why it cannot.
    pub result: Result<u64, Bypass>,
    pub seed: u64,
    pub identity: u64,
    pub occurrence: u64,
}

impl Outcome {
    /// What is said of few requests.
    pub(in crate::server) fn seldom(&self) -> &Seldom {
        self.seldom.as_deref().unwrap_or(&NOTHING)
    }

    /// The same, to say more.
    pub(in crate::server) fn seldom_mut(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// The same outcome with what went wrong, if anything did.
    pub(in crate::server) fn with_error(mut self, error: Option<String>) -> Outcome {
        if error.is_some() {
            self.seldom_mut().error = error;
        }
        self
    }

    /// Notes that the request asked to be judged strictly, or not to be.
    pub(in crate::server) fn overrides(&mut self, strict: Option<bool>) {
        if strict.is_some() {
            self.seldom_mut().strict_override = strict;
        }
    }

    /// Notes how many milliseconds the answer asks the client to wait.
    pub(in crate::server) fn asks_to_wait(&mut self, pause: Option<f64>) {
        if pause.is_some() || self.seldom.is_some() {
            self.seldom_mut().retry_after = pause;
        }
    }

    /// The decision of chaos.
    pub(in crate::server) fn chaos_mut(&mut self) -> Option<&mut ChaosRecord> {
        self.seldom.as_mut()?.chaos.as_mut()
    }

    /// Whether a scripted fault has happened.
    pub(super) fn has_fired(&self, fault: &Scripted) -> bool {
        let ended = !fault.cuts || self.interrupted == Some(fault.key);
        fault.at.as_ref().is_ok_and(|at| self.events >= *at) && self.first_or_no_byte() && ended
    }

    /// The random fault that the client has met.
    pub(in crate::server) fn applied_chaos(&self) -> Option<ChaosAction> {
        let chaos = self.seldom().chaos.as_ref()?;
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
    pub(in crate::server) fn bypassed_chaos(&self) -> Option<(ChaosAction, Bypass)> {
        let chaos = self.seldom().chaos.as_ref()?;
        let action = chaos.action.filter(|_| self.duration.is_some() && self.applied_chaos().is_none())?;
        Some((action, chaos.result.err().unwrap_or(Bypass::ClientGone)))
    }

    fn first_or_no_byte(&self) -> bool {
        self.first_byte.is_some() || self.status == 0
    }
}
