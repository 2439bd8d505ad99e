//! `position-only-match`: the fixture says when it answers, and not what.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "position-only-match",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a `match` has a position and nothing else",
    why: "`turnIndex` and `sequenceIndex` say when a fixture answers; without another key it answers any conversation that has come to that point",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "turnIndex": 1 }, "response": { "content": "It is sunny." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, entry) in context.entries.iter().enumerate() {
        let fixture = &entry.entry.fixture;
        let key = match (fixture.position.turn, fixture.position.sequence) {
            _ if fixture.dead || !fixture.matches.clauses().is_empty() => continue,
            (Some(_), _) => "turnIndex",
            (None, Some(_)) => "sequenceIndex",
            (None, None) => continue,
        };
        let message = format!("has `{key}` and nothing that says which conversation it belongs to");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = "add a `userMessage`, a `systemMessage` or a `context`".into();
    }
}
