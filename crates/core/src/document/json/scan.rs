//! The small parts of JSON: white space, comments, words, numbers and strings.

use std::borrow::Cow;

use super::{Reader, Result, Span, Trouble, Value};
use crate::document::number;

impl<'s> Reader<'s, '_> {
    /// Steps over white space and comments.
    pub(super) fn space(&mut self) -> Result<()> {
        const INDENTATION: &[u8] = b"        ";
        loop {
            match self.peek() {
                // A good part of a file that people can read is indentation.
                Some(b' ') if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(INDENTATION)) => {
                    self.at += INDENTATION.len();
                }
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<()> {
        let rest = self.rest();
        let length = if rest.starts_with("//") {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if let Some(body) = rest.strip_prefix("/*") {
            match body.find("*/") {
                Some(end) => end + 4,
                None => return Err(self.ends_inside(Span::new(self.at, self.at + 2), "comment", "this comment starts here", "`*/`")),
            }
        } else {
            return Err(self.unexpected("a value, or a comment as `// …` or `/* … */`"));
        };
        let span = Span::new(self.at, self.at + length);
        self.count(span)?;
        self.comments.push(span);
        self.at = span.end;
        Ok(())
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self, wanted: &str) -> Result<Value<'s>> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => return Err(self.unexpected(wanted)),
        };
        self.at += length;
        Ok(value)
    }

    /// A number as RFC 8259 has it, as its text. One beyond the range of a double is a finding.
    pub(super) fn number(&mut self) -> Result<&'s str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));

        let mut at = start + usize::from(is(start, b"-"));
        let whole = digits(at);
        if whole == 0 || (whole > 1 && is(at, b"0")) {
            return Err(self.bad_number());
        }
        at += whole;
        if is(at, b".") {
            let fraction = digits(at + 1);
            if fraction == 0 {
                return Err(self.bad_number());
            }
            at += 1 + fraction;
        }
        if is(at, b"eE") {
            let sign = usize::from(is(at + 1, b"+-"));
            let exponent = digits(at + 1 + sign);
            if exponent == 0 {
                return Err(self.bad_number());
            }
            at += 1 + sign + exponent;
        }
        if bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')) {
            return Err(self.bad_number());
        }
        self.at = at;
        let text = &self.text[start..at];
        if !number::is_finite(text) {
            self.findings.push(number::not_finite(text, Span::new(start, at)));
        }
        Ok(text)
    }

    /// A string, borrowed when it has no escapes. Stands on the opening quote.
    pub(super) fn string(&mut self) -> Result<Cow<'s, str>> {
        let quote = self.at;
        self.at += 1;
        let first = self.plain_run();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(first));
        }
        let mut text = std::mem::take(&mut self.unescaped);
        text.clear();
        text.push_str(first);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => text.push(self.escape(quote)?),
                _ => return Err(self.broken_string(quote)),
            }
            text.push_str(self.plain_run());
        }
        self.at += 1;
        if text.len() > LONG {
            return Ok(Cow::Owned(text));
        }
        let exact = text.as_str().to_owned();
        self.unescaped = text;
        Ok(Cow::Owned(exact))
    }

    /// The characters up to the next quote, backslash, control character or end.
    fn plain_run(&mut self) -> &'s str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += plain_length(rest);
        &self.text[start..self.at]
    }

    /// One escape; stands on the backslash. Half a surrogate pair is a finding and reads as U+FFFD.
    fn escape(&mut self, quote: usize) -> Result<char> {
        let start = self.at;
        let Some(letter) = self.text.as_bytes().get(start + 1) else {
            self.at = self.text.len();
            return Err(self.broken_string(quote));
        };
        let decoded = match letter {
            b'"' | b'\\' | b'/' => char::from(*letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(quote),
            _ => return Err(self.bad_escape()),
        };
        self.at = start + 2;
        Ok(decoded)
    }

    fn unicode_escape(&mut self, quote: usize) -> Result<char> {
        let start = self.at;
        let Some(first) = self.code_unit(start) else { return Err(self.bad_unicode_escape(quote)) };
        self.at = start + 6;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let second = self.code_unit(self.at).filter(|unit| first < 0xdc00 && (0xdc00..0xe000).contains(unit));
        if let Some(character) = second.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00))) {
            self.at += 6;
            return Ok(character);
        }
        self.findings.push(Trouble::lone_surrogate(&self.text[start..self.at], Span::new(start, self.at)));
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// The number in a `\uXXXX` at an offset.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
    }
}

/// Strings up to this length are copied out of the buffer that they were put together in; longer ones take it along.
const LONG: usize = 1 << 16;

/// How many bytes there are before the next quote, backslash or control character. Keys and pieces between escapes are
/// short: the first words are looked at one by one. Then blocks are looked at as a whole, which compilers turn into a few
/// vector comparisons.
fn plain_length(bytes: &[u8]) -> usize {
    const WORD: usize = 8;
    const BLOCK: usize = 32;
    let first_end_before = |most: usize, at: &mut usize| {
        while *at < most
            && let Some(word) = bytes.get(*at..).and_then(<[u8]>::first_chunk::<WORD>)
        {
            if let Some(end) = first_end(*word) {
                return Some(*at + end);
            }
            *at += WORD;
        }
        None
    };
    let mut at = 0;
    if let Some(end) = first_end_before(2 * WORD, &mut at) {
        return end;
    }
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        if block.iter().fold(0, |any, byte| any | ends_in_block(*byte)) != 0 {
            break;
        }
        at += BLOCK;
    }
    first_end_before(bytes.len(), &mut at).unwrap_or_else(|| {
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len())
    })
}

fn ends(byte: u8) -> bool {
    ends_in_block(byte) != 0
}

/// In numbers and without a branch: of truth values compilers make jumps, and a block is then read byte by byte.
fn ends_in_block(byte: u8) -> u8 {
    u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20)
}

/// The place of the first byte of a word that [`ends`] a run. In each of the three comparisons a byte that meets the
/// condition sets its highest bit; what it borrows can only reach bytes behind it (Hacker's Delight 6-1).
fn first_end(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(word);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let found = (quote | backslash | control) & (ONES << 7);
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ends, plain_length};

    proptest! {
        #[test]
        fn a_run_is_as_long_as_byte_after_byte_says(
            bytes in proptest::collection::vec(prop_oneof![20 => 0x20..=0xff_u8, 1 => any::<u8>(), 1 => Just(b'"')], 0..200)
        ) {
            let simple = bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), simple);
        }
    }
}
