//! `allow-without-reason`: an allow that does not say why.

use super::super::{Category, Check, Example, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "allow-without-reason",
    category: Category::Meta,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an allow does not say why",
    why: "an allow outlives the day it was written, and only its reason tells whether it still holds",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "$lint": { "allow": ["empty-match"] }, "match": {}, "response": { "content": "Hello." } }] }"#,
        good: r#"{ "fixtures": [{ "$lint": { "allow": ["empty-match"], "reason": "the fallback of this suite" }, "match": {}, "response": { "content": "Hello." } }] }"#,
    }],
    check: Check::Engine,
};
