//! `shadowed-fixture`: an earlier fixture takes every request this one could get.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::reach::Barrier;
use super::{pair, witness};
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
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [
                { "match": { "model": "gpt-4o", "userMessage": "weather" }, "response": { "content": "It is sunny." } },
                { "match": { "model": "gpt-4o-2024-08-06", "userMessage": "weather" }, "response": { "content": "It snows." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "model": "gpt-4o-2024-08-06", "userMessage": "weather" }, "response": { "content": "It snows." } },
                { "match": { "model": "gpt-4o", "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
        },
    ],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, by) in context.reach().behind(Barrier::Shadowed) {
        let culprit = pair::name(context, by);
        let message = format!("can never be served: {culprit} comes first and takes all of its requests");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = format!("move it above {culprit}, or narrow that one's `match`").into();
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one comes first");
    }
}
