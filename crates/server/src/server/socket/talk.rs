//! Listens to a socket and decides every turn on it.
//!
//! One turn is answered after the other; what the client says meanwhile waits, within bounds. A client that is silent is
//! asked for a sign of life, and one that gives none is let go.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::alarm::Alarm;
use super::super::decide::{Action, Call, Decided};
use super::super::finish::Finish;
use super::super::journal::Outcome;
use super::super::line::Link;
use super::super::upstream::Socket;
use super::super::{App, Stage, errors, metrics, pipeline};
use super::Opened;
use super::carry::Carried;
use super::pump::Far;
use super::told::OpenTurn;
use crate::engine::{Close, FieldValue, Policy};
use crate::exchange::{ErrorOrigin, ErrorReply, Exchange, RawRequest, Request};
use crate::provider::SeededIds;
use crate::provider::route::Lookup;
use crate::provider::socket::{Heard, Opening, Session, Then};

/// So many messages, and so many bytes of them, wait while a turn is answered; the client is not read beyond.
const MOST_WAITING: usize = 256;
const MOST_WAITING_BYTES: usize = 4 * 1024 * 1024;
/// The client gets this long to agree to the end.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);
/// A reason for closing has at most so many bytes (RFC 6455, "Control Frames").
const MOST_REASON: usize = 123;

/// What comes from the client.
#[derive(Debug)]
pub(super) enum Incoming {
    Text(Utf8Bytes),
    /// No message that could be read: what is said of it, and how the socket is closed then, if it is.
    Trouble(Box<ErrorReply>, Option<(u16, &'static str)>),
    /// It left.
    Gone,
}

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Over,
}

/// One conversation on its socket.
pub(super) struct Talk {
    pub(super) app: Arc<App>,
    pub(super) link: Arc<Link>,
    /// For the waits of its turns.
    alarm: Alarm,
    pub(super) socket: Socket,
    pub(super) session: Box<dyn Session>,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) opened: Origin,
    waiting: VecDeque<Incoming>,
    waiting_bytes: usize,
    /// The upstream that takes part, if one does.
    pub(super) far: Option<Far>,
    /// Turns that it answers, in the order in which they began.
    pub(super) turns: Vec<OpenTurn>,
    /// How the client has closed, where it said so.
    pub(super) parting: Option<CloseFrame>,
    /// Since when the client says nothing, and whether it was asked for a sign of life: where an upstream takes part.
    pub(super) quiet: Instant,
    pub(super) asked: bool,
}

/// What every turn has in common.
pub(super) struct Origin {
    pub(super) raw: RawRequest,
    pub(super) request_id: FieldValue,
    pub(super) lookup: Lookup<'static>,
    /// The protocols that the client offers, in order.
    pub(super) protocols: Vec<String>,
}

/// A turn that is decided and journalled.
pub(super) struct Begun {
    pub(super) decided: Action,
    pub(super) exchange: Exchange,
    pub(super) policy: Policy,
    pub(super) finish: Finish,
    /// What a strict miss is closed with.
    pub(super) refusal: Option<String>,
}

/// Carries a conversation on until somebody ends it.
pub(in crate::server) async fn converse(app: Arc<App>, link: Arc<Link>, opened: Opened, stage: watch::Receiver<Stage>) {
    let Opened { upgrade, codec, route, params, raw, request_id, protocols, far } = opened;
    let Ok(upgraded) = upgrade.await else { return };
    let most = app.settings.limits.body_bytes;
    let config = WebSocketConfig::default().max_message_size(Some(most)).max_frame_size(Some(most));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let ids = SeededIds::new(app.socket_seed());
    let relays = app.settings.on_miss.upstreams().is_some();
    let Some(session) = codec.session(Opening { raw: &raw, now: app.now().as_secs(), ids, relays }, route) else { return };
    let opened = Origin { raw, request_id, lookup: Lookup::Socket { codec, route, params }, protocols };
    let (waiting, waiting_bytes) = (VecDeque::new(), 0);
    let (turns, parting, quiet, asked) = (Vec::new(), None, Instant::now(), false);
    let alarm = link.alarm();
    let mut talk = Talk { app, link, alarm, socket, session, stage, opened, waiting, waiting_bytes, far, turns, parting, quiet, asked };
    talk.run().await;
    talk.leave().await;
}

impl Talk {
    async fn run(&mut self) {
        // An upstream that takes part from the start speaks for itself.
        let greeting = if self.far.is_some() { Heard::default() } else { self.session.greet() };
        if self.follow(greeting, Bytes::new()).await == Flow::Over {
            return;
        }
        loop {
            if self.far.is_some() {
                if self.relay_on().await == Flow::Over {
                    return;
                }
                continue;
            }
            let incoming = match self.next().await {
                Ok(incoming) => incoming,
                Err(Stage::Abort | Stage::Serve) => return,
                Err(Stage::Drain) => return self.close(CloseCode::Away.into(), "Server shutting down").await,
            };
            let flow = match incoming {
                Incoming::Text(text) => {
                    let heard = self.session.hear(&text);
                    self.follow(heard, Bytes::from(text)).await
                }
                Incoming::Trouble(error, end) => self.refuse(error, end).await,
                Incoming::Gone => Flow::Over,
            };
            if flow == Flow::Over {
                return;
            }
        }
    }

    /// Says what is wrong with a message that cannot be read, and closes where nothing more can be.
    pub(super) async fn refuse(&mut self, error: Box<ErrorReply>, end: Option<(u16, &'static str)>) -> Flow {
        let flow = self.follow(Heard::from(error), Bytes::new()).await;
        let Some((code, reason)) = end else { return flow };
        self.close(code, reason).await;
        Flow::Over
    }

    /// The next of the messages that waited.
    pub(super) fn waited(&mut self) -> Option<Incoming> {
        let waiting = self.waiting.pop_front()?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(size(&waiting));
        Some(waiting)
    }

    /// Whether more messages may wait.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING && self.waiting_bytes < MOST_WAITING_BYTES
    }

    /// What the client says next, or why it is not listened to any more.
    async fn next(&mut self) -> Result<Incoming, Stage> {
        if *self.stage.borrow() > Stage::Serve {
            return Err(*self.stage.borrow());
        }
        if let Some(waiting) = self.waited() {
            return Ok(waiting);
        }
        let idle = self.app.settings.limits.idle;
        let (mut deadline, mut asked) = (Instant::now() + idle, false);
        loop {
            tokio::select! {
                biased;
                changed = self.stage.changed() => {
                    let stage = *self.stage.borrow();
                    return Err(if changed.is_err() { Stage::Abort } else { stage });
                }
                message = self.socket.next() => {
                    if let Some(incoming) = incoming(message) {
                        return Ok(incoming);
                    }
                    (deadline, asked) = (Instant::now() + idle, false);
                }
                () = sleep_until(deadline) => {
                    if asked || self.socket.send(Message::Ping(Bytes::new())).await.is_err() {
                        return Ok(Incoming::Gone);
                    }
                    (deadline, asked) = (Instant::now() + idle, true);
                }
            }
        }
    }

    /// Waits until a moment while a turn is answered. `Some`: the client said something that ends the turn, or left.
    pub(super) async fn pause(&mut self, until: Instant) -> Option<Result<(Heard, Bytes), ()>> {
        loop {
            let room = self.has_room();
            tokio::select! {
                biased;
                () = aborted(&mut self.stage) => return Some(Err(())),
                message = self.socket.next(), if room => match incoming(message) {
                    None => {}
                    Some(Incoming::Gone) => return Some(Err(())),
                    Some(Incoming::Text(text)) => match self.session.interrupt(&text) {
                        Some(heard) => return Some(Ok((heard, Bytes::from(text)))),
                        None => self.wait(Incoming::Text(text)),
                    },
                    Some(trouble @ Incoming::Trouble(..)) => self.wait(trouble),
                },
                () = self.alarm.until(until) => return None,
            }
        }
    }

    pub(super) fn wait(&mut self, incoming: Incoming) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(size(&incoming));
        self.waiting.push_back(incoming);
    }

    /// Does what is due; `body` is the message that made it so.
    pub(super) async fn follow(&mut self, heard: Heard, body: Bytes) -> Flow {
        let (mut heard, mut body) = (heard, body);
        loop {
            let Heard { messages, then } = heard;
            let carried = match then {
                Then::Listen => return self.say_all(messages).await,
                Then::Close { code, reason } => {
                    if self.say_all(messages).await == Flow::On {
                        self.close(code, &reason).await;
                    }
                    return Flow::Over;
                }
                Then::Turn(turn) => self.turn(turn, messages, std::mem::take(&mut body)).await,
                Then::Refuse(error) => {
                    if self.say_all(messages).await == Flow::Over {
                        return Flow::Over;
                    }
                    let begun = self.begin(std::mem::take(&mut body), |call, _, lookup| call.refuse(lookup, &error));
                    self.answer(begun).await
                }
            };
            heard = match carried {
                Carried::Done => self.session.answered(),
                Carried::Interrupted(mut heard, text) => {
                    // They are about the turn that has ended, whoever answers the next.
                    if self.say_all(std::mem::take(&mut heard.messages)).await == Flow::Over {
                        return Flow::Over;
                    }
                    body = text;
                    heard
                }
                Carried::Relayed => return Flow::On,
                Carried::Over => return Flow::Over,
            };
        }
    }

    /// Answers a turn: from here, behind what is due before that, or by an upstream, which says by itself what is due. `text` is
    /// the message that began it.
    async fn turn(&mut self, body: Bytes, before: Vec<String>, text: Bytes) -> Carried {
        let begun = self.begin(body, pipeline::decide);
        if matches!(begun.decided, Action::Relay(_)) {
            return self.hand_over(begun, text).await;
        }
        if self.say_all(before).await == Flow::Over {
            return self.lost(begun.finish);
        }
        self.answer(begun).await
    }

    /// Decides a turn and journals it.
    pub(super) fn begin(&mut self, body: Bytes, decide: impl FnOnce(&Call<'_>, &mut Exchange, &Lookup<'_>) -> Decided) -> Begun {
        let Origin { raw, request_id, lookup, protocols: _ } = &self.opened;
        let mut raw = raw.clone();
        raw.body = body;
        let policy = Policy::resolve(&raw, self.app.settings.policy);
        let when = pipeline::When::now(&self.app);
        let arrival = pipeline::arrival(&self.app, request_id, &policy, when.arrived);
        let mut finish = Finish::new(self.app.clone(), when.started, arrival, &raw);
        let mut exchange = Exchange { raw, request: Request::default() };
        let decided = decide(&self.call(&policy, &exchange.raw, when.arrived), &mut exchange, lookup);
        let outcome = Outcome { route: metrics::route(lookup), ..decided.outcome };
        let refusal = strict_miss(&policy, &outcome);
        finish.decided(&exchange.raw, outcome);
        Begun { decided: decided.action, exchange, policy, finish, refusal }
    }

    pub(super) fn call<'c>(&'c self, policy: &'c Policy, raw: &RawRequest, arrived: Duration) -> Call<'c> {
        let Origin { request_id, lookup, .. } = &self.opened;
        let framing = if let Lookup::Socket { codec, .. } = lookup { codec.framing(raw) } else { crate::wire::Framing::Whole };
        let relayed = self.far.is_some() && !self.session.stands_alone();
        Call { app: &self.app, policy, request_id, arrived, framing, socket: true, relayed }
    }

    /// Sends the answer of a turn from here.
    pub(super) async fn answer(&mut self, begun: Begun) -> Carried {
        let Begun { decided, exchange, policy: _, mut finish, refusal } = begun;
        drop(exchange);
        if let Some(reason) = refusal {
            finish.head_sent();
            finish.complete();
            self.close(CloseCode::Policy.into(), &reason).await;
            return Carried::Over;
        }
        match decided {
            Action::Answer(plan) => self.carry(plan, finish).await,
            // Whoever may relay asks first.
            Action::Relay(_) => Carried::Done,
        }
    }

    /// Says these and sees to it that they are out.
    async fn say_all(&mut self, messages: Vec<String>) -> Flow {
        for message in messages {
            if self.say(message).await == Flow::Over {
                return Flow::Over;
            }
        }
        self.flush().await
    }

    /// Hands a message to the socket, as the session has it.
    pub(super) async fn say(&mut self, message: String) -> Flow {
        self.send(Message::text(message)).await
    }

    /// Hands a message to the socket, which may keep it until [`Talk::flush`].
    pub(super) async fn send(&mut self, message: Message) -> Flow {
        let limit = self.app.settings.limits.idle;
        tokio::select! {
            biased;
            () = aborted(&mut self.stage) => Flow::Over,
            fed = timeout(limit, self.socket.feed(message)) => if matches!(fed, Ok(Ok(()))) { Flow::On } else { Flow::Over },
        }
    }

    /// Sends what the socket keeps. A client that takes nothing for too long is let go.
    pub(super) async fn flush(&mut self) -> Flow {
        let limit = self.app.settings.limits.idle;
        tokio::select! {
            biased;
            () = aborted(&mut self.stage) => Flow::Over,
            flushed = timeout(limit, self.socket.flush()) => if matches!(flushed, Ok(Ok(()))) { Flow::On } else { Flow::Over },
        }
    }

    /// Closes the socket and waits a moment for the client to agree.
    pub(super) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from(shortened(reason)) };
        let farewell = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
            // A message that is too large cannot be passed over; then there is no agreement.
            while let Some(Ok(_)) = self.socket.next().await {}
        };
        tokio::select! {
            () = aborted(&mut self.stage) => {}
            _ = timeout(FAREWELL, farewell) => {}
        }
        // Takes what still comes in, so that what was said last is not lost.
        self.link.cut(Close::Fin);
        let _ = timeout(FAREWELL, self.socket.flush()).await;
    }
}

/// What a strict miss is closed with.
fn strict_miss(policy: &Policy, outcome: &Outcome) -> Option<String> {
    let missed = policy.strict && outcome.matched == Some("miss") && outcome.status == 503;
    outcome.seldom().error.clone().filter(|_| missed)
}

pub(super) async fn aborted(stage: &mut watch::Receiver<Stage>) {
    // An error means that nobody is left to say so.
    let _ = stage.wait_for(|stage| *stage == Stage::Abort).await;
}

fn size(incoming: &Incoming) -> usize {
    if let Incoming::Text(text) = incoming { text.len() } else { 0 }
}

/// What a message of the socket means; `None` for signs of life.
pub(super) fn incoming(message: Option<Result<Message, Error>>) -> Option<Incoming> {
    match message {
        Some(Ok(Message::Text(text))) => Some(Incoming::Text(text)),
        // Google's clients may send their JSON so.
        Some(Ok(Message::Binary(bytes))) => Some(match Utf8Bytes::try_from(bytes) {
            Ok(text) => Incoming::Text(text),
            Err(_) => Incoming::Trouble(refusal("the message is binary and no UTF-8: send JSON as text"), None),
        }),
        // The answer to a close is sent by the socket itself; its end follows.
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_))) => None,
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { max_size, .. }))) => {
            Some(Incoming::Trouble(Box::new(errors::too_large(max_size)), Some((CloseCode::Size.into(), "message too big"))))
        }
        Some(Err(Error::Utf8(_))) => {
            Some(Incoming::Trouble(refusal("the message is no UTF-8"), Some((CloseCode::Invalid.into(), "not UTF-8"))))
        }
        Some(Err(Error::Protocol(broken))) if !is_cut(&broken) => {
            let reason = format!("the WebSocket protocol is broken: {broken}");
            Some(Incoming::Trouble(refusal(&reason), Some((CloseCode::Protocol.into(), "protocol error"))))
        }
        Some(Err(_)) | None => Some(Incoming::Gone),
    }
}

/// Whether the client has left without saying so.
fn is_cut(broken: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    matches!(broken, tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
}

fn refusal(message: &str) -> Box<ErrorReply> {
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))
}

/// A reason that fits into a frame.
fn shortened(reason: &str) -> String {
    let end = (0..=MOST_REASON.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.get(..end).unwrap_or_default().to_owned()
}
