//! `tool-call-without-id`: a tool call has no id, and a follow-up waits for one.

use std::collections::BTreeSet;

use super::super::answers::{calls, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "tool-call-without-id",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a tool call has no id, and a follow-up waits for one",
    why: "a call without an id gets a new one at each answer, so a follow-up that is matched by `toolCallId` cannot belong to it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
  { "match": { "toolCallId": "call_1" }, "response": { "content": "It is sunny." } },
  { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": {} }] } }
] }"#,
        good: r#"{ "fixtures": [
  { "match": { "toolCallId": "call_1" }, "response": { "content": "It is sunny." } },
  { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_1", "name": "forecast", "arguments": {} }] } }
] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let wanted: BTreeSet<&str> = file.entries().filter_map(|(entry, _)| text(entry.get("match")?, "toolCallId")).collect();
    if wanted.is_empty() {
        return;
    }
    let all_calls = || file.entries().flat_map(|(entry, _)| responses(entry)).flat_map(calls);
    let given: BTreeSet<&str> = all_calls().filter_map(|call| text(call, "id")).collect();
    // Every follow-up has its call: the others need no id.
    let Some(orphan) = wanted.difference(&given).next() else { return };
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            for call in calls(response).filter(|call| call.get("id").is_none()) {
                let tool = code(text(call, "name").unwrap_or_default());
                let message = format!("the call of {tool} has no id, and the follow-up of {} has no call", code(orphan));
                report(findings, file, entry, call.span, message).help = "give it the `id` that its follow-up matches".into();
            }
        }
    }
}
