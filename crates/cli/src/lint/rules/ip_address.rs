//! `ip-address`: a public address of a machine.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "ip-address",
    category: Category::Secrets,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "a public IP address",
    why: "it may tell where a person or a service was",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use 87.54.121.33 for that." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use 192.0.2.1 for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::IpAddress, "use an address that is kept for documentation (192.0.2.1)", Some("192.0.2.1"));
}
