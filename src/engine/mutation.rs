//! Chaos on a stream in flight: bytes in as they come, pieces out, whatever way the bytes are cut. It holds nothing back,
//! so a relay stays as prompt as its upstream, and takes the same memory for any length.

use std::time::Duration;

use bytes::Bytes;

use super::Bypass;

/// What is put before the JSON of an event, or in place of a whole JSON body, to break it: the peer's text.
pub const MALFORMED: &str = "{malformed json: <<<chaos>>>";

/// How events are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON value a line.
    Ndjson,
    /// A binary event stream, which nothing here takes apart.
    Binary,
    /// No stream of events: one body.
    Whole,
}

impl Framing {
    /// The framing that a content type announces.
    pub fn of(content_type: Option<&str>) -> Framing {
        let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "text/event-stream" => Framing::Sse,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonl" => Framing::Ndjson,
            "application/vnd.amazon.eventstream" => Framing::Binary,
            _ => Framing::Whole,
        }
    }

    /// Why a stream of this framing was left alone, where it is one.
    pub fn bypassed(self) -> Option<Bypass> {
        match self {
            Framing::Sse => Some(Bypass::SseStreamed),
            Framing::Ndjson => Some(Bypass::NdjsonStreamed),
            Framing::Binary => Some(Bypass::BinaryStreamed),
            Framing::Whole => None,
        }
    }
}

/// What is done to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Breaks the JSON of the event with this index, or of the next one that holds a JSON object.
    Break(u64),
    /// Ends the connection after so many events.
    Cut(u64),
    /// Pauses after so many events.
    Pause(u64, Duration),
    /// Sends these bytes after so many events, then ends the stream properly.
    Error(u64, Bytes),
}

/// What leaves, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Send(Bytes),
    /// Nothing leaves for this long.
    Pause(Duration),
    /// The connection ends without a proper end of the message. Nothing follows.
    Cut,
    /// The message ends properly. Nothing follows.
    End,
}

/// One change on its way through a stream.
#[derive(Debug)]
pub struct Mutation {
    change: Change,
    scanner: Scanner,
    /// Whole events so far.
    events: u64,
    applied: bool,
    /// An event has ended in a CR, which an LF may complete.
    open_end: bool,
    over: bool,
}

impl Mutation {
    /// A change to a stream of this framing; only [`Framing::Sse`] and [`Framing::Ndjson`] have events that it can find.
    pub fn new(framing: Framing, change: Change) -> Mutation {
        Mutation { change, scanner: Scanner::new(framing), events: 0, applied: false, open_end: false, over: false }
    }

    /// Takes the next bytes and returns what leaves now.
    pub fn feed(&mut self, bytes: &Bytes) -> Vec<Piece> {
        let (mut pieces, mut from) = (Vec::new(), 0);
        for (index, byte) in bytes.iter().enumerate() {
            if self.over {
                return pieces;
            }
            let completes = std::mem::take(&mut self.open_end) && *byte == b'\n';
            if self.is_due() && !completes {
                self.act(bytes.slice(from..index), &mut pieces);
                from = index;
                if self.over {
                    return pieces;
                }
            }
            match self.scanner.step(*byte) {
                Some(Sign::Value(first)) if self.breaks(first) => {
                    pieces.extend(sent(bytes.slice(from..index)));
                    pieces.push(Piece::Send(Bytes::from_static(MALFORMED.as_bytes())));
                    (from, self.applied) = (index, true);
                }
                Some(Sign::End) => {
                    self.events += 1;
                    self.open_end = *byte == b'\r';
                    if self.is_due() && !self.open_end {
                        self.act(bytes.slice(from..=index), &mut pieces);
                        from = index + 1;
                    }
                }
                Some(Sign::Value(_)) | None => {}
            }
        }
        if !self.over {
            pieces.extend(sent(bytes.slice(from..)));
        }
        pieces
    }

    /// Whether the change has been made.
    pub fn is_applied(&self) -> bool {
        self.applied
    }

    /// What has become of it, once the stream has ended.
    ///
    /// # Errors
    /// The stream had no event, or ended before its place.
    pub fn outcome(&self) -> Result<(), Bypass> {
        match (self.applied, self.events) {
            (true, _) => Ok(()),
            (false, 0) => Err(Bypass::EmptyStream),
            (false, _) => Err(Bypass::StreamEnded),
        }
    }

    fn breaks(&self, first: u8) -> bool {
        matches!(self.change, Change::Break(index) if self.events >= index) && first == b'{' && !self.applied
    }

    /// Whether this is the place between two events where something happens.
    fn is_due(&self) -> bool {
        let place = match self.change {
            Change::Break(_) => return false,
            Change::Cut(after) | Change::Pause(after, _) | Change::Error(after, _) => after,
        };
        !self.applied && self.events >= place
    }

    fn act(&mut self, before: Bytes, pieces: &mut Vec<Piece>) {
        self.applied = true;
        pieces.extend(sent(before));
        match &self.change {
            Change::Break(_) => {}
            Change::Pause(_, pause) => pieces.push(Piece::Pause(*pause)),
            Change::Cut(_) => {
                self.over = true;
                pieces.push(Piece::Cut);
            }
            Change::Error(_, bytes) => {
                self.over = true;
                pieces.extend([Piece::Send(bytes.clone()), Piece::End]);
            }
        }
    }
}

fn sent(bytes: Bytes) -> Option<Piece> {
    (!bytes.is_empty()).then_some(Piece::Send(bytes))
}

/// The bytes of one event with its JSON broken; `None` when it holds no JSON object.
pub(super) fn broken(framing: Framing, event: &Bytes, index: u64) -> Option<Bytes> {
    let mut mutation = Mutation::new(framing, Change::Break(index));
    let pieces = mutation.feed(event);
    let bytes = |piece: &Piece| if let Piece::Send(bytes) = piece { bytes.to_vec() } else { Vec::new() };
    mutation.is_applied().then(|| Bytes::from(pieces.iter().flat_map(bytes).collect::<Vec<u8>>()))
}

/// How many events a whole body holds.
pub(super) fn count(framing: Framing, body: &[u8]) -> u64 {
    let mut scanner = Scanner::new(framing);
    body.iter().filter(|byte| matches!(scanner.step(**byte), Some(Sign::End))).count() as u64
}

/// What a byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// It is the first byte of an event's data.
    Value(u8),
    /// It ends an event.
    End,
}

/// Finds events, a byte at a time.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "where a scanner stands has many sides")]
struct Scanner {
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
}

impl Scanner {
    fn new(framing: Framing) -> Scanner {
        Scanner {
            framing,
            name: [0; 6],
            column: 0,
            before_value: framing == Framing::Ndjson,
            has_data: false,
            counts: false,
            after_cr: false,
            mark: b"\xef\xbb\xbf",
        }
    }

    fn step(&mut self, byte: u8) -> Option<Sign> {
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
            Framing::Binary | Framing::Whole => None,
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
}
