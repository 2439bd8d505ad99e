//! The way of a conversation to an upstream: at its start where nothing here could answer, else with the first turn that
//! nothing here answers, after the upstream was told what had been said by then.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::HeaderValue;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::super::app::Level;
use super::super::decide::{Action, Call};
use super::super::finish::Finish;
use super::super::journal::{Outcome, Source};
use super::super::relay::{self, RELAYED, Relay};
use super::super::transmit::{Carrier, transmit};
use super::super::upstream::{ContactError, Reached, Refusal, Upstreams, response_fields};
use super::super::{App, head, metrics, pipeline};
use super::carry::Carried;
use super::pump::Far;
use super::talk::{Begun, Talk, aborted};
use crate::engine::Policy;
use crate::exchange::{ErrorOrigin, ErrorReply, Exchange, RawRequest, Request};
use crate::provider::Provider;
use crate::provider::route::Lookup;
use crate::provider::socket::Resumed;
use crate::wire::Framing;

/// Characters of a refusal that is no JSON, in the error that the client gets.
const MOST_SAID: usize = 300;

/// Whom a conversation is relayed to.
pub(super) struct Way {
    upstreams: Arc<Upstreams>,
    target: usize,
    codec: Option<&'static dyn Provider>,
}

impl Way {
    fn of(relay: &Relay) -> Way {
        Way { upstreams: relay.upstreams.clone(), target: relay.target, codec: relay.codec }
    }
}

/// An upstream that takes part from the start; `None` where fixtures may answer, or nobody else can.
pub(super) fn at_once(app: &App, codec: &'static dyn Provider, raw: &RawRequest) -> Option<Way> {
    let nothing_answers = app.settings.on_miss.replaces_fixtures() || app.editions.current().library.fixtures.is_empty();
    if !nothing_answers || Policy::resolve(raw, app.settings.policy).strict {
        return None;
    }
    Relay::find(app, Some(codec), &Exchange { raw: raw.clone(), request: Request::default() }).map(|relay| Way::of(&relay))
}

/// Opens a socket to an upstream before the client has its own.
///
/// # Errors
/// The answer that the client gets in place of a socket.
pub(super) async fn open(
    app: &Arc<App>,
    way: &Way,
    (raw, asked): (&RawRequest, RawRequest),
    protocols: &[String],
    (lookup, origin): (&Lookup<'_>, &pipeline::Origin),
) -> Result<(Far, Option<HeaderValue>), Response> {
    let url = way.upstreams.display(way.target, &raw.path);
    app.log(Level::Info, &format!("nothing here answers {}: relaying to {url}", raw.path));
    let reached = way.upstreams.open_socket(way.target, raw, protocols, app.settings.limits.body_bytes).await;
    let policy = Policy::resolve(raw, app.settings.policy);
    let when = pipeline::When::now(app);
    let arrival = pipeline::arrival(app, &origin.request_id, &policy, when.arrived);
    let mut finish = match &reached {
        Ok(Reached::Open(..)) => None,
        Ok(Reached::Refused(_)) | Err(_) => Some(Finish::new(app.clone(), when.started, arrival, &asked)),
    };
    if let Some(finish) = &mut finish {
        let outcome = Outcome { source: Source::Proxy, matched: Some(RELAYED), route: metrics::route(lookup), ..Outcome::default() };
        finish.decided(&asked, outcome);
    }
    match (reached, finish) {
        (Ok(Reached::Open(socket, protocol)), _) => Ok((Far::new(socket), protocol)),
        (Ok(Reached::Refused(refusal)), Some(finish)) => Err(refused(&url, refusal, finish)),
        (Err(error), Some(finish)) => {
            app.log(Level::Warning, &format!("{url} opens no WebSocket: {error}"));
            let call = Call {
                app,
                policy: &policy,
                request_id: &origin.request_id,
                arrived: when.arrived,
                framing: Framing::Whole,
                socket: false,
                relayed: false,
            };
            let plan = call.failed(way.codec, &relay::error_reply(&error));
            finish.amend(|outcome| {
                outcome.status = plan.status;
                outcome.seldom_mut().error = Some(error.to_string());
            });
            finish.speaks(plan.header("content-type"), Framing::Whole, way.codec.map(Provider::name));
            Err(transmit(plan, Carrier::new(origin.link.clone(), origin.http2), finish).await)
        }
        (_, None) => Err(head::json(500, &Value::Null)),
    }
}

/// The upstream's own answer.
fn refused(url: &str, refusal: Refusal, mut finish: Finish) -> Response {
    let app = finish.app().clone();
    app.log(Level::Warning, &format!("{url} opens no WebSocket: it answers with status {}", refusal.status));
    let mut fields = response_fields(&refusal.fields, false);
    fields.insert("x-aimock-match", HeaderValue::from_static(RELAYED));
    finish.amend(|outcome| outcome.status = refusal.status);
    let kind = refusal.fields.get("content-type").and_then(|kind| kind.to_str().ok());
    finish.speaks(kind, Framing::Whole, None);
    finish.head_sent();
    finish.sent(refusal.body.len(), 0);
    finish.saw(&refusal.body);
    finish.complete();
    head::relayed(refusal.status, fields, Body::from(refusal.body))
}

impl Talk {
    /// Gives a turn to the upstream; `text` is the message that began it.
    pub(super) async fn hand_over(&mut self, begun: Begun, text: Bytes) -> Carried {
        if self.far.is_none()
            && let Action::Relay(relay) = &begun.decided
        {
            let way = Way::of(relay);
            let url = way.upstreams.display(way.target, &self.opened.raw.path);
            self.app.log(Level::Info, &format!("no fixture matches WS {}: relaying to {url}", self.opened.raw.path));
            match self.reach(&way).await {
                Ok(far) => self.far = Some(far),
                Err(error) => {
                    self.app.log(Level::Warning, &format!("{url} takes no part: {}", error.message));
                    let Begun { decided: Action::Relay(relay), finish, .. } = begun else { return Carried::Done };
                    if let Some(chaos) = relay.chaos {
                        chaos.unanswered(&finish);
                    }
                    return self.tell_failure(relay.codec, &error, finish).await;
                }
            }
        }
        match self.turn_of(begun).await {
            Ok(turn) => self.open_turn(turn, text),
            Err(begun) => self.answer(begun).await,
        }
    }

    /// Says that the upstream gives no answer.
    pub(super) async fn tell_failure(&mut self, codec: Option<&'static dyn Provider>, error: &ErrorReply, finish: Finish) -> Carried {
        let policy = Policy::resolve(&self.opened.raw, self.app.settings.policy);
        let plan = self.call(&policy, &self.opened.raw, self.app.now()).failed(codec, error);
        finish.amend(|outcome| {
            outcome.status = plan.status;
            outcome.seldom_mut().error = Some(error.message.clone());
        });
        finish.speaks(plan.header("content-type"), Framing::Whole, codec.map(Provider::name));
        self.carry(plan, finish).await
    }

    /// Opens a socket to the upstream and brings it to where the conversation stands.
    async fn reach(&mut self, way: &Way) -> Result<Far, Box<ErrorReply>> {
        let most = self.app.settings.limits.body_bytes;
        let reached = {
            let Talk { stage, opened, .. } = self;
            tokio::select! {
                () = aborted(stage) => return Err(failed(&ContactError::Failed("the server stops".to_owned()))),
                reached = way.upstreams.open_socket(way.target, &opened.raw, &opened.protocols, most) => reached,
            }
        };
        let mut far = match reached {
            Ok(Reached::Open(socket, _)) => Far::new(socket),
            Ok(Reached::Refused(refusal)) => return Err(refusal_reply(&refusal)),
            Err(error) => return Err(failed(&error)),
        };
        let patience = way.upstreams.first_byte();
        let resumed = {
            let Talk { stage, session, .. } = self;
            tokio::select! {
                () = aborted(stage) => return Err(failed(&ContactError::Failed("the server stops".to_owned()))),
                resumed = async {
                    let mut heard: Option<String> = None;
                    loop {
                        let (messages, stands) = match session.resume(heard.as_deref()) {
                            Resumed::Waits(messages) => (messages, false),
                            Resumed::Stands(messages) => (messages, true),
                            Resumed::Never(error) => return Err(error),
                        };
                        let told = timeout(patience, tell(&mut far, messages, !stands));
                        match told.await {
                            Ok(Ok(Some(text))) => heard = Some(text),
                            Ok(Ok(None)) => return Ok(()),
                            Ok(Err(error)) => return Err(failed(&error)),
                            Err(_) => return Err(failed(&ContactError::TimedOut(patience))),
                        }
                    }
                } => resumed,
            }
        };
        resumed.map(|()| far)
    }
}

/// Tells the upstream these, and waits for its next message where that is wanted.
async fn tell(far: &mut Far, messages: Vec<String>, waits: bool) -> Result<Option<String>, ContactError> {
    let gone = |reason: String| ContactError::Failed(reason);
    for message in messages {
        far.socket.feed(Message::text(message)).await.map_err(|error| gone(error.to_string()))?;
    }
    far.socket.flush().await.map_err(|error| gone(error.to_string()))?;
    if !waits {
        return Ok(None);
    }
    loop {
        match far.socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Some(text.as_str().to_owned())),
            Some(Ok(Message::Binary(bytes))) => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(Some(frame)))) => {
                return Err(gone(format!("the upstream closed the WebSocket with code {}: {}", frame.code, frame.reason)));
            }
            Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(gone("the upstream closed the WebSocket".to_owned())),
        }
    }
}

fn failed(error: &ContactError) -> Box<ErrorReply> {
    Box::new(relay::error_reply(error))
}

/// What the client is told of a refused handshake: the upstream's own words where it has some.
fn refusal_reply(refusal: &Refusal) -> Box<ErrorReply> {
    let body: Value = serde_json::from_slice(&refusal.body).unwrap_or_default();
    let error = body.get("error").or_else(|| body.get(0)?.get("error"));
    let said = |key: &str| error.and_then(|error| error.get(key)).and_then(Value::as_str).map(str::to_owned);
    let text = || String::from_utf8_lossy(&refusal.body).chars().take(MOST_SAID).collect::<String>();
    let message = said("message").unwrap_or_else(|| match text().trim() {
        "" => format!("the upstream opens no WebSocket: it answers with status {}", refusal.status),
        text => format!("the upstream opens no WebSocket: it answers with status {}: {text}", refusal.status),
    });
    let status = if refusal.status >= 400 { refusal.status } else { 502 };
    let mut reply = ErrorReply::new(ErrorOrigin::Server, status, message);
    (reply.kind, reply.code) = (said("type").or_else(|| said("status")), said("code"));
    Box::new(reply)
}
