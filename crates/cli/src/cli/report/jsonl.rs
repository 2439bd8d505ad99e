//! `jsonl`: one JSON object a line, for streams: findings, skipped files, and the summary last.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json::{Finding, Skipped, Summary};
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "jsonl", summary: "One JSON object a line", write };

/// One line of `--format jsonl`; `type` says which.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Line<'a> {
    Finding(Finding<'a>),
    Skipped(Skipped<'a>),
    Summary(Summary),
}

fn write(report: &Report<'_>, out: &mut dyn Write, _style: Style) -> io::Result<()> {
    for entry in &report.entries() {
        line(&Line::Finding(Finding::of(entry)), out)?;
    }
    for skipped in Skipped::of(report) {
        line(&Line::Skipped(skipped), out)?;
    }
    line(&Line::Summary(Summary::of(report)), out)
}

fn line(line: &Line<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}
