//! Turns that an upstream answers: each of its messages is an event of a stream, which is captured, counted and upset like
//! one that is relayed over HTTP.

use std::time::Duration;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Message;

use super::super::capture::Capture;
use super::super::finish::{Finish, INTERRUPTED};
use super::super::recorder::Outcome;
use super::super::relay::{DecidedChaos, EVENTS, Upset, note, note_late};
use crate::engine::Piece;
use crate::provider::Provider;
use crate::provider::socket::Stage;
use crate::wire::{Decoder, Framing, sse};

/// Longer events are not told apart once they are upset.
const MOST_EVENT: usize = 256 * 1024 * 1024;

/// One turn that is under way.
pub(super) struct OpenTurn {
    /// The upstream's name for it, once it has one.
    pub(super) name: Option<String>,
    pub(super) codec: Option<&'static dyn Provider>,
    pub(super) chaos: Option<DecidedChaos>,
    pub(super) capture: Option<Capture>,
    /// `None` once the client has had its end.
    pub(super) finish: Option<Finish>,
    upset: Option<(Upset, Decoder)>,
    begun: bool,
    whole: bool,
}

/// What the client gets of a message.
pub(super) enum Due {
    Say(Message),
    Pause(Duration),
    /// The connection is cut here.
    Cut,
}

impl OpenTurn {
    pub(super) fn new(
        codec: Option<&'static dyn Provider>,
        chaos: Option<DecidedChaos>,
        capture: Option<Capture>,
        finish: Finish,
    ) -> OpenTurn {
        OpenTurn { name: None, codec, chaos, capture, finish: Some(finish), upset: None, begun: false, whole: false }
    }

    /// A turn of which the client gets nothing more and nothing is kept.
    pub(super) fn muted(name: String) -> OpenTurn {
        OpenTurn { name: Some(name), codec: None, chaos: None, capture: None, finish: None, upset: None, begun: true, whole: false }
    }

    /// Whether more of it must come.
    pub(super) fn is_owed(&self) -> bool {
        !self.whole
    }

    /// Whether anything of it has come.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    fn begin(&mut self, status: u16) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let Some(finish) = &mut self.finish else { return };
        let upset = self.chaos.take().and_then(|chaos| chaos.begin(Framing::Sse, Some(EVENTS), true, finish));
        self.upset = upset.map(|upset| (upset, Decoder::new(Framing::Sse, MOST_EVENT)));
        finish.speaks(Some(EVENTS), Framing::Sse, self.codec.map(Provider::name));
        finish.amend(|outcome| {
            outcome.status = status;
            outcome.streamed = true;
        });
        finish.head_sent();
    }

    /// Takes a message of the turn, and returns what the client gets of it.
    pub(super) async fn take(&mut self, message: Message, text: &str, stage: Stage) -> Vec<Due> {
        self.begin(if let Stage::Over(status) = stage { status } else { 200 });
        let frame = sse::data(text);
        if let Some(capture) = &mut self.capture {
            capture.take(&frame);
        }
        let due = self.due(message, &frame);
        match stage {
            Stage::Goes => {}
            Stage::Enough => self.whole = true,
            Stage::Over(status) => self.over(status).await,
            Stage::Interrupted => self.interrupted(INTERRUPTED),
        }
        due
    }

    fn due(&mut self, message: Message, frame: &Bytes) -> Vec<Due> {
        let Some(finish) = &mut self.finish else { return Vec::new() };
        let Some((upset, decoder)) = &mut self.upset else {
            finish.sent(frame.len(), 1);
            finish.saw(frame);
            return vec![Due::Say(message)];
        };
        let (reason, mut due) = (upset.reason(), Vec::new());
        for piece in upset.feed(frame, finish) {
            match piece {
                Piece::Send(bytes) => {
                    let events = decoder.feed(&bytes).unwrap_or_default();
                    finish.sent(bytes.len(), u32::try_from(events.len()).unwrap_or(u32::MAX));
                    finish.saw(&bytes);
                    due.extend(events.into_iter().filter_map(|event| event.data).map(|data| Due::Say(Message::text(data))));
                }
                Piece::Pause(pause) => due.push(Due::Pause(pause)),
                Piece::Cut => {
                    finish.interrupted(reason);
                    due.push(Due::Cut);
                    return due;
                }
                Piece::End => {
                    finish.complete();
                    self.finish = None;
                    return due;
                }
            }
        }
        due
    }

    /// The upstream has told it to its end: it is recorded, and the journal knows, before the client gets its last message.
    pub(super) async fn over(&mut self, status: u16) {
        if let (Some((upset, _)), Some(finish)) = (self.upset.take(), &self.finish) {
            upset.settle(finish);
        }
        let recorded = match self.capture.take() {
            Some(mut capture) => {
                if status != 200 {
                    capture.ended_with(status);
                }
                tokio::task::spawn_blocking(|| capture.finish()).await.unwrap_or(Outcome::Passed)
            }
            None => Outcome::Passed,
        };
        let Some(mut finish) = self.finish.take() else { return };
        finish.amend(|outcome| {
            outcome.status = status;
            note(outcome, recorded);
        });
        finish.complete();
    }

    /// It ends before its end: nothing of it is recorded.
    pub(super) fn interrupted(&mut self, reason: &'static str) {
        self.capture = None;
        let Some(mut finish) = self.finish.take() else { return };
        if let Some((upset, _)) = self.upset.take() {
            upset.settle(&finish);
        }
        finish.interrupted(reason);
    }

    /// The client is gone: what is whole is recorded all the same.
    pub(super) fn abandoned(mut self, reason: &'static str) {
        if let Some(capture) = self.capture.take() {
            let whole = self.whole;
            let entry = self.finish.as_ref().and_then(Finish::entry);
            note_late(entry, move || if whole { capture.finish() } else { capture.abandon() });
        }
        self.interrupted(reason);
    }
}
