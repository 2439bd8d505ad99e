//! `oversized-file`: a file too large to review.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Severity, Span};

pub(super) static RULE: Rule = Rule {
    name: "oversized-file",
    category: Category::Size,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "the file is too large to review",
    why: "it slows down every clone, every diff and every editor; nobody reads what changed in it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

/// Most bytes that are let through.
const MOST: u64 = 1 << 20;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let most = file.limit(RULE.name, "bytes", MOST);
    let size = file.source.text().len() as u64;
    if size > most {
        let finding = findings.report(file.label(Span::at(0)), format!("the file has {size} bytes"));
        finding.help = format!("split it, or move media into files of their own (`http.file`); {most} bytes are let through").into();
    }
}
