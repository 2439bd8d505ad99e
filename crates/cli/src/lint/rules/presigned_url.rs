//! `presigned-url`: an address with a signature that grants access for a while.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "presigned-url",
    category: Category::Secrets,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a presigned URL is in the file",
    why: "while it lasts anybody can fetch what it names, and afterwards the fixture serves a dead link",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "https://media.acme.io/a.png?X-Amz-Expires=900&X-Amz-Sig",
            "nature=3f7a9c1e5b2d8046",
            "a1c9e7f3b5d20846",
            "9c1e5b2d8046f7a3",
            "e7f3b5d20846a1c9",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use https://media.acme.io/a.png for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::Presigned, "serve a URL of your own, or remove the signature", Some("<signature>"));
}
