//! Chaos on a relayed answer: decided before the upstream is asked, carried out on what it says, and told to the journal
//! when it has happened or is known not to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::App;
use super::super::finish::Finish;
use crate::engine::{Alteration, Bypass, ErrorEvent, Piece, Rolled, reason};
use crate::fixture::ChaosAction;
use crate::wire::Framing;

/// What the dice say about a request that goes to an upstream.
pub(in crate::server) struct Decided {
    pub rolled: Rolled,
    /// The event of an `errorEvent`, in the words of whoever owns the URL.
    pub error: Option<ErrorEvent>,
}

/// A change that is under way.
#[derive(Debug)]
pub(in crate::server) struct Upset {
    action: ChaosAction,
    alteration: Alteration,
    /// It has happened, and the journal knows.
    told: bool,
}

impl Decided {
    /// The delay before the upstream is asked.
    pub(in crate::server) fn latency(&self) -> Duration {
        self.rolled.latency()
    }

    /// Nothing has come that could be changed.
    pub(in crate::server) fn unanswered(&self, finish: &Finish) {
        if let Some(action) = self.rolled.action {
            bypassed(finish, action, Bypass::NoAnswer);
        }
    }

    /// Begins the change of an answer of this content type; `readable` unless its encoding is none that is known here.
    pub(in crate::server) fn begin(
        mut self,
        framing: Framing,
        content_type: Option<&str>,
        readable: bool,
        finish: &Finish,
    ) -> Option<Upset> {
        let action = self.rolled.action?;
        let streams = finish.app().settings.chaos_streams;
        match self.rolled.alteration(framing, content_type, readable, streams, self.error) {
            Ok(alteration) => Some(Upset { action, alteration: alteration?, told: false }),
            Err(bypass) => {
                bypassed(finish, action, bypass);
                None
            }
        }
    }
}

impl Upset {
    /// The content type under which the answer is sent, where that is another one.
    pub(in crate::server) fn content_type(&self) -> Option<&'static str> {
        self.alteration.content_type()
    }

    /// Why the journal says that the connection was cut.
    pub(in crate::server) fn reason(&self) -> &'static str {
        reason(self.action)
    }

    pub(in crate::server) fn feed(&mut self, bytes: &Bytes, finish: &Finish) -> Vec<Piece> {
        let pieces = self.alteration.feed(bytes);
        if !self.told && self.alteration.outcome().is_ok() {
            self.told = true;
            finish.amend(|outcome| {
                let events = outcome.events;
                if let Some(chaos) = outcome.chaos_mut() {
                    chaos.result = Ok(events);
                }
            });
        }
        pieces
    }

    /// The answer has ended: what has not happened by now never does.
    pub(in crate::server) fn settle(self, finish: &Finish) {
        if let Err(bypass) = self.alteration.outcome() {
            bypassed(finish, self.action, bypass);
        }
    }
}

fn bypassed(finish: &Finish, action: ChaosAction, bypass: Bypass) {
    finish.amend(|outcome| {
        if let Some(chaos) = outcome.chaos_mut() {
            chaos.result = Err(bypass);
        }
    });
    let app: &Arc<App> = finish.app();
    app.chaos.warn_of_bypass(app, action, bypass);
}
