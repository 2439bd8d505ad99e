//! `unknown-allow`: an allow of a rule that does not exist.

use super::super::{Category, Check, Example, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unknown-allow",
    category: Category::Meta,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an allow names a rule that does not exist",
    why: "it allows nothing, and the finding that it was meant for comes back",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "$lint": { "allow": ["emtpy-match"], "reason": "the fallback" }, "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
    }],
    check: Check::Engine,
};
