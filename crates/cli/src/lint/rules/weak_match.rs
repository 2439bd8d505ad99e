//! `weak-match`: what the fixture asks for fits many conversations, and more exact ones stand behind it.

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use crate::diagnostic::Severity;
use crate::matcher::{Meetings, Row};

pub(super) static RULE: Rule = Rule {
    name: "weak-match",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a `match` without any text stands before more exact ones",
    why: "keys such as `model`, `context`, `toolName` and `hasToolResult` fit a whole application; a fixture with nothing else takes requests that the ones behind it were written for",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "model": "gpt-4o" }, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It snows." } },
                { "match": { "model": "gpt-4o" }, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

/// Keys that tell applications apart, not questions.
const WEAK: [&str; 9] =
    ["model", "hasToolResult", "context", "toolName", "toolNamespace", "stream", "provider", "endpoint", "responseFormat"];

fn is_weak(row: &Row) -> bool {
    row.matches.clauses().iter().all(|clause| WEAK.contains(&clause.criterion.key))
}

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    let rows = context.table.rows();
    let exact =
        Meetings::new(rows.iter().enumerate().filter(|(_, row)| !row.dead && !is_weak(row)).map(|(number, row)| (number, &row.matches)));
    let weak = |row: &Row| row.is_always_open() && !row.matches.clauses().is_empty() && is_weak(row);
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| weak(row)) {
        let meets =
            |other: &usize| rows.get(*other).is_some_and(|other| other.kind == row.kind && !other.matches.surely_excludes(&row.matches));
        let behind = |list: &[usize]| list.iter().skip(list.partition_point(|other| *other <= number)).copied().find(|other| meets(other));
        let Some(victim) = exact.with(&row.matches).into_iter().filter_map(behind).min() else { continue };
        let keys: Vec<String> = row.matches.clauses().iter().map(|clause| format!("`{}`", clause.criterion.key)).collect();
        let message = format!("asks for {} alone, and {} stands behind it", keys.join(" and "), pair::name(context, victim));
        let Some(finding) = pair::report(context, findings, number, message) else { continue };
        finding.help = "move it behind the fixtures that ask for a text, or say which text it answers".into();
        pair::relate(context, finding, victim, "a more exact fixture");
    }
}
