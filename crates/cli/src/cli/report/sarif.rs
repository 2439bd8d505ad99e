//! `sarif`: SARIF 2.1.0, which code scanning services read (OASIS, sections 3.13 to 3.58).
//!
//! Written by hand, since we need a small corner of it. Columns count characters, which SARIF calls `unicodeCodePoints`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Fix, Label, Safety, Severity};

use super::entry::{Entry, Region};
use super::excerpt::Hidden;
use super::{Format, Report, RuleInfo, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "sarif", summary: "SARIF 2.1.0 for code scanning", write };

/// What a path must not hold as it is (RFC 3986 `path-noscheme`: a colon would read as a scheme).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Longest snippet, in bytes.
const SNIPPET: usize = 400;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    short_description: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Text<'a>>,
    default_configuration: Level,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Value>,
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Value>,
}

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    let entries = report.entries();
    let findings: Vec<&Diagnostic> = entries.iter().map(|entry| entry.finding).collect();
    let hidden = Hidden::of(&findings);
    let rules = rules(report, &findings);
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.id, at)).collect();
    let results: Vec<Outcome<'_>> = entries.iter().map(|entry| outcome(entry, &index, &hidden)).collect();
    let skipped =
        report.skipped().map(|(file, reason)| json!({ "level": "note", "message": { "text": format!("skipped {file}: {reason}") } }));
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "aimock", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the directory aimock ran in" } } },
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": skipped.collect::<Vec<_>>() }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// The rules of the run, then those that only findings name.
fn rules<'a>(report: &Report<'a>, findings: &[&'a Diagnostic]) -> Vec<Rule<'a>> {
    let mut rules: Vec<Rule<'a>> = report.rules.iter().map(rule).collect();
    for finding in findings {
        if !rules.iter().any(|rule| rule.id == finding.rule) {
            rules.push(rule(&RuleInfo { name: finding.rule, summary: finding.rule, why: "", severity: finding.severity }));
        }
    }
    rules
}

fn rule(info: &RuleInfo) -> Rule<'static> {
    let RuleInfo { name, summary, why, severity } = *info;
    Rule {
        id: name,
        name,
        short_description: Text { text: summary },
        full_description: (!why.is_empty()).then_some(Text { text: why }),
        default_configuration: Level { level: level(severity) },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn outcome<'a>(entry: &'a Entry<'a>, index: &BTreeMap<&str, usize>, hidden: &Hidden<'_>) -> Outcome<'a> {
    let Entry { finding, fingerprint, .. } = entry;
    let safe = finding.fix.iter().filter(|fix| fix.safety == Safety::Safe);
    Outcome {
        rule_id: finding.rule,
        rule_index: index.get(finding.rule).copied().unwrap_or(0),
        level: level(finding.severity),
        message: json!({ "text": words(finding) }),
        locations: [location(&finding.primary, hidden)],
        related_locations: finding.related.iter().enumerate().map(|(id, label)| related(id, label, hidden)).collect(),
        partial_fingerprints: json!({ "aimock/v1": fingerprint }),
        fixes: safe.map(|fix| cure(fix, &finding.primary)).collect(),
    }
}

/// Message, why and help as sentences of one paragraph each.
fn words(finding: &Diagnostic) -> String {
    let parts = [finding.message.as_str(), &finding.why, &finding.help];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn location(label: &Label, hidden: &Hidden<'_>) -> Value {
    let mut place = json!({
        "physicalLocation": { "artifactLocation": artifact(label), "region": region(Region::of(label)) },
    });
    if let Some(text) = snippet(label, hidden) {
        place["physicalLocation"]["region"]["snippet"] = json!({ "text": text });
    }
    if !label.pointer.is_empty() {
        place["logicalLocations"] = json!([{ "fullyQualifiedName": label.pointer, "kind": "element" }]);
    }
    place
}

fn related(id: usize, label: &Label, hidden: &Hidden<'_>) -> Value {
    let mut place = location(label, hidden);
    place["id"] = json!(id + 1);
    place["message"] = json!({ "text": label.note });
    place
}

/// The text itself, unless a finding hides it or it is long.
fn snippet<'a>(label: &'a Label, hidden: &Hidden<'_>) -> Option<&'a str> {
    let text = label.source.text().get(label.span.start..label.span.end)?;
    (!text.is_empty() && text.len() <= SNIPPET && !hidden.touches(label)).then_some(text)
}

fn region(region: Region<'_>) -> Value {
    let Region { file: _, start, end } = region;
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

fn cure(fix: &Fix, primary: &Label) -> Value {
    let replacements = fix
        .edits
        .iter()
        .map(|edit| json!({ "deletedRegion": region(Region::within(primary, edit.span)), "insertedContent": { "text": edit.text } }));
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{ "artifactLocation": artifact(primary), "replacements": replacements.collect::<Vec<_>>() }],
    })
}

/// Relative names are relative to where we ran; absolute ones are file URIs.
fn artifact(label: &Label) -> Value {
    let name = label.source.name();
    let encoded = utf8_percent_encode(name.trim_start_matches("./"), PATH);
    if name.starts_with('/') {
        return json!({ "uri": format!("file://{encoded}") });
    }
    json!({ "uri": encoded.to_string(), "uriBaseId": "%SRCROOT%" })
}
