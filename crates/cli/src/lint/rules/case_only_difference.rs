//! `case-only-difference`: two match texts that differ in nothing but case.

use std::collections::{HashMap, HashSet};

use super::super::{Category, Check, EntryRef, Example, Findings, Rule, ScopeContext, Tier};
use crate::diagnostic::Severity;
use crate::fixture::LoadedEntry;
use crate::matcher::{Pattern, TextPattern};

pub(super) static RULE: Rule = Rule {
    name: "case-only-difference",
    category: Category::Text,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "two match texts differ in case only",
    why: "matching heeds case, so a request that is spelt like one of them never meets the other; it is rarely meant",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "Weather in Oslo" }, "response": { "content": "Rain." } }, { "match": { "userMessage": "weather in oslo" }, "response": { "content": "Rain!" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": { "contains": "weather in oslo", "ignoreCase": true } }, "response": { "content": "Rain." } }] }"#,
    }],
    check: Check::Scope(check),
};

fn check(scope: &ScopeContext<'_>, findings: &mut Findings) {
    // First spelling met, and the spellings that were reported.
    let mut first: HashMap<String, (&str, EntryRef<'_>)> = HashMap::new();
    let mut told: HashSet<&str> = HashSet::new();
    for entry in &scope.entries {
        let Some(text) = plain_text(entry.entry) else { continue };
        let (spelling, earlier) = *first.entry(text.to_lowercase()).or_insert((text, *entry));
        if spelling != text && told.insert(text) {
            let message = format!("{} differs from {} in case only", crate::shape::quoted(text), crate::shape::quoted(spelling));
            let mut related = earlier.match_label();
            related.note = "the earlier spelling".into();
            let finding = findings.report(entry.match_label(), message);
            finding.help = "spell them alike, or use `{ \"contains\": …, \"ignoreCase\": true }` once".into();
            text.clone_into(&mut finding.identity);
            finding.related.push(related);
        }
    }
}

/// The text of `userMessage` where case counts.
fn plain_text(entry: &LoadedEntry) -> Option<&str> {
    match &entry.fixture.matches.clause("userMessage")?.pattern {
        Pattern::Text(TextPattern::Contains { needle: text, ignore_case: false } | TextPattern::Equals { text, ignore_case: false }) => {
            Some(text)
        }
        _ => None,
    }
}
