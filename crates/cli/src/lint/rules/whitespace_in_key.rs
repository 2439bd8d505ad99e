//! `whitespace-in-key`: blanks at the edge of a match text.

use super::super::keys::{as_string, is_block_scalar, match_texts};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};

pub(super) static RULE: Rule = Rule {
    name: "whitespace-in-key",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a match text begins or ends with a blank",
    why: "the blank must be in the request too, and it is easily lost on the way or never seen",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather in Oslo " }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather in Oslo" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for text in match_texts(entry) {
            let trimmed = text.text.trim();
            // A transform may take the blanks away on both sides.
            let is_compared = file.transforms.text(text.key, text.text).is_ok_and(|text| text.trim().len() < text.len());
            if trimmed.is_empty() || trimmed.len() == text.text.len() || !is_compared {
                continue;
            }
            let side = if text.text.starts_with(trimmed) { "ends" } else { "begins" };
            let finding = findings
                .report(file.label(text.node.span), format!("`{}` {side} with a blank: {}", text.key, crate::shape::quoted(text.text)));
            finding.help = "remove it, unless it is meant to keep words apart".into();
            finding.identity = format!("{} {trimmed}", text.key);
            if !is_block_scalar(file, text.node) {
                let edits = vec![Edit { span: text.node.span, text: as_string(trimmed) }];
                finding.fix = Some(Fix { safety: Safety::Unsafe, title: "remove the blanks at its edges".into(), edits });
            }
        }
    }
}
