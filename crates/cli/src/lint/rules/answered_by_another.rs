//! `answered-by-another`: the plainest request that the fixture takes is answered by another one.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::{pair, witness};
use crate::diagnostic::Severity;
use crate::matcher::Row;

pub(super) static RULE: Rule = Rule {
    name: "answered-by-another",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a fixture's own plainest request is answered by another",
    why: "asked with nothing but what its `match` names, an earlier fixture answers; this one is served only where something else keeps that one away",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": { "regex": "[Ww]eather" } }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "It snows." } },
                { "match": { "userMessage": { "regex": "[Ww]eather" } }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for row in 0..context.entries.len() {
        let Some(by) = context.witness(row).and_then(|witness| witness.answered_by) else { continue };
        // A sequence or a list of answers that comes first ends, and then leaves its requests to this fixture.
        let stays = context.table.rows().get(by).is_some_and(Row::is_always_open);
        if by == row || !stays || context.reach().barrier(row).is_some() {
            continue;
        }
        let culprit = pair::name(context, by);
        let message = format!("its plainest request is answered by {culprit}");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = format!("move the more exact of the two to the front, or add to this `match` what keeps {culprit} away").into();
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one answers");
    }
}
