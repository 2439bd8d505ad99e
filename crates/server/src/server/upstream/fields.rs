//! Which header fields pass a relay, in both directions, and whose credential the upstream sees.
//!
//! The rules for requests are the peer's. What concerns one connection only is dropped (RFC 9110, section 7.6.1).

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::super::credential::{KEY_HEADERS, is_signature};
use super::{ContactError, Target, UpstreamSettings};
use crate::exchange::RawRequest;

/// Fields about one connection.
const HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];
/// Fields of requests that are for this server, or that the client to the upstream writes itself. Without
/// `accept-encoding` upstreams answer without compression, so that what is recorded can be read.
const OWN: [&str; 7] = ["host", "content-length", "cookie", "accept-encoding", "x-test-id", "expect", "forwarded"];
/// Fields that belong to a signature of Amazon's and mean nothing without it.
const SIGNED: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
/// Fields of answers that would bind the client to the upstream's host, or that are ours to write.
const UNWANTED: [&str; 4] = ["set-cookie", "alt-svc", "strict-transport-security", "content-length"];

/// The query parameter in which Google's APIs take a key.
const QUERY_KEY: &str = "key";

/// The fields of a request as the upstream gets them.
pub(super) fn request_fields(raw: &RawRequest, target: &Target, settings: &UpstreamSettings) -> Result<HeaderMap, ContactError> {
    let named: Vec<String> = listed(raw.headers.all("connection"));
    let mut fields = HeaderMap::new();
    for (name, value) in raw.headers.iter() {
        let signed_for_us = settings.keeps_credentials && SIGNED.contains(&name);
        let dropped = signed_for_us
            || HOP.contains(&name)
            || OWN.contains(&name)
            || name.starts_with("x-aimock-")
            || named.iter().any(|hop| hop == name);
        if dropped || (settings.keeps_credentials && KEY_HEADERS.contains(&name)) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            fields.append(name, value);
        }
    }
    if query_key_stays(raw, target, settings) != Some(true) {
        inject_key(&mut fields, target, settings)?;
    }
    Ok(fields)
}

/// The query as the upstream gets it: without a key that gives way to the provider's own.
pub(super) fn query(raw: &RawRequest, target: &Target, settings: &UpstreamSettings) -> String {
    match query_key_stays(raw, target, settings) {
        Some(false) => {
            let others = raw.query.split('&').filter(|pair| pair.split('=').next() != Some(QUERY_KEY));
            others.collect::<Vec<_>>().join("&")
        }
        Some(true) | None => raw.query.clone(),
    }
}

/// Google's APIs take the key in the query too; `None` where there is none. It stays unless it is meant for this server, or is
/// a placeholder and there is a key to put in its place.
fn query_key_stays(raw: &RawRequest, target: &Target, settings: &UpstreamSettings) -> Option<bool> {
    let key = raw.query_value(QUERY_KEY).filter(|_| matches!(target.provider.as_str(), "gemini" | "vertexai"))?;
    Some(!settings.keeps_credentials && (target.key.is_none() || !is_placeholder(&key, settings)))
}

fn is_placeholder(key: &str, settings: &UpstreamSettings) -> bool {
    let marker = settings.dummy_marker.as_str();
    key.is_empty() || (!marker.is_empty() && key.starts_with(marker))
}

/// The names in a `Connection` field: they concern this connection only.
fn listed<'v>(values: impl Iterator<Item = &'v str>) -> Vec<String> {
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// Puts the provider's own key where the client's is missing or a placeholder, or a signature for this server's address,
/// which the upstream would refuse.
fn inject_key(fields: &mut HeaderMap, target: &Target, settings: &UpstreamSettings) -> Result<(), ContactError> {
    let Some(key) = &target.key else {
        return if settings.keeps_credentials { Err(ContactError::NoCredential) } else { Ok(()) };
    };
    let (name, scheme) = credential_field(&target.provider);
    let given = fields.get(name).and_then(|value| value.to_str().ok()).map(|value| without_scheme(value, scheme));
    let signature = given.is_some_and(is_signature);
    if signature || given.is_none_or(|given| is_placeholder(given, settings)) {
        for name in SIGNED.into_iter().filter(|_| signature) {
            fields.remove(name);
        }
        let mut value = HeaderValue::from_str(&format!("{scheme}{key}")).map_err(|_| ContactError::NoCredential)?;
        value.set_sensitive(true);
        fields.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}

/// Where a provider looks for its key, and what stands before it.
fn credential_field(provider: &str) -> (&'static str, &'static str) {
    match provider {
        "anthropic" => ("x-api-key", ""),
        "gemini" | "veo" => ("x-goog-api-key", ""),
        "azure" => ("api-key", ""),
        "elevenlabs" => ("xi-api-key", ""),
        "fal" => ("authorization", "Key "),
        _ => ("authorization", "Bearer "),
    }
}

fn without_scheme<'v>(value: &'v str, scheme: &str) -> &'v str {
    match value.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => value.get(scheme.len()..).unwrap_or_default().trim(),
        _ => value.trim(),
    }
}

/// The fields of an answer as the client gets them. `content-encoding` passes only with the bytes that it describes.
pub(in crate::server) fn response_fields(fields: &HeaderMap, decoded: bool) -> HeaderMap {
    let named = listed(fields.get_all("connection").iter().filter_map(|value| value.to_str().ok()));
    // Room for what every answer says about itself.
    let mut kept = HeaderMap::with_capacity(fields.len() + 8);
    for (name, value) in fields {
        let text = name.as_str();
        let dropped = HOP.contains(&text)
            || UNWANTED.contains(&text)
            || text.starts_with("access-control-")
            || named.iter().any(|hop| hop == text)
            || (decoded && text == "content-encoding");
        if !dropped {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}
