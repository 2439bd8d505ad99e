//! `follow-up-after-first-leg`: the answer to a tool result stands behind the fixture that called the tool, which takes the result itself.

use std::collections::BTreeMap;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::dialogue::Outcome;
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "follow-up-after-first-leg",
    category: Category::Conversation,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a tool-call fixture takes the request of its own follow-up",
    why: "the request with the tool result still has the first user message; the fixture that made the call comes first and makes it again, and the one written for its result is not asked",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } },
                { "match": { "toolCallId": "call_weather" }, "response": { "content": "It is sunny." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "toolCallId": "call_weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    let mut first_legs: BTreeMap<usize, usize> = BTreeMap::new();
    for leg in 0..context.entries.len() {
        let Some(dialogue) = context.dialogue(leg).filter(|dialogue| matches!(dialogue.outcome, Outcome::Repeats { .. })) else { continue };
        let Some(seen) = context.seen(&dialogue.exchange) else { continue };
        let behind = context.table.candidates(&seen).filter(|(row, _)| *row > leg);
        for (row, _) in behind.filter(|(row, follow_up)| follow_up.matches.clause("toolCallId").is_some() && !context.reach().is_dead(*row))
        {
            first_legs.entry(row).or_insert(leg);
        }
    }
    for (row, leg) in first_legs {
        let name = pair::name(context, leg);
        let message = format!("stands behind {name}, which takes the result of its own tool call and calls the tool again");
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = format!("move it above {name}, or add `\"hasToolResult\": false` to that one's `match`").into();
        finding.witness = context.dialogue(leg).map(|dialogue| witness::json(context, &dialogue.exchange, Some(leg)));
        pair::relate(context, finding, leg, "this one makes the call and comes first");
    }
}
