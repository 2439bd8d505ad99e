//! `uuid-in-match`: a match key holds a UUID or ULID.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "uuid-in-match",
    category: Category::Nondeterminism,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a match key holds a UUID",
    why: "the next run draws another one, so the fixture never matches again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "Open ticket 7c9e6679-7425-40de-944b-e07fc1f90ae7" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "Open ticket" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    volatile::report_in_keys(
        file,
        findings,
        volatile::uuid,
        "a UUID",
        "match on the text around it, or add `transforms: [uuids]` to aimock.yaml",
    );
}
