//! `lost-turn`: an earlier fixture without `turnIndex` answers at the very turn this one is scripted for.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::witness;
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
            { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It is still sunny." } }
        ] }"#,
        good: r#"{ "fixtures": [
            { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It is still sunny." } },
            { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } }
        ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, entry) in context.entries.iter().enumerate() {
        let Some(fallback) = context.reach().loses_turn_to(row).and_then(|fallback| context.entries.get(fallback)) else { continue };
        let turn = entry.entry.fixture.position.turn.unwrap_or(0);
        let mut culprit = fallback.match_label();
        culprit.note = "this one has no `turnIndex` and comes first".into();
        let message = format!("loses its own turn {turn}: {} answers there", crate::shape::code(&fallback.handle()));
        let finding = findings.report(entry.match_label(), message);
        finding.help = format!("move it above {}, or give that one a `turnIndex`", crate::shape::code(&fallback.handle())).into();
        finding.related.push(culprit);
        finding.identity = witness::identity(entry);
        finding.witness = witness::of(context, row).map(|witness| witness.json);
    }
}
