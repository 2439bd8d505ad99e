//! Requests as they come off the connection: head to [`RawRequest`], body read whole within bounds.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use tokio::time::timeout;

use super::app::{App, Limits};
use super::errors;
use crate::exchange::{ErrorReply, Headers, RawRequest};

/// Room that is made at once for a body that announces its length; a larger one grows.
const MOST_ROOM: usize = 16 << 20;
/// Of a body that is too large this many times the limit is still read, so that the client sees the answer instead of
/// a broken pipe.
const DRAINED: usize = 2;

/// Why a body was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    /// Nothing came for this long.
    TooSlow(Duration),
    /// Its framing makes no sense.
    Broken(String),
    /// The client left.
    Gone,
}

/// A body as it comes in: hyper's own, or that of a request that went through the router.
pub(super) trait Incoming: Body<Data = Bytes, Error: std::error::Error + 'static> + Unpin {}

impl<B: Body<Data = Bytes, Error: std::error::Error + 'static> + Unpin> Incoming for B {}

impl BodyError {
    /// Bad framing is an input error to hyper; everything else is the end of the connection.
    fn of(error: &(dyn std::error::Error + 'static)) -> BodyError {
        let mut cause = Some(error);
        while let Some(current) = cause {
            if let Some(io) = current.downcast_ref::<io::Error>()
                && matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            {
                return BodyError::Broken(io.to_string());
            }
            cause = current.source();
        }
        BodyError::Gone
    }
}

/// The head of a request, without a body yet.
pub(super) fn head(parts: &Parts) -> RawRequest {
    let mut headers = headers(&parts.headers);
    // HTTP/2 says in `:authority` what HTTP/1 says in `Host`.
    if let (Some(authority), None) = (parts.uri.authority(), headers.first("host")) {
        headers.push("host", authority.as_str());
    }
    let target = parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str());
    RawRequest::new(method(&parts.method), target, headers, Bytes::new())
}

/// A method as text, which of nearly all is at hand.
fn method(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::POST => "POST".into(),
        Method::GET => "GET".into(),
        _ => method.as_str().to_owned().into(),
    }
}

/// Header fields as text.
pub(super) fn headers(fields: &HeaderMap) -> Headers {
    Headers::of_bytes(|| fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())), 1)
}

/// A query string, for reading its parameters.
pub(super) fn query(query: &str) -> RawRequest {
    RawRequest::new("GET", &format!("?{query}"), Headers::new(), Bytes::new())
}

/// Reads a body to its end. What has come with the head, as most bodies have, needs no timer, and no room for one.
pub(super) async fn read(mut body: impl Incoming, limits: &Limits) -> Result<Bytes, BodyError> {
    let mut gathered = Gathered::default();
    while let Some(frame) = body.frame().now_or_never() {
        let Some(frame) = frame else { return gathered.whole(limits) };
        gathered.take(frame, &body, limits)?;
    }
    Box::pin(read_on(body, gathered, limits)).await
}

async fn read_on(mut body: impl Incoming, mut gathered: Gathered, limits: &Limits) -> Result<Bytes, BodyError> {
    while let Some(frame) = timeout(limits.body_pause, body.frame()).await.map_err(|_| BodyError::TooSlow(limits.body_pause))? {
        gathered.take(frame, &body, limits)?;
    }
    gathered.whole(limits)
}

/// What has come of a body.
#[derive(Default)]
struct Gathered {
    first: Option<Bytes>,
    joined: BytesMut,
    length: usize,
}

impl Gathered {
    fn take<B: Incoming>(&mut self, frame: Result<Frame<Bytes>, B::Error>, body: &B, limits: &Limits) -> Result<(), BodyError> {
        let Ok(data) = frame.map_err(|error| BodyError::of(&error))?.into_data() else { return Ok(()) };
        self.length = self.length.saturating_add(data.len());
        if self.length > limits.body_bytes.saturating_mul(DRAINED) {
            return Err(BodyError::TooLarge);
        }
        if self.length > limits.body_bytes {
            (self.first, self.joined) = (None, BytesMut::new());
            return Ok(());
        }
        // Most bodies come in one piece, which is then taken as it is.
        match self.first.take() {
            None if self.joined.is_empty() => self.first = Some(data),
            held => {
                if let (Some(held), Some(announced)) = (&held, body.size_hint().upper()) {
                    // What is announced is made room for once; what is announced and never comes takes up nothing.
                    let rest = usize::try_from(announced).unwrap_or(usize::MAX).min(MOST_ROOM);
                    self.joined.reserve(held.len().saturating_add(data.len()).saturating_add(rest));
                }
                self.joined.extend_from_slice(&held.unwrap_or_default());
                self.joined.extend_from_slice(&data);
            }
        }
        Ok(())
    }

    fn whole(self, limits: &Limits) -> Result<Bytes, BodyError> {
        if self.length > limits.body_bytes {
            return Err(BodyError::TooLarge);
        }
        Ok(self.first.unwrap_or_else(|| self.joined.freeze()))
    }
}

/// What a client is told whose body was not read.
pub(super) fn refusal(error: &BodyError, app: &App) -> ErrorReply {
    match error {
        BodyError::TooLarge => errors::too_large(app.settings.limits.body_bytes),
        BodyError::TooSlow(pause) => errors::too_slow(pause.as_secs()),
        BodyError::Broken(reason) => errors::unreadable(reason),
        BodyError::Gone => errors::unreadable("the client left"),
    }
}
