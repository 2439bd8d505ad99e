//! `junit`: XML that CI systems show as tests: a suite for each file, a failing case for each finding that counts.
//!
//! A clean file is one passing case, a file that was not checked one skipped case, a finding below `--fail-on` a passing
//! case with its words as output. XML 1.0 has no way to write most control characters, so they are spelled out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use crate::diagnostic::{Diagnostic, SourceId};

use super::entry::Region;
use super::prose::escape;
use super::{FileOutcome, Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "junit", summary: "JUnit XML for CI", write };

/// One file's cases.
struct Suite<'a> {
    name: &'a str,
    skipped: Option<&'a str>,
    findings: Vec<&'a Diagnostic>,
}

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    let suites = suites(report);
    let cases: usize = suites.iter().map(|suite| suite.findings.len().max(1)).sum();
    let failures = report.findings.iter().filter(|finding| report.counts(finding)).count();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="aimock" tests="{cases}" failures="{failures}" errors="0">"#)?;
    for suite in &suites {
        write_suite(report, suite, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// The files in the order they were given, then those that only findings name.
fn suites<'a>(report: &Report<'a>) -> Vec<Suite<'a>> {
    let mut by_file: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    let mut strangers: BTreeSet<(SourceId, &str)> = BTreeSet::new();
    for finding in report.ordered() {
        let source = &finding.primary.source;
        by_file.entry(source.name()).or_default().push(finding);
        strangers.insert((source.id(), source.name()));
    }
    let known = report.files.iter().map(|FileOutcome { name, skipped, .. }| (name.as_str(), skipped.as_deref()));
    let strangers = strangers.into_iter().map(|(_, name)| (name, None));
    let mut suites = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, skipped) in known.chain(strangers) {
        if seen.insert(name) {
            suites.push(Suite { name, skipped, findings: by_file.remove(name).unwrap_or_default() });
        }
    }
    suites
}

fn write_suite(report: &Report<'_>, suite: &Suite<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Suite { name, skipped, findings } = suite;
    let failures = findings.iter().filter(|finding| report.counts(finding)).count();
    let skips = usize::from(findings.is_empty() && skipped.is_some());
    let name = xml(name);
    let tests = findings.len().max(1);
    writeln!(out, r#"  <testsuite name="{name}" tests="{tests}" failures="{failures}" errors="0" skipped="{skips}">"#)?;
    match skipped {
        _ if !findings.is_empty() => {
            for finding in findings {
                write_case(report, finding, &name, out)?;
            }
        }
        Some(reason) => {
            writeln!(out, r#"    <testcase name="aimock" classname="{name}"><skipped message="{}"/></testcase>"#, xml(reason))?;
        }
        None => writeln!(out, r#"    <testcase name="aimock" classname="{name}"/>"#)?,
    }
    writeln!(out, "  </testsuite>")
}

fn write_case(report: &Report<'_>, finding: &Diagnostic, file: &str, out: &mut dyn Write) -> io::Result<()> {
    let Region { start, .. } = Region::of(&finding.primary);
    let (rule, line, column) = (finding.rule, start.line, start.column);
    writeln!(out, r#"    <testcase name="{rule} {line}:{column}" classname="{file}" line="{line}">"#)?;
    let words = [format!("{file}:{line}:{column}"), labelled("why", &finding.why), labelled("help", &finding.help)];
    let words = words.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let (message, severity) = (xml(&finding.message), finding.severity.name());
    if report.counts(finding) {
        writeln!(out, r#"      <failure message="{message}" type="{severity}">{words}</failure>"#)?;
    } else {
        writeln!(out, "      <system-out>{severity}: {message}\n{words}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

fn labelled(word: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{word}: {}", xml(text)) }
}

/// Text and attribute values alike.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in escape(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // Not characters of XML 1.0, however they are written.
            '\u{fffe}' | '\u{ffff}' => escaped.extend(character.escape_default()),
            character => escaped.push(character),
        }
    }
    escaped
}
