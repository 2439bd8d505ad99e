//! A JSON object whose one long list is read item by item, so that neither its tree nor its text is ever there as a whole.
//!
//! The text is read through a window that moves on behind each item. What goes beyond its end is read again once more of the
//! text is there. It gives up wherever there is something to say: that is for the reader of the whole text.

use std::io::{self, Read as _};

use super::{Member, Node, Reader, Span, Trouble, Value, bom_length};
use crate::document::{Input, Limits};

/// As [`crate::document::parse_items`], by so many bytes at once, and more where an item is longer; `strict` says whether it
/// gives up at a comment or a trailing comma.
pub(in crate::document) fn parse_items(
    input: Input<'_>,
    window: usize,
    limits: &Limits,
    key: &str,
    strict: bool,
    each: &mut dyn FnMut(usize, Node<'_>) -> bool,
) -> Option<Node<'static>> {
    let items = Items { window: Window::new(input, window), limits, nodes: 0, strict };
    items.root(key, each)
}

/// A part of the text that is there.
struct Window<'t> {
    text: Text<'t>,
    /// Where it begins in the whole text.
    base: usize,
    /// Where reading goes on in it.
    at: usize,
    /// How many bytes are read at once.
    size: usize,
}

enum Text<'t> {
    Whole(&'t str),
    /// What is there of it, and the bytes behind it that are no whole character yet; `None`: it has come to its end.
    Part(String, Vec<u8>, Option<&'t mut dyn io::Read>),
}

impl<'t> Window<'t> {
    fn new(input: Input<'t>, size: usize) -> Window<'t> {
        let text = match input {
            Input::Whole(text) => Text::Whole(text),
            Input::Stream(stream) => Text::Part(String::new(), Vec::new(), Some(stream)),
        };
        Window { text, base: 0, at: 0, size }
    }

    fn text(&self) -> &str {
        match &self.text {
            Text::Whole(text) => text,
            Text::Part(text, _, _) => text,
        }
    }

    /// Whether nothing follows.
    fn is_last(&self) -> bool {
        match &self.text {
            Text::Whole(_) => true,
            Text::Part(_, _, stream) => stream.is_none(),
        }
    }

    /// Forgets what was read, and gets more: at least as much as is there. `None`: it cannot be had, or is no text.
    fn grow(&mut self) -> Option<()> {
        let Text::Part(text, rest, stream) = &mut self.text else { return None };
        text.drain(..self.at);
        self.base += self.at;
        self.at = 0;
        let wanted = self.size.max(text.len());
        let mut bytes = std::mem::take(rest);
        bytes.reserve(wanted);
        let source = stream.as_mut()?;
        if source.take(wanted as u64).read_to_end(&mut bytes).ok()? < wanted {
            *stream = None;
        }
        let valid = match std::str::from_utf8(&bytes) {
            Ok(valid) => valid,
            Err(error) if error.error_len().is_none() && stream.is_some() => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
            Err(_) => return None,
        };
        if memchr::memchr(0, valid.as_bytes()).is_some() {
            return None;
        }
        text.push_str(valid);
        *rest = bytes.get(valid.len()..)?.to_vec();
        Some(())
    }
}

struct Items<'t, 'l> {
    window: Window<'t>,
    limits: &'l Limits,
    /// Values read so far.
    nodes: usize,
    strict: bool,
}

/// What stands where a key of the root may.
enum Key {
    Named(String, Span),
    End,
}

/// Why reading stops.
enum Stop {
    /// What was read touches the end of the window, or is wrong there: more of the text may tell.
    Unsure,
    /// It is to be read as a whole.
    Refused,
}

impl From<Box<Trouble>> for Stop {
    fn from(_: Box<Trouble>) -> Stop {
        Stop::Unsure
    }
}

/// How far reading has come for good.
struct Progress {
    at: usize,
    nodes: usize,
    is_last: bool,
    strict: bool,
}

impl Progress {
    /// What the reader has read stands.
    fn keep(&mut self, reader: &Reader<'_, '_>) -> Result<(), Stop> {
        if !self.is_last && reader.peek().is_none() {
            return Err(Stop::Unsure);
        }
        let deviates = !(reader.comments.is_empty() && reader.trailing_commas.is_empty());
        if !reader.findings.is_empty() || (self.strict && deviates) {
            return Err(Stop::Refused);
        }
        (self.at, self.nodes) = (reader.at, reader.nodes);
        Ok(())
    }
}

impl Items<'_, '_> {
    fn root(mut self, key: &str, each: &mut dyn FnMut(usize, Node<'_>) -> bool) -> Option<Node<'static>> {
        if !self.window.is_last() {
            self.window.grow()?;
        }
        self.window.at = bom_length(self.window.text());
        let start = self.step(0, |reader, _| {
            reader.space()?;
            let start = reader.base + reader.at;
            open(reader, b'{')?;
            Ok(start)
        })?;
        let (mut members, mut found) = (Vec::new(), false);
        while let Key::Named(name, key_span) = self.key()? {
            let is_list = name == key;
            if is_list && std::mem::replace(&mut found, true) {
                return None;
            }
            let value = if is_list { self.list(each)? } else { self.value()? };
            members.push(Member { key: name.into(), key_span, value });
            if !self.step(1, |reader, _| Ok(reader.comma(b'}', "`,` or `}`")?))? {
                break;
            }
        }
        let end = self.step(1, |reader, progress| {
            reader.at += 1;
            let end = reader.base + reader.at;
            reader.space()?;
            let is_over = progress.is_last && reader.peek().is_none();
            if is_over { Ok(end) } else { Err(Stop::Unsure) }
        })?;
        found.then(|| Node { span: Span::new(start, end), value: Value::Object(members) })
    }

    /// The next key of the root, or its end.
    fn key(&mut self) -> Option<Key> {
        self.step(1, |reader, _| {
            reader.space()?;
            match reader.peek() {
                Some(b'}') => Ok(Key::End),
                Some(b'"') => {
                    let (key, span) = reader.key()?;
                    Ok(Key::Named(key.into_owned(), span))
                }
                _ => Err(Stop::Unsure),
            }
        })
    }

    fn value(&mut self) -> Option<Node<'static>> {
        self.step(1, |reader, _| Ok(reader.value("a value")?.into_owned()))
    }

    /// The list, without its items.
    fn list(&mut self, each: &mut dyn FnMut(usize, Node<'_>) -> bool) -> Option<Node<'static>> {
        let start = self.step(1, |reader, _| {
            let start = reader.base + reader.at;
            open(reader, b'[')?;
            Ok(start)
        })?;
        let mut index = 0;
        let end = self.step(2, |reader, progress| {
            loop {
                reader.space()?;
                let is_over = reader.peek() == Some(b']');
                if !is_over {
                    let item = reader.value("a value")?;
                    reader.comma(b']', "`,` or `]`")?;
                    progress.keep(reader)?;
                    if !each(index, item) {
                        return Err(Stop::Refused);
                    }
                    index += 1;
                }
                if reader.peek() == Some(b']') {
                    reader.at += 1;
                    return Ok(reader.base + reader.at);
                }
            }
        })?;
        Some(Node { span: Span::new(start, end), value: Value::Array(Vec::new()) })
    }

    /// Reads on from where the window stands, `depth` brackets being open; again from what stands by then, once more of the
    /// text is there.
    fn step<R>(&mut self, depth: usize, mut read: impl FnMut(&mut Reader<'_, '_>, &mut Progress) -> Result<R, Stop>) -> Option<R> {
        while depth <= self.limits.depth {
            let Window { at, base, .. } = self.window;
            let mut progress = Progress { at, nodes: self.nodes, is_last: self.window.is_last(), strict: self.strict };
            let mut reader = Reader::new(self.window.text(), self.limits);
            (reader.at, reader.base, reader.nodes) = (at, base, self.nodes);
            reader.open = vec![at; depth];
            let outcome = read(&mut reader, &mut progress).and_then(|result| progress.keep(&reader).map(|()| result));
            self.window.at = progress.at;
            self.nodes = progress.nodes;
            match outcome {
                Ok(result) => return Some(result),
                Err(Stop::Refused) => return None,
                Err(Stop::Unsure) => self.window.grow()?,
            }
        }
        None
    }
}

/// Steps over an opening bracket.
fn open(reader: &mut Reader<'_, '_>, bracket: u8) -> Result<(), Stop> {
    match reader.peek() {
        Some(found) if found == bracket => {
            reader.count(Span::at(reader.at))?;
            reader.at += 1;
            Ok(())
        }
        Some(_) => Err(Stop::Refused),
        None => Err(Stop::Unsure),
    }
}
