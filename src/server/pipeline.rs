//! The life of every request that is not for the server itself: read, decide, record, transmit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::app::Level;
use super::decide::{Action, Call, Decided};
use super::finish::{CLIENT_GONE, Finish};
use super::intake::{self, BodyError, Incoming};
use super::journal::{Arrival, Outcome};
use super::line::Link;
use super::transmit::{self, Carrier, transmit};
use super::{control, errors, metrics, relay, socket};
use crate::engine::{FieldValue, Policy};
use crate::exchange::Exchange;
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
pub(super) async fn serve<B: Incoming>(app: Arc<App>, origin: Origin, request: Request<B>) -> Response {
    run(app, origin, request, |call, lookup, read| match read {
        Ok(exchange) => decide(call, exchange, lookup),
        Err(error) => call.refuse(lookup, &intake::refusal(error, call.app)),
    })
    .await
}

fn unknown_origin() -> Response {
    super::head::json(500, &json!({ "error": errors::internal().message }))
}

/// Refuses a request whatever it asks for. Its body is read all the same: the client shall see the answer, not a broken
/// pipe.
pub(super) async fn turn_away(app: Arc<App>, mut request: Request, status: u16, body: &'static Value) -> Response {
    let Some(origin) = request.extensions_mut().remove::<Origin>() else { return unknown_origin() };
    run(app, origin, request, |call, _, _| call.fixed(errors::json(status, body), body)).await
}

/// Reads, decides, records and transmits.
async fn run<B: Incoming>(
    app: Arc<App>,
    origin: Origin,
    request: Request<B>,
    decide: impl FnOnce(&Call<'_>, &Lookup<'_>, Result<&mut Exchange, &BodyError>) -> Decided,
) -> Response {
    let (parts, body) = request.into_parts();
    let raw = intake::head(&parts);
    drop(parts);
    let policy = Policy::resolve(&raw, app.settings.policy);
    let carrier = Carrier::new(origin.link, origin.http2);
    let mut finish = Finish::new(app.clone(), arrival(&app, &origin.request_id, &policy), &raw);

    let read = intake::read(body, &app.settings.limits).await;
    if matches!(read, Err(BodyError::Gone)) {
        finish.interrupted(CLIENT_GONE);
        return transmit::abandoned();
    }
    let head = raw.head();
    let path = route::address(&head);
    let lookup = (app.world.lookup)(&head.method, &path);
    let mut exchange = Exchange { raw, request: crate::exchange::Request::default() };
    let framing = if let Lookup::Found { codec, .. } = &lookup { codec.framing(&exchange.raw) } else { Framing::Whole };
    let call = Call { app: &app, policy: &policy, request_id: &origin.request_id, framing, socket: false, relayed: false };
    let action = {
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
        decided.action
    };
    match action {
        Action::Answer(plan) => {
            drop(exchange);
            transmit(plan.joined(), carrier, finish).await
        }
        // In a box of its own, so that answers from fixtures do not move its many states about.
        Action::Relay(relay) => Box::pin(relay::carry(*relay, exchange, &call, carrier, finish)).await,
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

pub(super) fn arrival(app: &App, request_id: &FieldValue, policy: &Policy) -> Arrival {
    Arrival { id: app.ids.draw(), arrived: app.now(), request_id: request_id.clone(), test_id: policy.test_id.clone() }
}
