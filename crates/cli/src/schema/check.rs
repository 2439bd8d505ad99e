//! Fixture files against JSON Schemas: the published one, and a team's own.
//!
//! The loader finds what the schema finds, and says it better. A schema's word counts where the loader is silent: that
//! is always so for a team's own schema, and a defect of ours for the published one.

use std::sync::Arc;

use super::{Problem, Tree, compile, problems};
use crate::diagnostic::{Diagnostic, Label, Severity, Source, Span};
use crate::document::{Node, pointer};
use crate::fixture::Schemas;

/// A compiled schema.
pub struct SchemaCheck {
    /// How messages call it.
    name: String,
    /// A team's, and not the published one.
    own: bool,
    validator: jsonschema::Validator<Tree>,
}

/// The schemas that the files of a run must satisfy.
#[derive(Debug)]
pub struct SchemaChecks(pub Vec<SchemaCheck>);

impl std::fmt::Debug for SchemaCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchemaCheck").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SchemaCheck {
    /// The schema that `aimock schema fixture` prints.
    ///
    /// # Panics
    /// Never: a test compiles it.
    #[expect(clippy::expect_used, reason = "generated from our own types; a test compiles it")]
    pub fn published() -> SchemaCheck {
        let schema = serde_json::from_str(super::published::FIXTURE).expect("the published schema is JSON");
        let validator = compile(&schema).expect("the published schema compiles");
        SchemaCheck { name: "the fixture schema".to_owned(), own: false, validator }
    }

    /// A team's own schema.
    ///
    /// # Errors
    /// It is no JSON Schema.
    pub fn own(name: &str, schema: &serde_json::Value) -> Result<SchemaCheck, String> {
        Ok(SchemaCheck { name: name.to_owned(), own: true, validator: compile(schema)? })
    }

    /// Whether a tree satisfies it.
    pub fn holds(&self, root: &Node<'_>) -> bool {
        problems(&self.validator, root).is_empty()
    }

    /// Findings of the schema at places where the loader has none.
    fn findings(&self, source: &Arc<Source>, root: &Node<'_>, known: &[Diagnostic]) -> Vec<Diagnostic> {
        let passed_over = |entry: Span| known.iter().any(|finding| finding.rule == "foreign-entry" && within(entry, finding.primary.span));
        let errors = known.iter().filter(|finding| finding.severity == Severity::Error);
        let errors = Places::new(errors.map(|finding| finding.primary.span).collect());
        let is_known = |problem: &Problem| {
            let covered = match (&problem.key, self.own) {
                // A team's own schema may want keys of an object that the loader refuses for another reason.
                (Some(_), true) => false,
                (None, true) => errors.overlap(problem.span),
                // The published schema speaks of the object where the loader speaks of what is in it.
                (_, false) => errors.overlap(pointer::nearest(root, &problem.pointer).value.span) || errors.overlap(problem.span),
            };
            covered || entry_around(root, problem.span).is_some_and(passed_over)
        };
        problems(&self.validator, root)
            .into_iter()
            .filter(|problem| !is_known(problem))
            .map(|problem| self.finding(source, problem))
            .collect()
    }

    fn finding(&self, source: &Arc<Source>, problem: Problem) -> Diagnostic {
        let label = Label { source: Arc::clone(source), span: problem.span, pointer: problem.pointer, note: "".into() };
        Diagnostic::new("schema", Severity::Error, problem.message, label)
            .because(format!("{} says so ({})", self.name, problem.schema_path))
    }
}

impl Schemas for SchemaChecks {
    fn check(&self, source: &Arc<Source>, root: &Node<'_>, known: &mut Vec<Diagnostic>) {
        for schema in &self.0 {
            let found = schema.findings(source, root, known);
            known.extend(found);
        }
    }
}

/// The entry in which a place is. Entries stand in order.
fn entry_around(root: &Node<'_>, span: Span) -> Option<Span> {
    let entries = root.get("fixtures").map_or(&[][..], Node::items);
    let index = entries.partition_point(|entry| entry.span.start <= span.start).checked_sub(1)?;
    entries.get(index).map(|entry| entry.span).filter(|entry| within(*entry, span))
}

/// Spans by their start, ready to be asked for overlaps.
struct Places {
    starts: Vec<usize>,
    /// Of the spans up to each: the furthest end.
    furthest: Vec<usize>,
    /// Of the spans from each on: the nearest end.
    nearest: Vec<usize>,
}

impl Places {
    fn new(mut spans: Vec<Span>) -> Places {
        spans.sort_by_key(|span| span.start);
        let mut end = 0;
        let furthest = spans
            .iter()
            .map(|span| {
                end = end.max(span.end);
                end
            })
            .collect();
        let mut end = usize::MAX;
        let mut nearest: Vec<usize> = spans
            .iter()
            .rev()
            .map(|span| {
                end = end.min(span.end);
                end
            })
            .collect();
        nearest.reverse();
        Places { starts: spans.iter().map(|span| span.start).collect(), furthest, nearest }
    }

    /// Whether one of them holds a place or lies in it.
    fn overlap(&self, place: Span) -> bool {
        let up_to = self.starts.partition_point(|start| *start <= place.start);
        let from = self.starts.partition_point(|start| *start < place.start);
        let around = up_to.checked_sub(1).and_then(|last| self.furthest.get(last)).is_some_and(|end| *end >= place.end);
        around || self.nearest.get(from).is_some_and(|end| *end <= place.end)
    }
}

fn within(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
