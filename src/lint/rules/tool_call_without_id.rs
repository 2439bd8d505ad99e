//! `tool-call-without-id`: a tool call has no id in a file that matches by id.

use super::super::answers::{calls, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "tool-call-without-id",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a tool call has no id in a file that matches by id",
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
    let by_id = file.entries().any(|(entry, _)| entry.get("match").is_some_and(|matches| matches.get("toolCallId").is_some()));
    if !by_id {
        return;
    }
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            for call in calls(response).filter(|call| call.get("id").is_none()) {
                let tool = code(text(call, "name").unwrap_or_default());
                let finding = report(
                    findings,
                    file,
                    entry,
                    call.span,
                    format!("the call of {tool} has no id, and this file matches by `toolCallId`"),
                );
                finding.help = "give it the `id` that its follow-up matches".into();
            }
        }
    }
}
