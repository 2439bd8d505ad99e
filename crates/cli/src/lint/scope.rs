//! All fixtures that are loaded together, in load order, with what several rules want to know about them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Label, Span};
use crate::exchange::Exchange;
use crate::fixture::{LoadedEntry, LoadedFile};
use crate::matcher::Table;
use crate::transform::Transforms;

use super::rules::dialogue::{self, Dialogue};
use super::rules::reach::Reach;
use super::rules::witness::{self, Witness};

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

    fn label(&self, span: Span, below: &str) -> Label {
        Label {
            source: Arc::clone(&self.file.source),
            span,
            pointer: format!("/fixtures/{}{below}", self.entry.fixture.origin.index),
            note: Cow::Borrowed(""),
        }
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
    /// How requests are rewritten before they are matched; the fixtures were loaded under the same list.
    pub transforms: &'a Transforms,
    reach: OnceLock<Reach>,
    witnesses: OnceLock<Vec<Option<Witness>>>,
    dialogues: OnceLock<Vec<Option<Dialogue>>>,
}

impl<'a> ScopeContext<'a> {
    /// A scope of these files in load order.
    pub fn new(
        name: &'a str,
        files: &[&'a LoadedFile],
        options: &'a serde_json::Map<String, serde_json::Value>,
        transforms: &'a Transforms,
    ) -> ScopeContext<'a> {
        let entries: Vec<EntryRef<'a>> = files.iter().flat_map(|file| file.entries.iter().map(|entry| EntryRef { file, entry })).collect();
        let rows = entries.iter().map(|entry| entry.entry.fixture.row()).collect();
        let (reach, witnesses, dialogues) = Default::default();
        ScopeContext { name, entries, table: Table::new(rows), options, transforms, reach, witnesses, dialogues }
    }

    /// Computes what the rules share, in parallel. To be called before rules run side by side: a rule that waited for
    /// another's parallel work could be waiting for itself.
    pub(super) fn prepare(&self) {
        self.reach();
        self.witness(0);
        self.dialogue(0);
    }

    /// A request as the server would match it; `None` when it would refuse it, since a transform fails.
    pub(super) fn seen<'e>(&self, exchange: &'e Exchange) -> Option<Cow<'e, Exchange>> {
        self.transforms.exchange(exchange).ok()
    }

    /// Who takes whose requests.
    pub fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::of(&self.table))
    }

    /// Who answers the plainest request of a row; `None` when no such request was found.
    pub(super) fn witness(&self, row: usize) -> Option<Witness> {
        self.witnesses.get_or_init(|| witness::all(self)).get(row).copied().flatten()
    }

    /// What goes wrong in the dialogue that a row's tool calls start. `None` when nothing does, and when another row
    /// answers the row's plainest request.
    pub(super) fn dialogue(&self, row: usize) -> Option<&Dialogue> {
        self.dialogues.get_or_init(|| dialogue::all(self)).get(row)?.as_ref()
    }

    /// A number from a rule's options, or its default.
    pub fn limit(&self, rule: &str, option: &str, default: u64) -> u64 {
        self.options.get(rule).and_then(|options| options.get(option)).and_then(serde_json::Value::as_u64).unwrap_or(default)
    }
}
