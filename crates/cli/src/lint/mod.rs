//! Finds what makes fixtures lie: mistakes, not taste.
//!
//! A rule is one file with its summary, reason and examples, which are its tests and its docs. File rules see one
//! file's tree and run in parallel; scope rules see all fixtures that are loaded together and share what is costly to
//! know (who shadows whom). Rules report and never print.

mod answers;
mod baseline;
mod engine;
mod fix;
mod keys;
mod leaks;
mod media;
mod memory;
mod page;
mod rules;
mod scope;
mod select;
mod suppress;
mod volatile;

use std::borrow::Cow;
use std::sync::Arc;

pub use baseline::Baseline;
pub use engine::{Brief, LintInput, Outcome, Tree, Trees, run, run_remembering};
pub use fix::{FixedFile, apply_fixes};
pub use leaks::Leaks;
pub use memory::{Key, Memory};
pub use page::page;
pub use rules::ALL;
pub use scope::{EntryRef, ScopeContext};
pub use select::{Chosen, Selection, SelectionError, knows, plain_path};

use crate::diagnostic::{Diagnostic, Label, Safety, Severity, Source, Span};
use crate::document::edit::Layout;
use crate::document::{Format, Node, Parsed};
use crate::fixture::{LoadedEntry, LoadedFile};
use crate::transform::Transforms;

/// How much a rule asks of authors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Always on: what it reports is wrong.
    Default,
    /// What it reports deserves a look.
    Strict,
    /// What it reports is a matter of order.
    Pedantic,
}

impl Tier {
    /// `default`, `strict` or `pedantic`.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Default => "default",
            Tier::Strict => "strict",
            Tier::Pedantic => "pedantic",
        }
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Reachability,
    Conversation,
    Shape,
    Rot,
    Nondeterminism,
    Secrets,
    Text,
    Streams,
    Size,
    /// About lint itself: allows and their reasons.
    Meta,
}

impl Category {
    /// The name in docs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Category::Reachability => "reachability",
            Category::Conversation => "conversation",
            Category::Shape => "shape",
            Category::Rot => "rot",
            Category::Nondeterminism => "nondeterminism",
            Category::Secrets => "secrets",
            Category::Text => "text",
            Category::Streams => "streams",
            Category::Size => "size",
            Category::Meta => "meta",
        }
    }
}

/// A pair of small fixture files (JSONC): the first has exactly this rule's finding, the second has none of it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub bad: &'static str,
    pub good: &'static str,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// One file and its tree.
    File(fn(&FileContext<'_>, &mut Findings)),
    /// All fixtures that are loaded together.
    Scope(fn(&ScopeContext<'_>, &mut Findings)),
    /// Reported by the engine itself.
    Engine,
}

/// A lint rule.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; names the trouble, not the cure; reads well after "allow".
    pub name: &'static str,
    pub category: Category,
    pub severity: Severity,
    pub tier: Tier,
    /// One line without a full stop.
    pub summary: &'static str,
    /// Why it matters and what to do, in a few sentences.
    pub why: &'static str,
    /// The safety of its fix, if it has one.
    pub fix: Option<Safety>,
    pub examples: &'static [Example],
    pub check: Check,
}

/// One file, parsed and loaded.
#[derive(Debug)]
pub struct FileContext<'a> {
    pub source: &'a Arc<Source>,
    pub format: Format,
    pub parsed: &'a Parsed<'a>,
    pub file: &'a LoadedFile,
    /// Settings of single rules, by rule name.
    pub options: &'a serde_json::Map<String, serde_json::Value>,
    /// How texts of match keys are rewritten before they are compared.
    pub transforms: &'a Transforms,
    /// It is no fixture file, and holds recordings of another tool: only secrets are looked for.
    pub is_recording: bool,
    /// Its secrets and personal data, found when a rule first asks.
    pub leaks: Leaks,
}

impl<'a> FileContext<'a> {
    /// The entries with their trees, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Node<'a>, &'a LoadedEntry)> {
        let items = self.parsed.root.get("fixtures").map_or(&[][..], Node::items);
        self.file.entries.iter().filter_map(move |entry| items.get(entry.fixture.origin.index).map(|node| (node, entry)))
    }

    /// What edits need to know.
    pub fn layout(&self) -> Layout<'a> {
        Layout { text: self.source.text(), format: self.format }
    }

    /// A place in this file.
    pub fn label(&self, span: Span) -> Label {
        Label { source: Arc::clone(self.source), span, pointer: crate::shape::pointer_to(&self.parsed.root, span), note: Cow::Borrowed("") }
    }

    /// A number from this rule's options, or its default.
    pub fn limit(&self, rule: &str, option: &str, default: u64) -> u64 {
        self.options.get(rule).and_then(|options| options.get(option)).and_then(serde_json::Value::as_u64).unwrap_or(default)
    }
}

/// Collects the findings of one rule.
#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// An empty collection for a rule.
    pub fn of(rule: &'static Rule) -> Findings {
        Findings { rule, found: Vec::new() }
    }

    /// Reports at a place; the returned finding can be amended (help, related places, fix, witness, identity).
    pub fn report(&mut self, place: Label, message: impl Into<String>) -> &mut Diagnostic {
        let index = self.found.len();
        self.found.push(Diagnostic::new(self.rule.name, self.rule.severity, message, place).because(self.rule.why));
        &mut self.found[index]
    }

    /// What was reported.
    pub fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.name == name)
}

/// The names of all rules: lint's own and the loader's.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|rule| rule.name).chain(crate::fixture::LOADER_RULES.iter().map(|rule| rule.name))
}

/// Settings under which the examples of a rule about size are short enough to print: limits of a few hundred bytes.
/// Empty for all other rules.
pub fn example_options(rule: &str) -> serde_json::Map<String, serde_json::Value> {
    let options = match rule {
        "oversized-file" | "oversized-response" => serde_json::json!({ rule: { "bytes": 300 } }),
        "too-many-fixtures" => serde_json::json!({ rule: { "fixtures": 3 } }),
        _ => serde_json::Value::Null,
    };
    if let serde_json::Value::Object(options) = options { options } else { serde_json::Map::new() }
}

/// The file name under which an example is read: JSON when it begins with a brace, else YAML.
pub fn example_name(text: &str) -> &'static str {
    if text.trim_start_matches('\u{feff}').starts_with('{') { "fixtures/example.json" } else { "fixtures/example.yaml" }
}
