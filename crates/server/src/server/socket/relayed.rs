//! A conversation in which an upstream takes part: what either side says goes to the other as it comes, and the turns in it
//! are decided, journalled and recorded.
//!
//! The upstream's end of the connection is the conversation's: the client sees the same close, or the same cut.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::Stage;
use super::super::decide::Action;
use super::super::finish::{BODY_TIMEOUT, CLIENT_GONE, INTERRUPTED, STOPPED, UPSTREAM_CUT};
use super::super::upstream::ContactError;
use super::super::{pipeline, relay};
use super::carry::Carried;
use super::pump::{Event, Far, Said};
use super::talk::{FAREWELL, Flow, Incoming, Talk, aborted, incoming};
use super::told::{Due, OpenTurn};
use crate::engine::Close;
use crate::provider::socket::{Heard, Stage as Step, Then, Told};

/// How an upstream has left.
enum Left {
    Closed(Option<CloseFrame>),
    /// Without a close.
    Cut,
    /// With a message that is too large.
    TooMuch(usize),
    /// It was silent for this long.
    Silent(Duration),
}

enum Happened {
    Stage,
    Said(Event),
    Silence,
}

impl Talk {
    /// Waits for whoever speaks next and passes it on.
    pub(super) async fn relay_on(&mut self) -> Flow {
        let stage = *self.stage.borrow_and_update();
        let owed = self.turns.iter().any(OpenTurn::is_owed);
        match stage {
            Stage::Abort => return Flow::Over,
            Stage::Drain if !owed => {
                self.close(CloseCode::Away.into(), "Server shutting down").await;
                return Flow::Over;
            }
            Stage::Drain | Stage::Serve => {}
        }
        if !owed && let Some(waited) = self.waited() {
            return self.client_says(waited).await;
        }
        match self.happens(owed).await {
            Happened::Stage => Flow::On,
            Happened::Silence => self.silence(owed).await,
            Happened::Said(Event::Client(said)) => {
                self.asked = false;
                self.quiet = Instant::now();
                if let Some(Ok(Message::Close(frame))) = &said {
                    self.parting.clone_from(frame);
                }
                match incoming(said) {
                    None => Flow::On,
                    Some(incoming) => self.client_says(incoming).await,
                }
            }
            Happened::Said(Event::Upstream(said)) => self.upstream_says(said).await,
        }
    }

    async fn happens(&mut self, owed: bool) -> Happened {
        let listens = self.has_room();
        let limit = self.limit(owed);
        let Talk { socket, far, stage, quiet, .. } = self;
        let Some(far) = far else { return Happened::Stage };
        let since = if owed { far.heard } else { *quiet };
        tokio::select! {
            biased;
            changed = stage.changed() => if changed.is_err() { std::future::pending().await } else { Happened::Stage },
            event = far.next(socket, listens) => Happened::Said(event),
            () = sleep_until(since + limit) => Happened::Silence,
        }
    }

    /// The longest silence: of the upstream while a turn is owed, of the client otherwise.
    fn limit(&self, owed: bool) -> Duration {
        match self.app.settings.on_miss.upstreams() {
            Some(upstreams) if owed && self.turns.iter().any(|turn| !turn.has_begun()) => upstreams.first_byte(),
            Some(upstreams) if owed => upstreams.body_pause(),
            _ => self.app.settings.limits.idle,
        }
    }

    async fn silence(&mut self, owed: bool) -> Flow {
        let (idle, limit) = (self.app.settings.limits.idle, self.limit(owed));
        let Some(far) = &mut self.far else { return Flow::Over };
        if owed {
            // As long as the client takes nothing, the upstream is not asked for more.
            match far.blocked {
                Some(since) if since.elapsed() >= idle => return Flow::Over,
                Some(_) => {
                    far.heard = Instant::now();
                    return Flow::On;
                }
                None => return self.upstream_left(Left::Silent(limit)).await,
            }
        }
        if self.asked || self.socket.send(Message::Ping(Bytes::new())).await.is_err() {
            return Flow::Over;
        }
        far.tell(Message::Ping(Bytes::new()));
        self.asked = true;
        self.quiet = Instant::now();
        Flow::On
    }

    async fn client_says(&mut self, incoming: Incoming) -> Flow {
        let text = match incoming {
            Incoming::Gone => return Flow::Over,
            Incoming::Trouble(error, end) => return self.refuse(error, end).await,
            Incoming::Text(text) => text,
        };
        if self.turns.iter().any(OpenTurn::is_owed) && self.session.waits(&text) {
            self.wait(Incoming::Text(text));
            return Flow::On;
        }
        let Some(body) = self.session.pass(&text) else {
            self.tell_upstream(Message::Text(text));
            return Flow::On;
        };
        if self.session.overtakes() {
            for mut turn in self.turns.extract_if(.., |turn| !turn.has_begun()).collect::<Vec<OpenTurn>>() {
                turn.interrupted(INTERRUPTED);
            }
        }
        // What could still have come of them belongs to the next turn.
        for mut turn in self.turns.extract_if(.., |turn| !turn.is_owed()).collect::<Vec<OpenTurn>>() {
            turn.over(200).await;
        }
        self.follow(Heard { messages: Vec::new(), then: Then::Turn(body) }, Bytes::from(text)).await
    }

    fn tell_upstream(&mut self, message: Message) {
        if let Some(far) = &mut self.far {
            far.tell(message);
        }
    }

    /// A turn begins that the upstream answers, with this message of the client's.
    pub(super) fn open_turn(&mut self, turn: OpenTurn, message: Bytes) -> Carried {
        if let Ok(text) = Utf8Bytes::try_from(message) {
            self.tell_upstream(Message::Text(text));
        }
        if let Some(far) = &mut self.far {
            far.heard = Instant::now();
        }
        self.turns.push(turn);
        Carried::Relayed
    }

    async fn upstream_says(&mut self, said: Said) -> Flow {
        let left = match said {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                if let Some(far) = &mut self.far {
                    far.heard = Instant::now();
                }
                return self.relay_back(message).await;
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Flow::On,
            Some(Ok(Message::Close(frame))) => Left::Closed(frame),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { max_size, .. }))) => Left::TooMuch(max_size),
            Some(Err(_)) | None => Left::Cut,
        };
        self.upstream_left(left).await
    }

    /// Gives the client what the upstream says, as it is or as chaos has it.
    async fn relay_back(&mut self, message: Message) -> Flow {
        let text = match &message {
            Message::Text(text) => text.as_str().to_owned(),
            Message::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => return Flow::On,
        };
        let Some((place, step)) = self.place(&text).await else {
            let _ = self.socket.start_send_unpin(message);
            return Flow::On;
        };
        if place >= self.turns.len() {
            return Flow::Over;
        }
        let mut turn = self.turns.remove(place);
        let due = turn.take(message, &text, step).await;
        let over = matches!(step, Step::Over(_) | Step::Interrupted);
        for due in due {
            match due {
                Due::Say(message) => drop(self.socket.start_send_unpin(message)),
                Due::Pause(pause) => {
                    if self.flush().await == Flow::Over || self.rest(pause).await == Flow::Over {
                        self.turns.push(turn);
                        return Flow::Over;
                    }
                    if let Some(far) = &mut self.far {
                        far.heard = Instant::now();
                    }
                }
                Due::Cut => {
                    self.link.cut(Close::Fin);
                    self.flush().await;
                    if !over {
                        self.hear_out(turn).await;
                    }
                    self.far = None;
                    return Flow::Over;
                }
            }
        }
        if !over {
            self.turns.insert(place, turn);
        }
        Flow::On
    }

    /// Waits, unless the server ends.
    pub(super) async fn rest(&mut self, pause: Duration) -> Flow {
        tokio::select! {
            () = aborted(&mut self.stage) => Flow::Over,
            () = sleep_until(Instant::now() + pause) => Flow::On,
        }
    }

    /// The turn that a message of the upstream's is part of; `None` where it is part of none.
    async fn place(&mut self, text: &str) -> Option<(usize, Step)> {
        match self.session.follow(text) {
            Told::Aside => None,
            Told::Refusal(status) => Some((self.unnamed()?, Step::Over(status))),
            Told::Part(name, step) => {
                if let Some(place) = self.turns.iter().position(|turn| turn.name.as_deref() == Some(&name)) {
                    return Some((place, step));
                }
                if let Some(place) = self.unnamed() {
                    if let Some(turn) = self.turns.get_mut(place) {
                        turn.name = Some(name);
                    }
                    return Some((place, step));
                }
                let body = self.session.unasked()?;
                self.begin_unasked(body, name).await;
                Some((self.turns.len() - 1, step))
            }
        }
    }

    fn unnamed(&self) -> Option<usize> {
        self.turns.iter().position(|turn| turn.name.is_none())
    }

    /// A turn that the upstream has begun by itself, as it does where it hears that somebody has finished speaking.
    async fn begin_unasked(&mut self, body: Bytes, name: String) {
        let begun = self.begin(body, pipeline::decide);
        let turn = match self.turn_of(begun).await {
            Ok(mut turn) => {
                turn.name = Some(name);
                turn
            }
            // Chaos answers in place of the upstream, which is not to be heard then.
            Err(begun) => {
                Box::pin(self.answer(begun)).await;
                OpenTurn::muted(name)
            }
        };
        self.turns.push(turn);
    }

    /// What has been decided as a turn of the upstream's, after the delay that chaos wants.
    pub(super) async fn turn_of(&mut self, begun: super::talk::Begun) -> Result<OpenTurn, super::talk::Begun> {
        let mut relay = match begun.decided {
            Action::Relay(relay) => relay,
            decided @ Action::Answer(_) => return Err(super::talk::Begun { decided, ..begun }),
        };
        if let Some(chaos) = &relay.chaos {
            let latency = chaos.latency();
            self.rest(latency).await;
        }
        let capture = relay.capture_turn(begun.exchange, (&begun.policy.test_id, self.opened.request_id.as_str()), &begun.finish);
        Ok(OpenTurn::new(relay.codec, relay.chaos.take(), capture, begun.finish))
    }

    /// The client is gone by our doing: what is left of the turn is heard for its recording.
    async fn hear_out(&mut self, mut turn: OpenTurn) {
        let pause = self.app.settings.on_miss.upstreams().map_or(FAREWELL, |upstreams| upstreams.body_pause());
        let Some(mut far) = self.far.take() else { return };
        while turn.capture.is_some() {
            let said = tokio::select! {
                () = aborted(&mut self.stage) => return,
                said = timeout(pause, futures_util::StreamExt::next(&mut far.socket)) => said,
            };
            let text = match said {
                Ok(Some(Ok(Message::Text(text)))) => text.as_str().to_owned(),
                Ok(Some(Ok(Message::Binary(bytes)))) => String::from_utf8_lossy(&bytes).into_owned(),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return,
            };
            let Told::Part(name, step) = self.session.follow(&text) else { continue };
            if turn.name.as_ref() == Some(&name) {
                turn.take(Message::text(text.clone()), &text, step).await;
            }
        }
    }

    /// The upstream takes part no longer: its turns end, and so does the conversation.
    async fn upstream_left(&mut self, left: Left) -> Flow {
        if let Some(Far { mut socket, .. }) = self.far.take() {
            // Its close is answered.
            let _ = timeout(FAREWELL, (*socket).close(None)).await;
        }
        let said = match &left {
            Left::Closed(Some(frame)) if frame.reason.is_empty() => format!("the upstream closed the WebSocket with code {}", frame.code),
            Left::Closed(Some(frame)) => format!("the upstream closed the WebSocket with code {}: {}", frame.code, frame.reason),
            Left::Closed(None) | Left::Cut => "the upstream closed the WebSocket".to_owned(),
            Left::TooMuch(most) => format!("the upstream sent a message of more than {most} bytes; --max-body-bytes sets the limit"),
            Left::Silent(limit) => format!("the upstream was silent for {} ms", limit.as_millis()),
        };
        let reason = if matches!(left, Left::Silent(_)) { BODY_TIMEOUT } else { UPSTREAM_CUT };
        for mut turn in std::mem::take(&mut self.turns) {
            if !turn.is_owed() {
                turn.over(200).await;
                continue;
            }
            if let (Left::Silent(limit), false) = (&left, turn.has_begun()) {
                self.timed_out(turn, *limit).await;
                continue;
            }
            let begun = turn.has_begun();
            if let Some(finish) = &turn.finish {
                finish.amend(|outcome| {
                    outcome.seldom_mut().error = Some(said.clone());
                    if !begun {
                        outcome.status = 502;
                    }
                });
            }
            turn.interrupted(reason);
        }
        match left {
            Left::Closed(Some(frame)) => self.close(frame.code.into(), frame.reason.as_str()).await,
            Left::Closed(None) => self.close(CloseCode::Normal.into(), "").await,
            Left::TooMuch(_) => self.close(CloseCode::Size.into(), "message of the upstream too big").await,
            Left::Silent(_) => self.close(CloseCode::Error.into(), &said).await,
            Left::Cut => {
                self.link.cut(Close::Fin);
                self.flush().await;
            }
        }
        Flow::Over
    }

    /// The upstream has not begun a turn in time, which the client is told as over HTTP.
    async fn timed_out(&mut self, mut turn: OpenTurn, limit: Duration) {
        turn.capture = None;
        let Some(finish) = turn.finish.take() else { return };
        let error = ContactError::TimedOut(limit);
        if let Some(chaos) = turn.chaos.take() {
            chaos.unanswered(&finish);
        }
        self.tell_failure(turn.codec, &relay::error_reply(&error), finish).await;
    }

    /// Ends both sides of a conversation that is over.
    pub(super) async fn leave(&mut self) {
        let reason = if self.app.is_stopped() { STOPPED } else { CLIENT_GONE };
        for turn in std::mem::take(&mut self.turns) {
            turn.abandoned(reason);
        }
        let Some(Far { mut socket, .. }) = self.far.take() else { return };
        let away = CloseFrame { code: CloseCode::Away, reason: Utf8Bytes::default() };
        let frame = self.parting.take().filter(|frame| frame.code.is_allowed()).unwrap_or(away);
        let _ = timeout(FAREWELL, (*socket).close(Some(frame))).await;
    }
}
