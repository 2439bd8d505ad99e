//! `phone-number`: a phone number in international form.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Safety, Severity};
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "phone-number",
    category: Category::Secrets,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a phone number that may be a person’s",
    why: "recorded conversations carry the data of those who had them",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use +46 70 174 06 38 for that." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use +1 202 555 0143 for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::Phone, "use a number that is kept for fiction (+1 202 555 0143)", Some("+1 202 555 0143"));
}
