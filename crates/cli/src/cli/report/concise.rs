//! `concise`: one line a finding, for grep and for editors: `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use super::entry::Region;
use super::prose::escape;
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "concise", summary: "One line a finding", write };

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    for finding in report.ordered() {
        let Region { file, start, .. } = Region::of(&finding.primary);
        let (severity, rule) = (finding.severity.name(), finding.rule);
        writeln!(out, "{}:{}:{}: {severity}[{rule}] {}", escape(file), start.line, start.column, escape(&finding.message))?;
    }
    Ok(())
}
