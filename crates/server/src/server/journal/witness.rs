//! What an answer said: its bytes are kept while they are few and read only when someone asks; more bytes are read as
//! they go, and only the account of them is kept.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::Speech;
use crate::engine::Telling;
use crate::exchange::{StatedUsage, StreamFacts};
use crate::provider::grammar::{Reading, stated_usage};
use crate::wire::{Framing, media_type};

/// A stream up to this size is kept as it is.
const MOST_STREAM: usize = 64 * 1024;
/// And up to so many pieces, each of which takes up more than its bytes.
const MOST_PIECES: usize = 16;
/// A larger body is not looked into.
const MOST_WHOLE: usize = 256 * 1024;

/// Sees the bytes of one answer go by.
#[derive(Debug)]
pub(super) struct Witness {
    speech: Speech,
    pieces: Vec<Bytes>,
    held: usize,
    reading: Option<Box<Reading>>,
    /// What is told instead of kept, and which of its frames were not read yet.
    told: Option<(Arc<Telling>, Range<usize>)>,
}

impl Witness {
    pub(super) fn new(speech: Speech) -> Witness {
        Witness { speech, pieces: Vec::new(), held: 0, reading: None, told: None }
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes the next bytes; `keep` makes what may be kept of them.
    pub(super) fn saw(&mut self, bytes: &[u8], keep: impl FnOnce() -> Bytes) {
        let most = match self.speech {
            Speech::Other => return,
            Speech::Json => MOST_WHOLE,
            Speech::Events(..) => MOST_STREAM,
        };
        match (&mut self.reading, self.speech) {
            (Some(reading), _) => reading.feed(bytes),
            (None, Speech::Json) if self.held.saturating_add(bytes.len()) > most => {
                self.speech = Speech::Other;
                (self.pieces, self.held) = (Vec::new(), 0);
            }
            (None, _) => {
                self.held += bytes.len();
                self.pieces.push(keep());
                if self.held > most || (self.speech != Speech::Json && self.pieces.len() > MOST_PIECES) {
                    self.read();
                }
            }
        }
    }

    /// Takes so many frames of an answer that can be told again: nothing of it is kept. A whole body counts as one.
    pub(super) fn told(&mut self, telling: &Arc<Telling>, frames: usize) {
        if self.speech == Speech::Other {
            return;
        }
        match &mut self.told {
            Some((_, unread)) => unread.end = frames,
            None => self.told = Some((telling.clone(), 0..frames)),
        }
    }

    /// So many of these frames have left by now.
    pub(super) fn told_up_to(&mut self, frames: usize) {
        if let Some((_, unread)) = &mut self.told {
            unread.end = unread.end.max(frames);
        }
    }

    /// What the stream was; `None`: the answer was none.
    pub(super) fn stream(&mut self) -> Option<StreamFacts> {
        matches!(self.speech, Speech::Events(..)).then(|| self.read().facts())
    }

    /// The tokens that the answer stated.
    pub(super) fn usage(&mut self) -> Option<StatedUsage> {
        match self.speech {
            Speech::Other => None,
            Speech::Json => match (&self.told, self.pieces.as_slice()) {
                (Some((telling, _)), _) => stated_usage(&telling.bytes()),
                (None, [whole]) => stated_usage(whole),
                (None, pieces) => stated_usage(&pieces.concat()),
            },
            Speech::Events(..) => self.read().facts().usage,
        }
    }

    /// Reads what is kept, and keeps it no longer.
    fn read(&mut self) -> &mut Reading {
        let (framing, codec) = if let Speech::Events(framing, codec) = self.speech { (framing, codec) } else { (Framing::Sse, None) };
        let reading = self.reading.get_or_insert_with(|| Box::new(Reading::new(framing, codec)));
        for piece in std::mem::take(&mut self.pieces) {
            reading.feed(&piece);
        }
        if let Some((telling, unread)) = &mut self.told {
            reading.feed(&telling.frames(unread.clone()));
            unread.start = unread.end;
        }
        self.held = 0;
        reading
    }
}

impl Speech {
    /// Told by how the body is divided, or by the content type.
    pub(in crate::server) fn of(content_type: Option<&str>, framing: Framing, codec: Option<&'static str>) -> Speech {
        let is_json = || content_type.is_some_and(|kind| media_type(kind).eq_ignore_ascii_case("application/json"));
        match framing {
            framing if framing.is_stream() => Speech::Events(framing, codec),
            _ if is_json() => Speech::Json,
            _ => Speech::Other,
        }
    }
}
