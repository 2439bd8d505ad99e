//! `duplicate-tool-call-id`: two tool calls of one response have the same id.

use std::collections::HashMap;

use super::super::answers::{calls, is_true, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Label, Severity, Span};
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "duplicate-tool-call-id",
    category: Category::Shape,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "two tool calls of one response have the same id",
    why: "clients file tool results under the call's id: one of the two results is lost, and providers refuse the next request",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_1", "name": "forecast", "arguments": {} }, { "id": "call_1", "name": "radar", "arguments": {} }] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_1", "name": "forecast", "arguments": {} }, { "id": "call_2", "name": "radar", "arguments": {} }] } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            let ids = calls(response).filter_map(|call| call.get("id"));
            let mut first: HashMap<&str, Span> = HashMap::new();
            for node in ids {
                let Some(id) = node.as_str().filter(|id| !id.is_empty()) else { continue };
                let Some(earlier) = first.get(id) else {
                    first.insert(id, node.span);
                    continue;
                };
                let label = file.label(*earlier);
                let finding = report(findings, file, entry, node.span, format!("the id {} is that of an earlier call", code(id)));
                finding.related.push(Label { note: "the first call with this id".into(), ..label });
                finding.help = "give each call its own id, or leave the ids out: each then gets a new one".into();
            }
        }
    }
}
