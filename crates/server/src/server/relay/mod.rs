//! Relaying: a request that no fixture answers goes to its provider's upstream, and the answer comes back as it is.
//!
//! The head of an answer is held until the first byte of its body, so that an upstream which falls silent before that
//! can still be reported as an error. From there on bytes pass as they come (see `body`); what they are is only looked
//! at to count events and, where it was asked for, to be captured.

mod body;
mod source;
mod unpack;
mod upset;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, timeout};

use self::body::{Incoming, Relayed};
pub(super) use self::body::{note, note_late};
use self::unpack::{Coding, is_accepted};
pub(super) use self::upset::{Decided as DecidedChaos, Upset};
use super::App;
use super::app::Level;
use super::capture::Capture;
use super::decide::Call;
use super::finish::Finish;
use super::jobs::Elsewhere;
use super::journal::retry_after;
use super::recorder::{Answered, Part};
use super::transmit::{self, Carrier, transmit};
use super::upstream::{ContactError, Inflow, Upstreams, reason, response_fields};
use super::{head, intake};
use crate::exchange::{Captured, ErrorOrigin, ErrorReply, Exchange};
use crate::provider::{Provider, route};
use crate::wire::Framing;

/// `X-AIMock-Match` and `matchedBy` of answers that an upstream gave.
pub(super) const RELAYED: &str = "proxy";

/// The content type of a stream of events, as which a turn of a socket is kept.
pub(super) const EVENTS: &str = "text/event-stream";

/// A request on its way to an upstream.
pub(super) struct Relay {
    pub upstreams: Arc<Upstreams>,
    /// The upstream's place among the targets.
    pub target: usize,
    /// Words errors; plain JSON where no codec owns the URL.
    pub codec: Option<&'static dyn Provider>,
    /// The one decision of chaos; it never concerns what is captured.
    pub chaos: Option<DecidedChaos>,
    /// What a recording says of the request.
    pub stamped: Stamped,
    /// Whose answer it is in a recording.
    pub recorded_as: RecordedAs,
    /// The client reads the encoding that the answer came in.
    accepts_coding: bool,
}

/// Which request a relayed answer is recorded with.
#[derive(Debug, Default)]
pub(super) enum RecordedAs {
    /// The one that is relayed.
    #[default]
    Request,
    /// The one that submitted the job of which the answer tells.
    Job(Box<Elsewhere>),
    /// The same, whose end is recorded already: these are its bytes.
    Content(Box<Elsewhere>),
    Nothing,
}

/// The request as it is recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamped {
    /// As transforms made it; `None`: as it came.
    pub exchange: Option<Box<Exchange>>,
    /// The names of those transforms.
    pub transforms: Vec<String>,
    /// Why it is recorded as it came.
    pub warning: Option<String>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Relay {
    /// The way to the upstream of whoever owns a URL; `None` where nobody is asked.
    pub(super) fn find(app: &App, codec: Option<&'static dyn Provider>, exchange: &Exchange) -> Option<Relay> {
        let upstreams = app.settings.on_miss.upstreams()?;
        let path = &exchange.raw.path;
        let own = route::service(path).filter(|service| *service == "openrouter" && upstreams.find(service).is_some());
        let provider = own.or_else(|| codec.map_or_else(|| route::service(path), |codec| Some(codec.upstream())))?;
        // A relay carries requests and answers, no sockets.
        if exchange.raw.headers.first("upgrade").is_some() {
            return None;
        }
        // They speak OpenAI's format, so that an upstream named for that may be theirs.
        let alike = || matches!(provider, "openrouter" | "mistral").then(|| upstreams.find("openai")).flatten();
        let Some(target) = upstreams.find(provider).or_else(alike) else {
            let line = format!("no upstream URL is configured for provider \"{provider}\": {} is not relayed", exchange.raw.path);
            app.log(Level::Warning, &line);
            return None;
        };
        Some(Relay {
            upstreams: upstreams.clone(),
            target,
            codec,
            chaos: None,
            stamped: Stamped::default(),
            recorded_as: RecordedAs::Request,
            accepts_coding: false,
        })
    }

    /// Keeps the answer where it is to be recorded and can be read; knows what the client reads from here on.
    fn capture(&mut self, exchange: Exchange, call: &Call<'_>, begun: &Begun, finish: &Finish, started: Instant) -> Option<Capture> {
        let encoding = begun.field("content-encoding");
        self.accepts_coding = is_accepted(exchange.raw.headers.first("accept-encoding"), encoding.unwrap_or_default());
        let app = finish.app();
        let recorder = app.settings.on_miss.recorder()?;
        if let (Coding::Unknown, Some(encoding)) = (Coding::of(encoding), encoding) {
            recorder.complain(app, Level::Warning, &format!("answers with content-encoding `{encoding}` are relayed and not recorded"));
            return None;
        }
        let mut headers = intake::headers(&begun.fields);
        headers.remove("content-encoding");
        let captured = Captured { status: begun.status, headers, pieces: Vec::new() };
        self.keep(exchange, (&call.policy.test_id, call.request_id.as_str()), captured, finish, started)
    }

    /// Keeps the events of a turn of a socket where they are to be recorded, as those of a stream.
    pub(super) fn capture_turn(&mut self, exchange: Exchange, asked_by: (&str, &str), finish: &Finish) -> Option<Capture> {
        let captured = Captured { status: 200, headers: [("content-type", EVENTS)].into_iter().collect(), pieces: Vec::new() };
        self.keep(exchange, asked_by, captured, finish, Instant::now())
    }

    /// `asked_by`: the test's id and the request's.
    fn keep(
        &mut self,
        exchange: Exchange,
        (test_id, request_id): (&str, &str),
        captured: Captured,
        finish: &Finish,
        started: Instant,
    ) -> Option<Capture> {
        let app = finish.app();
        let recorder = app.settings.on_miss.recorder()?;
        let (exchange, stamped, part) = match std::mem::take(&mut self.recorded_as) {
            RecordedAs::Request => (exchange, std::mem::take(&mut self.stamped), Part::Whole),
            RecordedAs::Job(begun) => (begun.exchange, begun.stamped, Part::Settles(begun.id)),
            RecordedAs::Content(begun) => (begun.exchange, begun.stamped, Part::Content(begun.settled?)),
            RecordedAs::Nothing => return None,
        };
        let answered = Answered {
            app: app.clone(),
            exchange,
            stamped,
            part,
            codec: self.codec,
            provider: self.upstreams.provider(self.target).to_owned(),
            test_id: test_id.to_owned(),
            request_id: request_id.to_owned(),
            captured,
            arrivals: Vec::new(),
        };
        Some(Capture::new(recorder.clone(), answered, started))
    }
}

impl Begun {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer whose first bytes have come.
struct Begun {
    status: u16,
    fields: hyper::HeaderMap,
    first: Option<Bytes>,
    rest: Inflow,
}

/// Sends a request on and answers with what comes back.
pub(super) async fn carry(mut relay: Relay, exchange: Exchange, call: &Call<'_>, carrier: Carrier, finish: Finish) -> Response {
    if let Some(chaos) = &relay.chaos {
        transmit::pause(chaos.latency()).await;
    }
    let raw = &exchange.raw;
    let url = || relay.upstreams.display(relay.target, &raw.path);
    // Of a proxy without fixtures this says nothing new, and the log is most of what a request costs.
    let settings = &call.app.settings;
    let says_nothing = settings.on_miss.recorder().is_none() && call.app.editions.current().library.fixtures.is_empty();
    let level = if says_nothing { Level::Debug } else { Level::Info };
    if call.app.hears(level) {
        call.app.log(level, &format!("no fixture matches {} {}: relaying to {}", raw.method, raw.path, url()));
    }
    let started = Instant::now();
    match begin(&relay.upstreams, relay.target, &exchange).await {
        Ok(begun) => {
            let capture = relay.capture(exchange, call, &begun, &finish, started);
            answer(relay, capture, begun, call.framing, carrier, finish).await
        }
        Err(error) => {
            call.app.log(Level::Warning, &format!("{} gives no answer: {error}", url()));
            let plan = call.failed(relay.codec, &error_reply(&error));
            finish.amend(|outcome| {
                outcome.status = plan.status;
                outcome.seldom_mut().error = Some(error.to_string());
            });
            finish.speaks(plan.header("content-type"), Framing::Whole, relay.codec.map(Provider::name));
            if let Some(chaos) = relay.chaos {
                chaos.unanswered(&finish);
            }
            transmit(plan, carrier, finish).await
        }
    }
}

/// Contacts the upstream and waits for the first byte of its answer, or for an end without one.
async fn begin(upstreams: &Upstreams, target: usize, exchange: &Exchange) -> Result<Begun, ContactError> {
    let patience = upstreams.first_byte();
    let begun = async {
        // As with answers: what has come in meanwhile goes out together.
        tokio::task::yield_now().await;
        let (parts, mut rest) = upstreams.contact(target, &exchange.raw).await?.into_parts();
        let first = loop {
            match rest.frame().await {
                None => break None,
                Some(Err(error)) => return Err(ContactError::Failed(reason(&error))),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) {
                        break Some(data);
                    }
                }
            }
        };
        Ok(Begun { status: parts.status.as_u16(), fields: parts.headers, first, rest })
    };
    timeout(patience, begun).await.unwrap_or(Err(ContactError::TimedOut(patience)))
}

/// Which error the client sees of a failure to reach the upstream.
pub(super) fn error_reply(error: &ContactError) -> ErrorReply {
    let (status, kind, code) = match error {
        ContactError::TimedOut(_) => (504, "timeout_error", Some("request_timeout")),
        ContactError::Failed(_) | ContactError::NoCredential => (502, "proxy_error", None),
    };
    let mut reply = ErrorReply::new(ErrorOrigin::Server, status, error.to_string());
    reply.kind = Some(kind.to_owned());
    reply.code = code.map(str::to_owned);
    reply
}

async fn answer(relay: Relay, capture: Option<Capture>, begun: Begun, asked: Framing, carrier: Carrier, mut finish: Finish) -> Response {
    let content_type = begun.field("content-type");
    let framing = Framing::of_answer(content_type, if begun.status == 200 { asked } else { Framing::Whole });
    let coding = Coding::of(begun.field("content-encoding"));
    let readable = !matches!(coding, Coding::Unknown);
    let upset = relay.chaos.and_then(|chaos| chaos.begin(framing, content_type, readable, &finish));
    let replaced = upset.as_ref().and_then(Upset::content_type);
    // An encoding that nobody here reads can only pass as it is.
    let plain = matches!(coding, Coding::Known(_)) && (!relay.accepts_coding || upset.is_some());
    let mut fields = response_fields(&begun.fields, plain || replaced.is_some());
    if let Some(length) = begun.fields.get(CONTENT_LENGTH).filter(|_| !plain && upset.is_none()) {
        fields.insert(CONTENT_LENGTH, length.clone());
    }
    if let Some(replaced) = replaced {
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(replaced));
    }
    if framing.is_stream() {
        fields.insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    fields.insert("x-aimock-match", HeaderValue::from_static(RELAYED));
    let now = finish.app().now();
    finish.amend(|outcome| {
        outcome.status = begun.status;
        outcome.streamed = framing.is_stream();
        outcome.asks_to_wait(retry_after(|| now, |name| begun.field(name)));
    });
    if readable {
        finish.speaks(
            replaced.or(content_type),
            if replaced.is_some() { Framing::Whole } else { framing },
            relay.codec.map(Provider::name),
        );
    }
    finish.head_sent();
    let as_it_is = capture.is_none() && upset.is_none() && matches!(coding, Coding::Identity) && !framing.is_stream();
    if as_it_is
        && begun.rest.is_end_stream()
        && let Some(whole) = begun.first.clone()
    {
        begun.rest.end().await;
        finish.sent(whole.len(), 0);
        finish.saw_part(&whole);
        finish.complete();
        return head::relayed(begun.status, fields, Body::from(whole));
    }
    let mut relayed = Relayed::new(Incoming {
        first: begun.first,
        rest: begun.rest,
        pause: relay.upstreams.body_pause(),
        unpack: if let Coding::Known(unpack) = coding { Some(unpack) } else { None },
        plain,
        upset,
        framing,
        capture,
        carrier,
        finish,
    });
    if let Some(failure) = relayed.record_at_once().await
        && let Ok(failure) = HeaderValue::from_str(&failure)
    {
        fields.insert("x-aimock-record-error", failure);
    }
    head::relayed(begun.status, fields, Body::new(relayed))
}
