//! `duplicate-match`: an earlier fixture has the very same `match`.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::reach::Barrier;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "duplicate-match",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a fixture has the same `match` as an earlier one",
    why: "of fixtures with equal `match` and position only the first is ever served; the answer of the later one is lost",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, by) in context.reach().behind(Barrier::Duplicate) {
        let culprit = pair::name(context, by);
        let answers = |row: usize| context.entries.get(row).map(|entry| &entry.entry.fixture.answers);
        let same = answers(row) == answers(by);
        let how = if same { "and the same answer" } else { "and another answer, which is never given" };
        let Some(finding) = pair::report(context, findings, row, format!("has the same `match` as {culprit}, {how}")) else { continue };
        finding.help = "remove it, or give both a `sequenceIndex` if they answer one after the other".into();
        if same {
            finding.help = "remove it".into();
        }
        finding.witness = witness::shown(context, row);
        pair::relate(context, finding, by, "this one comes first");
    }
}
