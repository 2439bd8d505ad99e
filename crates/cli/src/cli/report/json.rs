//! `json`: one document with everything, by a schema of its own (`aimock schema report`).
//!
//! Keys are only added within a version. Lines and columns count from 1, columns in characters, ends are exclusive.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostic::{Fix, Label, Safety, Severity};

use super::entry::{Entry, Region};
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "json", summary: "One JSON document with everything", write };

/// Version of the document.
const VERSION: u32 = 1;

/// Findings of one run of aimock.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "aimock report")]
struct Document<'a> {
    /// Version of this format.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// Version of the program that wrote it.
    aimock: &'static str,
    summary: Summary,
    /// In order of files, then of places.
    findings: Vec<Finding<'a>>,
    /// Files that were not checked.
    skipped: Vec<Skipped<'a>>,
}

/// Counts of a run.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// Files that were checked.
    files: usize,
    /// Files that were not.
    skipped: usize,
    /// Fixtures in the checked files.
    fixtures: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
}

/// A file that was not checked.
#[derive(Serialize, JsonSchema)]
pub(super) struct Skipped<'a> {
    file: &'a str,
    reason: &'a str,
}

/// A range of text: lines and columns from 1, columns in characters, the end exclusive.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Range {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// What is wrong, where, why, and what to do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Finding<'a> {
    /// Name of the rule.
    rule: &'a str,
    severity: Severity,
    message: &'a str,
    /// Why it matters.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    why: &'a str,
    /// What to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    help: &'a str,
    file: &'a str,
    #[serde(flatten)]
    range: Range,
    /// JSON pointer of the node; empty for the whole file.
    pointer: &'a str,
    /// Other places that have a part in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    related: Vec<Place<'a>>,
    /// Edits that would cure it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Cure<'a>>,
    /// An example that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a serde_json::Value>,
    /// Stays the same when lines move.
    fingerprint: &'a str,
}

/// A second place.
#[derive(Serialize, JsonSchema)]
struct Place<'a> {
    /// What stands there.
    note: &'a str,
    file: &'a str,
    #[serde(flatten)]
    range: Range,
    pointer: &'a str,
}

/// Edits of the finding's own file.
#[derive(Serialize, JsonSchema)]
struct Cure<'a> {
    safety: Care,
    /// What it does.
    title: &'a str,
    edits: Vec<Change<'a>>,
}

/// Whether it may be applied without asking.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Care {
    Safe,
    Unsafe,
}

/// One range to be replaced by text.
#[derive(Serialize, JsonSchema)]
struct Change<'a> {
    #[serde(flatten)]
    range: Range,
    text: &'a str,
}

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    let entries = report.entries();
    let document = Document {
        version: VERSION,
        aimock: env!("CARGO_PKG_VERSION"),
        summary: Summary::of(report),
        findings: entries.iter().map(Finding::of).collect(),
        skipped: Skipped::of(report).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// The JSON Schema of the document; `$defs/Line` is a line of `jsonl`.
pub fn schema() -> serde_json::Value {
    let mut generator = schemars::SchemaGenerator::default();
    generator.subschema_for::<super::jsonl::Line<'_>>();
    generator.into_root_schema_for::<Document<'_>>().to_value()
}

impl Summary {
    pub(super) fn of(report: &Report<'_>) -> Summary {
        let checked = report.files.iter().filter(|file| file.skipped.is_none());
        Summary {
            files: checked.clone().count(),
            skipped: report.skipped().count(),
            fixtures: checked.map(|file| file.fixtures).sum(),
            errors: report.number(Severity::Error),
            warnings: report.number(Severity::Warning),
            infos: report.number(Severity::Info),
        }
    }
}

impl<'a> Skipped<'a> {
    pub(super) fn of(report: &Report<'a>) -> impl Iterator<Item = Skipped<'a>> {
        report.skipped().map(|(file, reason)| Skipped { file, reason })
    }
}

impl<'a> Finding<'a> {
    pub(super) fn of(entry: &'a Entry<'a>) -> Finding<'a> {
        let Entry { finding, region, fingerprint } = entry;
        Finding {
            rule: finding.rule,
            severity: finding.severity,
            message: &finding.message,
            why: &finding.why,
            help: &finding.help,
            file: region.file,
            range: Range::of(*region),
            pointer: &finding.primary.pointer,
            related: finding.related.iter().map(Place::of).collect(),
            fix: finding.fix.as_ref().map(|fix| Cure::of(fix, &finding.primary)),
            witness: finding.witness.as_ref(),
            fingerprint,
        }
    }
}

impl<'a> Place<'a> {
    fn of(label: &'a Label) -> Place<'a> {
        let region = Region::of(label);
        Place { note: &label.note, file: region.file, range: Range::of(region), pointer: &label.pointer }
    }
}

impl<'a> Cure<'a> {
    fn of(fix: &'a Fix, primary: &'a Label) -> Cure<'a> {
        let safety = match fix.safety {
            Safety::Safe => Care::Safe,
            Safety::Unsafe => Care::Unsafe,
        };
        let change = |edit: &'a crate::diagnostic::Edit| Change { range: Range::of(Region::within(primary, edit.span)), text: &edit.text };
        Cure { safety, title: &fix.title, edits: fix.edits.iter().map(change).collect() }
    }
}

impl Range {
    fn of(region: Region<'_>) -> Range {
        let Region { file: _, start, end } = region;
        Range { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }
}
