//! `served-by-accident`: only an unrelated script line can bring this fixture back.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::reach::Barrier;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "served-by-accident",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a fixture without `turnIndex` is served only by accident",
    why: "an earlier fixture with `turnIndex` 0 takes its requests at every length of the conversation; only where a later script line stands exactly at its turn, and would be answered itself, does this one slip in before it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "turnIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows." } },
                { "match": { "userMessage": "in Oslo", "turnIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo", "turnIndex": 0 }, "response": { "content": "It snows." } },
                { "match": { "userMessage": "weather", "turnIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "in Oslo", "turnIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, by) in context.reach().behind(Barrier::Accident) {
        let culprit = pair::name(context, by);
        let message = format!("is served only by accident: {culprit} has `turnIndex` 0 and takes its requests at every turn");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = format!("move it above {culprit} and give it a `turnIndex`, or narrow that one's `match`").into();
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one has `turnIndex` 0 and comes first");
    }
}
