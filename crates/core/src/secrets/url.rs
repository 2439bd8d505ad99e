//! Credentials in addresses: signatures, keys in the query, passwords before the host.

use std::sync::LazyLock;

use regex::Regex;

use super::plausible::{is_placeholder, looks_random};
use super::{Class, Hit, holds_known_key};

/// Names of query parameters that sign an address: AWS, Google Cloud, Azure, `CloudFront`.
static SIGNATURE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:X-Amz-Signature=|X-Goog-Signature=|[?&;]sig=|[?&;]Signature=)([A-Za-z0-9%+/=_~-]{32,700})").ok());

/// Members of a query that say for how long a signature grants access.
const EXPIRY: [&str; 6] = ["X-Amz-Expires=", "X-Goog-Expires=", "se=", "Expires=", "Key-Pair-Id=", "X-Amz-Date="];

pub(super) fn may_be_presigned(text: &str) -> bool {
    text.contains("ignature=") || text.contains("sig=")
}

/// Signatures of addresses that also say when they end.
pub(super) fn presigned(text: &str) -> Vec<Hit> {
    let Some(signature) = SIGNATURE.as_ref() else { return Vec::new() };
    signature
        .captures_iter(text)
        .filter_map(|captures| {
            let value = captures.get(1)?;
            let address = address_around(text, value.start());
            (EXPIRY.iter().any(|name| address.contains(name)) && !is_placeholder(value.as_str()) && has_both(value.as_str())).then(|| Hit {
                class: Class::Presigned,
                title: "the signature of a presigned URL",
                mark: "",
                range: value.range(),
            })
        })
        .collect()
}

fn has_both(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The address that this place is in; addresses end at spaces and quotes. Bounded, so that a text of many parameters
/// stays linear.
fn address_around(text: &str, at: usize) -> &str {
    const REACH: usize = 4096;
    let stops = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`');
    let bytes = text.as_bytes();
    let before = bytes.get(..at).unwrap_or(&[]).iter().rev().take(REACH).take_while(|byte| !stops(byte)).count();
    let after = bytes.get(at..).unwrap_or(&[]).iter().take(REACH).take_while(|byte| !stops(byte)).count();
    let (mut start, mut end) = (at - before, at + after);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(start..end).unwrap_or("")
}

static USER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[a-z][a-z0-9+.-]{1,20}://([^\s:/?#@"'<>]{1,100}):([^\s/?#@"'<>]{4,200})@([A-Za-z0-9.\[\]:-]+)"#).ok());

static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)://[^\s"'<>]{1,2000}?[?&](?:api[_-]?key|key|access[_-]?key|access[_-]?token|auth[_-]?token|token|secret|client[_-]?secret|subscription-key|password)=([^\s&#"'<>\\]{16,512})"#).ok()
});

/// Keys and passwords in addresses. Keys of a known form are left to their own rules.
pub(super) fn credentials(text: &str) -> Vec<Hit> {
    let hit = |range, title| Hit { class: Class::UrlCredential, title, mark: "", range };
    let mut hits = Vec::new();
    if let Some(user) = USER.as_ref().filter(|_| text.contains('@')) {
        hits.extend(user.captures_iter(text).filter_map(|captures| {
            let (name, password, host) = (captures.get(1)?, captures.get(2)?, captures.get(3)?);
            is_password(name.as_str(), password.as_str(), host.as_str()).then(|| hit(password.range(), "a password in a URL"))
        }));
    }
    if let Some(query) = QUERY.as_ref().filter(|_| text.contains(['?', '&'])) {
        hits.extend(query.captures_iter(text).filter_map(|captures| {
            let value = captures.get(1)?;
            let real = looks_random(value.as_str()) && !holds_known_key(value.as_str());
            real.then(|| hit(value.range(), "a key in a URL"))
        }));
    }
    hits.sort_by_key(|hit| hit.range.start);
    hits.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    hits
}

fn is_password(name: &str, password: &str, host: &str) -> bool {
    // Names without a dot are those of containers and of this machine.
    let dotted = host.contains('.') && !["localhost", "127.", "0.0.0.0"].iter().any(|local| host.starts_with(local));
    dotted
        && !host.contains("example")
        && host.rsplit('.').next() != Some("test")
        && password != name
        && password.len() >= 8
        && has_both(password)
        && !is_placeholder(password)
        && !holds_known_key(password)
}
