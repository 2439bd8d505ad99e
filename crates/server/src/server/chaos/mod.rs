//! Chaos of a running server: which settings hold for a request, and what the dice say. Per setting a header comes before
//! the fixture, that before the control API's settings for the test id, those before its settings for all, and the
//! server's own come last.

pub(super) mod control;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::App;
use super::app::Level;
use crate::engine::{Bypass, DEFAULT_TEST_ID, Decision, Policy, Rolled, Verdict, identity};
use crate::exchange::{Exchange, RawRequest};
use crate::fixture::{Chaos, ChaosAction, ChaosField};

/// Test ids that can have settings of their own.
const MOST_SCOPES: usize = 1000;
/// How the names of the headers begin that ask for chaos.
const HEADERS: &str = "x-aimock-chaos-";

/// Settings that came through the control API, and what was warned of.
#[derive(Debug, Default)]
pub(super) struct ChaosBook {
    scopes: Mutex<HashMap<String, Chaos>>,
    /// Whether there was a setting since the last reset: most servers never have one.
    is_set: AtomicBool,
    warned: [AtomicBool; ChaosField::ALL.len()],
    bypassed: Mutex<Vec<(ChaosAction, Bypass)>>,
}

impl ChaosBook {
    /// What holds for a test id, over the server's own settings.
    fn resolve(&self, test_id: &str, server: &Chaos) -> Chaos {
        let scopes = self.scopes();
        let of = |id: &str| scopes.get(id).copied().unwrap_or_default();
        let everyone = of(DEFAULT_TEST_ID).over(server);
        if test_id == DEFAULT_TEST_ID { everyone } else { of(test_id).over(&everyone) }
    }

    /// Puts settings in place of those of a test id. None at all means: no chaos.
    fn set(&self, test_id: &str, chaos: Chaos) -> Result<(), &'static str> {
        let mut scopes = self.scopes();
        if scopes.len() >= MOST_SCOPES && !scopes.contains_key(test_id) {
            return Err("1000 test ids have chaos of their own already; DELETE /__aimock/chaos?testId=… forgets one");
        }
        self.is_set.store(true, Ordering::Release);
        scopes.insert(test_id.to_owned(), if chaos.is_empty() { Chaos::none() } else { chaos });
        Ok(())
    }

    fn remove(&self, test_id: &str) {
        self.scopes().remove(test_id);
    }

    /// Forgets everything, warnings too.
    pub(super) fn clear(&self) {
        self.is_set.store(false, Ordering::Release);
        self.scopes().clear();
        self.warned.iter().for_each(|warned| warned.store(false, Ordering::Relaxed));
        lock(&self.bypassed).clear();
    }

    /// Says once what could not be carried out.
    pub(super) fn warn_of_bypass(&self, app: &App, action: ChaosAction, bypass: Bypass) {
        let mut said = lock(&self.bypassed);
        if !said.contains(&(action, bypass)) {
            said.push((action, bypass));
            let line = format!("chaos: {} was rolled and not applied ({}); counted as bypassed", action.name(), bypass.name());
            app.log(Level::Warning, &line);
        }
    }

    fn scopes(&self) -> MutexGuard<'_, HashMap<String, Chaos>> {
        lock(&self.scopes)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The settings around a fixture's own; nothing where nobody asks for chaos.
pub(super) struct Levels(Option<Box<Around>>);

struct Around {
    header: Chaos,
    weaker: Chaos,
}

impl Levels {
    /// What headers, control API and server say about a request.
    pub(super) fn of(app: &App, raw: &RawRequest, policy: &Policy) -> Levels {
        let asked = raw.headers.iter().any(|(name, _)| name.starts_with(HEADERS));
        let set = app.chaos.is_set.load(Ordering::Acquire) || app.settings.chaos != Chaos::default();
        Levels((asked || set || app.editions.current().has_chaos).then(|| {
            let header = if asked { from_headers(app, raw) } else { Chaos::default() };
            Box::new(Around { header, weaker: app.chaos.resolve(&policy.test_id, &app.settings.chaos) })
        }))
    }

    /// The identity under which the request is counted; `None` where no dice are needed.
    pub(super) fn identity(&self, app: &App, exchange: &Exchange, policy: &Policy) -> Option<u64> {
        let around = self.0.as_ref()?;
        let possible = around.header.over(&around.weaker).is_active() || app.editions.current().has_chaos;
        possible.then(|| identity(exchange, &policy.test_id))
    }

    /// The one decision about a request, now that it is claimed; `None` where nothing can happen.
    pub(super) fn roll(&self, app: &App, decision: &Decision, identity: Option<u64>) -> Option<Rolled> {
        let answer = match &decision.verdict {
            Verdict::Serve(claim) => decision.edition.library.fixtures.get(claim.row).and_then(|fixture| fixture.answer_at(claim.times)),
            Verdict::Injected(_) | Verdict::Exhausted(_) | Verdict::Miss(..) => None,
        };
        let own = answer.map(|answer| *answer.chaos).unwrap_or_default();
        self.roll_over(app, &own, identity.unwrap_or_default(), decision.occurrence)
    }

    /// The same where no fixture is asked.
    pub(super) fn roll_alone(&self, app: &App, policy: &Policy, identity: u64) -> Option<Rolled> {
        let occurrence = app.sessions.occurs(&app.editions, policy, identity);
        self.roll_over(app, &Chaos::default(), identity, occurrence)
    }

    fn roll_over(&self, app: &App, own: &Chaos, identity: u64, occurrence: u64) -> Option<Rolled> {
        let around = self.0.as_ref()?;
        let chaos = around.header.over(&own.over(&around.weaker));
        chaos.is_active().then(|| Rolled::roll(chaos, app.settings.seed, identity, occurrence))
    }
}

/// Settings of the request itself. A value that is none is passed over, with one warning a header: the next level says
/// then.
fn from_headers(app: &App, raw: &RawRequest) -> Chaos {
    let mut chaos = Chaos::default();
    for field in ChaosField::ALL {
        let mut values =
            raw.headers.all(field.header()).flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty());
        let Some(text) = values.next() else { continue };
        let value = field.parse(text);
        chaos.set(field, value);
        let trouble = match value {
            None => format!("{}: rejected the value {text:?}: it must be {}; it is passed over", field.header(), field.wanted()),
            Some(value) if values.any(|other| field.parse(other) != Some(value)) => {
                format!("{}: given several times with different values; the first, {text}, counts", field.header())
            }
            Some(_) => continue,
        };
        let first = app.chaos.warned.get(field as usize).is_some_and(|warned| !warned.swap(true, Ordering::Relaxed));
        if first {
            app.log(Level::Warning, &format!("chaos: {trouble}"));
        }
    }
    chaos
}
