//! `dead-end`: nothing answers the results of the tools that the fixture calls.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::dialogue::Outcome;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "dead-end",
    category: Category::Conversation,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "nothing answers a fixture's tool results",
    why: "a client that runs the tools sends their results back; no fixture of the scope takes that request, so the conversation ends with a miss",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": false }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": false }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } },
                { "match": { "userMessage": "weather", "hasToolResult": true }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for row in 0..context.entries.len() {
        let Some(dialogue) = context.dialogue(row).filter(|dialogue| dialogue.outcome == Outcome::DeadEnd) else { continue };
        let message = "calls tools, and no fixture answers the request with their results";
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = "add a fixture with `\"hasToolResult\": true` or with the call's `toolCallId`".into();
        finding.witness = Some(witness::json(context, &dialogue.exchange, None));
    }
}
