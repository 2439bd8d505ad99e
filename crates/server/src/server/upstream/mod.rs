//! The HTTP client: which upstream a request goes to, and what becomes of its header fields on the way there and back.
//!
//! Requests and answers pass as bytes; nothing here reads a body. Connections are pooled, HTTPS is checked against the
//! system's certificates and those of `--upstream-ca`, and the proxies of the environment are used.

mod connect;
mod fields;
mod pool;
mod socket;
mod tls;

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};

pub(super) use fields::response_fields;
pub(super) use pool::Inflow;
pub(super) use socket::{Reached, Refusal, Socket};

use crate::exchange::RawRequest;
use crate::provider::route;
use connect::Dial;
use pool::Pool;

/// The start of placeholder keys, as the peer has it.
const DUMMY_MARKER: &str = "sk-aimock-";

/// One provider's upstream.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// As `match.provider` and the flags name it.
    pub provider: String,
    /// Scheme, host and perhaps a path in front of the request's own.
    pub base: String,
    /// Sent in place of a credential that is missing or a placeholder.
    pub key: Option<String>,
}

/// Keys are not shown.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("provider", &self.provider).field("base", &self.base).finish_non_exhaustive()
    }
}

/// The proxies that the environment names, as text; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    pub all: String,
    pub http: String,
    pub https: String,
    /// Hosts that are reached without a proxy.
    pub except: String,
}

/// Where the upstreams are and how they are asked.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    pub targets: Vec<Target>,
    /// Keys that begin so are placeholders; empty: none are.
    pub dummy_marker: String,
    /// From the request to the first byte of the answer's body.
    pub first_byte: Duration,
    /// The longest silence within an answer's body.
    pub body_pause: Duration,
    /// Certificates to trust beside the system's, as PEM text.
    pub authorities: Option<String>,
    pub proxies: Proxies,
    /// The client's own credentials are for this server and go no further.
    pub keeps_credentials: bool,
}

impl Default for UpstreamSettings {
    fn default() -> UpstreamSettings {
        UpstreamSettings {
            targets: Vec::new(),
            dummy_marker: DUMMY_MARKER.to_owned(),
            first_byte: Duration::from_secs(30),
            body_pause: Duration::from_secs(30),
            authorities: None,
            proxies: Proxies::default(),
            keeps_credentials: false,
        }
    }
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("the URL of provider `{provider}` is not of the form https://host or http://host:port/path: {reason}")]
    Url { provider: String, reason: String },
    #[error("the URL of provider `{provider}` holds a user or password: set AIMOCK_PROVIDER_{}_KEY in place of it", provider.to_ascii_uppercase())]
    Credentials { provider: String },
    #[error("the key of provider `{provider}` holds characters that no header can carry")]
    Key { provider: String },
    #[error("the proxy for {scheme} upstreams must be reached over http, not `{got}`")]
    Proxy { scheme: &'static str, got: String },
    #[error("the certificates cannot be used: {0}")]
    Authorities(String),
}

/// Why an upstream gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContactError {
    #[error("upstream did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    #[error("Proxy to upstream failed: {0}")]
    Failed(String),
    #[error("No configured provider credential")]
    NoCredential,
}

/// The upstreams of a server, and the connections to them.
pub struct Upstreams {
    settings: UpstreamSettings,
    bases: Vec<Base>,
    /// One for each base.
    pools: Vec<Pool>,
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A base URL in parts.
#[derive(Clone, Debug)]
struct Base {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    path: String,
}

impl Upstreams {
    /// A client for these upstreams. Of several targets of one provider the first counts.
    ///
    /// # Errors
    /// A URL, key, proxy or certificate cannot be used.
    pub fn new(settings: UpstreamSettings) -> Result<Upstreams, UpstreamError> {
        let bases = settings.targets.iter().map(Base::of).collect::<Result<Vec<Base>, _>>()?;
        let secure = bases.iter().any(|base| base.scheme == Scheme::HTTPS);
        let tls = tls::config(settings.authorities.as_deref(), secure)?;
        let dial = Dial::new(&settings.proxies, settings.first_byte)?;
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(dial);
        let pools = settings.targets.iter().zip(&bases).map(|(target, base)| {
            let pool = Pool::new(connector.clone(), &base.scheme, &base.authority);
            pool.map_err(|error| UpstreamError::Url { provider: target.provider.clone(), reason: error.to_string() })
        });
        let pools = pools.collect::<Result<Vec<Pool>, _>>()?;
        Ok(Upstreams { settings, bases, pools })
    }

    /// The place of a provider's upstream among the targets.
    pub(super) fn find(&self, provider: &str) -> Option<usize> {
        self.settings.targets.iter().position(|target| target.provider == provider)
    }

    /// The URL that a request would go to, without its query.
    pub(super) fn display(&self, target: usize, path: &str) -> String {
        self.bases
            .get(target)
            .map(|base| {
                let path = route::vendor_path(path);
                format!("{}://{}{}{path}", base.scheme, base.authority, base.path_before(path))
            })
            .unwrap_or_default()
    }

    /// The longest silence within an answer's body.
    pub(super) fn body_pause(&self) -> Duration {
        self.settings.body_pause
    }

    /// A target's provider, as the flags name it.
    pub(super) fn provider(&self, target: usize) -> &str {
        self.settings.targets.get(target).map_or("", |target| &target.provider)
    }

    /// The keys that must never be written anywhere.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.targets.iter().filter_map(|target| target.key.as_deref())
    }

    /// From the request to the first byte of the answer's body.
    pub(super) fn first_byte(&self) -> Duration {
        self.settings.first_byte
    }

    /// Sends a request on and waits for the head of its answer.
    pub(super) async fn contact(&self, target: usize, raw: &RawRequest) -> Result<hyper::Response<Inflow>, ContactError> {
        let (path, request) = self.request(target, raw)?;
        let Some(pool) = self.pools.get(target) else { return Err(no_such()) };
        pool.send(path, request).await
    }

    fn request(&self, target: usize, raw: &RawRequest) -> Result<(PathAndQuery, hyper::Request<Full<Bytes>>), ContactError> {
        let (Some(target), Some(base)) = (self.settings.targets.get(target), self.bases.get(target)) else { return Err(no_such()) };
        let query = fields::query(raw, target, &self.settings);
        let path = base.path_of(route::vendor_path(&raw.path), &query).map_err(|reason| ContactError::Failed(reason.to_string()))?;
        let mut request = hyper::Request::new(Full::new(raw.body.clone()));
        *request.method_mut() = raw.method.parse().map_err(|_| ContactError::Failed(format!("{} is no method", raw.method)))?;
        *request.headers_mut() = fields::request_fields(raw, target, &self.settings)?;
        Ok((path, request))
    }
}

fn no_such() -> ContactError {
    ContactError::Failed("there is no such upstream".to_owned())
}

/// The last cause says what happened; what stands around it only says that something did.
fn failure(error: &(dyn std::error::Error + 'static)) -> ContactError {
    if let Some(reason) = tls::distrust(error) {
        return ContactError::Failed(reason);
    }
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    ContactError::Failed(last.to_string())
}

/// What a broken body is called in the journal and the log.
pub(super) fn reason(error: &hyper::Error) -> String {
    failure(error).to_string()
}

impl Base {
    fn of(target: &Target) -> Result<Base, UpstreamError> {
        let refuse = |reason: &str| UpstreamError::Url { provider: target.provider.clone(), reason: reason.to_owned() };
        let Parts { scheme, authority, path_and_query, .. } =
            Uri::from_str(target.base.trim()).map_err(|error| refuse(&error.to_string()))?.into_parts();
        let (Some(scheme), Some(authority)) = (scheme, authority) else { return Err(refuse("scheme or host is missing")) };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(refuse("the scheme must be http or https"));
        }
        if authority.as_str().contains('@') {
            return Err(UpstreamError::Credentials { provider: target.provider.clone() });
        }
        if target.key.as_ref().is_some_and(|key| hyper::header::HeaderValue::from_str(key).is_err()) {
            return Err(UpstreamError::Key { provider: target.provider.clone() });
        }
        if path_and_query.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err(refuse("it has a query"));
        }
        let path = path_and_query.map(|path| path.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        Ok(Base { scheme, authority, path })
    }

    /// What stands before a request's path. A base that ends in a version, as clients write it (`/v1`, `/v1beta`), is not
    /// put before a path that starts with it.
    fn path_before(&self, path: &str) -> &str {
        let is_version =
            |segment: &str| segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        let first = path.split('/').nth(1).unwrap_or_default();
        match self.path.rsplit_once('/') {
            Some((front, last)) if last == first && is_version(last) => front,
            _ => &self.path,
        }
    }

    /// Path and query of a request as the upstream gets them.
    fn path_of(&self, path: &str, query: &str) -> Result<PathAndQuery, hyper::http::uri::InvalidUri> {
        let front = self.path_before(path);
        let mark = if query.is_empty() { "" } else { "?" };
        PathAndQuery::from_maybe_shared(Bytes::from([front, path, mark, query].concat()))
    }
}
