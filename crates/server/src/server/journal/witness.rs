//! What an answer said: its bytes are kept while they are few and read only when someone asks; more bytes are read as
//! they go, and only the account of them is kept.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::texts::{Reader, Texts};
use crate::engine::{Filling, Speech, Stencil, Telling};
use crate::exchange::{StatedUsage, StreamFacts};
use crate::provider::grammar::{Reading, stated_usage};
use crate::wire::Framing;

/// A stream up to this size is kept as it is.
const MOST_STREAM: usize = 64 * 1024;
/// And up to so many pieces, each of which takes up more than its bytes.
const MOST_PIECES: usize = 16;
/// A larger body is not looked into.
const MOST_WHOLE: usize = 256 * 1024;

/// Of larger answers the pieces stay as they are.
const SMALL_ANSWER: usize = 4 * 1024;

/// Sees the bytes of one answer go by.
#[derive(Debug, Default)]
pub(super) struct Witness {
    speech: Speech,
    pieces: Vec<Bytes>,
    held: usize,
    reading: Option<Box<Reading>>,
    /// What is told instead of kept, and which of its frames were not read yet.
    told: Option<(Arc<Telling>, Range<usize>)>,
}

/// A witness that sees no more. What it kept is among some texts.
#[derive(Clone, Debug)]
pub(super) enum Still {
    /// So many words fill the stencil; these frames were not read yet.
    Told {
        stencil: Arc<Stencil>,
        words: usize,
        input: u64,
        unread: Range<usize>,
    },
    /// All pieces as one.
    Piece,
    Nothing,
}

impl Witness {
    pub(super) fn new(speech: Speech) -> Witness {
        Witness { speech, ..Witness::default() }
    }

    pub(super) fn speech(&self) -> Speech {
        self.speech
    }

    /// How many texts it is at rest, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        match &self.told {
            Some((telling, _)) => telling.filling.words().fold((0, 0), |(count, bytes), word| (count + 1, bytes + word.len())),
            None => (1, self.held),
        }
    }

    /// What is put among the texts, and what is not.
    pub(super) fn still(self, texts: &mut Texts) -> Still {
        match (self.told, self.pieces.as_slice()) {
            (Some((telling, unread)), _) => {
                let words = telling.filling.words();
                let (stencil, count, input) = (telling.stencil.clone(), words.len(), telling.filling.input());
                for word in words {
                    texts.put(word.as_bytes());
                }
                Still::Told { stencil, words: count, input, unread }
            }
            (None, []) => Still::Nothing,
            (None, [whole]) => {
                texts.put(whole);
                Still::Piece
            }
            (None, pieces) => {
                texts.put(&pieces.concat());
                Still::Piece
            }
        }
    }

    /// Whether all that it kept is few texts: it was not read yet, and has not seen both what is told and what is kept.
    pub(super) fn can_rest(&self) -> bool {
        self.reading.is_none() && self.held <= SMALL_ANSWER && (self.told.is_none() || self.pieces.is_empty())
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

impl Still {
    /// The witness as it was.
    pub(super) fn wake(self, speech: Speech, texts: &mut Reader<'_>) -> Witness {
        let witness = Witness::new(speech);
        match self {
            Still::Told { stencil, words, input, unread } => {
                let words: Vec<&str> = (0..words).map(|_| texts.text()).collect();
                let filling = Filling::of_words(words.into_iter(), input);
                Witness { told: Some((Arc::new(Telling { stencil, filling }), unread)), ..witness }
            }
            Still::Piece => {
                let piece = Bytes::copy_from_slice(texts.next().unwrap_or_default());
                Witness { held: piece.len(), pieces: vec![piece], ..witness }
            }
            Still::Nothing => witness,
        }
    }
}
