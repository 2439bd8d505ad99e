//! `tool-loop`: a fixture that calls tools answers its own tool results, and calls them again.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::dialogue::Outcome;
use super::witness;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "tool-loop",
    category: Category::Conversation,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a tool-call fixture answers its own follow-up",
    why: "the request with the tool results still has the same user message, so the same fixture answers with the same tool calls, until the agent's limit ends it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
            { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } }
        ] }"#,
        good: r#"{ "fixtures": [
            { "match": { "userMessage": "weather", "hasToolResult": false }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } },
            { "match": { "userMessage": "weather", "hasToolResult": true }, "response": { "content": "It is sunny." } }
        ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (row, entry) in context.entries.iter().enumerate() {
        let Some(dialogue) = context.dialogue(row) else { continue };
        let Outcome::Repeats { endless } = dialogue.outcome else { continue };
        let how_long = if endless { "without end" } else { "once more" };
        let finding =
            findings.report(entry.match_label(), format!("calls tools, answers its own tool results and calls tools again, {how_long}"));
        finding.help =
            "add `\"hasToolResult\": false` here and a fixture with `\"hasToolResult\": true` (or the call's `toolCallId`) for the follow-up".into();
        finding.identity = witness::identity(entry);
        finding.witness = Some(witness::json(context, &dialogue.exchange, Some(row)));
    }
}
