//! Carries out the plan of a turn: each event is a message.
//!
//! Plans are those of HTTP, so an event arrives framed as it would be there; here its data alone leaves. A body that is no
//! stream of events is one message.

use bytes::Bytes;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::super::finish::{CLIENT_GONE, Finish, INTERRUPTED, STOPPED};
use super::talk::{Flow, Talk};
use crate::engine::{Cut, Plan, Step};
use crate::provider::socket::Heard;
use crate::wire::{Decoder, Framing};

/// Longer events are not told apart; a fixture of that size is one message.
const MOST_EVENT: usize = 256 * 1024 * 1024;

/// How a turn came to its end.
#[derive(Debug)]
pub(super) enum Carried {
    Done,
    /// The client ended it with this message; that is due now.
    Interrupted(Heard, Bytes),
    /// An upstream answers it.
    Relayed,
    /// The socket is of no use any more.
    Over,
}

impl Talk {
    /// Sends the answer of a turn.
    pub(super) async fn carry(&mut self, plan: Plan, mut finish: Finish) -> Carried {
        let start = Instant::now();
        let framing = Framing::of(plan.header("content-type"));
        let mut decoder = framing.is_stream().then(|| Decoder::new(framing, MOST_EVENT));
        let mut begun = false;
        for step in plan.steps {
            match step {
                Step::Until(due) => {
                    if self.flush().await == Flow::Over {
                        return self.lost(finish);
                    }
                    match self.pause(start + due).await {
                        None => {}
                        Some(Ok((heard, text))) => {
                            finish.interrupted(INTERRUPTED);
                            return Carried::Interrupted(heard, text);
                        }
                        Some(Err(())) => return self.lost(finish),
                    }
                }
                Step::Send { bytes, events } => {
                    if !std::mem::replace(&mut begun, true) {
                        finish.head_sent();
                    }
                    if self.tell(plan.status, decoder.as_mut(), &bytes).await == Flow::Over {
                        return self.lost(finish);
                    }
                    finish.sent(bytes.len(), events);
                    finish.saw(&bytes);
                }
                Step::HangUp(cut) => return self.hang_up(cut, begun, finish).await,
            }
        }
        // Before the last bytes are out, so that whoever has read them finds the journal complete.
        if !begun {
            finish.head_sent();
        }
        finish.complete();
        if self.flush().await == Flow::Over { Carried::Over } else { Carried::Done }
    }

    /// Cuts the connection once all that was said is out.
    async fn hang_up(&mut self, cut: Cut, begun: bool, mut finish: Finish) -> Carried {
        if !begun {
            finish.nothing_sent();
        }
        finish.interrupted(cut.reason);
        self.link.cut(cut.close);
        self.flush().await;
        Carried::Over
    }

    /// The messages in a piece of an answer.
    async fn tell(&mut self, status: u16, decoder: Option<&mut Decoder>, bytes: &Bytes) -> Flow {
        let Some(decoder) = decoder else {
            let message = match std::str::from_utf8(bytes) {
                Ok("") => return Flow::On,
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(bytes.clone()),
            };
            return match message {
                Ok(text) => self.tell_text(status, text).await,
                Err(bytes) => self.send(Message::Binary(bytes)).await,
            };
        };
        for event in decoder.feed(bytes).unwrap_or_default() {
            if let Some(data) = event.data
                && self.tell_text(status, data).await == Flow::Over
            {
                return Flow::Over;
            }
        }
        Flow::On
    }

    async fn tell_text(&mut self, status: u16, text: String) -> Flow {
        for message in self.session.say(status, text) {
            if self.say(message).await == Flow::Over {
                return Flow::Over;
            }
        }
        Flow::On
    }

    pub(super) fn lost(&self, mut finish: Finish) -> Carried {
        finish.interrupted(if self.app.is_stopped() { STOPPED } else { CLIENT_GONE });
        Carried::Over
    }
}
