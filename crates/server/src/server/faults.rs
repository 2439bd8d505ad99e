//! Faults of one answer: what its fixture scripts, and what chaos decides.

use super::chaos::Levels;
use super::decide::{Action, Asked, Call, Decided, Speaker, hit};
use super::errors;
use super::journal::{Answerer, ChaosRecord, Outcome, Source};
use super::relay::DecidedChaos;
use crate::engine::{
    Bypass, Decision, Delivery, Dice, Edition, ErrorEvent, Plan, Rolled, Scripted, Verdict, error_at_once, plan_emission, replaced, script,
};
use crate::exchange::{Body, ErrorReply, Exchange};
use crate::fixture::{Answer, Close};
use crate::provider::Moment;
use crate::wire::sse;

impl Call<'_> {
    /// Chooses what answers, claims it and rolls the dice, each once. The request is the one that matching sees.
    pub(super) fn claim(&self, exchange: &Exchange) -> (Decision, Option<Rolled>) {
        let levels = Levels::of(self.app, &exchange.raw, self.policy);
        let identity = levels.identity(self.app, exchange, self.policy);
        let decision = self.app.sessions.claim_as(&self.app.editions, exchange, self.policy, identity);
        let rolled = levels.roll(self.app, &decision, identity);
        (decision, rolled)
    }

    /// Rolls the dice for a request for which no fixture is looked for.
    pub(super) fn roll(&self, exchange: &Exchange) -> Option<Rolled> {
        let levels = Levels::of(self.app, &exchange.raw, self.policy);
        let identity = levels.identity(self.app, exchange, self.policy)?;
        levels.roll_alone(self.app, self.policy, identity)
    }
}

impl Speaker<'_> {
    /// What a claimed request gets: its answer with chaos upon it, or chaos instead.
    pub(super) fn decided(self, asked: Asked<'_>, decision: Decision, rolled: Option<Rolled>) -> Decided {
        let Decision { edition, verdict, occurrence: _, attempts: _, chosen: _ } = decision;
        let close = close(&edition, &verdict);
        let preempted = rolled.as_ref().and_then(|rolled| rolled.action).filter(|action| action.preempts());
        let outcome = preempted.map(|_| preempted_outcome(&edition, &verdict)).unwrap_or_default();
        self.disturbed(rolled, close, || outcome, || self.served(&edition, asked, verdict))
    }

    /// An answer with chaos upon it, or chaos instead of it: then `preempted` is what the journal says.
    pub(super) fn disturbed(
        self,
        rolled: Option<Rolled>,
        close: Close,
        preempted: impl FnOnce() -> Outcome,
        answer: impl FnOnce() -> Decided,
    ) -> Decided {
        let Some(mut rolled) = rolled else { return answer() };
        let mut record = ChaosRecord {
            action: rolled.action,
            result: Ok(0),
            seed: rolled.seed,
            identity: rolled.identity,
            occurrence: rolled.occurrence,
        };
        let mut decided = match rolled.action {
            Some(action) if action.preempts() => self.preempted(&rolled, close, preempted()),
            Some(_) | None => answer(),
        };
        match &mut decided.action {
            Action::Answer(plan) => {
                if let Some(action) = rolled.action.filter(|action| !action.preempts()) {
                    record.result = self.mutated(plan, &mut rolled, close);
                    if let Err(bypass) = record.result {
                        self.call.app.chaos.warn_of_bypass(self.call.app, action, bypass);
                    }
                }
                plan.delay(rolled.latency());
                decided.outcome.status = plan.status;
            }
            Action::Relay(relay) => {
                if rolled.action.is_some() {
                    // Until the upstream's answer says more, the request can only end by its client.
                    record.result = Err(Bypass::ClientGone);
                }
                let error = rolled.error().and_then(|error| self.error_event(&error));
                relay.chaos = Some(DecidedChaos { rolled, error });
            }
        }
        decided.outcome.seldom_mut().chaos = Some(record);
        decided
    }

    /// An answer of chaos alone.
    fn preempted(self, rolled: &Rolled, close: Close, outcome: Outcome) -> Decided {
        match rolled.error() {
            Some(error) => {
                let mut decided = self.error(&error, outcome);
                // What chaos says is no trouble of the server's.
                decided.outcome.seldom_mut().error = None;
                decided
            }
            None => Decided { action: Action::Answer(Rolled::disconnect(close)), outcome },
        }
    }

    fn mutated(self, plan: &mut Plan, rolled: &mut Rolled, close: Close) -> Result<u64, Bypass> {
        let error = rolled.error().and_then(|error| self.error_event(&error));
        rolled.mutate(plan, self.call.app.settings.chaos_streams, close, error)
    }

    /// An answer's plan with the faults that its fixture scripts.
    pub(super) fn scripted(self, mut plan: Plan, delivery: &Delivery<'_>) -> (Plan, Vec<Scripted>) {
        if let Some(error) = error_at_once(delivery).filter(|_| plan.streamed) {
            return (plan_emission(self.encode_error(error), delivery, &mut Dice::seeded(0)), replaced(delivery));
        }
        let error = delivery.error_event().and_then(|error| self.error_event(error));
        let scripted = script(&mut plan, delivery, error);
        (plan, scripted)
    }

    /// An error inside a stream, in the words of whoever owns the URL.
    fn error_event(self, error: &ErrorReply) -> Option<ErrorEvent> {
        match self.codec {
            Some(codec) => {
                codec.encode_error_event(error, self.moment())?;
                let (error, id) = (error.clone(), self.call.request_id.clone());
                let Moment { now, framing, .. } = self.moment();
                Some(Box::new(move |events| {
                    let event = codec.encode_error_event(&error, Moment { request_id: id.as_str(), now, framing, events });
                    event.map(|frame| frame.bytes).unwrap_or_default()
                }))
            }
            None => match errors::plain(error).body {
                Body::Whole(bytes) => Some(Box::new(move |_| sse::data(&String::from_utf8_lossy(&bytes)))),
                Body::Stream(_) => None,
            },
        }
    }
}

/// How the claimed answer wants its cuts.
fn close(edition: &Edition, verdict: &Verdict) -> Close {
    let answer: Option<&Answer> = match verdict {
        Verdict::Serve(claim) => edition.library.fixtures.get(claim.row).and_then(|fixture| fixture.answer_at(claim.times)),
        Verdict::Injected(_) | Verdict::Exhausted(_) | Verdict::Miss(..) => None,
    };
    answer.map(|answer| answer.faults.close).unwrap_or_default()
}

/// What the journal says of a request in whose way chaos stood: the fixture that would have answered stays named.
fn preempted_outcome(edition: &Edition, verdict: &Verdict) -> Outcome {
    let outcome = Outcome { source: Source::Fixture, ..Outcome::default() };
    match verdict {
        Verdict::Injected(_) => Outcome { answerer: Some(Answerer::Injected), matched: Some("injected"), ..outcome },
        Verdict::Serve(claim) | Verdict::Exhausted(claim) => hit(edition, claim, outcome),
        Verdict::Miss(..) => Outcome { source: Source::Proxy, matched: Some("miss"), ..outcome },
    }
}
