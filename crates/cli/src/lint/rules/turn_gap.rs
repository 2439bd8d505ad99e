//! `turn-gap`: a script of turns leaves one out, and the answer of the turn before is given again.

use std::collections::BTreeMap;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::{pair, witness};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "turn-gap",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a turn is missing in the middle of a script",
    why: "where no fixture has the conversation's turn, the nearest earlier one is served again; a client that goes on after each answer sees the same answer twice, and an agent may call its tools twice",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "turnIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "turnIndex": 2 }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "turnIndex": 0 }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "turnIndex": 1 }, "response": { "content": "It snows." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for script in scripts(context) {
        for neighbours in script.windows(2) {
            let [(before, earlier), (after, row)] = *neighbours else { continue };
            let Some(missing) = before.checked_add(1).filter(|turn| *turn < after) else { continue };
            let Some(exchange) = witness::request(context, row, Some(missing)) else { continue };
            let Some(witness) = witness::ask(context, row, &exchange).filter(|witness| witness.relaxed) else { continue };
            let answer = witness.answered_by.map(|by| pair::name(context, by)).unwrap_or_default();
            let message = format!("no fixture has turn {missing} of this script: {answer} answers again");
            let Some(finding) = pair::report(context, findings, row, message) else { continue };
            finding.help = format!("number the turns without gaps, or add the fixture for turn {missing}").into();
            finding.witness = Some(witness::json(context, &exchange, witness.answered_by));
            pair::relate(context, finding, earlier, "the turn before");
        }
    }
}

/// Every script of a scope: fixtures that are equal but for `turnIndex`, as their turns in order, each with its row.
fn scripts(context: &ScopeContext<'_>) -> Vec<Vec<(u64, usize)>> {
    let rows = context.table.rows();
    let mut alike: BTreeMap<u64, Vec<(u64, usize)>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| !row.dead && row.position.sequence.is_none()) {
        let Some(turn) = row.position.turn else { continue };
        alike.entry(row.matches.digest()).or_default().push((turn, number));
    }
    let is_alike = |a: &(u64, usize), b: &(u64, usize)| rows.get(a.1).zip(rows.get(b.1)).is_some_and(|(a, b)| a.matches == b.matches);
    let mut scripts: Vec<Vec<(u64, usize)>> = Vec::new();
    for mut script in alike.into_values() {
        script.sort_unstable();
        scripts.extend(script.chunk_by(is_alike).map(<[_]>::to_vec));
    }
    scripts
}
