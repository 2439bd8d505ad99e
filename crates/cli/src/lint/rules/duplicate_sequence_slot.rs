//! `duplicate-sequence-slot`: an earlier fixture of the same sequence has the same slot.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use super::sequences::sequences;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "duplicate-sequence-slot",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "two fixtures of a sequence have one slot",
    why: "of equal slots the first answers, and the count moves on for both: the later one is never served",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "sequenceIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "sequenceIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    let rows = context.table.rows();
    // Replies of other kinds may answer at other endpoints, and a row with a limit may let go of its slot.
    let takes = |first: usize, later: usize| {
        rows.get(first).zip(rows.get(later)).is_some_and(|(first, later)| first.kind == later.kind && first.limit.is_none())
    };
    for sequence in sequences(context) {
        for pair in sequence.chunk_by(|a, b| a.0 == b.0) {
            let Some(((slot, first), rest)) = pair.split_first() else { continue };
            for (_, later) in rest.iter().filter(|(_, later)| takes(*first, *later)) {
                let culprit = pair::name(context, *first);
                let message = format!("is never served: {culprit} has slot {slot} of the same sequence");
                let Some(finding) = pair::report(context, findings, *later, message) else { continue };
                finding.help = "give each fixture of the sequence a slot of its own".into();
                pair::relate(context, finding, *first, "the first fixture with this slot");
            }
        }
    }
}
