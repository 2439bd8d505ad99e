//! `short-substring`: a text so short or common that it is contained in others.

use super::super::keys::{Compared, is_exact, match_texts};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "short-substring",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a substring is so short or common that other requests contain it",
    why: "a plain string matches anywhere, inside of words too: `hi` is in `this`, `architecture` and `which`",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "hi" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "hi, who are you?" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

/// Words that stand in most requests.
const COMMON: [&str; 24] = [
    "the", "and", "you", "that", "this", "what", "with", "for", "have", "from", "please", "can you", "help", "hello", "test", "show",
    "give", "tell", "make", "create", "write", "list", "find", "explain",
];

/// Fewest characters that are let through.
const LEAST: u64 = 4;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let least = file.limit(RULE.name, "characters", LEAST);
    for (entry, loaded) in file.entries() {
        for text in match_texts(entry).iter().filter(|text| text.key == "userMessage" && text.compared != Compared::Otherwise) {
            let length = text.text.trim().chars().count() as u64;
            let common = COMMON.contains(&text.text.trim().to_lowercase().as_str());
            if length == 0 || (length >= least && !common) || is_exact(loaded, text.key) {
                continue;
            }
            let message = format!("{} is contained in requests that have nothing to do with it", crate::shape::code(text.text));
            let finding = findings.report(file.label(text.node.span), message);
            finding.help = "match on more of the request, or use `{ \"equals\": … }`".into();
            text.text.clone_into(&mut finding.identity);
        }
    }
}
