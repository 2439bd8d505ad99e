//! `turn-and-plain-twins`: a fixture with `turnIndex` takes the requests of a twin without one as soon as its turn is past.

use std::collections::BTreeMap;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use super::reach::Reach;
use crate::diagnostic::Severity;
use crate::matcher::{Index, Position, Row};

pub(super) static RULE: Rule = Rule {
    name: "turn-and-plain-twins",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "of two twins one has `turnIndex` and the other has none",
    why: "a turn that the conversation has passed is preferred to any fixture without a turn, also to an earlier and more exact one; after a tool result the first leg is then served again, and again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": true }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "turnIndex": 0 }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather", "hasToolResult": true }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather", "hasToolResult": false }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": {} }] } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    for (scripted, plain) in takeovers(context.table.rows(), context.reach()) {
        let Some(first) = plain.first() else { continue };
        let (name, turn) = (pair::name(context, *first), context.table.rows().get(scripted).and_then(|row| row.position.turn).unwrap_or(0));
        let others = if plain.len() == 1 { String::new() } else { format!(" and {} more", plain.len() - 1) };
        let message = format!("takes all requests of {name}{others} once a conversation is past turn {turn}");
        let Some(finding) = pair::report(context, findings, scripted, message) else { continue };
        finding.help = "give both a `turnIndex` or none; `hasToolResult` tells the legs of a tool call apart".into();
        pair::relate(context, finding, *first, "this twin has no `turnIndex`");
    }
}

/// Fixtures with a turn, each with the earlier ones without a turn whose requests it takes later on.
fn takeovers(rows: &[Row], reach: &Reach) -> BTreeMap<usize, Vec<usize>> {
    // Of fixtures written alike the last stands behind whatever any of them stands behind.
    let mut last: BTreeMap<(u64, Option<u64>), usize> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.is_always_open() && row.position.turn.is_some()) {
        last.insert((row.matches.digest(), row.position.turn), number);
    }
    let mut scripted: Vec<usize> = last.into_values().collect();
    scripted.sort_unstable();
    let index = Index::new(scripted.into_iter().filter_map(|number| Some((number, &rows.get(number)?.matches))));
    let mut takeovers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| !row.dead && row.position == Position::default()) {
        let takes = |later: &usize| {
            // A fixture that loses its own turn, or is never served, has a finding that says so.
            *later > number && reach.barrier(*later).is_none() && rows.get(*later).is_some_and(|later| later.surely_takes_all_of(row))
        };
        if reach.barrier(number).is_none()
            && let Some(later) = index.covering(&row.matches).into_iter().find(takes)
        {
            takeovers.entry(later).or_default().push(number);
        }
    }
    takeovers
}
