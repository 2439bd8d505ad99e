//! API keys that callers must present, as the peer reads them: `Authorization` needs the scheme `Bearer` or `Key`.

use sha2::{Digest, Sha256};

use super::credential::KEY_HEADERS;
use crate::exchange::Headers;

/// Why a list of keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    #[error("no API key is given: name at least one, or leave auth out")]
    None,
    #[error("API key {number} is empty")]
    Empty { number: usize },
    #[error("API key {number} holds a control character")]
    Control { number: usize },
    #[error("API key {number} is the same as an earlier one")]
    Duplicate { number: usize },
}

/// The keys that open the server, kept as digests. Empty: no key is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKeys(Vec<[u8; 32]>);

impl ApiKeys {
    /// Keys from a configuration; blanks around a key do not count.
    ///
    /// # Errors
    /// No key at all, an empty one, one with control characters, or one given twice. Numbers count from 1.
    pub fn new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<ApiKeys, ApiKeyError> {
        let mut digests = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let (key, number) = (key.as_ref().trim_matches([' ', '\t']), index + 1);
            if key.is_empty() {
                return Err(ApiKeyError::Empty { number });
            }
            if key.chars().any(char::is_control) {
                return Err(ApiKeyError::Control { number });
            }
            if digests.contains(&digest(key)) {
                return Err(ApiKeyError::Duplicate { number });
            }
            digests.push(digest(key));
        }
        if digests.is_empty() { Err(ApiKeyError::None) } else { Ok(ApiKeys(digests)) }
    }

    /// Whether a key is needed.
    pub fn is_required(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a request may pass: at least one key is presented, and all that are presented are the same known key.
    pub(super) fn admit(&self, headers: &Headers) -> bool {
        if !self.is_required() {
            return true;
        }
        let presented = headers.iter().filter(|(name, _)| KEY_HEADERS.contains(name));
        let indexes: Vec<Option<usize>> = presented.map(|(name, value)| self.index(name, value)).collect();
        matches!(indexes.first(), Some(Some(_))) && indexes.iter().all(|index| Some(index) == indexes.first())
    }

    /// Which key this is. Digests are compared, so the time taken tells nothing about the key.
    fn index(&self, name: &str, value: &str) -> Option<usize> {
        let value = value.trim_matches([' ', '\t']);
        let key = if name == "authorization" {
            let (scheme, key) = value.split_once([' ', '\t'])?;
            (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("key")).then_some(key.trim_matches([' ', '\t']))?
        } else {
            value
        };
        let digest = digest(key);
        self.0.iter().position(|known| *known == digest)
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}
