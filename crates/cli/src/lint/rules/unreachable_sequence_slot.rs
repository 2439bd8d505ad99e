//! `unreachable-sequence-slot`: a slot below this one is missing, so the count never comes to it.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use super::sequences::sequences;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "unreachable-sequence-slot",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a sequence has a gap before this slot",
    why: "a sequence advances when one of its fixtures answers; where a slot is missing nothing answers, the count stands still, and the slots behind are never reached",
    fix: None,
    examples: &[
        Example {
            bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 2 }, "response": { "content": "It snows." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 1 }, "response": { "content": "It is sunny." } }
            ] }"#,
            good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } }
            ] }"#,
        },
    ],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for sequence in sequences(context) {
        let mut next = 0;
        for (slot, row) in &sequence {
            if *slot > next {
                let message = format!("slot {slot} is never reached: no fixture of the same `match` has slot {next}");
                let Some(finding) = pair::report(context, findings, *row, message) else { continue };
                finding.help = format!("number the slots from 0 without gaps, or add the fixture for slot {next}").into();
            } else {
                next = slot.saturating_add(1);
            }
        }
    }
}
