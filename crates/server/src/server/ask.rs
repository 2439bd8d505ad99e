//! Whether an upstream is asked, and what the dice say about that.

use super::app::Level;
use super::decide::{Action, Call, Decided, Speaker};
use super::errors;
use super::journal::{Outcome, Source};
use super::relay::{RELAYED, RecordedAs, Relay, Stamped};
use crate::engine::Close;
use crate::exchange::Exchange;
use crate::transform::TransformError;

impl Call<'_> {
    fn records(&self) -> bool {
        self.app.settings.on_miss.recorder().is_some()
    }
}

impl Speaker<'_> {
    /// Asks the provider's upstream, where there is one. `seen` is the request as matching sees it.
    pub(super) fn relay(self, exchange: &Exchange, seen: Result<&Exchange, &TransformError>) -> Option<Decided> {
        let mut relay = Relay::find(self.call.app, self.codec, exchange)?;
        if self.call.records() {
            relay.stamped = self.stamped(seen);
        }
        let mut outcome = Outcome { source: Source::Proxy, matched: Some(RELAYED), ..Outcome::default() };
        outcome.overrides(self.call.policy.strict_override);
        Some(Decided { action: Action::Relay(Box::new(relay)), outcome })
    }

    /// The same for what only makes sense after another request, with which it is recorded if at all.
    pub(super) fn relay_follow_up(self, exchange: &Exchange, recorded_as: RecordedAs) -> Option<Decided> {
        let mut decided = self.relay(exchange, Ok(exchange))?;
        if let Action::Relay(relay) = &mut decided.action {
            relay.recorded_as = recorded_as;
        }
        Some(decided)
    }

    /// The same without looking for a fixture first.
    pub(super) fn unmatched(self, exchange: &Exchange, seen: Result<&Exchange, &TransformError>) -> Option<Decided> {
        let decided = self.relay(exchange, seen)?;
        let rolled = self.call.roll(seen.unwrap_or(exchange));
        let missed = || Outcome { source: Source::Proxy, matched: Some("miss"), ..Outcome::default() };
        Some(self.disturbed(rolled, Close::default(), missed, || decided))
    }

    /// What a request gets that no transform can rewrite: an error; while recording the upstream's answer, which is kept
    /// under the request as it came.
    pub(super) fn transform_failed(self, exchange: &Exchange, error: &TransformError) -> Decided {
        let reply = errors::transform_failed(error);
        self.call.app.log(Level::Error, &format!("{} {}: {}", exchange.raw.method, exchange.raw.path, reply.message));
        let relayed = (self.call.records() && !self.call.policy.strict).then(|| self.unmatched(exchange, Err(error))).flatten();
        match relayed {
            Some(decided) => Decided { outcome: decided.outcome.with_error(Some(reply.message)), ..decided },
            None => self.error(&reply, Outcome::default()),
        }
    }

    fn stamped(self, seen: Result<&Exchange, &TransformError>) -> Stamped {
        let transforms = &self.call.app.settings.transforms;
        match seen {
            Ok(_) if transforms.is_empty() => Stamped::default(),
            Ok(seen) => Stamped { exchange: Some(Box::new(seen.clone())), transforms: transforms.names(), warning: None },
            Err(error) => {
                let warning = format!("{}; the match is made from the request as it came", errors::transform_failed(error).message);
                Stamped { warning: Some(warning), ..Stamped::default() }
            }
        }
    }
}
