//! Seeded randomness. Every random thing the engine does comes from here, so a seed repeats a run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers that its seed decides alone.
#[derive(Clone, Debug)]
pub struct Dice {
    key: [u8; 32],
    /// Made for the first throw: most answers need none.
    thrown: Option<Box<ChaCha8Rng>>,
}

impl Dice {
    /// Dice of a seed.
    pub fn seeded(seed: u64) -> Dice {
        Dice::of(seed, 0, 0)
    }

    /// Dice of one request: the server's seed, what identifies the request, and how often it came before. Requests in
    /// parallel do not disturb each other's numbers.
    pub fn of(seed: u64, identity: u64, occurrence: u64) -> Dice {
        let mut key = [0_u8; 32];
        for (slot, word) in key.chunks_exact_mut(8).zip([seed, identity, occurrence, 0]) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        Dice { key, thrown: None }
    }

    /// A number that the seed decides as well, without a throw.
    pub fn tag(&self) -> u64 {
        rapidhash::v3::rapidhash_v3(&self.key)
    }

    /// A number in `0..1`, all 53 bits of it random.
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let bits = (self.word() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// Any number.
    pub fn word(&mut self) -> u64 {
        self.thrown.get_or_insert_with(|| Box::new(ChaCha8Rng::from_seed(self.key))).next_u64()
    }
}
