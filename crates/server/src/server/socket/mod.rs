//! Sockets (WebSocket): opened here, then a conversation whose turns go through the same decision as any request.
//!
//! The connection's own task carries a conversation on (see `listen`), so that it counts among the connections, drains with
//! them and ends with them. `talk` listens and decides, `carry` sends a turn's plan, `reach` finds an upstream, `relayed` passes
//! on what is said with it. Nothing here knows a vendor.

mod carry;
mod pump;
mod reach;
mod relayed;
mod talk;
mod told;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::header::{CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub(super) use self::talk::converse;
use super::App;
use super::intake;
use super::pipeline::Origin;
use crate::engine::FieldValue;
use crate::exchange::{Headers, RawRequest};
use crate::provider::route::Lookup;
use crate::provider::socket::METHOD;
use crate::provider::{Params, Provider, Route};

/// Fields of the handshake that say nothing of the request and differ each time.
const HANDSHAKE: [&str; 7] = [
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "sec-websocket-accept",
];
/// Before the key that a page sends as a protocol, since it can set no header.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// A socket that was granted and is about to open.
pub(super) struct Opened {
    upgrade: OnUpgrade,
    codec: &'static dyn Provider,
    route: &'static Route,
    params: Params,
    /// The request that asked for it; every turn has its headers.
    raw: RawRequest,
    request_id: FieldValue,
    /// Those that the client offers, without its key.
    protocols: Vec<String>,
    /// An upstream that takes part from the start.
    far: Option<pump::Far>,
}

/// Where a request leaves its socket for the connection that carries it on. Each connection has one, and most stay empty.
#[derive(Clone, Default)]
pub(super) struct Doorstep(Arc<Mutex<Option<Box<Opened>>>>);

impl Doorstep {
    fn leave(&self, opened: Opened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(opened));
    }

    /// The socket that was left here.
    pub(super) fn take(&self) -> Option<Opened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map(|opened| *opened)
    }
}

impl std::fmt::Debug for Doorstep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Doorstep")
    }
}

/// Grants a socket to a request that asks for one where one is spoken; any other request stays as it is.
pub(super) async fn open(app: &Arc<App>, request: &mut Request) -> Option<Response> {
    let key = asks(request)?;
    let path = request.uri().path().to_owned();
    let Lookup::Socket { codec, route, params } = (app.world.lookup)(METHOD, &path) else { return None };
    let origin = request.extensions().get::<Origin>().cloned()?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
    let (parts, _) = std::mem::take(request).into_parts();
    let asked = intake::head(&parts);
    let raw = without_handshake(&asked);
    let offered: Vec<String> = protocols(&parts.headers).filter(|name| !name.starts_with(KEY_PROTOCOL)).collect();
    let mut protocol = protocols(&parts.headers).next().and_then(|name| HeaderValue::from_str(&name).ok());
    let mut far = None;
    if let Some(way) = reach::at_once(app, codec, &raw) {
        let lookup = Lookup::Socket { codec, route, params: params.clone() };
        match Box::pin(reach::open(app, &way, (&raw, asked), &offered, (&lookup, &origin))).await {
            Ok((reached, chosen)) => {
                far = Some(reached);
                // A client that offers none wants none.
                protocol = protocol.map(|first| chosen.unwrap_or(first));
            }
            Err(response) => return Some(response),
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = response.headers_mut();
    fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        fields.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    origin.doorstep.leave(Opened { upgrade, codec, route, params, raw, request_id: origin.request_id, protocols: offered, far });
    Some(response)
}

/// The key of a request that asks for a socket (RFC 6455, "Opening Handshake").
fn asks(request: &Request) -> Option<HeaderValue> {
    let says = |name: &str, word: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let is_one = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && says("upgrade", "websocket")
        && says("connection", "upgrade")
        && says("sec-websocket-version", "13");
    request.headers().get(SEC_WEBSOCKET_KEY).filter(|_| is_one).cloned()
}

/// The protocols that are offered, in order; the first is the one that is spoken, as in the peer.
fn protocols(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The request as turns have it: without the handshake, the key in a header, and without the slash that Node's client of
/// Google's API puts before the path.
fn without_handshake(raw: &RawRequest) -> RawRequest {
    let mut headers: Headers = raw.headers.iter().filter(|(name, _)| !HANDSHAKE.contains(name)).collect();
    if headers.first("authorization").is_none() {
        let mut offered = raw.headers.all("sec-websocket-protocol").flat_map(|value| value.split(','));
        if let Some(key) = offered.find_map(|name| name.trim().strip_prefix(KEY_PROTOCOL)) {
            headers.push("authorization", format!("Bearer {key}"));
        }
    }
    let path = raw.path.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(&raw.path);
    let target = if raw.query.is_empty() { path.to_owned() } else { format!("{path}?{}", raw.query) };
    RawRequest::new(METHOD, &target, headers, bytes::Bytes::new())
}
