//! The life of every request that is not for the server itself: read, decide, record, transmit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::App;
use super::app::{Level, Limits};
use super::decide::{Action, Call, Decided};
use super::finish::{CLIENT_GONE, Finish};
use super::intake::{self, BodyError, Incoming};
use super::journal::{Arrival, Outcome};
use super::line::Link;
use super::transmit::{self, Carrier, Sending};
use super::{control, errors, metrics, relay, socket};
use crate::engine::{FieldValue, Policy};
use crate::exchange::{Exchange, RawRequest};
use crate::provider::route::{self, Lookup};
use crate::wire::Framing;

/// What the connection gives a request along.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub link: Arc<Link>,
    pub http2: bool,
    pub request_id: FieldValue,
    /// Where a connection learns that it becomes a WebSocket.
    pub doorstep: socket::Doorstep,
}

/// Answers a request.
pub(super) async fn answer(State(app): State<Arc<App>>, mut request: Request) -> Response {
    if control::is_control(request.uri().path()) {
        return control::unknown(request.uri().path());
    }
    if let Some(response) = socket::open(&app, &mut request).await {
        return response;
    }
    let Some(origin) = request.extensions_mut().remove::<Origin>() else { return unknown_origin() };
    serve(app, origin, request).await
}

/// Answers a request that asks neither for what is the server's own nor for a socket.
async fn serve<B: Incoming>(app: Arc<App>, origin: Origin, request: Request<B>) -> Response {
    let Begun { arrived, body } = begin(app, origin, request);
    let read = intake::read(body, arrived.limits()).await;
    arrived.decided(read, by_all_means).response().await
}

fn unknown_origin() -> Response {
    super::head::json(500, &json!({ "error": errors::internal().message }))
}

/// Refuses a request whatever it asks for. Its body is read all the same: the client shall see the answer, not a broken
/// pipe.
pub(super) async fn turn_away(app: Arc<App>, mut request: Request, status: u16, body: &'static Value) -> Response {
    let Some(origin) = request.extensions_mut().remove::<Origin>() else { return unknown_origin() };
    let Begun { arrived, body: sent } = begin(app, origin, request);
    let read = intake::read(sent, arrived.limits()).await;
    arrived.decided(read, |call, _, _| call.fixed(errors::json(status, body), body)).response().await
}

/// A request whose head is here.
pub(super) struct Begun<B> {
    pub arrived: Arrived,
    pub body: B,
}

/// What is known of a request before its body is.
pub(super) struct Arrived {
    app: Arc<App>,
    request_id: FieldValue,
    raw: RawRequest,
    policy: Policy,
    when: When,
    carrier: Carrier,
    finish: Finish,
}

/// When a request came, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// What durations are measured from.
    pub started: Instant,
    /// Since the Unix epoch.
    pub arrived: Duration,
}

impl When {
    pub(super) fn now(app: &App) -> When {
        When { started: Instant::now(), arrived: app.now() }
    }
}

/// Takes a request's head in.
pub(super) fn begin<B>(app: Arc<App>, origin: Origin, request: Request<B>) -> Begun<B> {
    let (parts, body) = request.into_parts();
    let raw = intake::head(&parts);
    let when = When::now(&app);
    Begun { arrived: Arrived::new(app, Carrier::new(origin.link, origin.http2), (origin.request_id, when), raw), body }
}

impl Arrived {
    /// A request that has come.
    pub(super) fn new(app: Arc<App>, carrier: Carrier, (request_id, when): (FieldValue, When), raw: RawRequest) -> Arrived {
        let policy = Policy::resolve(&raw, app.settings.policy);
        let finish = Finish::new(app.clone(), when.started, arrival(&app, &request_id, &policy, when.arrived), &raw);
        Arrived { app, request_id, raw, policy, when, carrier, finish }
    }

    /// Bounds of the body.
    pub(super) fn limits(&self) -> &Limits {
        &self.app.settings.limits
    }

    /// Decides, records and begins to transmit, now that the body is there, or is known not to come.
    pub(super) fn decided(
        self,
        read: Result<Bytes, BodyError>,
        decide: impl FnOnce(&Call<'_>, &Lookup<'_>, Result<&mut Exchange, &BodyError>) -> Decided,
    ) -> Sending {
        let Arrived { app, request_id, raw, policy, when: When { arrived, .. }, carrier, mut finish } = self;
        if matches!(read, Err(BodyError::Gone)) {
            finish.interrupted(CLIENT_GONE);
            return Sending::Begun(transmit::abandoned());
        }
        let head = raw.head();
        let path = route::address(&head);
        let lookup = (app.world.lookup)(&head.method, &path);
        let mut exchange = Exchange { raw, request: crate::exchange::Request::default() };
        let framing = if let Lookup::Found { codec, .. } = &lookup { codec.framing(&exchange.raw) } else { Framing::Whole };
        let call = Call { app: &app, policy: &policy, request_id: &request_id, arrived, framing, socket: false, relayed: false };
        let read = read.map(|body| {
            exchange.raw.body = body;
            &mut exchange
        });
        let decided = match read {
            Ok(exchange) => decide(&call, &lookup, Ok(exchange)),
            Err(error) => decide(&call, &lookup, Err(&error)),
        };
        let outcome = Outcome { route: metrics::route(&lookup), ..decided.outcome };
        finish.decided(&exchange.raw, outcome);
        match decided.action {
            Action::Answer(plan) => transmit::send(plan.joined(), carrier, finish),
            Action::Relay(relay) => Sending::Later(Box::pin(async move {
                let call = Call { app: &app, policy: &policy, request_id: &request_id, arrived, framing, socket: false, relayed: false };
                relay::carry(*relay, exchange, &call, carrier, finish).await
            })),
        }
    }
}

/// Decides by what is asked for, or says why the body is of no use.
pub(super) fn by_all_means(call: &Call<'_>, lookup: &Lookup<'_>, read: Result<&mut Exchange, &BodyError>) -> Decided {
    match read {
        Ok(exchange) => decide(call, exchange, lookup),
        Err(error) => call.refuse(lookup, &intake::refusal(error, call.app)),
    }
}

/// Decides; a panic on the way is an answer as well, and the next request is served.
pub(super) fn decide(call: &Call<'_>, exchange: &mut Exchange, lookup: &Lookup<'_>) -> Decided {
    catch_unwind(AssertUnwindSafe(|| call.decide(exchange, lookup))).unwrap_or_else(|panic| {
        let reason = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let reason = reason.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        call.app.log(Level::Error, &format!("answering {} {} failed: {reason}", exchange.raw.method, exchange.raw.path));
        call.refuse(lookup, &errors::internal())
    })
}

pub(super) fn arrival(app: &App, request_id: &FieldValue, policy: &Policy, arrived: Duration) -> Arrival {
    Arrival { id: app.ids.draw(), arrived, request_id: request_id.clone(), test_id: policy.test_id.clone() }
}
