//! `port-in-match`: a match key holds a port that the system chose.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "port-in-match",
    category: Category::Nondeterminism,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a match key holds a port that the system chose",
    why: "the next run gets another port, so the fixture never matches again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "Fetch http://localhost:54321/items" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "Fetch http://localhost" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    volatile::report_in_keys(file, findings, volatile::drawn_port, "a drawn port", "match on the text before the port");
}
