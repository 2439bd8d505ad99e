//! `overlong-key`: a whole prompt as match text.

use super::super::keys::match_texts;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "overlong-key",
    category: Category::Text,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "a match text is so long that any edit of the prompt breaks it",
    why: "a few distinctive words find the same request and survive a change of wording",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "Plan a week in Lisbon for two with three museums, one day at the sea, and dinners that cost less than forty euros each. Plan a week in Lisbon for two with three museums, one day at the sea, and dinners that cost less than forty euros each. Plan a week in Lisbon for two with three museums, one day at the sea, and dinners that cost less than forty euros each. Plan a week in Lisbon for two with three museums, one day at the sea, and dinners that cost less than forty euros each. Plan a week in Lisbon for two with three museums, one day at the sea, and dinners that cost less than forty euros each." }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "Plan a week in Lisbon" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

/// Most characters that are let through.
const MOST: u64 = 500;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let most = file.limit(RULE.name, "characters", MOST);
    for (entry, _) in file.entries() {
        for text in match_texts(entry) {
            // Bytes are never fewer than characters: most texts are not counted.
            let length = if text.text.len() as u64 > most { text.text.chars().count() as u64 } else { 0 };
            if length > most {
                let finding = findings.report(file.label(text.node.span), format!("`{}` has {length} characters", text.key));
                finding.help = format!("match on a part that only this request has; {most} characters are let through").into();
                finding.identity = format!("{} {}", text.key, text.text.chars().take(40).collect::<String>());
            }
        }
    }
}
