//! `path-in-match`: a match key holds a path of one machine.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "path-in-match",
    category: Category::Nondeterminism,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a match key holds a path of one machine",
    why: "on any other machine the path is another one, so the fixture never matches there",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "Read /home/builder7/shop/cart.ts" }, "response": { "content": "Done." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "Read shop/cart.ts" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    volatile::report_in_keys(
        file,
        findings,
        volatile::own_path,
        "a path of one machine",
        "match on the end of the path, or add `transforms: [paths]` to aimock.yaml",
    );
}
