//! Texts that findings point into: byte spans, lines and columns.

use std::fmt::{self, Debug, Formatter};
use std::sync::OnceLock;

/// A byte range in a source, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The range from `start` to `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// An empty range: a position.
    pub fn at(offset: usize) -> Span {
        Span { start: offset, end: offset }
    }
}

/// Load order of a source in its run, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A place as people count: both from 1, columns in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    pub line: usize,
    pub column: usize,
}

/// A file's name and text, kept as long as findings point into it.
#[derive(Debug)]
pub struct Source {
    id: SourceId,
    name: String,
    text: OnceLock<String>,
    later: Option<Later>,
    lines: OnceLock<Vec<usize>>,
    counts: OnceLock<Vec<usize>>,
}

/// Reads the text of a source.
struct Later(Box<dyn Fn() -> String + Send + Sync>);

impl Debug for Later {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}

/// Bytes between two remembered character counts: columns stay cheap on a line of many megabytes.
const STRIDE: usize = 4096;

impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        self.id == other.id && self.name == other.name
    }
}

impl Source {
    /// A source; `name` is the path as the user would type it (relative, `/` on every system) or `<stdin>`.
    pub fn new(id: SourceId, name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { id, name: name.into(), text: text.into().into(), later: None, lines: OnceLock::new(), counts: OnceLock::new() }
    }

    /// A source whose text is read, by `read`, where something points into it, and not before: most are not pointed into.
    pub fn later(id: SourceId, name: impl Into<String>, read: impl Fn() -> String + Send + Sync + 'static) -> Source {
        Source { text: OnceLock::new(), later: Some(Later(Box::new(read))), ..Source::new(id, name, "") }
    }

    /// Gives it another place in load order.
    pub fn renumber(&mut self, id: SourceId) {
        self.id = id;
    }

    /// Its place in load order.
    pub fn id(&self) -> SourceId {
        self.id
    }

    /// The path as the user would type it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, byte-order mark included.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| self.later.as_ref().map(|later| (later.0)()).unwrap_or_default())
    }

    /// Line and column of a byte offset. Offsets past the end count as the end.
    pub fn position(&self, offset: usize) -> LineColumn {
        let starts = self.line_starts();
        let mut offset = offset.min(self.text().len());
        while !self.text().is_char_boundary(offset) {
            offset -= 1;
        }
        let index = starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let line_start = starts.get(index).copied().unwrap_or(0);
        let from = line_start.max(self.mark()).min(offset);
        LineColumn { line: index + 1, column: self.characters_before(offset) - self.characters_before(from) + 1 }
    }

    /// Byte offsets of a line (from 1), without its end and without a byte-order mark; both the text's end past the last line.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|index| self.line_starts().get(index)) else { return Span::at(self.text().len()) };
        let start = (*start).max(self.mark());
        Span::new(start, start + self.line(line).len())
    }

    /// Number of lines; a text that ends in a line break has an empty last one.
    pub fn line_count(&self) -> usize {
        self.line_starts().len()
    }

    /// The text of a line (from 1) without its end and without a byte-order mark.
    pub fn line(&self, line: usize) -> &str {
        let starts = self.line_starts();
        let Some(start) = line.checked_sub(1).and_then(|index| starts.get(index)) else { return "" };
        let end = starts.get(line).copied().unwrap_or(self.text().len());
        self.text()[(*start).max(self.mark())..end].trim_end_matches(['\n', '\r'])
    }

    /// Byte offset of a place; columns past the line's end count as its end.
    pub fn offset(&self, place: LineColumn) -> usize {
        let line = self.line(place.line);
        let start = self.line_span(place.line).start;
        start + line.char_indices().nth(place.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at)
    }

    /// Length of the byte-order mark, which has no column.
    fn mark(&self) -> usize {
        if self.text().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let counts = self.counts.get_or_init(|| {
            let sums = self.text().as_bytes().chunks(STRIDE).scan(0, |sum, chunk| {
                *sum += characters(chunk);
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        });
        let block = offset / STRIDE;
        counts.get(block).copied().unwrap_or(0) + characters(&self.text().as_bytes()[block * STRIDE..offset])
    }

    fn line_starts(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            std::iter::once(0).chain(self.text().bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1)).collect()
        })
    }
}

/// Characters that begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}
