//! Connections to one upstream, kept for the next request.
//!
//! A connection has no task of its own: whoever waits for its answer drives it. So a relayed answer changes no task and
//! no thread on its way, and what the upstream has sent together is here together. Nobody looks at a connection that
//! rests; it is tried before it is used again, and closed when it has rested for too long.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::Connection as _;
use tokio::task::unconstrained;
use tokio::time::Instant;
use tower_service::Service as _;

use super::super::transmit::pause;
use super::connect::{Dial, Wire};
use super::{ContactError, failure};

/// Servers written with Node close idle connections after five seconds; ours go before.
const IDLE: Duration = Duration::from_secs(4);

/// The connections to one upstream.
pub(super) struct Pool {
    connector: HttpsConnector<Dial>,
    origin: Uri,
    host: HeaderValue,
    rest: Arc<Mutex<Rest>>,
}

/// Connections without a request, the last used at the end.
#[derive(Default)]
struct Rest {
    lanes: Vec<(Instant, Box<Lane>)>,
    /// A task waits to close the old ones.
    is_swept: bool,
}

/// A connection.
struct Lane {
    sender: http1::SendRequest<Full<Bytes>>,
    wire: http1::Connection<MaybeHttpsStream<Wire>, Full<Bytes>>,
    /// Requests name the whole URL.
    by_proxy: bool,
}

impl Lane {
    /// Lets the connection read and write; whether it goes on.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(&mut self.wire).poll(cx).is_pending()
    }

    /// Whether the next request can be sent.
    fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx) && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())))
    }
}

impl Pool {
    /// No connection yet. The authority has no user in it.
    pub(super) fn new(connector: HttpsConnector<Dial>, scheme: &Scheme, authority: &Authority) -> Result<Pool, hyper::http::Error> {
        let origin = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/").build()?;
        let usual = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let host = if authority.port_u16() == Some(usual) { authority.host() } else { authority.as_str() };
        Ok(Pool { connector, host: HeaderValue::from_str(host)?, origin, rest: Arc::default() })
    }

    /// Sends a request and waits for the head of its answer. A connection that turns out to be closed before anything was
    /// sent is replaced by another.
    pub(super) async fn send(
        &self,
        path: PathAndQuery,
        mut request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Inflow>, ContactError> {
        request.headers_mut().insert(HOST, self.host.clone());
        loop {
            let rested = std::future::poll_fn(|cx| Poll::Ready(self.take(cx))).await;
            let reused = rested.is_some();
            let mut lane = match rested {
                Some(lane) => lane,
                None => Box::pin(self.dial()).await?,
            };
            *request.uri_mut() = if lane.by_proxy { self.absolute(path.clone()) } else { Uri::from(path.clone()) };
            let mut answer = pin!(unconstrained(lane.sender.try_send_request(request)));
            let mut lane = Some(lane);
            let answered = std::future::poll_fn(|cx| {
                // Gone, it takes the request along: there is an answer now.
                if lane.as_mut().is_some_and(|lane| !lane.drive(cx)) {
                    lane = None;
                }
                // Only the connection can bring the answer on, and it wakes this task. That must hold when the task has
                // used up its share, too: hence `unconstrained`.
                answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            });
            match answered.await {
                Ok(response) => {
                    let rest = Arc::downgrade(&self.rest);
                    return Ok(response.map(|body| Inflow { body, lane, rest }));
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => request = unsent,
                    _ => return Err(failure(error.error())),
                },
            }
        }
    }

    /// Asks for another protocol on a connection of its own; whoever reads the answer has the connection then.
    pub(super) async fn upgrade(
        &self,
        path: PathAndQuery,
        mut request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, ContactError> {
        request.headers_mut().insert(HOST, self.host.clone());
        let Lane { mut sender, wire, by_proxy } = *Box::pin(self.dial()).await?;
        *request.uri_mut() = if by_proxy { self.absolute(path) } else { Uri::from(path) };
        // It ends with the upgrade, or when nobody reads its answer any more.
        tokio::spawn(wire.with_upgrades());
        sender.send_request(request).await.map_err(|error| failure(&error))
    }

    /// A connection that is still open.
    fn take(&self, cx: &mut Context<'_>) -> Option<Box<Lane>> {
        loop {
            let (since, mut lane) = lock(&self.rest).lanes.pop()?;
            if since.elapsed() < IDLE && lane.is_free(cx) {
                return Some(lane);
            }
        }
    }

    /// A new connection.
    async fn dial(&self) -> Result<Box<Lane>, ContactError> {
        let mut connector = self.connector.clone();
        std::future::poll_fn(|cx| connector.poll_ready(cx)).await.map_err(|error| failure(&*error))?;
        let stream = connector.call(self.origin.clone()).await.map_err(|error| failure(&*error))?;
        let by_proxy = stream.connected().is_proxied();
        let (sender, wire) = http1::handshake(stream).await.map_err(|error| failure(&error))?;
        Ok(Box::new(Lane { sender, wire, by_proxy }))
    }

    fn absolute(&self, path: PathAndQuery) -> Uri {
        let mut parts = self.origin.clone().into_parts();
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).unwrap_or_default()
    }
}

/// The body of an answer with the connection that it comes from. Dropped before its end, it closes the connection.
pub(in crate::server) struct Inflow {
    body: Incoming,
    lane: Option<Box<Lane>>,
    rest: Weak<Mutex<Rest>>,
}

impl Inflow {
    /// Frees the connection of a body that is here as a whole. One that has more to say after all is closed.
    pub(in crate::server) async fn end(mut self) {
        let rest = |cx: &mut Context<'_>| {
            while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut self).poll_frame(cx) {}
            Poll::Ready(())
        };
        std::future::poll_fn(rest).await;
    }

    /// The answer is complete: its connection is free for the next request.
    fn hand_back(&mut self, cx: &mut Context<'_>) {
        let (Some(mut lane), Some(rest)) = (self.lane.take(), self.rest.upgrade()) else { return };
        if lane.is_free(cx) {
            Rest::put(&rest, lane);
        }
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let mut driven = false;
        loop {
            match Pin::new(&mut this.body).poll_frame(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(None) => {
                    this.hand_back(cx);
                    return Poll::Ready(None);
                }
                Poll::Ready(frame) => return Poll::Ready(frame),
                Poll::Pending if driven => return Poll::Pending,
                Poll::Pending => {}
            }
            let Some(lane) = &mut this.lane else { return Poll::Ready(None) };
            driven = lane.drive(cx);
            if !driven {
                // Gone, it takes its end of the body along: there is an answer now.
                this.lane = None;
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

impl Rest {
    fn put(rest: &Arc<Mutex<Rest>>, lane: Box<Lane>) {
        let mut resting = lock(rest);
        resting.lanes.push((Instant::now(), lane));
        if !std::mem::replace(&mut resting.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(rest)));
        }
    }

    /// Closes what has rested for too long; whether something is left.
    fn sweep(&mut self) -> bool {
        // The last used are taken first, so that the old ones stand in front.
        let old = self.lanes.partition_point(|(since, _)| since.elapsed() >= IDLE);
        self.lanes.drain(..old);
        self.is_swept = !self.lanes.is_empty();
        self.is_swept
    }
}

/// Closes old connections as long as there are any.
async fn sweep(rest: Weak<Mutex<Rest>>) {
    loop {
        pause(IDLE).await;
        match rest.upgrade() {
            Some(rest) if lock(&rest).sweep() => {}
            _ => return,
        }
    }
}

fn lock(rest: &Mutex<Rest>) -> MutexGuard<'_, Rest> {
    rest.lock().unwrap_or_else(PoisonError::into_inner)
}
