//! Ids that can be repeated: a seeded stream of random bytes.

use crate::provider::Ids;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Prefix plus 12 bytes in base64url (16 characters) that look random. The same seed gives the same ids in the same order.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    count: u64,
}

impl SeededIds {
    /// Ids from a seed.
    pub fn new(seed: u64) -> SeededIds {
        SeededIds { seed, count: 0 }
    }
}

impl Ids for SeededIds {
    fn next(&mut self, prefix: &str) -> String {
        self.count += 1;
        numbered(prefix, self.seed, self.count)
    }
}

/// The id of a number among those of a seed.
pub fn numbered(prefix: &str, seed: u64, number: u64) -> String {
    let hash = |words: [u64; 2]| rapidhash::v3::rapidhash_v3(words.map(u64::to_le_bytes).as_flattened());
    let mut bytes = [0; 12];
    let (high, low) = bytes.split_at_mut(8);
    high.copy_from_slice(&hash([seed, number]).to_be_bytes());
    low.copy_from_slice(hash([number, seed]).to_be_bytes().first_chunk::<4>().unwrap_or(&[0; 4]));
    tagged(prefix, bytes)
}

/// A prefix and 12 bytes in base64url.
fn tagged(prefix: &str, bytes: [u8; 12]) -> String {
    let mut text = [0; 16];
    // 12 bytes are 16 letters, always.
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or_default();
    let mut id = String::with_capacity(prefix.len() + text.len());
    id.push_str(prefix);
    id.push_str(text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default());
    id
}
