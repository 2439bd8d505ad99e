//! Answers of a fixture that differ in little: cut once, filled for each request.
//!
//! Of two requests that are alike, a fixture's turn is encoded to the same bytes but for ids, time, model and token counts.
//! A [`Stencil`] is made from an encoding in which [`Marks`] stand in their places. Whoever makes one must compare what it
//! gives with what the codec gives, once: a mark that the fixture's own text holds would be taken for a hole.

use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use bytes::Bytes;

use super::{FieldValue, Made, Occasion};
use crate::exchange::{Body, Emission, Frame, FrameKind};

/// Larger answers are encoded each time.
const LARGEST: usize = 128 * 1024;

/// What the header fields of an answer take up, roughly.
const HEAD: usize = 2304;

/// What stands in the places of what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// With their prefixes, in the order in which they were asked for.
    pub ids: Vec<(String, String)>,
    /// Unix seconds.
    pub created: u64,
    pub model: &'static str,
    /// Estimated tokens of the prompt, and of prompt and answer.
    pub input: u64,
    pub total: u64,
}

/// What comes into those places, as it is written. All of it is one text: it is made for every request, and kept with its
/// entry in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filling {
    text: String,
    /// Where each word ends in the text: the ids, the time, the model.
    ends: Vec<usize>,
    /// Estimated tokens of the prompt.
    input: u64,
}

impl Filling {
    /// One id for each of [`Stencil::prefixes`]; `created` in Unix seconds, `input` in estimated tokens.
    pub fn new(ids: impl ExactSizeIterator<Item = String>, created: u64, model: &str, input: u64) -> Filling {
        let mut filling = Filling::with_capacity(ids.len() + 2, ids.len() * 40 + 24 + model.len(), input);
        for id in ids {
            filling.push(&id);
        }
        filling.push(itoa::Buffer::new().format(created));
        // A name that reads the same between quotes, as all do.
        let plain = model.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
        if plain {
            filling.text.extend(["\"", model, "\""]);
        } else {
            filling.text.push_str(&serde_json::to_string(model).unwrap_or_default());
        }
        filling.push("");
        filling
    }

    /// A filling whose words are known.
    pub fn of_words<'a>(words: impl ExactSizeIterator<Item = &'a str>, input: u64) -> Filling {
        let mut filling = Filling::with_capacity(words.len(), 0, input);
        for word in words {
            filling.push(word);
        }
        filling
    }

    fn with_capacity(words: usize, bytes: usize, input: u64) -> Filling {
        Filling { text: String::with_capacity(bytes), ends: Vec::with_capacity(words), input }
    }

    /// Ends a word, which is what was written since the last one and this.
    fn push(&mut self, rest: &str) {
        self.text.push_str(rest);
        self.ends.push(self.text.len());
    }

    /// Estimated tokens of the prompt.
    pub fn input(&self) -> u64 {
        self.input
    }

    /// Its words: the ids, the time, the model.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.word(index))
    }

    fn word(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    fn id(&self, index: usize) -> &str {
        if index + 2 < self.ends.len() { self.word(index) } else { "" }
    }

    fn created(&self) -> &str {
        self.word(self.ends.len().saturating_sub(2))
    }

    fn model(&self) -> &str {
        self.word(self.ends.len().saturating_sub(1))
    }
}

/// How far a stencil was filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    piece: usize,
    /// Bytes of its text that were taken.
    text: usize,
}

/// An encoding with holes.
#[derive(Debug)]
pub struct Stencil {
    pub status: u16,
    pub headers: Vec<(&'static str, FieldValue)>,
    pub streamed: bool,
    /// Of the ids that go into it, in order.
    pub prefixes: Vec<String>,
    /// How many events its frames are.
    pub events: u32,
    text: Box<[u8]>,
    pieces: Vec<Piece>,
    /// Estimated tokens of the answer.
    output: u64,
    /// The header fields of an answer, once there was one.
    made: OnceLock<Arc<Made>>,
}

/// Whatever was made of it since.
impl PartialEq for Stencil {
    fn eq(&self, other: &Stencil) -> bool {
        let essence = |of: &Stencil| (of.status, of.streamed, of.events, of.output);
        essence(self) == essence(other)
            && (&self.headers, &self.prefixes, &self.text, &self.pieces) == (&other.headers, &other.prefixes, &other.text, &other.pieces)
    }
}

impl Eq for Stencil {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// The text up to here.
    Text(usize),
    Id(usize),
    Created,
    Model,
    Input,
    Total,
    /// A frame ends.
    End(FrameKind),
}

impl Stencil {
    /// The stencil of a marked encoding; `None` where it is too large to keep.
    pub fn cut(marked: Emission, marks: &Marks) -> Option<Stencil> {
        let mut holes: Vec<(String, Piece)> = vec![
            (marks.created.to_string(), Piece::Created),
            (serde_json::to_string(marks.model).ok()?, Piece::Model),
            (marks.input.to_string(), Piece::Input),
            (marks.total.to_string(), Piece::Total),
        ];
        holes.extend(marks.ids.iter().enumerate().map(|(index, (_, id))| (id.clone(), Piece::Id(index))));
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(holes.iter().map(|(text, _)| text)).ok()?;
        let mut cut = Cut::default();
        let frame = |cut: &mut Cut, bytes: &[u8]| {
            let mut from = 0;
            for hit in finder.find_iter(bytes) {
                cut.text(bytes.get(from..hit.start()).unwrap_or_default());
                cut.pieces.extend(holes.get(hit.pattern().as_usize()).map(|(_, hole)| *hole));
                from = hit.end();
            }
            cut.text(bytes.get(from..).unwrap_or_default());
        };
        let mut events = 0;
        let streamed = match &marked.body {
            Body::Whole(bytes) => {
                frame(&mut cut, bytes);
                false
            }
            Body::Stream(frames) => {
                for Frame { bytes, kind } in frames {
                    frame(&mut cut, bytes);
                    cut.pieces.push(Piece::End(*kind));
                    events += u32::from(*kind != FrameKind::Terminal);
                }
                true
            }
        };
        let Cut { text, pieces } = cut;
        let small = text.len() <= LARGEST;
        let output = marks.total.saturating_sub(marks.input);
        let prefixes = marks.ids.iter().map(|(prefix, _)| prefix.clone()).collect();
        let Emission { status, headers, body: _ } = marked;
        let headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        small.then(|| Stencil { status, headers, streamed, prefixes, events, text: text.into(), pieces, output, made: OnceLock::new() })
    }

    /// Bytes that it holds, or will.
    pub fn size(&self) -> usize {
        self.text.len() + self.pieces.len() * size_of::<Piece>() + HEAD
    }

    /// The header fields of an answer of this kind, if there was one.
    pub fn made(&self, occasion: Occasion) -> Option<&Arc<Made>> {
        self.made.get().filter(|made| made.occasion == occasion)
    }

    /// Keeps the header fields of the first answer.
    pub fn keep_made(&self, make: impl FnOnce() -> Option<Made>) {
        if self.made.get().is_none()
            && let Some(made) = make()
        {
            // Whoever was faster has made the same, or that of another kind.
            let _ = self.made.set(Arc::new(made));
        }
    }

    /// The encoding for one request.
    pub fn emission(&self, filling: &Filling) -> Emission {
        let mut ends = Vec::new();
        let bytes = self.fill(filling, |end, kind| ends.push((end, kind)));
        let body = if self.streamed {
            let mut from = 0;
            let frames = ends.into_iter().map(|(end, kind)| Frame { bytes: bytes.slice(std::mem::replace(&mut from, end)..end), kind });
            Body::Stream(frames.collect())
        } else {
            Body::Whole(bytes)
        };
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str().to_owned())).collect();
        Emission { status: self.status, headers, body }
    }

    /// The kinds of its frames.
    pub(super) fn kinds(&self) -> impl Iterator<Item = FrameKind> {
        self.pieces.iter().filter_map(|piece| if let Piece::End(kind) = piece { Some(*kind) } else { None })
    }

    /// The kind of the frame at `place`; `None` behind the last.
    pub(super) fn kind_at(&self, place: Place) -> Option<FrameKind> {
        let pieces = self.pieces.get(place.piece..)?;
        pieces.iter().find_map(|piece| if let Piece::End(kind) = piece { Some(*kind) } else { None })
    }

    /// Adds the frame at `place`, and moves on; `None` behind the last.
    pub(super) fn frame(&self, place: &mut Place, filling: &Filling, out: &mut Vec<u8>) -> Option<FrameKind> {
        loop {
            let piece = *self.pieces.get(place.piece)?;
            place.piece += 1;
            match piece {
                Piece::Text(to) => out.extend_from_slice(self.text.get(std::mem::replace(&mut place.text, to)..to).unwrap_or_default()),
                Piece::Id(index) => out.extend_from_slice(filling.id(index).as_bytes()),
                Piece::Created => out.extend_from_slice(filling.created().as_bytes()),
                Piece::Model => out.extend_from_slice(filling.model().as_bytes()),
                Piece::Input => out.extend_from_slice(itoa::Buffer::new().format(filling.input).as_bytes()),
                Piece::Total => out.extend_from_slice(itoa::Buffer::new().format(filling.input + self.output).as_bytes()),
                Piece::End(kind) => return Some(kind),
            }
        }
    }

    /// All of it in one piece; `end` is told where each frame ends.
    pub(super) fn fill(&self, filling: &Filling, mut end: impl FnMut(usize, FrameKind)) -> Bytes {
        let holes = self.pieces.len().saturating_mul(24);
        let mut out = Vec::with_capacity(self.text.len() + holes);
        let mut place = Place::default();
        while let Some(kind) = self.frame(&mut place, filling, &mut out) {
            end(out.len(), kind);
        }
        out.into()
    }
}

/// A stencil being cut.
#[derive(Default)]
struct Cut {
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Cut {
    fn text(&mut self, text: &[u8]) {
        if !text.is_empty() {
            self.text.extend_from_slice(text);
            self.pieces.push(Piece::Text(self.text.len()));
        }
    }
}
