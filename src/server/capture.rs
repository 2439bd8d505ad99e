//! Keeping a relayed answer while it passes: bounded, and without holding it up.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::app::Level;
use super::recorder::{Answered, Outcome, Recorder};
use std::sync::Arc;

/// The plain bytes of an answer so far, and when they came.
pub(super) struct Capture {
    recorder: Arc<Recorder>,
    answered: Box<Answered>,
    started: Instant,
    bytes: Vec<u8>,
    /// It grew over the limit: nothing is kept any more.
    given_up: bool,
}

impl Capture {
    /// Begins with the answer's head; `started` is when the request was sent.
    pub(super) fn new(recorder: Arc<Recorder>, answered: Answered, started: Instant) -> Capture {
        Capture { recorder, answered: Box::new(answered), started, bytes: Vec::new(), given_up: false }
    }

    /// Whether nothing is kept any more.
    pub(super) fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// Keeps the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let settings = self.recorder.settings();
        if self.given_up || bytes.is_empty() {
            return;
        }
        if self.bytes.len().saturating_add(bytes.len()) > settings.most_bytes || self.answered.arrivals.len() >= settings.most_pieces {
            let cause = format!(
                "answers of more than {} bytes or {} pieces are relayed and not recorded; --max-proxy-buffer-bytes and \
                 --max-proxy-buffer-frames set these limits",
                settings.most_bytes, settings.most_pieces
            );
            self.recorder.complain(&self.answered.app, Level::Warning, &cause);
            self.given_up = true;
            self.bytes = Vec::new();
            self.answered.arrivals = Vec::new();
            return;
        }
        let length = self.bytes.len() + bytes.len();
        if length > self.bytes.capacity() {
            // It doubles, but never beyond what is kept at most.
            let capacity = self.bytes.capacity().saturating_mul(2).clamp(length, settings.most_bytes.max(length));
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        let time: Duration = self.started.elapsed();
        self.answered.arrivals.push((time, self.bytes.len()));
    }

    /// The answer is none of success after all.
    pub(super) fn ended_with(&mut self, status: u16) {
        self.answered.captured.status = status;
    }

    /// The answer has come to its end: records it.
    pub(super) fn finish(mut self) -> Outcome {
        if self.given_up {
            return Outcome::Passed;
        }
        self.answered.captured.pieces = vec![Bytes::from(self.bytes)];
        self.recorder.record(&self.answered)
    }

    /// The client left before the upstream was done: records the answer if all of it was there.
    pub(super) fn abandon(mut self) -> Outcome {
        if self.given_up {
            return Outcome::Passed;
        }
        self.answered.captured.pieces = vec![Bytes::from(self.bytes)];
        if self.answered.is_complete() { self.recorder.record(&self.answered) } else { Outcome::Passed }
    }
}
