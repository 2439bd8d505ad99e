//! `github`: workflow commands that GitHub Actions turns into annotations on a pull request.
//!
//! The syntax is `::error file=…,line=…::message`. Data escapes `%`, CR and LF; properties also `:` and `,`.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::diagnostic::{Diagnostic, Severity};

use super::entry::Region;
use super::prose::escape;
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "github", summary: "Annotations of GitHub Actions", write };

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    for finding in report.ordered() {
        let Region { file, start, end } = Region::of(&finding.primary);
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        write!(out, "::{command} file={},line={},col={}", property(file), start.line, start.column)?;
        // GitHub takes an end column on the same line only, and counts it in; a caret has none.
        if end.line > start.line {
            write!(out, ",endLine={}", end.line)?;
        } else if end.column > start.column {
            write!(out, ",endLine={},endColumn={}", end.line, end.column - 1)?;
        }
        writeln!(out, ",title={}::{}", property(finding.rule), data(&words(finding)))?;
    }
    Ok(())
}

/// Message, why and help, a line each.
fn words(finding: &Diagnostic) -> String {
    let parts = [finding.message.as_str(), &finding.why, &finding.help];
    parts.into_iter().filter(|part| !part.is_empty()).map(escape).collect::<Vec<_>>().join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    let text: Cow<'_, str> = escape(text);
    data(&text).replace(':', "%3A").replace(',', "%2C")
}
