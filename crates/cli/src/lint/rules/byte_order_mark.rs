//! `byte-order-mark`: a byte-order mark before the text.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};

pub(super) static RULE: Rule = Rule {
    name: "byte-order-mark",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "the file begins with a byte-order mark",
    why: "strict JSON readers refuse it, and no editor shows it",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: concat!("\u{feff}", r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    if file.parsed.had_bom {
        let span = Span::new(0, '\u{feff}'.len_utf8());
        let finding = findings.report(file.label(span), "the file begins with a byte-order mark");
        finding.help = "save it as UTF-8 without a mark".into();
        finding.fix = Some(Fix { safety: Safety::Safe, title: "remove the mark".into(), edits: vec![Edit { span, text: String::new() }] });
    }
}
