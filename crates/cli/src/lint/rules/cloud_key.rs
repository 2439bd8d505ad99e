//! `cloud-key`: a key of a cloud, a code host or another service stands in the file.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "cloud-key",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a key of a cloud or another service is in the file",
    why: "whoever reads the file can act in your name, and git keeps it for ever",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "gh",
            "p_Qm7Zt2Xv9Lr4Kd8Wp3",
            "Nc6Hs1Bf5Jg0TyUrEx",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use <key> for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(
        file,
        findings,
        Class::Cloud,
        "revoke it where it was issued, then replace it by a placeholder; removing it from the newest commit is not enough",
        Some("<key>"),
    );
}
