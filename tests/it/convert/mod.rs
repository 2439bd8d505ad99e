//! Converting: samples of every format become fixtures that hold what was recorded, and nothing is dropped silently.
//!
//! Samples stand in `tests/convert/<format>/`; what becomes of each stands beside it as a snapshot.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests: what is missing should fail the test")]

mod command;
mod hostile;
mod secrets;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aimock::convert::{ALL, Conversion, Input, convert, detect, pair};
use aimock::diagnostic::{Severity, Source, SourceId};
use serde_json::Value;

use crate::repository::root;
use crate::samples::loaded;

/// A sample: its format, its name, and what to convert.
pub(crate) struct Sample {
    pub(crate) format: String,
    pub(crate) name: String,
    pub(crate) input: Input,
}

fn source(path: &Path) -> Arc<Source> {
    let name = path.file_name().unwrap().to_str().unwrap();
    Arc::new(Source::new(SourceId(0), name, std::fs::read_to_string(path).unwrap()))
}

fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Every sample, in order. Answers of pairs belong to their requests.
pub(crate) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for folder in entries(&root().join("tests/convert")) {
        let files: BTreeSet<PathBuf> =
            entries(&folder).into_iter().filter(|path| path.extension().is_none_or(|end| end != "snap")).collect();
        for path in &files {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let answer = match pair::side(&name) {
                Some((_, pair::Side::Response)) => continue,
                Some((stem, pair::Side::Request)) => {
                    let is_answer = |path: &&PathBuf| {
                        pair::side(path.file_name().unwrap().to_str().unwrap()).is_some_and(|side| side == (stem, pair::Side::Response))
                    };
                    files.iter().find(is_answer).map(|path| source(path))
                }
                None => None,
            };
            let format = folder.file_name().unwrap().to_str().unwrap().to_owned();
            samples.push(Sample { format, name, input: Input { source: source(path), answer } });
        }
    }
    samples
}

/// What became of it, as a person reads it.
pub(crate) fn shown(conversion: &Conversion) -> String {
    let mut text = String::new();
    for note in &conversion.notes {
        let at = note.position();
        writeln!(text, "{} {} {}:{} {}", note.severity.name(), note.rule, at.line, at.column, note.message).unwrap();
    }
    let Conversion { interactions, lost, fixtures, secrets, stamped, .. } = conversion;
    writeln!(text, "{interactions} interactions, {lost} lost, {fixtures} fixtures, {secrets} secrets, stamped {stamped:?}").unwrap();
    write!(text, "\n{:#}", conversion.file).unwrap();
    text
}

/// How many answers the fixtures of a file hold.
fn answers(file: &Value) -> usize {
    let fixtures = file["fixtures"].as_array().unwrap();
    fixtures.iter().map(|fixture| fixture.get("responses").map_or(1, |list| list.as_array().unwrap().len())).sum()
}

#[test]
fn samples_become_what_the_snapshots_say() {
    for sample in samples() {
        let conversion = convert(&sample.input, None).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("tests/convert").join(&sample.format));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(sample.name.clone(), shown(&conversion)));
    }
}

#[test]
fn every_format_has_samples_and_is_recognised() {
    let samples = samples();
    for format in ALL {
        assert!(samples.iter().any(|sample| sample.format == format.name), "no sample of {}", format.name);
    }
    for sample in samples {
        assert_eq!(detect(&sample.input).map(|format| format.name), Some(sample.format.as_str()), "{}", sample.name);
    }
}

#[test]
fn other_files_are_not_recognised() {
    #[track_caller]
    fn check(name: &str, text: &str) {
        let input = Input { source: Arc::new(Source::new(SourceId(0), name, text)), answer: None };
        assert_eq!(detect(&input).map(|format| format.name), None, "{name}: {text}");
        assert!(convert(&input, None).is_err(), "{name}: {text}");
    }
    check("a.json", r#"{"fixtures":[]}"#);
    check("a.json", r#"{"interactions":[]}"#);
    check("a.json", r#"{"log":{"pages":[]}}"#);
    check("a.json", r#"{"request":"x","response":"y"}"#);
    check("a.json", "[1, 2]");
    check("a.json", "");
    check("a.yaml", "name: x\nmatcher: y");
    check("a.yaml", "just text");
    check("a.jsonl", "{\"a\":1}\n{\"b\":2}");
    check("a.txtar", "a comment\n-- file.go --\npackage a\n");
    check("a.toml", "[package]\nname = \"x\"");
    check("a.toml", "= broken");
}

#[test]
fn every_interaction_is_in_the_output_or_in_a_note() {
    for sample in samples() {
        let conversion = convert(&sample.input, None).unwrap();
        let said = conversion.notes.iter().filter(|note| note.rule == "interaction-lost").count();
        assert_eq!(conversion.lost, said, "{}", sample.name);
        assert_eq!(answers(&conversion.file) + conversion.lost, conversion.interactions, "{}", sample.name);
        assert_eq!(conversion.file["fixtures"].as_array().unwrap().len(), conversion.fixtures, "{}", sample.name);
    }
}

#[test]
fn what_is_written_is_valid_and_every_request_gets_its_own() {
    for sample in samples() {
        let conversion = convert(&sample.input, None).unwrap();
        let (file, findings) = loaded("converted.json", &format!("{:#}", conversion.file));
        let errors: Vec<&str> =
            findings.iter().filter(|found| found.severity > Severity::Info).map(|found| found.message.as_str()).collect();
        assert!(errors.is_empty() && file.skipped.is_none(), "{}: {errors:?}", sample.name);
        let rules = ["answered-by-another", "not-servable"];
        assert!(!conversion.notes.iter().any(|note| rules.contains(&note.rule)), "{}: {}", sample.name, shown(&conversion));
    }
}

#[test]
fn what_is_written_is_the_same_every_time() {
    for sample in samples() {
        assert_eq!(convert(&sample.input, None).unwrap(), convert(&sample.input, None).unwrap(), "{}", sample.name);
    }
}
