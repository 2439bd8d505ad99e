//! Chaos on a stream in flight: bytes in as they come, pieces out, whatever way the bytes are cut. It holds nothing back,
//! so a relay stays as prompt as its upstream, and takes the same memory for any length.

use std::time::Duration;

use bytes::Bytes;

use super::Bypass;
use crate::wire::Framing;
use crate::wire::scan::{Scanner, Sign};

/// What is put before the JSON of an event, or in place of a whole JSON body, to break it: the peer's text.
pub const MALFORMED: &str = "{malformed json: <<<chaos>>>";

/// What is done to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Breaks the JSON of the event with this index, or of the next one that holds a JSON object; of a binary message, the
    /// checksum.
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
    /// A change to a stream of this framing.
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
                Some(sign @ (Sign::End | Sign::Sealed)) => {
                    if sign == Sign::Sealed && self.breaks(b'{') {
                        pieces.extend(sent(bytes.slice(from..index)));
                        pieces.push(Piece::Send(Bytes::copy_from_slice(&[!*byte])));
                        (from, self.applied) = (index + 1, true);
                    }
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
    if framing == Framing::JsonArray {
        // Alone, an element is no array any more.
        let (before, value) = event.split_at(event.iter().position(|byte| *byte == b'{')?);
        return Some([before, MALFORMED.as_bytes(), value].concat().into());
    }
    let mut mutation = Mutation::new(framing, Change::Break(index));
    let pieces = mutation.feed(event);
    let bytes = |piece: &Piece| if let Piece::Send(bytes) = piece { bytes.to_vec() } else { Vec::new() };
    mutation.is_applied().then(|| Bytes::from(pieces.iter().flat_map(bytes).collect::<Vec<u8>>()))
}

/// How many events a whole body holds.
pub(super) fn count(framing: Framing, body: &[u8]) -> u64 {
    let mut scanner = Scanner::new(framing);
    body.iter().filter(|byte| matches!(scanner.step(**byte), Some(Sign::End | Sign::Sealed))).count() as u64
}
