//! `rate-limit-without-retry-after`: a 429 that does not say when to come back.

use super::super::answers::{kind_key, number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "rate-limit-without-retry-after",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a 429 that does not say when to come back",
    why: "providers send Retry-After with a 429; without it clients fall back to their own waiting time, and the code that reads it is not tested",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "slow down" }, "status": 429 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "slow down" }, "status": 429, "retryAfter": 1 } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| kind_key(response) == Some("error")) {
            let Some(node) = response.get("status").filter(|node| number(node) == Some(429.0)) else { continue };
            let has_header = response
                .get("headers")
                .is_some_and(|headers| headers.members().iter().any(|member| member.key.to_ascii_lowercase().starts_with("retry-after")));
            if response.get("retryAfter").is_none() && !has_header {
                report(findings, file, entry, node.span, "this `429` has no `retryAfter`").help = "add `retryAfter`, in seconds".into();
            }
        }
    }
}
