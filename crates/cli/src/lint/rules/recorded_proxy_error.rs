//! `recorded-proxy-error`: the recorder's own failure was recorded as the answer.

use super::super::answers::{report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "recorded-proxy-error",
    category: Category::Rot,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "the recorder's own failure was recorded as the answer",
    why: "the recorder could not reach the provider or not read its answer, and wrote that down as what the provider said",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "Could not detect response format from upstream", "type": "proxy_error" }, "status": 200 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
    }],
    check: Check::File(check),
};

/// How the messages of recorders begin.
const MESSAGES: [&str; 2] = ["Could not detect response format from upstream", "Proxy to upstream failed"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| is_proxy_error(response)) {
            let Some(error) = response.get("error") else { continue };
            report(findings, file, entry, error.span, "this is an error of the recording proxy, not of the provider").help =
                "delete the fixture and record again".into();
        }
    }
}

/// Whether a response holds what a recorder writes when it fails.
pub(super) fn is_proxy_error(response: &Node<'_>) -> bool {
    let Some(error) = response.get("error") else { return false };
    text(error, "type") == Some("proxy_error")
        || text(error, "message").is_some_and(|message| MESSAGES.iter().any(|known| message.starts_with(known)))
}
