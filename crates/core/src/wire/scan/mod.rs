//! Finds events in bytes that pass by, a byte at a time, and keeps none: whoever alters a stream in flight needs their
//! places, not their text.

#[cfg(test)]
mod tests;

use super::Framing;
use super::json_array::{self, Place};

/// What a byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is the first byte of an event's data.
    Value(u8),
    /// It ends an event.
    End,
    /// It is the last byte of a checksum, and ends an event.
    Sealed,
}

/// Finds events, a byte at a time, in the same memory for any length.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "where a scanner stands has many sides")]
pub struct Scanner {
    framing: Framing,
    /// The first bytes of the line: its field's name and the colon.
    name: [u8; 6],
    /// Bytes of the line so far.
    column: usize,
    /// The line is the first one of data, and its value has not begun.
    before_value: bool,
    /// The event has data already.
    has_data: bool,
    /// The block is an event, not a comment alone.
    counts: bool,
    after_cr: bool,
    /// Bytes of a byte-order mark that may still come.
    mark: &'static [u8],
    array: json_array::Scanner,
    /// The length of a binary message, as far as it has come; how many of its bytes have.
    length: u32,
    passed: u32,
}

impl Scanner {
    /// A scanner at the start of a body.
    pub fn new(framing: Framing) -> Scanner {
        Scanner {
            framing,
            name: [0; 6],
            column: 0,
            before_value: framing == Framing::Ndjson,
            has_data: false,
            counts: false,
            after_cr: false,
            mark: if matches!(framing, Framing::Sse | Framing::Ndjson) { b"\xef\xbb\xbf" } else { b"" },
            array: json_array::Scanner::default(),
            length: 0,
            passed: 0,
        }
    }

    /// Takes the next byte.
    pub fn step(&mut self, byte: u8) -> Option<Sign> {
        if let Some((first, rest)) = self.mark.split_first() {
            if *first == byte {
                self.mark = rest;
                return None;
            }
            self.mark = b"";
        }
        match self.framing {
            Framing::Sse => self.step_sse(byte),
            Framing::Ndjson => self.step_line(byte),
            Framing::JsonArray => match self.array.step(byte) {
                Place::First => Some(Sign::Value(byte)),
                Place::Last | Place::Behind => Some(Sign::End),
                Place::Between | Place::Inside | Place::Closed => None,
            },
            Framing::EventStream => self.step_message(byte),
            Framing::Whole => None,
        }
    }

    fn step_sse(&mut self, byte: u8) -> Option<Sign> {
        if std::mem::take(&mut self.after_cr) && byte == b'\n' {
            return None;
        }
        if matches!(byte, b'\r' | b'\n') {
            self.after_cr = byte == b'\r';
            return self.end_line();
        }
        if self.before_value && byte != b' ' {
            self.before_value = false;
            self.column += 1;
            return Some(Sign::Value(byte));
        }
        if let Some(slot) = self.name.get_mut(self.column) {
            *slot = byte;
            self.column += 1;
            if byte == b':' {
                self.take_field(self.column - 1);
            }
        }
        None
    }

    /// The name of the line's field is complete: so many bytes.
    fn take_field(&mut self, length: usize) {
        match self.name.get(..length) {
            Some(b"data") => {
                self.counts = true;
                self.before_value = !self.has_data;
                self.has_data = true;
            }
            Some(b"event" | b"id") => self.counts = true,
            _ => {}
        }
        // Nothing more of the line is a name.
        self.column = self.name.len();
    }

    fn end_line(&mut self) -> Option<Sign> {
        if self.column > 0 {
            if self.column < self.name.len() {
                self.take_field(self.column);
            }
            (self.column, self.before_value) = (0, false);
            return None;
        }
        self.has_data = false;
        std::mem::take(&mut self.counts).then_some(Sign::End)
    }

    fn step_line(&mut self, byte: u8) -> Option<Sign> {
        if byte == b'\n' {
            self.before_value = true;
            return std::mem::take(&mut self.counts).then_some(Sign::End);
        }
        if self.before_value && !byte.is_ascii_whitespace() {
            (self.before_value, self.counts) = (false, true);
            return Some(Sign::Value(byte));
        }
        None
    }

    /// A length that no message can have is passed through as one message without end.
    fn step_message(&mut self, byte: u8) -> Option<Sign> {
        if self.passed < 4 {
            self.length = self.length << 8 | u32::from(byte);
        }
        self.passed = self.passed.saturating_add(1);
        (self.passed >= 4 && self.passed == self.length).then(|| {
            (self.length, self.passed) = (0, 0);
            Sign::Sealed
        })
    }
}
