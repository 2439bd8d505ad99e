//! `turn-never-reached`: the fixture asks for a tool result in a conversation that has no answer yet.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "turn-never-reached",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a tool result is expected at turn 0",
    why: "`turnIndex` counts the answers so far, and a tool result stands behind the answer that called the tool: at turn 0 there is none, so the fixture is only ever served at later turns, and never where turns are strict",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": true, "turnIndex": 0 }, "response": { "content": "It is sunny." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": true, "turnIndex": 1 }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (number, row) in context.table.rows().iter().enumerate() {
        if row.dead || row.position.turn != Some(0) || !row.matches.wants_tool_result() {
            continue;
        }
        let Some(finding) = pair::report(context, findings, number, "asks for a tool result at turn 0, where no tool was called yet")
        else {
            continue;
        };
        finding.help = "write the number of answers before this one, at least 1, or leave `turnIndex` out".into();
    }
}
