//! Credentials of requests: told apart without being shown.
//!
//! Each gets an ordinal by first appearance (`k0`, `k1` …) and a fingerprint under a key that lives as long as the
//! process. The values themselves are never kept.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use rapidhash::RapidHashMap;
use sha2::{Digest, Sha256};

use crate::exchange::RawRequest;

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
    pub header: String,
    /// 16 hex digits, comparable within one run only.
    pub fingerprint: String,
    /// `0` for the first credential seen since the last reset.
    pub ordinal: Option<usize>,
}

/// The credentials seen so far.
#[derive(Debug)]
pub(super) struct Credentials {
    key: [u8; 32],
    seen: Mutex<RapidHashMap<String, usize>>,
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
    pub(super) fn identify(&self, raw: &RawRequest) -> Option<Credential> {
        let header = KEY_HEADERS.into_iter().find_map(|name| raw.headers.first(name).map(|value| (name, bare(value).to_owned())));
        let (name, value) = header.or_else(|| raw.query_value("key").map(|value| ("?key", value)))?;
        let fingerprint = self.fingerprint(&value);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let next = seen.len();
        let ordinal = match seen.get(&fingerprint) {
            Some(ordinal) => Some(*ordinal),
            None if next >= MOST_ORDINALS => None,
            None => {
                seen.insert(fingerprint.clone(), next);
                Some(next)
            }
        };
        Some(Credential { header: name.to_owned(), fingerprint, ordinal })
    }

    /// Numbers credentials from `k0` again.
    pub(super) fn reset(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn fingerprint(&self, value: &str) -> String {
        let digest = Sha256::new().chain_update(self.key).chain_update(value).finalize();
        digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The key of an `Authorization` value without its scheme.
pub(super) fn bare(value: &str) -> &str {
    let value = value.trim_matches([' ', '\t']);
    match value.split_once([' ', '\t']) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("key") => key.trim_matches([' ', '\t']),
        _ => value,
    }
}

/// Path and query of a request, credentials in the query replaced.
pub(super) fn redacted_target(raw: &RawRequest) -> String {
    if raw.query.is_empty() {
        return raw.path.clone();
    }
    let pairs = raw.query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if KEY_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known)) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    format!("{}?{}", raw.path, pairs.collect::<Vec<_>>().join("&"))
}
