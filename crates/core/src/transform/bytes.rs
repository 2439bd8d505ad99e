//! What recognisers ask about bytes. Everything they look for is ASCII; bytes of other characters end words.

use std::ops::Range;

/// Stretches of digits, in order.
pub(super) fn digit_runs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = next_digit(bytes, at)?;
        let end = start + bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
        at = end;
        Some(start..end)
    })
}

/// Prose has few digits: whole blocks are passed over with one comparison a vector.
fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 32;
    let mut at = from;
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if block.iter().fold(false, |any, byte| any | byte.is_ascii_digit()) {
            break;
        }
        at += BLOCK;
    }
    bytes.get(at..)?.iter().position(u8::is_ascii_digit).map(|offset| at + offset)
}

/// Where two letters stand after one another, in lower or upper case; `pair` is in lower case. Whole blocks are passed over
/// with a few comparisons a vector.
pub(super) fn letter_pairs(bytes: &[u8], pair: [u8; 2]) -> impl Iterator<Item = usize> {
    const BLOCK: usize = 32;
    let [first, second] = pair;
    let is_pair = move |before: u8, after: u8| before | 0x20 == first && after | 0x20 == second;
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<{ BLOCK + 1 }>) {
            if (0..BLOCK).fold(false, |any, index| any | is_pair(block[index], block[index + 1])) {
                break;
            }
            at += BLOCK;
        }
        let found = at + bytes.get(at..)?.windows(2).position(|two| matches!(two, [before, after] if is_pair(*before, *after)))?;
        at = found + 1;
        Some(found)
    })
}

/// Whether a byte belongs to a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether what starts here goes on from a word. The letter of an escape (`\n` in JSON inside a string) is no word.
pub(super) fn joined_before(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|index| bytes.get(index)).copied() else { return false };
    let escaped = matches!(before, b'n' | b'r' | b't') && at.checked_sub(2).and_then(|index| bytes.get(index)) == Some(&b'\\');
    is_word(before) && !escaped
}

/// Whether what ends here goes on as a word.
pub(super) fn joined_after(bytes: &[u8], end: usize) -> bool {
    bytes.get(end).copied().is_some_and(is_word)
}

/// The byte before a place.
pub(super) fn before(bytes: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|index| bytes.get(index)).copied()
}

/// How many bytes from a place on are of a kind, at most `most`.
pub(super) fn run(bytes: &[u8], from: usize, most: usize, of: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).take(most).take_while(|byte| of(**byte)).count()
}

/// How many bytes that end at a place are of a kind, at most `most`.
pub(super) fn run_back(bytes: &[u8], end: usize, most: usize, of: impl Fn(u8) -> bool) -> usize {
    bytes.get(..end).unwrap_or(&[]).iter().rev().take(most).take_while(|byte| of(**byte)).count()
}

/// The number that digits spell; none for anything else, or when it is too large.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// How many different bytes there are.
pub(super) fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().filter(|byte| !std::mem::replace(&mut seen[usize::from(**byte)], true)).count()
}

/// Which characters a text has: one pass, one table look-up a byte. What a recogniser cannot do without is compared
/// with it before the recogniser runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs(u16);

impl Signs {
    pub const NONE: Signs = Signs(0);
    pub const DIGIT: Signs = Signs(1);
    pub const DASH: Signs = Signs(1 << 1);
    pub const UNDERSCORE: Signs = Signs(1 << 2);
    pub const AT: Signs = Signs(1 << 3);
    pub const COLON: Signs = Signs(1 << 4);
    /// `/` or `\`.
    pub const SLASH: Signs = Signs(1 << 5);
    pub const DOT: Signs = Signs(1 << 6);
    /// Any white space, or a byte that may begin one outside ASCII.
    pub const SPACE: Signs = Signs(1 << 7);
    pub const EQUALS: Signs = Signs(1 << 8);
    /// Bytes that stand in numbers and names alike; every text with letters has it.
    pub const LETTER: Signs = Signs(1 << 9);
    /// What the placeholders of the built-ins are written with.
    pub(super) const OF_PLACEHOLDERS: Signs = Signs::LETTER.and(Signs::DASH).and(Signs::SPACE);

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Signs) -> Signs {
        Signs(self.0 | other.0)
    }

    /// Whether all of these are among them.
    pub(super) const fn have(self, all: Signs) -> bool {
        self.0 & all.0 == all.0
    }

    /// The signs of a text.
    pub(super) fn of(text: &str) -> Signs {
        let sign = |byte: u8| TABLE[usize::from(byte)];
        let (fours, rest) = text.as_bytes().as_chunks::<4>();
        let mut seen = rest.iter().fold(0, |seen, byte| seen | sign(*byte));
        for [a, b, c, d] in fours {
            // In pairs, so that not every byte waits for the one before it.
            seen |= (sign(*a) | sign(*b)) | (sign(*c) | sign(*d));
        }
        Signs(seen)
    }
}

static TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        // Every value of a byte.
        #[expect(clippy::cast_possible_truncation, reason = "the index stays below 256")]
        let byte = index as u8;
        table[index] = match byte {
            b'0'..=b'9' => Signs::DIGIT.0,
            b'-' => Signs::DASH.0,
            b'_' => Signs::UNDERSCORE.0,
            b'@' => Signs::AT.0,
            b':' => Signs::COLON.0,
            b'/' | b'\\' => Signs::SLASH.0,
            b'.' => Signs::DOT.0,
            b'=' => Signs::EQUALS.0,
            b'A'..=b'Z' | b'a'..=b'z' => Signs::LETTER.0,
            b' ' | b'\t'..=b'\r' | 0xc2..=0xf4 => Signs::SPACE.0,
            _ => 0,
        };
        index += 1;
    }
    table
};
