//! `no-final-newline`: a last line without an end.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};

pub(super) static RULE: Rule = Rule {
    name: "no-final-newline",
    category: Category::Text,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "the last line has no end",
    why: "the next line that is added shows up as a change of this one",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
        good: concat!(r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#, "\n"),
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let text = file.source.text();
    if text.is_empty() || text.ends_with('\n') {
        return;
    }
    let end = Span::at(text.len());
    let finding = findings.report(file.label(end), "the last line has no end");
    finding.help = "end it with a newline".into();
    finding.fix = Some(Fix { safety: Safety::Safe, title: "add a newline".into(), edits: vec![Edit { span: end, text: "\n".to_owned() }] });
}
