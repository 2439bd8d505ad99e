//! `empty-substring`: an empty text, which every request contains.

use super::super::keys::{Compared, is_exact, match_texts};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "empty-substring",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an empty substring is contained in every text",
    why: "it asks for nothing, so the fixture takes every request that has such a text at all",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        for text in match_texts(entry).iter().filter(|text| text.text.is_empty() && text.compared != Compared::Otherwise) {
            // The loader has its own word for this one, and an exact key takes the empty text alone.
            if text.key == "toolResultContains" || is_exact(loaded, text.key) {
                continue;
            }
            let finding = findings.report(file.label(text.node.span), format!("`{}` is empty: every text contains it", text.key));
            finding.help = "remove the key if every request is meant, else say what it must contain".into();
            text.key.clone_into(&mut finding.identity);
        }
    }
}
