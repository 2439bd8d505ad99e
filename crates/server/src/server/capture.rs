//! Keeping a relayed answer while it passes: bounded, and without holding it up.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::app::Level;
use super::recorder::{Answered, Outcome, Recorder};
use std::sync::Arc;

/// No piece is larger, unless its bytes came as one.
const LARGEST_PIECE: usize = 1 << 20;

/// The plain bytes of an answer so far, and when they came.
pub(super) struct Capture {
    recorder: Arc<Recorder>,
    answered: Box<Answered>,
    started: Instant,
    /// In pieces that do not grow once they stand: a buffer that doubles would take up twice what it holds.
    pieces: Vec<Vec<u8>>,
    length: usize,
    /// It grew over the limit: nothing is kept any more.
    given_up: bool,
}

impl Capture {
    /// Begins with the answer's head; `started` is when the request was sent.
    pub(super) fn new(recorder: Arc<Recorder>, answered: Answered, started: Instant) -> Capture {
        Capture { recorder, answered: Box::new(answered), started, pieces: Vec::new(), length: 0, given_up: false }
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
        if self.length.saturating_add(bytes.len()) > settings.most_bytes || self.answered.arrivals.len() >= settings.most_pieces {
            let cause = format!(
                "answers of more than {} bytes or {} pieces are relayed and not recorded; --max-proxy-buffer-bytes and \
                 --max-proxy-buffer-frames set these limits",
                settings.most_bytes, settings.most_pieces
            );
            self.recorder.complain(&self.answered.app, Level::Warning, &cause);
            self.given_up = true;
            self.pieces = Vec::new();
            self.answered.arrivals = Vec::new();
            return;
        }
        if let Some(last) = self.pieces.last_mut().filter(|last| last.capacity() - last.len() >= bytes.len()) {
            last.extend_from_slice(bytes);
        } else {
            // As much again as there is: few pieces, whatever comes.
            let mut piece = Vec::with_capacity(self.length.min(LARGEST_PIECE).max(bytes.len()));
            piece.extend_from_slice(bytes);
            self.pieces.push(piece);
        }
        self.length += bytes.len();
        let time: Duration = self.started.elapsed();
        self.answered.arrivals.push((time, self.length));
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
        self.answered.captured.pieces = self.pieces.into_iter().map(Bytes::from).collect();
        self.recorder.record(&self.answered)
    }

    /// The client left before the upstream was done: records the answer if all of it was there.
    pub(super) fn abandon(mut self) -> Outcome {
        if self.given_up {
            return Outcome::Passed;
        }
        self.answered.captured.pieces = self.pieces.into_iter().map(Bytes::from).collect();
        if self.answered.is_complete() { self.recorder.record(&self.answered) } else { Outcome::Passed }
    }
}
