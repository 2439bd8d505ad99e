//! `timestamp-in-match`: a match key holds a time that a clock wrote.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "timestamp-in-match",
    category: Category::Nondeterminism,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a match key holds a time",
    why: "the request of the next run carries another time, so the fixture never matches again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "It is 2026-03-14T09:26:53Z. What now?" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "What now?" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    volatile::report_in_keys(
        file,
        findings,
        volatile::timestamp,
        "a time",
        "match on the text around it, or add `transforms: [timestamps]` to aimock.yaml",
    );
}
