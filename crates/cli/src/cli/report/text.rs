//! `text`: for people. The finding, its lines with carets, why it matters and what to do.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use crate::diagnostic::{Diagnostic, Safety, Severity};

use super::excerpt::{self, Hidden};
use super::prose::{grouped, message, wrap};
use super::{Format, Report, Style};

/// The format.
pub(super) static FORMAT: Format = Format { name: "text", summary: "Findings with their lines, for people", write };

fn write(report: &Report<'_>, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let findings = report.ordered();
    let hidden = Hidden::of(&findings);
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let count = shown.entry(finding.rule).or_default();
        *count += 1;
        if style.per_rule_limit.is_none_or(|limit| *count <= limit) {
            writeln!(out, "{}", one(finding, &hidden, style))?;
        }
    }
    for (rule, count) in shown {
        let left = style.per_rule_limit.map_or(0, |limit| count.saturating_sub(limit));
        if left > 0 {
            writeln!(out, "... and {} more `{rule}`; --format concise shows all", grouped(left))?;
        }
    }
    Ok(())
}

fn one(finding: &Diagnostic, hidden: &Hidden<'_>, style: Style) -> String {
    let mut text = heading(finding, style);
    excerpt::draw(finding, hidden, style, &mut text);
    for (word, advice) in [("why", &*finding.why), ("help", &*finding.help)] {
        if !advice.is_empty() {
            text.push_str(&remark(finding, word, advice, style));
        }
    }
    if let Some(fix) = &finding.fix {
        let safety = match fix.safety {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe, needs a look",
        };
        text.push_str(&remark(finding, "fix", &format!("{} ({safety})", fix.title), style));
    }
    text
}

fn heading(finding: &Diagnostic, style: Style) -> String {
    let color = match finding.severity {
        Severity::Error => AnsiColor::BrightRed,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::BrightBlue,
    };
    let (loud, bold) = if style.color { (color.on_default().bold(), Ansi::new().bold()) } else { (Ansi::new(), Ansi::new()) };
    let label = format!("{}[{}]", finding.severity.name(), finding.rule);
    let words = wrap(&message(&finding.message), label.len() + 2, 2, style.width);
    format!("{loud}{label}{loud:#}{bold}: {words}{bold:#}\n")
}

/// `  = help: …`, aligned below the line numbers.
fn remark(finding: &Diagnostic, word: &str, advice: &str, style: Style) -> String {
    let gutter = excerpt::gutter(finding);
    let lead = format!("{:gutter$} = {:6}", "", format!("{word}:"));
    let words = wrap(&message(advice), lead.len(), lead.len(), style.width);
    if style.color {
        let (blue, bold) = (AnsiColor::BrightBlue.on_default().bold(), Ansi::new().bold());
        return format!("{:gutter$} {blue}={blue:#} {bold}{word}{bold:#}:{:space$}{words}\n", "", "", space = 5 - word.len());
    }
    format!("{lead}{words}\n")
}
