//! Ids that can be repeated: a seeded stream of random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::provider::Ids;

/// Prefix plus 12 random bytes in base64url (16 characters). The same seed gives the same ids in the same order.
#[derive(Debug)]
pub struct SeededIds(ChaCha8Rng);

impl SeededIds {
    /// Ids from a seed.
    pub fn new(seed: u64) -> SeededIds {
        SeededIds(ChaCha8Rng::seed_from_u64(seed))
    }
}

impl Ids for SeededIds {
    fn next(&mut self, prefix: &str) -> String {
        let mut bytes = [0; 12];
        self.0.fill_bytes(&mut bytes);
        tagged(prefix, bytes)
    }
}

/// A prefix and 12 bytes in base64url.
pub fn tagged(prefix: &str, bytes: [u8; 12]) -> String {
    let mut text = [0; 16];
    // 12 bytes are 16 letters, always.
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or_default();
    let mut id = String::with_capacity(prefix.len() + text.len());
    id.push_str(prefix);
    id.push_str(text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default());
    id
}
