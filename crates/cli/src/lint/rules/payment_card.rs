//! `payment-card`: a payment card number with a right checksum.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "payment-card",
    category: Category::Secrets,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a payment card number that may be real",
    why: "it has an issuer’s range and a right checksum, and is none of the published test numbers",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "4539 ",
            "5787 ",
            "6362 1486",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use 4242 4242 4242 4242 for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::PaymentCard, "use a published test number (4242 4242 4242 4242)", Some("4242 4242 4242 4242"));
}
