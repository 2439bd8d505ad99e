//! All fixtures that are loaded together, in load order, with what several rules want to know about them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Label, Span};
use crate::document::{Format, Limits, Node};
use crate::fixture::{LoadedEntry, LoadedFile};
use crate::matcher::Table;

/// A fixture of a scope.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    pub file: &'a LoadedFile,
    pub entry: &'a LoadedEntry,
}

impl EntryRef<'_> {
    /// `FILE#N`, or the author's id.
    pub fn handle(&self) -> String {
        let fixture = &self.entry.fixture;
        fixture.id.clone().unwrap_or_else(|| format!("{}#{}", self.file.source.name(), fixture.origin.index))
    }

    /// Its `match`.
    pub fn match_label(&self) -> Label {
        self.label(self.entry.fixture.origin.match_span, "/match")
    }

    /// The whole entry.
    pub fn entry_label(&self) -> Label {
        self.label(self.entry.fixture.origin.span, "")
    }

    /// A place below the entry, found by parsing the entry again; the entry itself when there is no such place.
    pub fn label_at(&self, pointer: &str) -> Label {
        let origin = &self.entry.fixture.origin;
        self.label(self.locate(pointer).unwrap_or(origin.span), pointer)
    }

    fn label(&self, span: Span, below: &str) -> Label {
        Label {
            source: Arc::clone(&self.file.source),
            span,
            pointer: format!("/fixtures/{}{below}", self.entry.fixture.origin.index),
            note: Cow::Borrowed(""),
        }
    }

    fn locate(&self, pointer: &str) -> Option<Span> {
        // Trees are not kept for whole scopes; a finding is rare, so its file is parsed once more for it.
        let text = self.file.source.text();
        let parsed = crate::document::parse(text, Format::from_path(self.file.source.name()), &Limits::default()).ok()?;
        let mut node: &Node<'_> = parsed.root.get("fixtures")?.items().get(self.entry.fixture.origin.index)?;
        for part in pointer.split('/').skip(1) {
            let key = part.replace("~1", "/").replace("~0", "~");
            node = match key.parse::<usize>() {
                Ok(index) if !node.items().is_empty() => node.items().get(index)?,
                _ => node.get(&key)?,
            };
        }
        Some(node.span)
    }
}

/// A scope under examination.
#[derive(Debug)]
pub struct ScopeContext<'a> {
    /// The scope's name in the configuration; empty when there is only one.
    pub name: &'a str,
    pub entries: Vec<EntryRef<'a>>,
    pub table: Table,
    /// Settings of single rules, by rule name.
    pub options: &'a serde_json::Map<String, serde_json::Value>,
    reach: OnceLock<super::rules::reach::Reach>,
}

impl<'a> ScopeContext<'a> {
    /// A scope of these files in load order.
    pub fn new(name: &'a str, files: &[&'a LoadedFile], options: &'a serde_json::Map<String, serde_json::Value>) -> ScopeContext<'a> {
        let entries: Vec<EntryRef<'a>> = files.iter().flat_map(|file| file.entries.iter().map(|entry| EntryRef { file, entry })).collect();
        let rows = entries.iter().map(|entry| entry.entry.fixture.row()).collect();
        ScopeContext { name, entries, table: Table::new(rows), options, reach: OnceLock::new() }
    }

    /// Who takes whose requests; computed once.
    pub fn reach(&self) -> &super::rules::reach::Reach {
        self.reach.get_or_init(|| super::rules::reach::Reach::of(&self.table))
    }

    /// A number from a rule's options, or its default.
    pub fn limit(&self, rule: &str, option: &str, default: u64) -> u64 {
        self.options.get(rule).and_then(|options| options.get(option)).and_then(serde_json::Value::as_u64).unwrap_or(default)
    }
}
