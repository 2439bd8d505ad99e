//! `finish-reason-mismatch`: `finishReason` says something else than the answer.

use super::super::answers::{calls, is_recording, kind, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::replace_text;
use crate::exchange::MediaKind;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "finish-reason-mismatch",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`finishReason` says something else than the answer",
    why: "agents decide by the finish reason whether to run tools: with `tool_calls` and no calls they wait or loop, with `stop` and calls they stop before running them",
    fix: Some(Safety::Safe),
    examples: &[
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "finishReason": "tool_calls" } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "finishReason": "stop" } }] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": {} }], "finishReason": "stop" } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": {} }], "finishReason": "tool_calls" } }] }"#,
        },
    ],
    check: Check::File(check),
};

/// Keys that can hold calls of which nothing is known here.
const OTHER_CALLS: [&str; 4] = ["customToolCalls", "responsesBlocks", "webSearches", "live"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(reason) = response.get("finishReason") else { continue };
            if kind(response) != MediaKind::Turn || OTHER_CALLS.iter().any(|key| response.get(key).is_some()) {
                continue;
            }
            let calls_tools = calls(response).next().is_some();
            let (meant, safety, what) = match reason.as_str() {
                Some("tool_calls" | "tool_use" | "function_call") if !calls_tools => ("stop", Safety::Safe, "calls no tool"),
                // A provider that was told which tool to call reports `stop`: recordings may say so.
                Some("stop" | "end_turn" | "STOP") if calls_tools && !is_recording(file, entry) => {
                    ("tool_calls", Safety::Unsafe, "calls tools")
                }
                _ => continue,
            };
            let said = code(reason.as_str().unwrap_or_default());
            let finding = report(findings, file, entry, reason.span, format!("`finishReason` is {said}, and the answer {what}"));
            finding.help = format!("write `{meant}`, or leave the key out: the right reason is sent by itself").into();
            finding.fix = Some(Fix {
                safety,
                title: format!("set `finishReason` to `{meant}`").into(),
                edits: vec![replace_text(file.layout(), reason.span, meant)],
            });
        }
    }
}
