//! JSON with comments and trailing commas; strict in everything else.
//!
//! Our own reader, since a linter needs what the general ones do not give: the exact place of every key and value, every duplicate,
//! the bracket that was left open, control characters refused where JavaScript refuses them, and a lone surrogate
//! that costs its character and not the file. It recurses no deeper than [`Limits::depth`].

mod complaint;
mod items;
mod scan;

use std::borrow::Cow;

pub(super) use items::parse_items;

use super::{Findings, Limits, Member, Node, Parsed, Span, Trouble, Value, bom_length};

/// Boxed, so that the good path stays small.
type Result<T> = std::result::Result<T, Box<Trouble>>;

/// Reads a JSON or JSONC text.
pub(super) fn parse<'s>(text: &'s str, limits: &Limits) -> std::result::Result<Parsed<'s>, Vec<Trouble>> {
    let mut reader = Reader::new(text, limits);
    match reader.document() {
        Ok(root) => Ok(reader.into_parsed(root)),
        Err(fatal) => Err(reader.findings.ended_by(*fatal)),
    }
}

/// Where the reader stands and what it has met.
struct Reader<'s, 'l> {
    text: &'s str,
    /// Byte offset of what is read next; always on a character boundary when a function returns.
    at: usize,
    /// Where the text begins in its file, of which it may be a part.
    base: usize,
    limits: &'l Limits,
    nodes: usize,
    /// Offsets of the brackets that are open, outermost first.
    open: Vec<usize>,
    findings: Findings,
    comments: Vec<Span>,
    trailing_commas: Vec<Span>,
    /// Items of the arrays that are open, outermost first: an array that closes takes its own, so that no list grows
    /// piece by piece and none is larger than it must be.
    items: Vec<Node<'s>>,
    /// The same for members of objects.
    members: Vec<Member<'s>>,
    /// Where strings with escapes are put together.
    unescaped: String,
}

/// Lists that nothing is open around are handed over as they are from this length on, and not copied.
const LONG: usize = 1 << 12;

/// What was read from `first` on.
fn taken<T>(list: &mut Vec<T>, first: usize) -> Vec<T> {
    if first == 0 && list.len() >= LONG { std::mem::take(list) } else { list.drain(first..).collect() }
}

impl<'s, 'l> Reader<'s, 'l> {
    fn new(text: &'s str, limits: &'l Limits) -> Reader<'s, 'l> {
        Reader {
            text,
            at: bom_length(text),
            base: 0,
            limits,
            nodes: 0,
            open: Vec::new(),
            findings: Findings::default(),
            comments: Vec::new(),
            trailing_commas: Vec::new(),
            items: Vec::new(),
            members: Vec::new(),
            unescaped: String::new(),
        }
    }

    fn into_parsed(self, root: Node<'s>) -> Parsed<'s> {
        Parsed {
            root,
            findings: self.findings.into_vec(),
            had_bom: bom_length(self.text) > 0,
            binaries: Vec::new(),
            comments: self.comments,
            trailing_commas: self.trailing_commas,
        }
    }

    /// One value with nothing but white space and comments around it.
    fn document(&mut self) -> Result<Node<'s>> {
        self.space()?;
        if self.peek().is_none() {
            return Err(self.empty());
        }
        let root = self.value("a value")?;
        self.space()?;
        if self.peek().is_some() {
            return Err(self.after_the_end(&root));
        }
        Ok(root)
    }

    /// A value; `wanted` says what the place calls for (``a value after `:` ``).
    fn value(&mut self, wanted: &str) -> Result<Node<'s>> {
        let start = self.at;
        self.count(Span::at(start))?;
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'-' | b'0'..=b'9') => Value::Number(Cow::Borrowed(self.number()?)),
            Some(byte) if byte.is_ascii_alphabetic() => self.word(wanted)?,
            _ => return Err(self.unexpected(wanted)),
        };
        Ok(Node { span: self.span_from(start), value })
    }

    fn object(&mut self) -> Result<Value<'s>> {
        self.enter()?;
        let first = self.members.len();
        loop {
            self.space()?;
            match self.peek() {
                Some(b'"') => {
                    let member = self.member_of_object()?;
                    self.members.push(member);
                }
                Some(b'}') => break,
                _ => return Err(self.unexpected_key(self.members.len() > first)),
            }
            if !self.comma(b'}', "`,` or `}` after the value")? {
                break;
            }
        }
        self.leave();
        Ok(Value::Object(taken(&mut self.members, first)))
    }

    fn member_of_object(&mut self) -> Result<Member<'s>> {
        let (key, key_span) = self.key()?;
        Ok(Member { key, key_span, value: self.value("a value after `:`")? })
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Result<(Cow<'s, str>, Span)> {
        let start = self.at;
        let key = self.string()?;
        let key_span = self.span_from(start);
        self.space()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:` after the key"));
        }
        self.at += 1;
        self.space()?;
        Ok((key, key_span))
    }

    fn array(&mut self) -> Result<Value<'s>> {
        self.enter()?;
        let first = self.items.len();
        loop {
            self.space()?;
            if self.peek() == Some(b']') {
                break;
            }
            let item = self.value(if self.items.len() == first { "a value or `]`" } else { "a value or `]` after `,`" })?;
            self.items.push(item);
            if !self.comma(b']', "`,` or `]` after the value")? {
                break;
            }
        }
        self.leave();
        Ok(Value::Array(taken(&mut self.items, first)))
    }

    /// Whether a comma follows the item just read. A comma before the closing bracket is remembered.
    fn comma(&mut self, close: u8, wanted: &str) -> Result<bool> {
        self.space()?;
        match self.peek() {
            Some(b',') => {
                let comma = Span::new(self.at, self.at + 1);
                self.at += 1;
                self.space()?;
                if self.peek() == Some(close) {
                    self.count(comma)?;
                    self.trailing_commas.push(comma);
                }
                Ok(true)
            }
            Some(byte) if byte == close => Ok(false),
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// Steps over an opening bracket, if the depth allows it.
    fn enter(&mut self) -> Result<()> {
        if self.open.len() >= self.limits.depth {
            return Err(self.too_deep());
        }
        self.open.push(self.at);
        self.at += 1;
        Ok(())
    }

    /// Steps over the closing bracket of the innermost open one.
    fn leave(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    /// Counts a node against the limit.
    fn count(&mut self, place: Span) -> Result<()> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes { Err(self.too_many(place)) } else { Ok(()) }
    }

    /// What was read since an offset.
    fn span_from(&self, start: usize) -> Span {
        Span::new(self.base + start, self.base + self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }
}
