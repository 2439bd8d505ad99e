//! `unused-allow`: an allow that allows nothing.

use super::super::{Category, Check, Example, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unused-allow",
    category: Category::Meta,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an allow allows nothing",
    why: "the finding is gone; what is left would hide the next one",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "$lint": { "allow": ["empty-content"], "reason": "on purpose" }, "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
    }],
    check: Check::Engine,
};
