//! `jwt`: a signed token stands in the file.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "jwt",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a signed token (JWT) is in the file",
    why: "until it ends it opens what it was issued for, and its claims often name a person",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "ey",
            "JhbGciOiJIUzI1NiJ9",
            ".ey",
            "JhdWQiOiJhY2NvdW50LTc3NDEifQ",
            ".Qm7Zt2Xv9Lr4Kd8Wp3Nc6Hs1Bf5Jg0Ty",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use <jwt> for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::Jwt, "end the session that it belongs to, and replace it by a placeholder", Some("<jwt>"));
}
