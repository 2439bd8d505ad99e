//! Parser events to tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::scalar::{self, Resolved};
use super::{Findings, Limits, Parsed, Span, Tags, Trouble};
use crate::document::{Member, Node, Value, number};

/// So many bytes of copied text count as one more copied node.
const TEXT_PER_NODE: usize = 64;

/// Why no further event is read.
pub(super) enum Stop {
    /// The first document is complete.
    Enough,
    Fatal(Box<Trouble>),
}

/// The collections that are open, and what was read so far.
pub(super) struct Builder<'s, 'l> {
    pub(super) body: &'s str,
    /// Added to every offset: the length of the byte-order mark before the body.
    pub(super) bom: usize,
    pub(super) limits: &'l Limits,
    nodes: usize,
    copied: usize,
    frames: Vec<Frame<'s>>,
    /// What each finished anchor stands for, with its height.
    anchors: HashMap<usize, (Node<'s>, usize)>,
    findings: Findings,
    comments: Vec<Span>,
    tags: Tags,
    binaries: Vec<Span>,
    documents: usize,
    root: Option<Node<'s>>,
    /// Where the last piece of content ends; block collections end there.
    last_end: usize,
}

/// An open collection.
struct Frame<'s> {
    start: usize,
    anchor: usize,
    flow: bool,
    content: Content<'s>,
}

enum Content<'s> {
    Sequence(Vec<Node<'s>>),
    Mapping { members: Vec<Member<'s>>, key: Option<(Cow<'s, str>, Span)> },
}

impl<'s, 'l> Builder<'s, 'l> {
    pub(super) fn new(body: &'s str, bom: usize, limits: &'l Limits, tags: Tags) -> Builder<'s, 'l> {
        Builder {
            body,
            bom,
            limits,
            nodes: 0,
            copied: 0,
            frames: Vec::new(),
            anchors: HashMap::new(),
            findings: Findings::default(),
            comments: Vec::new(),
            tags,
            binaries: Vec::new(),
            documents: 0,
            root: None,
            last_end: 0,
        }
    }

    /// Takes the next event; `range` is its place in the body.
    pub(super) fn take(&mut self, event: Event<'s>, range: Range<usize>) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(..) => self.start_document(&range),
            Event::Comment(..) => {
                self.count(&range)?;
                self.comments.push(self.span(&range));
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), range),
            Event::SequenceStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", &range);
                self.open(style, anchor, Content::Sequence(Vec::new()), &range)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", &range);
                self.open(style, anchor, Content::Mapping { members: Vec::new(), key: None }, &range)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            Event::Alias(anchor) => self.alias(anchor, &range),
            _ => Ok(()),
        }
    }

    /// The tree, once the events are through.
    pub(super) fn finish(mut self) -> Result<Parsed<'s>, Vec<Trouble>> {
        let Some(root) = self.root.take() else {
            let message = if self.comments.is_empty() { "the file is empty" } else { "the file holds nothing but comments" };
            let trouble = Trouble::new("empty-file", message, Span::at(self.bom)).advise("an empty fixture file is `fixtures: []`");
            return Err(self.findings.ended_by(trouble));
        };
        Ok(Parsed {
            root,
            findings: self.findings.into_vec(),
            had_bom: self.bom > 0,
            comments: self.comments,
            trailing_commas: Vec::new(),
            binaries: self.binaries,
        })
    }

    pub(super) fn into_findings(self) -> Findings {
        self.findings
    }

    /// The innermost open collection: where it starts, and whether it is written with brackets.
    pub(super) fn innermost(&self) -> Option<(Span, bool)> {
        let frame = self.frames.last()?;
        Some((Span::new(self.bom + frame.start, self.bom + frame.start + usize::from(frame.flow)), frame.flow))
    }

    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.bom + range.start, self.bom + range.end)
    }

    fn start_document(&mut self, range: &Range<usize>) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.findings.push(
            Trouble::new("yaml-several-documents", "a second YAML document starts here", self.span(range))
                .because("a file holds one document; this one and those after it are not read")
                .advise("put the fixtures into one list, or each document into a file of its own"),
        );
        Err(Stop::Enough)
    }

    fn count(&mut self, range: &Range<usize>) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        let message = format!("the file holds more than {} values", self.limits.nodes);
        Err(Stop::Fatal(Box::new(Trouble::new("too-many-nodes", message, self.span(range)).advise("split the file"))))
    }

    fn scalar(
        &mut self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: Range<usize>,
    ) -> Result<(), Stop> {
        self.count(&range)?;
        let range = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => self.block_range(range),
            ScalarStyle::Plain if range.is_empty() => self.absent_range(range),
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => range,
        };
        // The parser writes `~` for a value that is not there.
        let text = if range.is_empty() { Cow::Borrowed("") } else { text };
        let span = self.span(&range);
        let value = match self.resolve(text, style == ScalarStyle::Plain, tag, &range) {
            Resolved::Value(value) => value,
            Resolved::NotFinite(written) => {
                self.findings.push(number::not_finite(&written, span));
                Value::Null
            }
        };
        if let Value::Number(number) = &value
            && !number::is_finite(number)
        {
            self.findings.push(number::not_finite(number, span));
        }
        self.last_end = range.end;
        self.complete(Node { span, value }, anchor)
    }

    /// What a scalar means: by its tag if it has one of the core schema, else by its looks.
    fn resolve(&mut self, text: Cow<'s, str>, plain: bool, tag: Option<&Tag>, range: &Range<usize>) -> Resolved<'s> {
        let Some(tag) = tag else {
            return if plain { scalar::resolve(text) } else { Resolved::Value(Value::String(text)) };
        };
        if self.tags == Tags::Foreign && self.is_foreign(tag, range) {
            return Resolved::Value(Value::String(text));
        }
        let kind = if tag.original() == "!" { Some("str") } else { tag.core_suffix() };
        let resolved = match kind {
            Some("str") => return Resolved::Value(Value::String(text)),
            Some(kind @ ("int" | "float" | "bool" | "null")) => {
                let resolved = scalar::resolve(text.clone());
                if resolved.is(kind) {
                    return resolved;
                }
                Resolved::Value(Value::String(text))
            }
            _ if plain => scalar::resolve(text),
            _ => Resolved::Value(Value::String(text)),
        };
        self.refuse_tag(tag, range);
        resolved
    }

    /// Whether a tag is one by which other tools mark bytes, which are remembered, or text.
    fn is_foreign(&mut self, tag: &Tag, range: &Range<usize>) -> bool {
        let written = tag.original();
        let is_binary = matches!(written.as_str(), "!!binary" | "!binary" | "!<tag:yaml.org,2002:binary>");
        if is_binary {
            self.binaries.push(self.span(range));
        }
        is_binary || matches!(written.as_str(), "!!python/unicode" | "!!python/str")
    }

    /// Collections may carry only the tag that says what they are.
    fn check_tag(&mut self, tag: Option<&Tag>, own: &str, range: &Range<usize>) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(own)
            && tag.original() != "!"
        {
            self.refuse_tag(tag, range);
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, range: &Range<usize>) {
        let written = tag.original();
        let before = self.body.get(self.last_end..range.start).unwrap_or_default();
        let span = match before.rfind(&written) {
            Some(at) => Span::new(self.bom + self.last_end + at, self.bom + self.last_end + at + written.len()),
            None => self.span(range),
        };
        let trouble = Trouble::new("yaml-tag", format!("the tag `{written}` does not fit here"), span)
            .because("fixtures are JSON values: a tag can only say `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq` or `!!map`, and must be true")
            .advise("remove the tag");
        self.findings.push(trouble);
    }

    fn open(&mut self, style: StructureStyle, anchor: usize, content: Content<'s>, range: &Range<usize>) -> Result<(), Stop> {
        self.count(range)?;
        if self.frames.len() >= self.limits.depth {
            return Err(Stop::Fatal(Box::new(too_deep(self.limits, self.span(range)))));
        }
        self.last_end = range.end;
        // A single pair in a list (`[a: 1]`) is a flow mapping without brackets.
        let flow = style == StructureStyle::Flow && !range.is_empty();
        self.frames.push(Frame { start: range.start, anchor, flow, content });
        Ok(())
    }

    fn close(&mut self, range: &Range<usize>) -> Result<(), Stop> {
        let Some(Frame { start, anchor, content, .. }) = self.frames.pop() else { return Ok(()) };
        // Only brackets have an extent; a block ends with its last piece of content.
        if !range.is_empty() {
            self.last_end = range.end;
        }
        let span = self.span(&(start..self.last_end.max(start)));
        let value = match content {
            Content::Sequence(items) => Value::Array(items),
            Content::Mapping { members, .. } => Value::Object(members),
        };
        self.complete(Node { span, value }, anchor)
    }

    fn alias(&mut self, anchor: usize, range: &Range<usize>) -> Result<(), Stop> {
        self.count(range)?;
        let span = self.span(range);
        let Some((node, height)) = self.anchors.get(&anchor) else {
            let message = format!("`{}` stands inside the value that it names", self.body.get(range.clone()).unwrap_or_default());
            let trouble =
                Trouble::new("syntax-error", message, span).because("the value would contain itself").advise("write the value out");
            return Err(Stop::Fatal(Box::new(trouble)));
        };
        if self.frames.len() + height > self.limits.depth {
            return Err(Stop::Fatal(Box::new(too_deep(self.limits, span))));
        }
        self.copied = self.copied.saturating_add(weigh(node, self.limits.alias_nodes));
        if self.copied > self.limits.alias_nodes {
            return Err(self.bomb(span));
        }
        let node = Node { span, value: node.value.clone() };
        self.last_end = range.end;
        self.place(node);
        Ok(())
    }

    fn bomb(&self, span: Span) -> Stop {
        let message = format!("anchors and aliases copy more than {} values", self.limits.alias_nodes);
        Stop::Fatal(Box::new(
            Trouble::new("yaml-alias-bomb", message, span)
                .because("aliases of aliases grow without bound, so the sum of all copies is limited")
                .advise("write the values out, or split the file"),
        ))
    }

    /// A node is complete: remembers it if it is anchored, and puts it where it belongs.
    fn complete(&mut self, node: Node<'s>, anchor: usize) -> Result<(), Stop> {
        if anchor > 0 {
            self.copied = self.copied.saturating_add(weigh(&node, self.limits.alias_nodes));
            if self.copied > self.limits.alias_nodes {
                return Err(self.bomb(node.span));
            }
            let height = height(&node);
            self.anchors.insert(anchor, (node.clone(), height));
        }
        self.place(node);
        Ok(())
    }

    fn place(&mut self, node: Node<'s>) {
        match self.frames.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { members, key: key @ Some(_) }) => {
                if let Some((key, key_span)) = key.take() {
                    members.push(Member { key, key_span, value: node });
                }
            }
            Some(Content::Mapping { key, .. }) => {
                let span = node.span;
                if let Value::String(text) = node.value {
                    *key = Some((text, span));
                    return;
                }
                let written = self.body.get(span.start - self.bom..span.end - self.bom).unwrap_or_default();
                *key = Some((Cow::Borrowed(written), span));
                self.findings.push(key_not_text(node.kind(), written, span));
            }
        }
    }

    /// A value that is not there stands after the colon of its key.
    fn absent_range(&self, range: Range<usize>) -> Range<usize> {
        let after = range.start + usize::from(self.body.as_bytes().get(range.start) == Some(&b':'));
        after..after
    }

    /// A block text from its `|` or `>` to its last line with content; the parser gives the lines only.
    fn block_range(&self, range: Range<usize>) -> Range<usize> {
        let before = self.body.get(self.last_end..range.start).unwrap_or_default();
        let start = before.find(['|', '>']).map_or(range.start, |at| self.last_end + at);
        let text = self.body.get(start..range.end).unwrap_or_default();
        start..start + text.trim_end().len()
    }
}

/// Nodes of a tree, long texts counted as several; stops counting soon after `limit`.
fn weigh(node: &Node<'_>, limit: usize) -> usize {
    let text = |text: &str| text.len() / TEXT_PER_NODE;
    let mut weight = 1;
    match &node.value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(value) | Value::String(value) => weight += text(value),
        Value::Array(items) => {
            for item in items.iter().take(limit) {
                weight += weigh(item, limit);
            }
        }
        Value::Object(members) => {
            for member in members.iter().take(limit) {
                weight += text(&member.key) + weigh(&member.value, limit);
            }
        }
    }
    weight
}

/// Levels of arrays and objects.
fn height(node: &Node<'_>) -> usize {
    let below = match &node.value {
        Value::Array(items) => items.iter().map(height).max(),
        Value::Object(members) => members.iter().map(|member| height(&member.value)).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + below.unwrap_or(0)
}

pub(super) fn too_deep(limits: &Limits, span: Span) -> Trouble {
    Trouble::new("nested-too-deep", format!("nested more than {} levels deep", limits.depth), span)
        .because("no fixture needs such depth, and readers that follow it run out of stack")
        .advise("flatten the value, or keep it as a string")
}

fn key_not_text(kind: &str, written: &str, span: Span) -> Trouble {
    let line = written.lines().next().unwrap_or_default();
    let help = match kind {
        "an array" | "an object" => "use a text as key".to_owned(),
        _ if line.is_empty() => "write a key before the `:`".to_owned(),
        _ => format!("put it in quotes: `\"{line}\"`"),
    };
    Trouble::new("yaml-key-not-text", format!("this key is {kind}, not text"), span)
        .because("keys of JSON objects are strings")
        .advise(help)
}
