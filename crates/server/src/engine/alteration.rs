//! Chaos on an answer that an upstream sends, while it passes: a change to a stream, or to one body of unknown length.
//! It holds nothing back and takes the same memory for any length.

use std::time::Duration;

use bytes::Bytes;

use super::Bypass;
use super::mutation::{Mutation, Piece};

/// The body of `malformed` where the answer was JSON: the peer's.
pub(super) const MALFORMED_BODY: &str = "{malformed json: <<<chaos>>>}";
/// Readers know a format by its first bytes: so many are inverted.
const INVERTED: usize = 16;

/// One change on its way through an answer.
#[derive(Debug)]
pub struct Alteration(Kind);

#[derive(Debug)]
enum Kind {
    Stream(Mutation),
    Whole(Whole),
}

/// A change to one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WholeChange {
    /// Text that is no JSON stands in for the whole.
    Replace,
    /// The first bytes are inverted.
    Invert,
    /// Ends the connection somewhere in the first piece; the number is a roll of the dice.
    Cut(u64),
    /// Pauses there.
    Pause(u64, Duration),
}

#[derive(Debug)]
struct Whole {
    change: WholeChange,
    passed: usize,
    over: bool,
}

impl Alteration {
    pub(super) fn of_stream(mutation: Mutation) -> Alteration {
        Alteration(Kind::Stream(mutation))
    }

    pub(super) fn of_whole(change: WholeChange) -> Alteration {
        Alteration(Kind::Whole(Whole { change, passed: 0, over: false }))
    }

    /// The content type under which the changed answer is sent, where that is another one; its encoding is none then.
    pub fn content_type(&self) -> Option<&'static str> {
        match &self.0 {
            Kind::Whole(Whole { change: WholeChange::Replace, .. }) => Some("application/json"),
            Kind::Whole(_) | Kind::Stream(_) => None,
        }
    }

    /// Takes the next bytes and returns what leaves now.
    pub fn feed(&mut self, bytes: &Bytes) -> Vec<Piece> {
        match &mut self.0 {
            Kind::Stream(mutation) => mutation.feed(bytes),
            Kind::Whole(whole) => whole.feed(bytes),
        }
    }

    /// What has become of it, by what was fed so far.
    ///
    /// # Errors
    /// There was nothing to change, or it ended before the place.
    pub fn outcome(&self) -> Result<(), Bypass> {
        match &self.0 {
            Kind::Stream(mutation) => mutation.outcome(),
            Kind::Whole(Whole { passed: 0, .. }) => Err(Bypass::EmptyBody),
            Kind::Whole(_) => Ok(()),
        }
    }
}

impl Whole {
    fn feed(&mut self, bytes: &Bytes) -> Vec<Piece> {
        let before = self.passed;
        self.passed = before.saturating_add(bytes.len());
        if self.over || bytes.is_empty() {
            return Vec::new();
        }
        let place = |roll: u64| usize::try_from(roll % bytes.len() as u64).unwrap_or(0);
        match self.change {
            WholeChange::Replace if before == 0 => vec![Piece::Send(Bytes::from_static(MALFORMED_BODY.as_bytes()))],
            WholeChange::Replace => Vec::new(),
            WholeChange::Invert if before < INVERTED => vec![Piece::Send(inverted(bytes, INVERTED - before))],
            WholeChange::Cut(roll) => {
                self.over = true;
                vec![Piece::Send(bytes.slice(..place(roll))), Piece::Cut]
            }
            WholeChange::Pause(roll, pause) if before == 0 => {
                let place = place(roll);
                vec![Piece::Send(bytes.slice(..place)), Piece::Pause(pause), Piece::Send(bytes.slice(place..))]
            }
            WholeChange::Invert | WholeChange::Pause(..) => vec![Piece::Send(bytes.clone())],
        }
    }
}

/// Whether `malformed` puts text that is no JSON in place of a body of this type.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|kind| kind.to_ascii_lowercase().contains("json"))
}

/// A body that its content type does not describe any more, and the type to send it with where that changes: JSON becomes
/// the peer's text; anything else keeps its type and has its first bytes inverted.
pub(super) fn malformed_body(content_type: Option<&str>, body: &Bytes) -> (Bytes, Option<&'static str>) {
    if is_json(content_type) {
        return (Bytes::from_static(MALFORMED_BODY.as_bytes()), Some("application/json"));
    }
    (inverted(body, INVERTED), None)
}

fn inverted(bytes: &Bytes, most: usize) -> Bytes {
    bytes.iter().enumerate().map(|(index, byte)| if index < most { !byte } else { *byte }).collect()
}
