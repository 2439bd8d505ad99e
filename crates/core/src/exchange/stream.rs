//! What an answer turned out to be once its bytes were on the way, in nobody's dialect: for the journal and for
//! expectations.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::excerpt;

/// Characters of a text that are shown to people.
const SHOWN: usize = 200;
/// Characters that are kept of it, to see whether the last ones shown are part of something longer.
const KEPT: usize = SHOWN + 300;

/// Token counts that an answer stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatedUsage {
    pub input: u64,
    pub output: u64,
}

/// The text of a stream: too long to keep whole, so its length and digest stand for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextFacts {
    pub characters: u64,
    /// SHA-256 in hex; empty while there is no text.
    pub digest: String,
    /// The first characters, more of them than are shown.
    beginning: String,
}

impl TextFacts {
    /// The facts of a text; two texts are equal when their facts are.
    pub fn of(text: &str) -> TextFacts {
        if text.is_empty() {
            return TextFacts::default();
        }
        let digest = TextFacts::digest_of(Sha256::new().chain_update(text));
        let mut facts = TextFacts { digest, ..TextFacts::default() };
        facts.add(text);
        facts
    }

    /// The facts of a text of which the first characters are known.
    pub fn known(characters: u64, digest: String, beginning: String) -> TextFacts {
        TextFacts { characters, digest, beginning }
    }

    /// Counts a piece of the text. The digest is for whoever knows all of it.
    pub fn add(&mut self, piece: &str) {
        let room = KEPT.saturating_sub(usize::try_from(self.characters).unwrap_or(KEPT));
        self.beginning.extend(piece.chars().take(room));
        self.characters += piece.chars().count() as u64;
    }

    /// The first characters, for people: about 200, or at most as many as are wanted.
    pub fn excerpt(&self, most: usize) -> &str {
        self.beginning.get(excerpt(&self.beginning, 0, most.min(SHOWN))).unwrap_or_default()
    }

    /// The digest of a text that was hashed piece by piece.
    pub fn digest_of(hash: Sha256) -> String {
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// What is known about a stream whose bytes were sent, cut or broken as they may have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Events with data; the terminator is not counted.
    pub events: u64,
    /// The terminator was among them.
    pub terminated: bool,
    /// Events that are not what the format allows, one that was cut in the middle included.
    pub unparsed: u64,
    /// Whether the arguments of every tool call join to JSON; `None` when no tool was called.
    pub tool_arguments: Option<bool>,
    /// The final counts; `None` when the stream ended before them.
    pub usage: Option<StatedUsage>,
    /// An event had usage and nothing else.
    pub usage_only: bool,
    pub text: TextFacts,
}

impl StreamFacts {
    /// At least one event, and no terminator behind it.
    pub fn stops_before_terminator(&self) -> bool {
        self.events > 0 && !self.terminated
    }
}
