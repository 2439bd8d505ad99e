//! `crlf-line-ends`: lines that end with a carriage return.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};

pub(super) static RULE: Rule = Rule {
    name: "crlf-line-ends",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "lines end with CRLF",
    why: "files that differ in nothing else show up as changed from first line to last, and a text in a YAML block carries the ends along",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": ["#,
            "\r\n",
            r#"{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }"#,
            "\r\n",
            "] }\n"
        ),
        good: concat!(
            r#"{ "fixtures": ["#,
            "\n",
            r#"{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }"#,
            "\n",
            "] }\n"
        ),
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let text = file.source.text();
    let edits: Vec<Edit> = text.match_indices("\r\n").map(|(at, _)| Edit { span: Span::new(at, at + 1), text: String::new() }).collect();
    let Some(first) = edits.first().map(|edit| edit.span.start) else { return };
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    let message = match edits.len() {
        all if all == lines => "its lines end with CRLF".to_owned(),
        some => format!("{some} of {lines} lines end with CRLF, the others with LF"),
    };
    let finding = findings.report(file.label(Span::new(first, first + 2)), message);
    finding.help = "end lines with LF; `* text eol=lf` in .gitattributes keeps it so".into();
    finding.fix = Some(Fix { safety: Safety::Safe, title: "end all lines with LF".into(), edits });
}
