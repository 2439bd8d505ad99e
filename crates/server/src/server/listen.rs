//! The accept loop: connections in, each its own task, until the server is told to stop.
//!
//! It is ours, not axum's, so that a connection can be cut (see `line`). HTTP/1.1 and cleartext HTTP/2 are told apart by
//! their first bytes. A connection that has said nothing yet holds no buffers, and one that is only paced holds little.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::{HttpService, Service};
use hyper::{Method, Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::app::{App, Level, Limits};
use super::auth::ApiKeys;
use super::fast_path::{self, Decided};
use super::line::{Line, Link};
use super::pacer::{Pacer, Pacers};
use super::pipeline::{self, Origin};
use super::seldom::Seldom;
use super::socket::{self, Doorstep};
use super::together::{Took, together};
use super::transmit::{Abandon, forever};
use super::{control, head, intake};
use crate::engine::FieldValue;

/// How far a server has come. It only ever moves on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    #[default]
    Serve,
    /// Take no new connections, end idle ones, let answers under way finish.
    Drain,
    /// End everything now.
    Abort,
}

/// How serving came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every answer under way was finished.
    Drained,
    /// Some were cut short: the time for it ran out, or the second signal came.
    Aborted,
}

/// Where nothing more is to be accepted for a moment after an error of the system (no file descriptors left).
const PAUSE: Duration = Duration::from_millis(50);
/// How HTTP/2 begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Concurrent streams of one HTTP/2 connection.
const STREAMS: u32 = 256;
/// Bytes of a large body that are read at once: as many as hyper reads by itself.
const LARGE_PIECE: usize = 8 * 1024 + 100 * 4096;

static WRONG_KEY: LazyLock<Value> =
    LazyLock::new(|| json!({ "error": { "message": "Invalid API key", "type": "authentication_error", "code": "invalid_api_key" } }));

/// Files that a server has open beside its connections, roughly.
#[cfg(unix)]
const OTHER_FILES: usize = 64;

/// Makes room for so many connections in the system's table of the process's files. It is meant for a process that has one
/// thread: where there are several, Linux enlarges the table only when every core has come to rest, at each doubling some ten
/// milliseconds in which nobody is served. Without the room nothing fails.
#[cfg(unix)]
pub fn make_room(connections: usize) {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::try_from(connections.saturating_add(OTHER_FILES)).unwrap_or(u64::MAX);
    if let Ok(last) = i32::try_from(wanted.min(most.saturating_sub(1))) {
        // The number is given back at once; the table stays as large.
        drop(rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), last));
    }
}

/// Elsewhere there is no such table.
#[cfg(not(unix))]
pub fn make_room(_: usize) {}

/// Runs what is awaited, with one worker for each core. Where there is but one core, what accepts and what answers are one
/// thread: nothing is passed from one to the other.
///
/// It takes an object, so that the loops of the runtime are compiled with this package, for speed.
///
/// # Errors
/// The runtime cannot start.
pub fn run(work: Pin<&mut dyn Future<Output = ()>>) -> std::io::Result<()> {
    let is_told = std::env::var_os("TOKIO_WORKER_THREADS").is_some();
    let is_alone = !is_told && std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let mut builder = if is_alone { tokio::runtime::Builder::new_current_thread() } else { tokio::runtime::Builder::new_multi_thread() };
    builder.enable_all().build()?.block_on(work);
    Ok(())
}

/// Serves until `stage` says otherwise, and then until every connection has ended.
///
/// In a box, so that all of it is compiled with this package: a bare future is compiled with whoever awaits it.
pub fn serve(listener: TcpListener, app: Arc<App>, stage: watch::Receiver<Stage>) -> BoxFuture<'static, Ended> {
    Box::pin(accepting(listener, app, stage))
}

async fn accepting(listener: TcpListener, app: Arc<App>, mut stage: watch::Receiver<Stage>) -> Ended {
    let limits = app.settings.limits.clone();
    if let Some(line) = listener.local_addr().ok().and_then(|address| exposure(address, &app.settings.auth)) {
        app.log(Level::Warning, &line);
    }
    let most = u32::try_from(limits.connections.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let slots = Arc::new(Semaphore::new(most as usize));
    let router = control::router(app.clone());
    let pacers = Pacers::start();
    let (passed_on, inner) = watch::channel(Stage::Serve);
    while *stage.borrow_and_update() == Stage::Serve {
        let accepted = tokio::select! {
            biased;
            changed = stage.changed() => { if changed.is_err() { break } continue }
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((tcp, slot)) => {
                tokio::spawn(connection(tcp, app.clone(), router.clone(), inner.clone(), Place { pacer: pacers.pick(), _slot: slot }));
            }
            Err(error) => {
                app.log(Level::Error, &format!("cannot accept a connection: {error}"));
                let _ = timeout(PAUSE, stage.changed()).await;
            }
        }
    }
    drop(listener);
    drop(inner);
    drain(&app, stage, &passed_on, &slots, most).await
}

/// Whoever reaches the socket can read the journal and change fixtures; the log says so when that may be anyone.
pub(super) fn exposure(address: SocketAddr, keys: &ApiKeys) -> Option<String> {
    (!address.ip().is_loopback() && !keys.is_required())
        .then(|| format!("listening on {address} without API keys: anyone who reaches it can use the control API"))
}

/// Waits for the connections to end; after the time for it, or at the second signal, ends them.
async fn drain(app: &App, mut stage: watch::Receiver<Stage>, tell: &watch::Sender<Stage>, slots: &Semaphore, most: u32) -> Ended {
    app.journal.close_tails();
    tell.send_replace(Stage::Drain);
    let aborted = async {
        while *stage.borrow_and_update() < Stage::Abort {
            if stage.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        _ = slots.acquire_many(most) => return Ended::Drained,
        _ = timeout(app.settings.limits.drain, aborted) => {}
    }
    app.stop();
    tell.send_replace(Stage::Abort);
    let _ = slots.acquire_many(most).await;
    Ended::Aborted
}

/// What a connection takes up in the server while it lasts.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub pacer: Option<Arc<Pacer>>,
    pub _slot: Option<OwnedSemaphorePermit>,
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> std::io::Result<(TcpStream, Option<OwnedSemaphorePermit>)> {
    let slot = slots.clone().acquire_owned().await.ok();
    let (tcp, _) = listener.accept().await?;
    // Small frames are the point of a paced stream.
    tcp.set_nodelay(true)?;
    Ok((tcp, slot))
}

/// One connection, to its end.
pub(super) async fn connection(tcp: TcpStream, app: Arc<App>, router: Router, mut stage: watch::Receiver<Stage>, mut place: Place) {
    let link = Arc::new(Link::new(place.pacer.take()));
    let limits = &app.settings.limits;
    // In a box of its own, that goes when the client has spoken.
    let Some(opening) = Box::pin(opening(&tcp, &link, limits, &mut stage)).await else { return };
    let mut io = Line::new(tcp, link.clone());
    let (mut decided, mut is_large) = (None, false);
    if opening == Opening::Http1 && !app.settings.auth.is_required() {
        // In a box as well: most of what comes after needs more room.
        let Some(rest) = Box::pin(fast_path::serve(&mut io, &app, &link, &stage)).await else { return };
        io.unread(rest.bytes);
        (decided, is_large) = (rest.decided, rest.is_large);
    }
    let doorstep = Doorstep::default();
    let service = {
        let (app, link, doorstep, decided) = (app.clone(), link.clone(), doorstep.clone(), Mutex::new(decided));
        // In a box: a connection keeps the room for it as long as it lasts.
        hyper::service::service_fn(move |request| {
            let decided = decided.lock().unwrap_or_else(PoisonError::into_inner).take();
            Box::pin(respond(app.clone(), router.clone(), (link.clone(), doorstep.clone()), request, decided))
        })
    };
    let over = match opening {
        Opening::Http1 => {
            drive(
                pin!(http1(limits, is_large).serve_connection(io, service).with_upgrades()),
                (&link, limits.idle, Some(limits.header_time)),
                &mut stage,
            )
            .await
        }
        Opening::Unclear => {
            let builder = builder(limits);
            let mut serving = Box::pin(builder.serve_connection_with_upgrades(io, service));
            // What comes over HTTP/2 without a request is no head; where it turns out to be HTTP/1, hyper has its own timer.
            Box::pin(drive(serving.as_mut(), (&link, limits.idle, None), &mut stage)).await
        }
    };
    // Here, so that the connection keeps its slot and ends with the server.
    if let Some(opened) = doorstep.take().filter(|_| over.is_some()) {
        Box::pin(socket::converse(app.clone(), link, opened, stage)).await;
    }
}

/// A connection that hyper serves.
trait Served: Future {
    /// Ends it after what is under way.
    fn wind_up(self: Pin<&mut Self>);
}

impl<S> Served for http1::UpgradeableConnection<Line, S>
where
    S: HttpService<Incoming, ResBody = Body, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    fn wind_up(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<S> Served for auto::UpgradeableConnection<'_, Line, S, TokioExecutor>
where
    S: Service<Request<Incoming>, Response = Response, Future: Send + 'static, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    fn wind_up(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Has a connection served to its end; `None`: it was given up before, as it was idle or the server stops.
async fn drive(
    mut serving: Pin<&mut impl Served>,
    (link, idle, head): (&Link, Duration, Option<Duration>),
    stage: &mut watch::Receiver<Stage>,
) -> Option<()> {
    loop {
        tokio::select! {
            biased;
            // What goes wrong on a connection concerns its client alone, and the journal has it.
            _ = serving.as_mut() => return Some(()),
            turn = Seldom::new(turn(&mut *stage, link, idle, head)) => match turn {
                Turn::Drain => serving.as_mut().wind_up(),
                Turn::Over => return None,
            },
        }
    }
}

/// What happens to a connection from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is to finish what it has begun.
    Drain,
    /// The server ends, or the connection was idle for too long.
    Over,
}

/// Waits for what happens next.
pub(super) async fn turn(stage: &mut watch::Receiver<Stage>, link: &Link, idle: Duration, head: Option<Duration>) -> Turn {
    let over_at = || link.over_at(idle, head);
    loop {
        // Nobody says when a head begins: it is looked for now and then.
        let look_at = head.map_or_else(over_at, |head| over_at().min(Instant::now() + head / 2));
        tokio::select! {
            changed = stage.changed() => {
                return if changed.is_err() || *stage.borrow_and_update() == Stage::Abort { Turn::Over } else { Turn::Drain };
            }
            () = sleep_until(look_at) => if over_at() <= Instant::now() { return Turn::Over },
        }
    }
}

/// What a connection begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Http1,
    /// The preface of HTTP/2, or the beginning of it.
    Unclear,
}

/// Waits for the first bytes and leaves them where they are; `None`: there is nothing to serve.
async fn opening(tcp: &TcpStream, link: &Link, limits: &Limits, stage: &mut watch::Receiver<Stage>) -> Option<Opening> {
    let mut first = [0; PREFACE.len()];
    let read = tokio::select! {
        read = tcp.peek(&mut first) => read.ok().filter(|read| *read > 0)?,
        // Without a request there is nothing to finish.
        _ = stage.wait_for(|stage| *stage > Stage::Serve) => return None,
        () = sleep_until(link.idle_at(limits.idle)) => return None,
    };
    Some(if PREFACE.starts_with(first.get(..read)?) { Opening::Unclear } else { Opening::Http1 })
}

/// hyper's least buffer is 8 KiB.
pub(super) fn header_bytes(limits: &Limits) -> usize {
    limits.header_bytes.max(8 * 1024)
}

/// For what is HTTP/1: told so, hyper reads a request at once, and into one buffer. Whoever sends large bodies is read in larger
/// pieces: with small ones the system takes twice as long for them.
fn http1(limits: &Limits, is_large: bool) -> http1::Builder {
    let mut builder = http1::Builder::new();
    let bytes = if is_large { header_bytes(limits).max(LARGE_PIECE) } else { header_bytes(limits) };
    // A timer for each head would cost more than reading it; see `turn`.
    builder.header_read_timeout(None).max_buf_size(bytes);
    builder
}

/// Whether a head has more bytes than are allowed. hyper sees to that itself where it reads in pieces of that size.
fn is_over(request: &Request<Incoming>, limits: &Limits) -> bool {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    fields.sum::<usize>() + target > header_bytes(limits)
}

/// What hyper answers such a head with.
fn too_long() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// For what is HTTP/2, or may become it.
fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let header_bytes = header_bytes(limits);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_time).max_buf_size(header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX));
    builder
}

/// The client is to get nothing: on HTTP/2 the stream is reset.
#[derive(Debug, thiserror::Error)]
#[error("nothing is to be answered")]
struct Abandoned;

/// Answers one request: what holds for all of them, around the router. What is kept while it waits is kept small: each request
/// makes it anew.
fn respond(
    app: Arc<App>,
    router: Router,
    (link, doorstep): (Arc<Link>, Doorstep),
    request: Request<Incoming>,
    decided: Option<Box<Decided>>,
) -> impl Future<Output = Result<Response, Abandoned>> {
    if let Some(decided) = decided {
        return Either::Right(carry_on(*decided, app, link, request).boxed());
    }
    let http2 = request.version() == Version::HTTP_2;
    if !http2 && is_over(&request, &app.settings.limits) {
        return Either::Right(async { Ok(too_long()) }.boxed());
    }
    if request.version() < Version::HTTP_11 {
        link.mark_old();
    }
    let request_id: FieldValue = request_id(&app, request.headers().get(head::REQUEST_ID).map(HeaderValue::as_bytes)).into();
    let origin = Origin { link: link.clone(), http2, request_id: request_id.clone(), doorstep };
    if is_plain(&app, &request) {
        let begun = pipeline::begin(app, origin, request);
        return Either::Left(async move {
            let read = intake::read(begun.body, begun.arrived.limits()).await;
            let response = begun.arrived.decided(read, pipeline::by_all_means).response().await;
            settled(response, &link, http2, &request_id).await
        });
    }
    let answered = async move {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(origin);
        // Whatever takes long, a large journal for one, is not idleness.
        let answering = link.request();
        let response = route(app, router, request).await;
        drop(answering);
        settled(response, &link, http2, &request_id).await
    };
    Either::Right(answered.boxed())
}

/// Answers a request that was decided before hyper had it.
async fn carry_on(decided: Decided, app: Arc<App>, link: Arc<Link>, request: Request<Incoming>) -> Result<Response, Abandoned> {
    // It was read before.
    drop(intake::read(request.into_body(), &app.settings.limits).await);
    settled(decided.sending.response().await, &link, false, &decided.request_id).await
}

/// What holds for all answers.
async fn settled(mut response: Response, link: &Link, http2: bool, request_id: &FieldValue) -> Result<Response, Abandoned> {
    if let Some(Abandon(close)) = response.extensions().get().copied() {
        if http2 {
            return Err(Abandoned);
        }
        link.cut(close);
        match forever().await {}
    }
    head::finish(response.headers_mut(), request_id);
    together(Took::Long).await;
    Ok(response)
}

/// Whether the request goes to the pipeline whatever it says, as most do.
fn is_plain(app: &App, request: &Request<Incoming>) -> bool {
    control::is_pipelines(request.uri().path())
        && request.method() != Method::OPTIONS
        && !app.settings.auth.is_required()
        && !request.headers().contains_key(UPGRADE)
}

async fn route(app: Arc<App>, router: Router, request: Request<Body>) -> Response {
    let headers = request.headers();
    let preflight = request.method() == Method::OPTIONS;
    let asks_for_cors = headers.contains_key("origin") && headers.contains_key("access-control-request-method");
    if preflight && (asks_for_cors || !app.settings.auth.is_required()) {
        return head::response(204, Vec::new(), Body::empty());
    }
    if app.settings.auth.is_required() && !is_exempt(&request) && !app.settings.auth.admit(&intake::headers(headers)) {
        let mut response = Box::pin(pipeline::turn_away(app, request, 401, &WRONG_KEY)).await;
        response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer realm=\"aimock\""));
        return response;
    }
    if preflight {
        return head::response(204, Vec::new(), Body::empty());
    }
    if control::is_cross_site(request.uri().path(), headers) {
        return control::cross_site();
    }
    if !control::is_own(request.uri().path()) {
        return pipeline::answer(State(app), request).await;
    }
    let answered: Result<Response, Infallible> = Service::call(&TowerToHyperService::new(router), request).await;
    match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Probes tell nothing and need no key.
fn is_exempt(request: &Request<Body>) -> bool {
    request.method() == Method::GET && ["/health", "/ready", "/metrics"].contains(&request.uri().path())
}

/// The caller's own id for the request if it is one, else a new one.
pub(super) fn request_id(app: &App, given: Option<&[u8]>) -> String {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    let given = given.filter(|id| (1..=128).contains(&id.len()) && id.iter().copied().all(is_of_it));
    given.map_or_else(|| app.ids.draw().text(), |id| String::from_utf8_lossy(id).into_owned())
}
