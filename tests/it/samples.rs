//! The sample files below `tests/corpus`: found, read and loaded as `aimock validate` does it, only that each file stands alone.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use aimock::diagnostic::{Diagnostic, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Keep, LoadOptions, LoadedFile, check_together, load};
use aimock::schema::{SchemaCheck, SchemaChecks};

use crate::repository;

/// The published schema, compiled once: that takes longer than to check a sample.
pub(crate) static PUBLISHED: LazyLock<SchemaChecks> = LazyLock::new(|| SchemaChecks(vec![SchemaCheck::published()]));

/// Extensions of samples.
const FORMATS: [&str; 3] = ["json", "jsonc", "yaml"];

/// Every sample below a folder of `tests/corpus`: its path relative to that folder, with `/`, and its text.
pub(crate) fn samples(folder: &str) -> Vec<(String, String)> {
    let found = repository::texts(&format!("tests/corpus/{folder}"), &FORMATS);
    assert!(!found.is_empty(), "no samples in tests/corpus/{folder}");
    let name = |path: PathBuf| path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    found.into_iter().map(|(path, text)| (name(path), text)).collect()
}

/// A text loaded under a name, schema and all, with its findings as they are shown.
pub(crate) fn loaded(name: &str, text: &str) -> (LoadedFile, Vec<Diagnostic>) {
    loaded_with(name, text, &PUBLISHED)
}

/// A text loaded under a name against these schemas.
pub(crate) fn loaded_with(name: &str, text: &str, schemas: &SchemaChecks) -> (LoadedFile, Vec<Diagnostic>) {
    let source = Arc::new(Source::new(SourceId(0), name, text));
    let options = LoadOptions { schemas: Some(schemas), keep: Keep::Shapes, ..LoadOptions::default() };
    let mut file = load(&source, Format::from_path(name), &options);
    let mut findings = std::mem::take(&mut file.problems);
    findings.extend(check_together(std::slice::from_ref(&file)));
    Diagnostic::sort(&mut findings);
    (file, findings)
}

/// `LINE:COLUMN severity rule pointer` of a finding.
pub(crate) fn one_line(finding: &Diagnostic) -> String {
    let place = finding.position();
    let line = format!("{}:{} {} {} {}", place.line, place.column, finding.severity.name(), finding.rule, finding.primary.pointer);
    line.trim_end().to_owned()
}

/// What became of a file: why it was passed over, or which entries are served and which never match; then a line a finding.
pub(crate) fn outcome(file: &LoadedFile, findings: &[Diagnostic]) -> String {
    let mut text = String::new();
    let mut list = |title: &str, dead: bool| {
        let mut numbers = String::new();
        for entry in file.entries.iter().filter(|entry| entry.fixture.dead == dead) {
            let _ = write!(numbers, " {}", entry.fixture.origin.index);
        }
        if !dead || !numbers.is_empty() {
            let _ = writeln!(text, "{title}:{numbers}");
        }
    };
    if let Some(reason) = &file.skipped {
        text = format!("skipped: {reason}\n");
    } else {
        list("serves", false);
        list("never matches", true);
    }
    for finding in findings {
        let _ = writeln!(text, "{}", one_line(finding));
    }
    text
}
