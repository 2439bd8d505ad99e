//! Finalisation: whatever way a request goes, its journal entry is written once and completed once.
//!
//! A [`Finish`] is made when a request arrives and travels with it, at last inside the body of the answer. Dropped on
//! the way, it says that the client left, or that the server stopped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::App;
use super::app::Level;
use super::journal::{Arrival, Entry, Outcome, Source};
use crate::engine::{Speech, Telling};
use crate::exchange::{RawRequest, RequestHead, StatedUsage};
use crate::wire::Framing;

/// The client went away before its answer was complete.
pub(super) const CLIENT_GONE: &str = "client disconnected";
/// The upstream's answer broke off.
pub(super) const UPSTREAM_CUT: &str = "upstream connection closed";
/// The upstream was silent for too long in the middle of its answer.
pub(super) const BODY_TIMEOUT: &str = "upstream body timeout";
/// The client asked for the end of an answer on a WebSocket, or spoke again.
pub(super) const INTERRUPTED: &str = "client interrupted";
/// The server was told to stop and did not wait any longer.
pub(super) const STOPPED: &str = "server stopped";

/// Sees to a request's journal entry.
#[derive(Debug)]
pub(super) struct Finish {
    app: Arc<App>,
    started: Instant,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The request's body is being read, or the request is being matched.
    Pending(Box<(Arrival, Arc<RequestHead>)>),
    /// An entry stands; the answer is under way.
    Answering(Arc<Entry>),
    Ended,
}

impl Finish {
    /// For a request whose body is not read yet; durations are measured from `started`.
    pub(super) fn new(app: Arc<App>, started: Instant, arrival: Arrival, raw: &RawRequest) -> Finish {
        if let Some(metrics) = &app.metrics {
            metrics.arrived();
        }
        Finish { app, started, stage: Stage::Pending(Box::new((arrival, raw.head()))) }
    }

    /// Adds the entry, now that the answer is decided.
    pub(super) fn decided(&mut self, raw: &RawRequest, outcome: Outcome) {
        if let Stage::Pending(pending) = std::mem::replace(&mut self.stage, Stage::Ended) {
            let (arrival, _) = *pending;
            self.stage = Stage::Answering(self.app.journal.add(arrival, raw, outcome));
        }
    }

    /// Status and headers leave now.
    pub(super) fn head_sent(&mut self) {
        let elapsed = self.started.elapsed();
        self.update(|outcome| outcome.first_byte = Some(elapsed));
    }

    /// The client gets no byte: no status either.
    pub(super) fn nothing_sent(&mut self) {
        self.update(|outcome| outcome.status = 0);
    }

    /// Bytes that leave, and the events in them.
    pub(super) fn sent(&mut self, bytes: usize, events: u32) {
        self.update(|outcome| {
            outcome.bytes += bytes as u64;
            outcome.events += u64::from(events);
        });
    }

    /// The whole answer leaves at once, with so many events. Returns when.
    pub(super) fn answered(&mut self, (bytes, events): (&Bytes, u32), telling: Option<&Arc<Telling>>) -> Instant {
        match telling {
            Some(telling) => self.told(telling, telling.frame_count()),
            None => self.saw(bytes),
        }
        self.end(|outcome, elapsed| {
            outcome.first_byte = Some(elapsed);
            outcome.bytes += bytes.len() as u64;
            outcome.events += u64::from(events);
        })
    }

    /// The bytes themselves, for those who ask later what was said.
    pub(super) fn saw(&self, bytes: &Bytes) {
        if let Stage::Answering(entry) = &self.stage {
            entry.saw(bytes);
        }
    }

    /// The same where they can be told again.
    pub(super) fn told(&self, telling: &Arc<Telling>, frames: usize) {
        if let Stage::Answering(entry) = &self.stage {
            entry.told(telling, frames);
        }
    }

    /// Bytes that leave of what was [`told`](Finish::told) in part, the events in them, and the frames so far.
    pub(super) fn played(&self, bytes: usize, events: u32, frames: usize) {
        if let Stage::Answering(entry) = &self.stage {
            entry.played(bytes, events, frames);
        }
    }

    /// The same for bytes that are part of something larger, as a buffer of a connection is.
    pub(super) fn saw_part(&self, bytes: &[u8]) {
        if let Stage::Answering(entry) = &self.stage {
            entry.saw_part(bytes);
        }
    }

    /// How the bytes are read, where that was not known when the entry was added.
    pub(super) fn speaks(&self, content_type: Option<&str>, framing: Framing, codec: Option<&'static str>) {
        if let Stage::Answering(entry) = &self.stage {
            entry.speaks(Speech::of(content_type, framing, codec));
        }
    }

    /// The answer ends as it should.
    pub(super) fn complete(&mut self) {
        let _ = self.end(|_, _| {});
    }

    /// The answer ends before its time. Only the first end counts.
    pub(super) fn interrupted(&mut self, reason: &'static str) {
        let _ = self.end(|outcome, _| outcome.interrupted = Some(reason));
    }

    /// The server that answers.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The entry, for what is known of it only after its end; `None` while there is none.
    pub(super) fn entry(&self) -> Option<Arc<Entry>> {
        if let Stage::Answering(entry) = &self.stage { Some(entry.clone()) } else { None }
    }

    /// Corrects what the entry says, now that more is known.
    pub(super) fn amend(&self, change: impl FnOnce(&mut Outcome)) {
        self.update(change);
    }

    fn update(&self, change: impl FnOnce(&mut Outcome)) {
        if let Stage::Answering(entry) = &self.stage {
            change(&mut entry.outcome());
        }
    }

    /// Ends it, with what else is known by then; told how long it took. Returns when.
    fn end(&mut self, change: impl FnOnce(&mut Outcome, Duration)) -> Instant {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.started);
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => {}
            Stage::Answering(entry) => {
                // Reading an answer costs time: only for those who count.
                let usage = self.app.metrics.as_ref().and_then(|_| entry.usage()).unwrap_or_default();
                {
                    let mut outcome = entry.outcome();
                    outcome.duration = Some(elapsed);
                    change(&mut outcome, elapsed);
                    self.count(entry.method(), &outcome, usage);
                    if self.app.hears(Level::Debug) {
                        self.app.log(Level::Debug, &entry.line(&outcome));
                    }
                }
                self.app.journal.ended(&entry);
            }
            Stage::Pending(pending) => {
                let (arrival, head) = *pending;
                let mut outcome = Outcome { source: Source::Internal, duration: Some(elapsed), ..Outcome::default() };
                change(&mut outcome, elapsed);
                self.add(arrival, &RawRequest::headed(head), outcome);
            }
        }
        now
    }

    /// An entry for a request that came to no answer.
    fn add(&self, arrival: Arrival, raw: &RawRequest, outcome: Outcome) {
        self.count(&raw.method, &outcome, StatedUsage::default());
        let entry = self.app.journal.add(arrival, raw, outcome);
        self.app.journal.ended(&entry);
    }

    fn count(&self, method: &str, outcome: &Outcome, usage: StatedUsage) {
        if let Some(metrics) = &self.app.metrics {
            metrics.ended(method, outcome, usage);
        }
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Ended) {
            self.interrupted(if self.app.is_stopped() { STOPPED } else { CLIENT_GONE });
        }
    }
}
