//! `empty-match`: the fixture takes every request.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use crate::diagnostic::Severity;
use crate::matcher::Position;

pub(super) static RULE: Rule = Rule {
    name: "empty-match",
    category: Category::Reachability,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "an empty `match` takes every request",
    why: "every request that no earlier fixture takes gets this answer, so a test passes where a miss would have shown that something changed; an `id` or a `description` says that it is meant",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": {}, "response": { "content": "It is sunny." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "description": "whatever else is asked", "match": {}, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, entry) in context.entries.iter().enumerate() {
        let fixture = &entry.entry.fixture;
        let takes_all = !fixture.dead && fixture.matches.clauses().is_empty() && fixture.position == Position::default();
        if !takes_all || fixture.id.is_some() || entry.entry.is_described {
            continue;
        }
        let Some(finding) = pair::report(context, findings, row, "takes every request that comes to it") else { continue };
        finding.help = "say which requests it answers, or give it an `id` or a `description` if it is the fallback".into();
    }
}
