//! `request-id-in-match`: a match key holds an id that a provider gave out.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "request-id-in-match",
    category: Category::Nondeterminism,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a match key holds an id that a provider gave out",
    why: "the next run gets another id, so the fixture never matches again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "See chatcmpl-9XyZ4kQm7Zt2Xv9Lr4Kd8" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "See the last answer" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    volatile::report_in_keys(
        file,
        findings,
        volatile::issued_id,
        "an issued id",
        "match on the text around it; to follow a tool call use `toolCallId`",
    );
}
