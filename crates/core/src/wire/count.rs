//! Counting events in bytes that pass by, without keeping them: those with data, blank lines and comments left out.

use super::Framing;
use super::scan::{Scanner, Sign};

/// Counts events however the bytes are cut.
#[derive(Debug)]
pub struct Counter {
    framing: Framing,
    /// Finds the events of the framings that have no lines.
    scanner: Scanner,
    /// Bytes of the line so far, as far as they matter, and how many of them are the start of `data`.
    length: usize,
    alike: usize,
    /// The line begins with `data:`.
    is_data: bool,
    /// The event has a line of data.
    has_data: bool,
    after_cr: bool,
}

const FIELD: &[u8] = b"data";

impl Counter {
    /// A counter at the start of a body.
    pub fn new(framing: Framing) -> Counter {
        Counter { framing, scanner: Scanner::new(framing), length: 0, alike: 0, is_data: false, has_data: false, after_cr: false }
    }

    /// How many events these bytes complete.
    pub fn feed(&mut self, bytes: &[u8]) -> u32 {
        match self.framing {
            Framing::Whole => return 0,
            Framing::Sse | Framing::Ndjson => {}
            Framing::JsonArray | Framing::EventStream => {
                let ends = |byte: &&u8| matches!(self.scanner.step(**byte), Some(Sign::End | Sign::Sealed));
                return u32::try_from(bytes.iter().filter(ends).count()).unwrap_or(u32::MAX);
            }
        }
        let mut count = 0;
        let mut rest = bytes;
        while let Some((&first, tail)) = rest.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = tail;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
            self.hold(line);
            if let Some(ender) = behind.first() {
                self.after_cr = *ender == b'\r';
                count += u32::from(self.end_line());
            }
            rest = behind.get(1..).unwrap_or_default();
        }
        count
    }

    /// Whether the body ends with an event that its last line end is missing from; NDJSON allows that.
    pub fn finish(&mut self) -> u32 {
        u32::from(self.framing == Framing::Ndjson && std::mem::take(&mut self.length) > 0)
    }

    fn hold(&mut self, line: &[u8]) {
        for byte in line.iter().take((FIELD.len() + 1).saturating_sub(self.length)) {
            if self.alike == self.length && FIELD.get(self.alike) == Some(byte) {
                self.alike += 1;
            } else if self.alike == FIELD.len() && self.length == FIELD.len() && *byte == b':' {
                self.is_data = true;
            }
            self.length += 1;
        }
    }

    fn end_line(&mut self) -> bool {
        let length = std::mem::take(&mut self.length);
        let bare = std::mem::take(&mut self.alike) == FIELD.len() && length == FIELD.len();
        let is_data = std::mem::take(&mut self.is_data) || bare;
        match self.framing {
            Framing::Ndjson => length > 0,
            Framing::Sse if length == 0 => std::mem::take(&mut self.has_data),
            Framing::Sse | Framing::JsonArray | Framing::EventStream | Framing::Whole => {
                self.has_data |= is_data;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::sse::Decoder;

    #[track_caller]
    fn check(framing: Framing, bytes: &str, expected: u32) {
        let mut counter = Counter::new(framing);
        assert_eq!(counter.feed(bytes.as_bytes()) + counter.finish(), expected, "{bytes:?}");
        let mut counter = Counter::new(framing);
        let piecewise: u32 = bytes.as_bytes().chunks(1).map(|byte| counter.feed(byte)).sum();
        assert_eq!(piecewise + counter.finish(), expected, "{bytes:?}, byte by byte");
    }

    #[test]
    fn events_with_data_count() {
        check(Framing::Sse, "data: 1\n\ndata: [DONE]\n\n", 2);
        check(Framing::Sse, ": ping\n\nevent: x\ndata:1\ndata:2\n\n", 1);
        check(Framing::Sse, "data: 1\r\n\r\ndata: 2\r\rdata: cut", 2);
        check(Framing::Sse, "data\n\ndatum: 1\n\ndat\n\n", 1);
        check(Framing::Sse, "xdata: 1\n\n", 0);
    }

    #[test]
    fn lines_count_unless_blank() {
        check(Framing::Ndjson, "{}\n\n{}\r\n{}", 3);
        check(Framing::Whole, "data: 1\n\n", 0);
    }

    proptest! {
        #[test]
        fn counts_what_the_decoder_reads(text in "(data|dat|:|event|x| |\n|\r|\r\n){0,40}") {
            let read = Decoder::new(1 << 20).feed(text.as_bytes()).unwrap();
            let with_data = read.iter().filter(|event| event.data.is_some()).count();
            let mut counter = Counter::new(Framing::Sse);
            prop_assert_eq!(counter.feed(text.as_bytes()) as usize, with_data);
        }
    }
}
