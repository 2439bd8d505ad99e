//! `provider-api-key`: a key of a provider of models stands in the file.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "provider-api-key",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a key of a provider of models is in the file",
    why: "whoever reads the file can spend money in your name, and git keeps it for ever",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "sk-pr",
            "oj-Qm7Zt2Xv9Lr4",
            "Kd8Wp3Nc6Hs1Bf5Jg0Ty4Ur",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use <api-key> for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(
        file,
        findings,
        Class::Provider,
        "revoke it where it was issued, then replace it by a placeholder; removing it from the newest commit is not enough",
        Some("<api-key>"),
    );
}
