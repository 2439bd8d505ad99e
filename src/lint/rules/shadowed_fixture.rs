//! `shadowed-fixture`: an earlier fixture takes every request this one could get.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::witness;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "shadowed-fixture",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a fixture can never be served",
    why: "fixtures are tried in load order, and an earlier one accepts every request that this one accepts",
    fix: None,
    examples: &[
        Example {
            bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows in Oslo." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows in Oslo." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [
                { "match": { "model": "gpt-4o" }, "response": { "content": "Hello." } },
                { "match": { "model": "gpt-4o-2024-08-06", "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "model": "gpt-4o", "userMessage": "time" }, "response": { "content": "It is noon." } },
                { "match": { "model": "gpt-4o-2024-08-06", "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
        },
    ],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, entry) in context.entries.iter().enumerate() {
        let Some(shadow) = context.reach().shadowed_by(row).and_then(|shadow| context.entries.get(shadow)) else { continue };
        let mut culprit = shadow.match_label();
        culprit.note = "this one comes first".into();
        let finding = findings.report(
            entry.match_label(),
            format!("can never be served: {} comes first and takes all of its requests", crate::shape::code(&shadow.handle())),
        );
        finding.help = format!("move it above {}, or narrow that one's `match`", crate::shape::code(&shadow.handle())).into();
        finding.related.push(culprit);
        finding.identity = witness::identity(entry);
        finding.witness = witness::of(context, row).map(|witness| witness.json);
    }
}
