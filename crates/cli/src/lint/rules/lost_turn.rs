//! `lost-turn`: an earlier fixture without `turnIndex` answers at the very turn this one is scripted for.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::reach::Barrier;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "lost-turn",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a fixture loses its own turn to an earlier fallback",
    why: "at the exact turn an earlier fixture without `turnIndex` wins; this one is served only at later turns, where nobody expects it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It snows." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, by) in context.reach().behind(Barrier::LostTurn) {
        let culprit = pair::name(context, by);
        let turn = context.entries.get(row).and_then(|entry| entry.entry.fixture.position.turn).unwrap_or(0);
        let Some(finding) = pair::report(context, findings, row, format!("loses its own turn {turn}: {culprit} answers there")) else {
            continue;
        };
        finding.help = format!("move it above {culprit}, or give that one a `turnIndex`").into();
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one has no `turnIndex` and comes first");
    }
}
