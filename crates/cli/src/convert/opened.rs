//! A foreign text, opened: a tree where it is one, lines or sections where it is not.

use std::borrow::Cow;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::document::{self, Format, Limits, Member, Node, Parsed, Value};
use crate::fixture::diagnose;

/// A text and what it holds.
#[derive(Debug)]
pub(super) struct Opened<'s> {
    pub(super) source: &'s Arc<Source>,
    /// The file with the answer, when this one is a request alone.
    pub(super) answer: Option<&'s Arc<Source>>,
    /// `None` for text that is no tree: txtar, lines of JSON.
    pub(super) root: Option<Node<'s>>,
    /// Where base64 stands for bytes.
    pub(super) binaries: Vec<Span>,
    pub(super) comments: Vec<Span>,
    /// What could be read in part only.
    pub(super) findings: Vec<Diagnostic>,
}

/// The line by which a txtar file of coder's is known.
pub(super) const REQUEST_SECTION: &str = "-- request --";

impl<'s> Opened<'s> {
    /// Opens a text.
    ///
    /// # Errors
    /// It is no text of a kind that is read here: the reasons, from the reader of the kind that it most looks like.
    pub(super) fn new(source: &'s Arc<Source>, answer: Option<&'s Arc<Source>>) -> Result<Opened<'s>, Vec<Diagnostic>> {
        let plain = Opened { source, answer, root: None, binaries: Vec::new(), comments: Vec::new(), findings: Vec::new() };
        match Kind::of(source) {
            Kind::Sections | Kind::Lines => Ok(plain),
            Kind::Toml => toml_tree(source).map(|root| Opened { root: Some(root), ..plain }),
            Kind::Tree(format) => match document::parse_foreign(source.text(), format, &Limits::default()) {
                Ok(parsed) => {
                    let findings = parsed.findings.into_iter().map(|trouble| diagnose(source, Some(&parsed.root), trouble)).collect();
                    Ok(Opened { root: Some(parsed.root), binaries: parsed.binaries, comments: parsed.comments, findings, ..plain })
                }
                Err(troubles) => Err(troubles.into_iter().map(|trouble| diagnose(source, None, trouble)).collect()),
            },
        }
    }

    /// The tree; a text that is none is one string.
    pub(super) fn into_parsed(self) -> Parsed<'s> {
        let text = self.source.text();
        let whole = || Node { span: Span::new(0, text.len()), value: Value::String(Cow::Borrowed(text)) };
        Parsed {
            root: self.root.unwrap_or_else(whole),
            findings: Vec::new(),
            had_bom: text.starts_with('\u{feff}'),
            comments: self.comments,
            trailing_commas: Vec::new(),
            binaries: self.binaries,
        }
    }

    /// A member of the root.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.root.as_ref()?.get(key)
    }
}

/// How a text is written.
enum Kind {
    Sections,
    Lines,
    Toml,
    Tree(Format),
}

impl Kind {
    fn of(source: &Source) -> Kind {
        let text = source.text();
        let bracketed = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        let suffix = source.name().rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        match suffix.as_str() {
            "txtar" => return Kind::Sections,
            "jsonl" | "ndjson" => return Kind::Lines,
            "toml" => return Kind::Toml,
            "yaml" | "yml" => return Kind::Tree(Format::Yaml),
            // Some tools write YAML whatever the name.
            "json" | "jsonc" | "har" if bracketed => return Kind::Tree(Format::Json),
            _ => {}
        }
        if text.lines().any(|line| line.trim_end() == REQUEST_SECTION) {
            Kind::Sections
        } else if bracketed {
            if is_lines(text) { Kind::Lines } else { Kind::Tree(Format::Json) }
        } else if text.lines().any(|line| line.trim() == "[[interactions]]") {
            Kind::Toml
        } else {
            Kind::Tree(Format::Yaml)
        }
    }
}

/// Whether every line is a JSON value of its own: the first one tells.
fn is_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().is_some_and(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok());
    first && lines.next().is_some()
}

fn toml_tree(source: &Arc<Source>) -> Result<Node<'_>, Vec<Diagnostic>> {
    match DeTable::parse(source.text()) {
        Ok(table) => {
            let span = span_of(&table);
            Ok(Node { span, value: table_value(table.into_inner()) })
        }
        Err(error) => {
            let span = error.span().map_or(Span::at(0), |range| Span::new(range.start, range.end));
            let trouble = document::Trouble::new("syntax-error", format!("this is no TOML: {}", error.message()), span);
            Err(vec![diagnose(source, None, trouble)])
        }
    }
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn table_value<'s>(table: DeTable<'s>) -> Value<'s> {
    let member = |(key, value): (Spanned<Cow<'s, str>>, Spanned<DeValue<'s>>)| {
        let (key_span, span) = (span_of(&key), span_of(&value));
        Member { key: key.into_inner(), key_span, value: Node { span, value: toml_value(value.into_inner()) } }
    };
    Value::Object(table.into_iter().map(member).collect())
}

/// A TOML value in JSON's terms: dates are text.
fn toml_value<'s>(value: DeValue<'s>) -> Value<'s> {
    match value {
        DeValue::String(text) => Value::String(text),
        DeValue::Integer(number) => {
            let digits = i128::from_str_radix(number.as_str(), number.radix()).map(|number| number.to_string());
            digits.map_or_else(|_| Value::String(Cow::Owned(number.as_str().to_owned())), |digits| Value::Number(Cow::Owned(digits)))
        }
        DeValue::Float(number) => {
            let finite = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            finite.map_or(Value::Null, |number| Value::Number(Cow::Owned(number.to_string())))
        }
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(date) => Value::String(Cow::Owned(date.to_string())),
        DeValue::Array(items) => {
            let node = |item: Spanned<DeValue<'s>>| Node { span: span_of(&item), value: toml_value(item.into_inner()) };
            Value::Array(items.into_iter().map(node).collect())
        }
        DeValue::Table(table) => table_value(table),
    }
}
