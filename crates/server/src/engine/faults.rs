//! Scripted faults: functions on plans whose every event is a step of its own. A fault counts the events that come before
//! it; a provider's terminator is no event, so a fault after the last event comes before the terminator.

use std::time::Duration;

use bytes::Bytes;

use super::pace::millis;
use super::{Cut, Delivery, Plan, Step};
use crate::exchange::ErrorReply;

/// A fault that an answer scripts, and what will become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripted {
    /// Its key in the fixture.
    pub key: &'static str,
    /// How many events have left once it has happened, or why it cannot happen.
    pub at: Result<u64, String>,
    /// Whether it ends the connection.
    pub cuts: bool,
}

const ERROR: &str = "errorAfterEvents";
const DISCONNECT: &str = "disconnectAfterEvents";
const TRUNCATE: &str = "truncateAfterChunks";
const STALL: &str = "stallAfterEvents";
const DEADLINE: &str = "disconnectAfterMs";

/// The error that takes the place of a stream before its first event: there it is a plain HTTP error.
pub fn error_at_once<'d>(delivery: &Delivery<'d>) -> Option<&'d ErrorReply> {
    let (after, error) = delivery.faults?.error_after_events.as_ref()?;
    (*after == 0).then_some(error)
}

/// What becomes of the faults of an answer in whose place [`error_at_once`] is sent.
pub fn replaced(delivery: &Delivery<'_>) -> Vec<Scripted> {
    let late = |key| Scripted { key, at: Err(format!("{ERROR} came first")), cuts: true };
    let faults = delivery.faults.cloned().unwrap_or_default();
    let others = [
        (DISCONNECT, faults.disconnect_after_events.is_some()),
        (TRUNCATE, delivery.truncate_after_chunks.is_some()),
        (STALL, faults.stall_after_events.is_some()),
        (DEADLINE, delivery.disconnect_after_ms.is_some()),
    ];
    let others = others.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| late(key));
    std::iter::once(Scripted { key: ERROR, at: Ok(0), cuts: false }).chain(others).collect()
}

/// An error as an event inside a stream, in the provider's words; it is told how many events leave before it.
pub type ErrorEvent = Box<dyn FnOnce(u64) -> Bytes + Send>;

/// Carries the scripted faults of an answer into its plan. `error` is the event of `errorAfterEvents`; `None` where the
/// API knows no such event. Returns every fault that the answer scripts.
///
/// After the same event a pause comes before a cut or an error, and an error before a cut.
pub fn script(plan: &mut Plan, delivery: &Delivery<'_>, error: Option<ErrorEvent>) -> Vec<Scripted> {
    let Some(faults) = delivery.faults else { return Vec::new() };
    let mut script = Script { total: plan.events(), first: delivery.first_byte(), plan, done: Vec::new() };
    let cut = |reason| Cut { close: faults.close, reason };
    if let Some((after, _)) = &faults.error_after_events {
        script.error(*after, error);
    }
    if let Some(after) = faults.disconnect_after_events {
        script.cut(after, cut(DISCONNECT));
    }
    if let Some(after) = delivery.truncate_after_chunks {
        script.cut(after, cut(TRUNCATE));
    }
    if let Some((after, pause)) = faults.stall_after_events {
        script.stall(after, millis(pause));
    }
    if let Some(limit) = delivery.disconnect_after_ms {
        script.deadline(millis(limit), cut(DEADLINE));
    }
    script.done
}

/// A plan on its way through the faults of its answer.
struct Script<'p> {
    plan: &'p mut Plan,
    /// Events before any fault.
    total: u64,
    first: Duration,
    done: Vec<Scripted>,
}

impl Script<'_> {
    /// Whether a fault after so many events can happen; if not, the reason is noted.
    fn can_happen(&mut self, key: &'static str, after: u64, cuts: bool) -> bool {
        let reason = if !self.plan.streamed {
            "the answer is not a stream".to_owned()
        } else if after > self.total {
            format!("the stream has only {} events", self.total)
        } else if after > self.plan.events() {
            "another fault ended the stream before".to_owned()
        } else {
            return true;
        };
        self.done.push(Scripted { key, at: Err(reason), cuts });
        false
    }

    fn error(&mut self, after: u64, error: Option<ErrorEvent>) {
        if !self.can_happen(ERROR, after, false) {
            return;
        }
        let at = match error {
            None => Err("this API has no error event".to_owned()),
            Some(error) => {
                let place = place_after(self.plan, after, self.first);
                self.plan.steps.truncate(place);
                self.plan.steps.push(Step::Send { bytes: error(after), events: 1 });
                Ok(after.saturating_add(1))
            }
        };
        self.done.push(Scripted { key: ERROR, at, cuts: false });
    }

    fn cut(&mut self, after: u64, cut: Cut) {
        let key = cut.reason;
        if self.can_happen(key, after, true) {
            cut_after(self.plan, after, self.first, cut);
            self.done.push(Scripted { key, at: Ok(after), cuts: true });
        }
    }

    fn stall(&mut self, after: u64, pause: Duration) {
        if self.can_happen(STALL, after, false) {
            stall_after(self.plan, after, self.first, pause);
            self.done.push(Scripted { key: STALL, at: Ok(after), cuts: false });
        }
    }

    fn deadline(&mut self, limit: Duration, cut: Cut) {
        let key = cut.reason;
        let at = if !self.plan.streamed {
            Err("the answer is not a stream".to_owned())
        } else if self.plan.cut_at(limit, cut) {
            Ok(self.plan.events())
        } else {
            Err("the stream was over by then".to_owned())
        };
        self.done.push(Scripted { key, at, cuts: true });
    }
}

/// Cuts a stream after this many events.
pub(super) fn cut_after(plan: &mut Plan, after: u64, first: Duration, cut: Cut) {
    let place = place_after(plan, after, first);
    plan.steps.truncate(place);
    plan.steps.push(Step::HangUp(cut));
}

/// Pauses a stream after this many events; everything behind comes that much later.
pub(super) fn stall_after(plan: &mut Plan, after: u64, first: Duration, pause: Duration) {
    let place = place_after(plan, after, first);
    let due = |step: &Step| if let Step::Until(due) = step { Some(*due) } else { None };
    let now = plan.steps.iter().take(place).rev().find_map(due).unwrap_or_default();
    for step in plan.steps.iter_mut().skip(place) {
        if let Step::Until(due) = step {
            *due = due.saturating_add(pause);
        }
    }
    plan.steps.insert(place, Step::Until(now.saturating_add(pause)));
}

/// Where the steps begin that follow the n-th event. Before the first one the head leaves by itself, so that the client
/// has status and headers whatever comes next.
fn place_after(plan: &mut Plan, after: u64, first: Duration) -> usize {
    let mut events = 0;
    for (index, step) in plan.steps.iter().enumerate() {
        if let Step::Send { events: more, .. } = step {
            events += u64::from(*more);
            if events >= after && after > 0 {
                return index + 1;
            }
        }
    }
    let wait = (!first.is_zero()).then_some(Step::Until(first));
    if wait.is_some() && plan.steps.first() == wait.as_ref() {
        plan.steps.remove(0);
    }
    let head: Vec<Step> = wait.into_iter().chain([Step::Send { bytes: Bytes::new(), events: 0 }]).collect();
    let place = head.len();
    plan.steps.splice(0..0, head);
    place
}
