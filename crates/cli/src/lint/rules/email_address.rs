//! `email-address`: an e-mail address outside example domains.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "email-address",
    category: Category::Secrets,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "an e-mail address that may be a person’s",
    why: "recorded conversations carry the data of those who had them",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use billing.desk@acme.io for that." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use desk@example.com for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::Email, "use an address at example.com", Some("user@example.com"));
}
