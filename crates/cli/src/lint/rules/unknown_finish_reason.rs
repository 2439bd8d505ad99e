//! `unknown-finish-reason`: `finishReason` is a word that no provider sends.

use super::super::answers::{is_true, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::replace_text;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "unknown-finish-reason",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`finishReason` is a word that no provider sends",
    why: "clients compare the finish reason with a closed set of words; typed clients fail on others, untyped ones take none of their branches",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "finishReason": "stopp" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "finishReason": "stop" } }] }"#,
    }],
    check: Check::File(check),
};

/// The words of fixtures first (the nearest of them is proposed), then those of providers.
const KNOWN: [&str; 48] = [
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "function_call",
    "error",
    // Anthropic and Bedrock
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "compaction",
    "model_context_window_exceeded",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    // Gemini
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "IMAGE_SAFETY",
    "FINISH_REASON_UNSPECIFIED",
    // Cohere
    "COMPLETE",
    "STOP_SEQUENCE",
    "TOOL_CALL",
    "ERROR",
    "ERROR_TOXIC",
    "ERROR_LIMIT",
    "TIMEOUT",
    "USER_CANCEL",
    // Ollama, Mistral, Together, the Responses API
    "load",
    "unload",
    "model_length",
    "eos",
    "eos_token",
    "completed",
    "incomplete",
    "failed",
];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(node) = response.get("finishReason") else { continue };
            let Some(reason) = node.as_str().filter(|reason| !KNOWN.contains(reason) && !is_true(response, "template")) else { continue };
            let finding = report(findings, file, entry, node.span, format!("{} is no finish reason of any provider", code(reason)));
            let near = crate::shape::nearest(reason, &KNOWN);
            finding.help = match near {
                Some(near) => format!("did you mean `{near}`?").into(),
                None => "fixtures use `stop`, `tool_calls`, `length` and `content_filter`".into(),
            };
            finding.fix = near.map(|near| Fix {
                safety: Safety::Unsafe,
                title: format!("set `finishReason` to `{near}`").into(),
                edits: vec![replace_text(file.layout(), node.span, near)],
            });
        }
    }
}
