//! `structured-output-not-json`: a request for JSON is answered with text that is none.

use super::super::answers::{calls, is_true, kind, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::exchange::MediaKind;

pub(super) static RULE: Rule = Rule {
    name: "structured-output-not-json",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a request for JSON is answered with text that is none",
    why: "the request asked for a JSON object, and clients parse the answer without looking",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather", "responseFormat": "json_object" }, "response": { "content": "Sunny." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather", "responseFormat": "json_object" }, "response": { "content": "{\"sky\":\"clear\"}" } }] }"#,
    }],
    check: Check::File(check),
};

/// Reasons for which a provider breaks off in the middle of JSON.
const BROKEN_OFF: [&str; 6] = ["length", "max_tokens", "MAX_TOKENS", "content_filter", "refusal", "SAFETY"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        let Some(format) = entry.get("match").and_then(|matches| matches.get("responseFormat")) else { continue };
        let asked = format.as_str().or_else(|| text(format, "equals"));
        if !matches!(asked, Some("json_object" | "json_schema")) {
            continue;
        }
        for response in responses(entry).filter(|response| kind(response) == MediaKind::Turn && !is_true(response, "template")) {
            let broken_off = text(response, "finishReason").is_some_and(|reason| BROKEN_OFF.contains(&reason));
            let Some((node, content)) = response.get("content").and_then(|node| Some((node, node.as_str()?))) else { continue };
            if broken_off || response.get("blocks").is_some() || calls(response).next().is_some() || content.is_empty() {
                continue;
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(content).is_ok() {
                continue;
            }
            let finding = report(findings, file, entry, node.span, "the fixture answers requests for JSON, and `content` is no JSON");
            finding.help = if content.trim_start().starts_with("```") {
                "leave out the code fence: structured output has none".into()
            } else {
                "write the answer as JSON; an object under `content` is sent as compact JSON text".into()
            };
        }
    }
}
