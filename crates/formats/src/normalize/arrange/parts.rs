//! A fixture file taken apart at the borders of its entries, and put together again.

use serde_json::Value as Json;

use super::Stays;
use crate::document::edit::comma_after;
use crate::document::{self, Format, Node, Parsed, to_json};
use crate::fixture::Input;
use crate::normalize::run::limits;

/// The text before the entries, each entry with what stands before it, and the text behind them.
#[derive(Debug)]
pub(super) struct Parts<'t> {
    pub(super) head: &'t str,
    pub(super) entries: Vec<&'t str>,
    pub(super) tail: &'t str,
    /// Whether the list is written with brackets, and its entries are parted by commas.
    pub(super) flow: bool,
}

/// Reads a fixture file.
pub(super) fn parsed(input: &Input) -> Result<Parsed<'_>, Stays> {
    let text = input.source.text();
    let parsed = document::parse(text, input.format, &limits(text)).map_err(|_| Stays("it cannot be read".to_owned()))?;
    let list = parsed.root.members().iter().filter(|member| member.key == "fixtures").count();
    match list {
        0 => Err(Stays("it holds no list `fixtures`".to_owned())),
        1 => Ok(parsed),
        _ => Err(Stays("it holds `fixtures` more than once".to_owned())),
    }
}

impl<'t> Parts<'t> {
    pub(super) fn of(text: &'t str, format: Format, root: &Node<'_>) -> Result<Parts<'t>, Stays> {
        let odd = || Stays("its list of fixtures is written in a form that cannot be cut".to_owned());
        let list = root.get("fixtures").ok_or_else(odd)?;
        if text.get(list.span.start..).is_some_and(|rest| rest.starts_with('[')) {
            Parts::between_brackets(text, format, list).ok_or_else(odd)
        } else {
            Parts::between_lines(text, root, list).ok_or_else(odd)
        }
    }

    fn between_brackets(text: &'t str, format: Format, list: &Node<'_>) -> Option<Parts<'t>> {
        let mut at = list.span.start + 1;
        let head = text.get(..at)?;
        let mut entries = Vec::with_capacity(list.items().len());
        for (index, item) in list.items().iter().enumerate() {
            let comma = comma_after(text, item.span.end, format == Format::Yaml);
            let is_last = index + 1 == list.items().len();
            let end = comma.filter(|comma| !is_last || *comma < list.span.end).or(is_last.then_some(item.span.end))?;
            entries.push(text.get(at..end)?);
            at = if text.as_bytes().get(end) == Some(&b',') { end + 1 } else { end };
        }
        Some(Parts { head, entries, tail: text.get(at..)?, flow: true })
    }

    /// YAML with a dash a line: an entry begins with the comments above its dash.
    fn between_lines(text: &'t str, root: &Node<'_>, list: &Node<'_>) -> Option<Parts<'t>> {
        let mut starts = Vec::with_capacity(list.items().len() + 1);
        for item in list.items() {
            let line = line_start(text, item.span.start);
            (text.get(line..item.span.start)?.trim() == "-").then_some(())?;
            starts.push(above_comments(text, line));
        }
        let first = *starts.first()?;
        let behind = root.members().iter().map(|member| member.key_span.start).filter(|start| *start > list.span.start).min();
        let end = behind.map_or(text.len(), |start| above_comments(text, line_start(text, start)));
        starts.push(end);
        let entries = starts.windows(2).map(|pair| text.get(*pair.first()?..*pair.last()?)).collect::<Option<Vec<_>>>()?;
        Some(Parts { head: text.get(..first)?, entries, tail: text.get(end..)?, flow: false })
    }

    /// A file of these entries within what stands around the list here.
    pub(super) fn with(&self, entries: &[&str]) -> String {
        let mut text =
            String::with_capacity(self.head.len() + self.tail.len() + entries.iter().map(|entry| entry.len() + 1).sum::<usize>());
        text.push_str(self.head);
        for (index, entry) in entries.iter().enumerate() {
            if self.flow && index > 0 {
                text.push(',');
            } else if !self.flow && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(entry);
        }
        if !self.flow && !self.tail.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(self.tail);
        text
    }
}

/// Whether a text says what it should: these entries, and around them what the file says.
pub(super) fn says(text: &str, format: Format, around: &Node<'_>, entries: &[Json]) -> bool {
    let Ok(parsed) = document::parse(text, format, &limits(text)) else { return false };
    let list: Vec<Json> = parsed.root.get("fixtures").map_or(&[][..], Node::items).iter().map(to_json).collect();
    list == entries && outside(&parsed.root) == outside(around)
}

/// What a file says beside its fixtures.
pub(super) fn outside(root: &Node<'_>) -> Vec<(String, Json)> {
    root.entries().into_iter().filter(|(key, _)| *key != "fixtures").map(|(key, value)| (key.to_owned(), to_json(value))).collect()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The start of the lines of comment right above a line.
fn above_comments(text: &str, mut line: usize) -> usize {
    while let Some(end) = line.checked_sub(1) {
        let above = line_start(text, end);
        if !text.get(above..end).is_some_and(|line| line.trim_start().starts_with('#')) {
            break;
        }
        line = above;
    }
    line
}
