//! Findings as people and machines read them: one file a format, all of them in [`FORMATS`].
//!
//! A format is a pure function from a [`Report`] to text, in one fixed order. It decides nothing about severity or exit
//! status, touches no file, and shows no line that a finding asked to hide.

mod concise;
mod entry;
mod excerpt;
mod github;
mod gitlab;
mod json;
mod jsonl;
mod junit;
mod prose;
mod sarif;
#[cfg(test)]
mod tests;
mod text;
mod window;

use std::io::{self, Write};

pub use json::schema;
pub use prose::{counted, escape, grouped};

use super::{Status, Terminal};
use crate::diagnostic::{Diagnostic, Severity};

/// Findings of one rule that text shows before it only counts.
pub const PER_RULE_LIMIT: usize = 20;

/// All that a run found, for any format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report<'a> {
    /// In any order; formats sort.
    pub findings: &'a [Diagnostic],
    /// Every file that was looked at.
    pub files: &'a [FileOutcome],
    /// The rules that could have spoken; a rule that did and is not among them is described by its name alone.
    pub rules: &'a [RuleInfo],
    /// The least severity that counts; `None` is never.
    pub fail_on: Option<Severity>,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOutcome {
    /// The path as the user would type it.
    pub name: String,
    /// How many fixtures it holds.
    pub fixtures: usize,
    /// Why it was not checked (`a package manifest, not fixtures`), if it was not.
    pub skipped: Option<String>,
}

/// A rule as the formats present it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    pub name: &'static str,
    pub summary: &'static str,
    /// Why it matters; may be empty.
    pub why: &'static str,
    pub severity: Severity,
}

/// Manners of the stream that a report is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
    /// Findings of one rule that text shows; `None` shows all.
    pub per_rule_limit: Option<usize>,
}

/// A way to write findings.
#[derive(Debug)]
pub struct Format {
    /// The value of `--format`.
    pub name: &'static str,
    /// One line for help.
    pub summary: &'static str,
    write: fn(&Report<'_>, &mut dyn Write, Style) -> io::Result<()>,
}

/// Every format; the first is the default.
pub static FORMATS: &[&Format] =
    &[&text::FORMAT, &concise::FORMAT, &json::FORMAT, &jsonl::FORMAT, &github::FORMAT, &gitlab::FORMAT, &sarif::FORMAT, &junit::FORMAT];

/// What the loader can report.
pub fn loader_rules() -> Vec<RuleInfo> {
    let info = |rule: &crate::fixture::RuleInfo| RuleInfo { name: rule.name, summary: rule.summary, why: "", severity: rule.severity };
    crate::fixture::LOADER_RULES.iter().map(info).collect()
}

/// What lint can report, the loader's rules included.
pub fn lint_rules() -> Vec<RuleInfo> {
    let info = |rule: &&crate::lint::Rule| RuleInfo { name: rule.name, summary: rule.summary, why: rule.why, severity: rule.severity };
    crate::lint::ALL.iter().map(info).chain(loader_rules()).collect()
}

/// What `normalize --check` can report, the loader's rules included.
pub fn pass_rules() -> Vec<RuleInfo> {
    let info =
        |pass: &&crate::normalize::Pass| RuleInfo { name: pass.name, summary: pass.summary, why: pass.why, severity: Severity::Warning };
    crate::normalize::ALL.iter().map(info).chain(loader_rules()).collect()
}

/// What `check` can report: lint's rules, the loader's and the passes.
pub fn check_rules() -> Vec<RuleInfo> {
    let mut rules = lint_rules();
    let known = rules.len();
    for pass in pass_rules() {
        if !rules.iter().take(known).any(|rule| rule.name == pass.name) {
            rules.push(pass);
        }
    }
    rules
}

/// The format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name).copied()
}

/// Writes a report.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(format: &Format, report: &Report<'_>, out: &mut dyn Write, style: Style) -> io::Result<()> {
    (format.write)(report, out, style)
}

/// The end of a command that reports: findings to stdout, skipped files and the summary to stderr, and the status.
///
/// # Errors
/// Whatever stdout answers.
pub fn emit(format: &Format, report: &Report<'_>, terminal: &mut Terminal<'_>) -> io::Result<Status> {
    let per_rule_limit = (!terminal.is_verbose()).then_some(PER_RULE_LIMIT);
    let style = Style { color: terminal.stdout_color(), width: terminal.width(), per_rule_limit };
    write(format, report, terminal.stdout(), style)?;
    terminal.flush()?;
    for (file, reason) in report.skipped() {
        terminal.note(format_args!("skipped {file}: {reason}"));
    }
    terminal.say(report.summary());
    Ok(report.status())
}

impl<'a> Report<'a> {
    /// Findings if one of them counts.
    pub fn status(&self) -> Status {
        if self.findings.iter().any(|finding| self.counts(finding)) { Status::Findings } else { Status::Clean }
    }

    /// `checked 425 files, 5,032 fixtures: 0 errors, 2 warnings`.
    pub fn summary(&self) -> String {
        let checked = self.files.iter().filter(|file| file.skipped.is_none());
        let fixtures = checked.clone().map(|file| file.fixtures).sum();
        let infos = match self.number(Severity::Info) {
            0 => String::new(),
            infos => format!(", {}", counted(infos, "info")),
        };
        format!(
            "checked {}, {}: {}, {}{infos}",
            counted(checked.count(), "file"),
            counted(fixtures, "fixture"),
            counted(self.number(Severity::Error), "error"),
            counted(self.number(Severity::Warning), "warning"),
        )
    }

    fn number(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn counts(&self, finding: &Diagnostic) -> bool {
        self.fail_on.is_some_and(|least| finding.severity >= least)
    }

    fn skipped(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files.iter().filter_map(|file| Some((file.name.as_str(), file.skipped.as_deref()?)))
    }
}
