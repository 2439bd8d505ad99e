//! Connections to upstreams: straight, or by way of a proxy that the environment names.
//!
//! Hosts of this machine are always reached straight, as Go's client does it: a proxy elsewhere cannot reach them.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::super::line::as_one;
use super::{Proxies, UpstreamError};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections.
#[derive(Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
}

/// A TCP connection to the upstream, or to its proxy.
pub(super) struct Wire {
    tcp: TokioIo<TcpStream>,
    /// Requests are for a proxy and must name the whole URL.
    by_proxy: bool,
}

impl Dial {
    /// Connections are made within `patience`.
    pub(super) fn new(proxies: &Proxies, patience: Duration) -> Result<Dial, UpstreamError> {
        let mut tcp = HttpConnector::new();
        // The scheme is seen to by TLS around this connector.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        let Proxies { all, http, https, except } = proxies;
        let matcher = Matcher::builder().all(all.as_str()).http(http.as_str()).https(https.as_str()).no(except.as_str()).build();
        for (scheme, probe) in [("http", "http://upstream.invalid"), ("https", "https://upstream.invalid")] {
            let intercept = matcher.intercept(&Uri::from_static(probe));
            if let Some(got) = intercept.and_then(|intercept| intercept.uri().scheme_str().map(str::to_owned)).filter(|got| got != "http") {
                return Err(UpstreamError::Proxy { scheme, got });
            }
        }
        Ok(Dial { tcp, proxies: Arc::new(matcher) })
    }

    fn proxy(&self, uri: &Uri) -> Option<Intercept> {
        if uri.host().is_some_and(is_here) { None } else { self.proxies.intercept(uri) }
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Service<Uri> for Dial {
    type Response = Wire;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let proxy = self.proxy(&uri);
        let mut tcp = self.tcp.clone();
        Box::pin(async move {
            match proxy {
                None => Ok(Wire { tcp: tcp.call(uri).await?, by_proxy: false }),
                Some(proxy) if uri.scheme() == Some(&Scheme::HTTPS) => {
                    let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                    if let Some(auth) = proxy.basic_auth() {
                        tunnel = tunnel.with_auth(auth.clone());
                    }
                    Ok(Wire { tcp: tunnel.call(uri).await?, by_proxy: false })
                }
                Some(proxy) => Ok(Wire { tcp: tcp.call(proxy.uri().clone()).await?, by_proxy: true }),
            }
        })
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        self.tcp.connected().proxy(self.by_proxy)
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: hyper::rt::ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let tcp = Pin::new(&mut self.tcp);
        match as_one(pieces, |bytes| tcp.poll_write(cx, bytes)) {
            Some(written) => written,
            None => Pin::new(&mut self.tcp).poll_write_vectored(cx, pieces),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
