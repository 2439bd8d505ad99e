//! `gitlab`: the code quality report that GitLab shows in merge requests: one JSON list.

use std::io::{self, Write};

use serde::Serialize;

use crate::diagnostic::Severity;

use super::entry::Entry;
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "gitlab", summary: "Code quality report of GitLab", write };

#[derive(Serialize)]
struct Issue<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    /// Relative to the repository, without `./`.
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    let entries = report.entries();
    serde_json::to_writer_pretty(&mut *out, &entries.iter().map(issue).collect::<Vec<_>>())?;
    writeln!(out)
}

fn issue<'a>(entry: &'a Entry<'a>) -> Issue<'a> {
    let Entry { finding, region, fingerprint } = entry;
    let severity = match finding.severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    };
    let lines = Lines { begin: region.start.line, end: region.end.line };
    let path = region.file.trim_start_matches("./");
    Issue { description: &finding.message, check_name: finding.rule, fingerprint, severity, location: Location { path, lines } }
}
