//! Counting events in bytes that pass by, without keeping them.

/// How a body is divided into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// Server-sent events; those without data (comments) do not count.
    EventStream,
    /// One JSON value a line; blank lines do not count.
    Lines,
    /// Not at all.
    Undivided,
}

impl Division {
    /// What a content type says about it.
    pub fn of(content_type: &str) -> Division {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &&str| kind.eq_ignore_ascii_case(name);
        if is(&"text/event-stream") {
            Division::EventStream
        } else if ["application/x-ndjson", "application/ndjson", "application/jsonl"].iter().any(is) {
            Division::Lines
        } else {
            Division::Undivided
        }
    }
}

/// Counts events however the bytes are cut.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    division: Division,
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
    pub fn new(division: Division) -> Counter {
        Counter { division, length: 0, alike: 0, is_data: false, has_data: false, after_cr: false }
    }

    /// How many events these bytes complete.
    pub fn feed(&mut self, bytes: &[u8]) -> u32 {
        if self.division == Division::Undivided {
            return 0;
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
        u32::from(self.division == Division::Lines && std::mem::take(&mut self.length) > 0)
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
        match self.division {
            Division::Lines => length > 0,
            Division::EventStream if length == 0 => std::mem::take(&mut self.has_data),
            Division::EventStream | Division::Undivided => {
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
    fn check(division: Division, bytes: &str, expected: u32) {
        let mut counter = Counter::new(division);
        assert_eq!(counter.feed(bytes.as_bytes()) + counter.finish(), expected, "{bytes:?}");
        let mut counter = Counter::new(division);
        let piecewise: u32 = bytes.as_bytes().chunks(1).map(|byte| counter.feed(byte)).sum();
        assert_eq!(piecewise + counter.finish(), expected, "{bytes:?}, byte by byte");
    }

    #[test]
    fn events_with_data_count() {
        check(Division::EventStream, "data: 1\n\ndata: [DONE]\n\n", 2);
        check(Division::EventStream, ": ping\n\nevent: x\ndata:1\ndata:2\n\n", 1);
        check(Division::EventStream, "data: 1\r\n\r\ndata: 2\r\rdata: cut", 2);
        check(Division::EventStream, "data\n\ndatum: 1\n\ndat\n\n", 1);
        check(Division::EventStream, "xdata: 1\n\n", 0);
    }

    #[test]
    fn lines_count_unless_blank() {
        check(Division::Lines, "{}\n\n{}\r\n{}", 3);
        check(Division::Undivided, "data: 1\n\n", 0);
    }

    proptest! {
        #[test]
        fn counts_what_the_decoder_reads(text in "(data|dat|:|event|x| |\n|\r|\r\n){0,40}") {
            let read = Decoder::new(1 << 20).feed(text.as_bytes()).unwrap();
            let with_data = read.iter().filter(|event| event.data.is_some()).count();
            let mut counter = Counter::new(Division::EventStream);
            prop_assert_eq!(counter.feed(text.as_bytes()) as usize, with_data);
        }
    }
}
