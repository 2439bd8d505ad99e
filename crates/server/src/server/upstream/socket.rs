//! Sockets (WebSocket) to an upstream: the handshake of RFC 6455 over the connections and with the header fields of any
//! other request. What is said on them is none of this module's business.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{ContactError, Upstreams, failure, fields, no_such};
use crate::exchange::RawRequest;

/// So much of a refusal is read, in bytes.
const MOST_REFUSAL: usize = 1024 * 1024;

/// A socket whose other end is an upstream.
pub(in crate::server) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What became of a handshake.
pub(in crate::server) enum Reached {
    /// The socket, and the protocol that the upstream has chosen.
    Open(Box<Socket>, Option<HeaderValue>),
    Refused(Refusal),
}

/// The answer of an upstream that opens no socket.
#[derive(Debug)]
pub(in crate::server) struct Refusal {
    pub status: u16,
    pub fields: HeaderMap,
    pub body: Bytes,
}

impl Upstreams {
    /// Opens a socket where the request asked for one, offering these protocols. Messages of more than `most` bytes are not
    /// taken from it.
    pub(in crate::server) async fn open_socket(
        &self,
        target: usize,
        raw: &RawRequest,
        protocols: &[String],
        most: usize,
    ) -> Result<Reached, ContactError> {
        let patience = self.first_byte();
        let opened = self.shake_hands(target, raw, protocols, most);
        timeout(patience, opened).await.unwrap_or(Err(ContactError::TimedOut(patience)))
    }

    async fn shake_hands(&self, target: usize, raw: &RawRequest, protocols: &[String], most: usize) -> Result<Reached, ContactError> {
        let key = generate_key();
        let (path, request) = self.handshake(target, raw, protocols, &key)?;
        let Some(pool) = self.pools.get(target) else { return Err(no_such()) };
        let mut response = pool.upgrade(path, request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MOST_REFUSAL).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            return Ok(Reached::Refused(Refusal { status: parts.status.as_u16(), fields: parts.headers, body }));
        }
        let accepted =
            response.headers().get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| accept == derive_accept_key(key.as_bytes()).as_str());
        if !accepted {
            return Err(ContactError::Failed("the upstream's answer to the WebSocket handshake is not for this request".to_owned()));
        }
        let protocol = response.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
        let upgraded = hyper::upgrade::on(&mut response).await.map_err(|error| failure(&error))?;
        let config = WebSocketConfig::default().max_message_size(Some(most)).max_frame_size(Some(most));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(config)).await;
        Ok(Reached::Open(Box::new(socket), protocol))
    }

    fn handshake(
        &self,
        target: usize,
        raw: &RawRequest,
        protocols: &[String],
        key: &str,
    ) -> Result<(hyper::http::uri::PathAndQuery, hyper::Request<Full<Bytes>>), ContactError> {
        let (Some(to), Some(base)) = (self.settings.targets.get(target), self.bases.get(target)) else { return Err(no_such()) };
        let query = fields::query(raw, to, &self.settings);
        let path = crate::provider::route::vendor_path(&raw.path);
        let path = base.path_of(path, &query).map_err(|reason| ContactError::Failed(reason.to_string()))?;
        let mut request = hyper::Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Method::GET;
        let mut headers = fields::request_fields(raw, to, &self.settings)?;
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let text = |text: &str| HeaderValue::from_str(text).map_err(|error| ContactError::Failed(error.to_string()));
        headers.insert(SEC_WEBSOCKET_KEY, text(key)?);
        if !protocols.is_empty() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, text(&protocols.join(", "))?);
        }
        *request.headers_mut() = headers;
        Ok((path, request))
    }
}
