//! Credentials of requests: told apart without being shown.
//!
//! Each gets an ordinal by first appearance (`k0`, `k1` …) and a fingerprint under a key that lives as long as the
//! process. The values themselves are never shown; the journal finds them in what it shows, and the register here knows them again.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use rapidhash::RapidHashMap;
use sha2::{Digest, Sha256};

use crate::engine::is_credential;
use crate::exchange::RequestHead;

/// What stands for a credential.
pub(super) const REDACTED: &str = "[REDACTED]";

/// Header fields that name the caller, in order of precedence.
pub(super) const KEY_HEADERS: [&str; 5] = ["authorization", "x-api-key", "x-goog-api-key", "api-key", "xi-api-key"];
/// Query parameters that hold credentials; compared without case.
const KEY_PARAMETERS: [&str; 9] =
    ["key", "api_key", "api-key", "apikey", "token", "access_token", "sig", "x-amz-signature", "x-amz-security-token"];
/// More different credentials than this get no ordinal.
const MOST_ORDINALS: usize = 10_000;

/// A credential as the journal shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    /// Where it stood.
    pub header: &'static str,
    /// 16 hex digits, comparable within one run only.
    pub fingerprint: String,
    /// `0` for the first credential seen since the last reset.
    pub ordinal: Option<usize>,
}

/// The credentials seen so far.
#[derive(Debug)]
pub(super) struct Credentials {
    key: [u8; 32],
    seen: Mutex<Known>,
}

/// The credential of each value, as it was seen first: most requests bring one that was seen before, in the same place.
#[derive(Default)]
struct Known(RapidHashMap<String, Arc<Credential>>);

/// Says how many, not which.
impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({})", self.0.len())
    }
}

impl Credentials {
    /// None seen yet, under a new key.
    pub(super) fn new() -> Credentials {
        let mut key = [0; 32];
        for slot in key.chunks_exact_mut(8) {
            // The standard library seeds its hashers from the system's randomness.
            slot.copy_from_slice(&RandomState::new().hash_one(0_u8).to_le_bytes());
        }
        Credentials { key, seen: Mutex::default() }
    }

    /// The credential of a request: the bare key, whatever scheme stands before it.
    pub(super) fn identify(&self, raw: &RequestHead) -> Option<Arc<Credential>> {
        let header = KEY_HEADERS.into_iter().find_map(|name| raw.headers.first(name).map(|value| (name, Cow::Borrowed(bare(value)))));
        let (header, value) = header.or_else(|| raw.query_value("key").map(|value| ("?key", Cow::Owned(value))))?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.0.get(value.as_ref()) {
            Some(known) if known.header == header => return Some(known.clone()),
            Some(known) => return Some(Arc::new(Credential { header, ..Credential::clone(known) })),
            None => {}
        }
        let next = seen.0.len();
        let ordinal = (next < MOST_ORDINALS).then_some(next);
        let credential = Arc::new(Credential { header, fingerprint: self.fingerprint(&value), ordinal });
        if ordinal.is_some() {
            seen.0.insert(value.into_owned(), credential.clone());
        }
        Some(credential)
    }

    /// Numbers credentials from `k0` again.
    pub(super) fn reset(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
    }

    fn fingerprint(&self, value: &str) -> String {
        let digest = Sha256::new().chain_update(self.key).chain_update(value).finalize();
        digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The values of a request that nobody may see, wherever they are repeated. A word, such as tests use for a key, is none: it
/// would be taken out of texts that have nothing to do with it.
pub(super) fn credentials_of(raw: &RequestHead) -> Box<[String]> {
    let fields = raw.headers.iter().filter(|(name, _)| is_credential(name));
    let values = fields.map(|(_, value)| bare(value).to_owned()).chain(raw.query_value("key"));
    values.filter(|value| !value.bytes().all(|byte| byte.is_ascii_alphabetic())).collect()
}

/// Whether an `Authorization` value is one of Amazon's signatures, which cover the address that the request was sent to
/// (AWS Signature Version 4).
pub(super) fn is_signature(value: &str) -> bool {
    value.trim_start().starts_with("AWS4-")
}

/// The key of an `Authorization` value without its scheme; of a signature, which differs from request to request, the id
/// of the key that made it.
pub(super) fn bare(value: &str) -> &str {
    let value = value.trim_matches([' ', '\t']);
    if is_signature(value)
        && let Some((_, signer)) = value.split_once("Credential=")
    {
        return signer.split(['/', ',', ' ']).next().unwrap_or_default();
    }
    let end = value.bytes().position(|byte| matches!(byte, b' ' | b'\t'));
    match end.and_then(|end| value.split_at_checked(end)) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("key") => key.trim_matches([' ', '\t']),
        _ => value,
    }
}

/// Path and query of a request, credentials in the query replaced.
pub(super) fn redacted_target(raw: &RequestHead) -> Cow<'_, str> {
    if raw.query.is_empty() {
        return Cow::Borrowed(&raw.path);
    }
    let pairs = raw.query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if KEY_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known)) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    Cow::Owned(format!("{}?{}", raw.path, pairs.collect::<Vec<_>>().join("&")))
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_key_is_what_stands_behind_its_scheme() {
        assert_eq!(bare("Bearer  one "), "one");
        assert_eq!(bare("two"), "two");
        let signature = "AWS4-HMAC-SHA256 Credential=three/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00";
        assert_eq!(bare(signature), "three");
        assert_eq!(bare("AWS4-HMAC-SHA256 nonsense"), "AWS4-HMAC-SHA256 nonsense");
    }
}
