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
        let mut id = String::with_capacity(prefix.len() + 16);
        id.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut id);
        id
    }
}
