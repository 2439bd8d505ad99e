//! `private-key-block`: a private key in PEM form stands in the file.

use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::secrets::Class;

pub(super) static RULE: Rule = Rule {
    name: "private-key-block",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a private key is in the file",
    why: "whoever reads the file can be the service or person that the key stands for",
    fix: None,
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use "#,
            "-----BEGIN ",
            "PRIVATE KEY-----\\n",
            "MIIEvQIBADANBgkqhkiG9w0BAQEF",
            "AASCBKcwggSjAgEAAoIBAQDQm7Zt2Xv9Lr4K",
            "\\n-----END ",
            "PRIVATE KEY-----",
            r#" for that." } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "content": "Use <private-key> for that." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    leaks::report(file, findings, Class::PrivateKey, "make a new key, withdraw this one, and put a placeholder here", None);
}
