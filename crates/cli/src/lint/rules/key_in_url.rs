//! `key-in-url`: a key or password stands in an address.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "key-in-url",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a key or password is in a URL",
    why: "addresses are logged and shared by everything that handles them",
    fix: Some(Safety::Unsafe),
    examples: &[
        Example {
            bad: concat!(
                r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
                "https://api.acme.io/v1/run?api_key=Qm7Zt2X",
                "v9Lr4Kd8Wp3Nc6Hs1",
                r#" for that." } }] }"#
            ),
            good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use https://api.acme.io/v1/run for that." } }] }"#,
        },
        Example {
            bad: concat!(
                r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
                "postgres://billing:Qm7Z",
                "t2Xv9Lr4@db-7.acme.io/main",
                r#" for that." } }] }"#
            ),
            good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use postgres://localhost/main for that." } }] }"#,
        },
    ],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::UrlCredential, "revoke it, and send it in a header", Some("<key>"));
}
