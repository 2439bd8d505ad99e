//! `sequence-behind-plain`: an earlier fixture without a slot takes every call before the sequence can start.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::reach::Barrier;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "sequence-behind-plain",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a sequence never starts",
    why: "an earlier fixture that answers without end accepts every request of this slot, so the sequence is never reached",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It snows." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, by) in context.reach().behind(Barrier::BehindPlain) {
        let culprit = pair::name(context, by);
        let message = format!("can never be served: {culprit} comes first, has no `sequenceIndex` and takes every call");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = format!("move the whole sequence above {culprit}, which then answers when it has ended").into();
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one comes first");
    }
}
