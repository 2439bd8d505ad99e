//! `unproduced-tool-call-id`: the `toolCallId` is one that no fixture's tool call has.

use std::borrow::Cow;

use rapidhash::RapidHashSet;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::calls::pinned_ids;
use super::pair;
use crate::diagnostic::Severity;
use crate::matcher::{Pattern, TextPattern};

pub(super) static RULE: Rule = Rule {
    name: "unproduced-tool-call-id",
    category: Category::Conversation,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "no fixture makes the tool call whose result is expected",
    why: "tool calls without an `id` get a made-up one, and the ids of others must be written alike on both sides; no fixture of the scope gives this one, so only a client that makes up its own ids can send it back",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "toolCallId": "call_wether" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "toolCallId": "call_weather" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    // The client sends an id back as it was made; it is compared as the transforms leave it.
    let compared = |id| context.transforms.text("toolCallId", id).unwrap_or(Cow::Borrowed(id));
    let produced: RapidHashSet<Cow<'_, str>> =
        context.entries.iter().flat_map(|entry| pinned_ids(&entry.entry.fixture)).map(compared).collect();
    for (row, entry) in context.entries.iter().enumerate() {
        let fixture = &entry.entry.fixture;
        let Some(Pattern::Text(TextPattern::Equals { text: id, ignore_case: false })) =
            fixture.matches.clause("toolCallId").filter(|_| !fixture.dead).map(|clause| &clause.pattern)
        else {
            continue;
        };
        if produced.contains(id.as_str()) {
            continue;
        }
        let message = format!("no fixture makes a tool call with the id {}", crate::shape::code(id));
        let Some(finding) = pair::report(context, findings, row, message) else { continue };
        finding.help = "write the same `id` at the tool call, or match the tool result by `toolResultContains`".into();
    }
}
