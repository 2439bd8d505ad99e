//! The texts that match keys compare with, one by one, out of every way to write them.

use super::FileContext;
use crate::diagnostic::Span;
use crate::document::{Node, Value};

/// Keys that hold what people and prompts say, as opposed to names and ids.
const TEXT_KEYS: [&str; 4] = ["userMessage", "systemMessage", "inputText", "toolResultContains"];

/// Nesting of `not`, `anyOf` and `allOf` that is read.
const MOST_NESTED: usize = 16;

/// How a text is compared, as far as rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// A plain string right behind its key.
    Plain,
    /// Contained: an item of a list, or behind `contains`.
    Contains,
    /// Behind `equals`, `startsWith` or `endsWith`.
    Otherwise,
}

/// One text of a match key.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyText<'a> {
    pub key: &'static str,
    pub compared: Compared,
    /// The string, below which nothing else stands.
    pub node: &'a Node<'a>,
    pub text: &'a str,
}

/// All texts of an entry's match keys that are compared as text (no regular expressions, no globs).
pub(super) fn match_texts<'a>(entry: &'a Node<'a>) -> Vec<KeyText<'a>> {
    let mut texts = Vec::new();
    let Some(matches) = entry.get("match") else { return texts };
    for key in TEXT_KEYS {
        if let Some(node) = matches.get(key) {
            collect(key, node, Compared::Plain, 0, &mut texts);
        }
    }
    texts
}

fn collect<'a>(key: &'static str, node: &'a Node<'a>, compared: Compared, depth: usize, texts: &mut Vec<KeyText<'a>>) {
    match &node.value {
        Value::String(text) => texts.push(KeyText { key, compared, node, text }),
        Value::Array(items) if depth < MOST_NESTED => {
            for item in items {
                collect(key, item, Compared::Contains, depth + 1, texts);
            }
        }
        Value::Object(members) if depth < MOST_NESTED => {
            for member in members {
                let compared = match member.key.as_ref() {
                    "contains" | "not" | "anyOf" | "allOf" => Compared::Contains,
                    "equals" | "startsWith" | "endsWith" => Compared::Otherwise,
                    _ => continue,
                };
                collect(key, &member.value, compared, depth + 1, texts);
            }
        }
        Value::Array(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Where a part of a string stands in the file; the whole string when escapes hide the part.
pub(super) fn part(file: &FileContext<'_>, node: &Node<'_>, part: &str) -> Span {
    let written = file.source.text().get(node.span.start..node.span.end).unwrap_or("");
    match written.find(part) {
        Some(at) if !part.is_empty() => Span::new(node.span.start + at, node.span.start + at + part.len()),
        _ => node.span,
    }
}

/// Whether plain texts of this key are equalities in this run (`matching: exact`).
pub(super) fn is_exact(entry: &crate::fixture::LoadedEntry, key: &str) -> bool {
    use crate::matcher::{Pattern, TextPattern};
    entry.fixture.matches.clause(key).is_some_and(|clause| matches!(clause.pattern, Pattern::Text(TextPattern::Equals { .. })))
}

/// A text as a string of JSON, which YAML reads alike.
pub(super) fn as_string(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Whether a string stands in a YAML block (`|`, `>`), which cannot be replaced by a quoted one in place.
pub(super) fn is_block_scalar(file: &FileContext<'_>, node: &Node<'_>) -> bool {
    let text = file.source.text();
    let written = text.get(node.span.start..node.span.end).unwrap_or("");
    file.format == crate::document::Format::Yaml && (written.starts_with(['|', '>']) || written.contains('\n'))
}
