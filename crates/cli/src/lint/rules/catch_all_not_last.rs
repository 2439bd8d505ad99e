//! `catch-all-not-last`: an empty `match` stands before fixtures that could answer the same requests.

use std::collections::BTreeMap;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::pair;
use super::reach::Barrier;
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "catch-all-not-last",
    category: Category::Reachability,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an empty `match` stands before other fixtures",
    why: "an empty `match` takes every request that its answer can go to, so nothing behind it is ever asked",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": {}, "response": { "content": "It is sunny." } },
                { "match": { "userMessage": "weather" }, "response": { "content": "It snows." } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather" }, "response": { "content": "It snows." } },
                { "match": {}, "response": { "content": "It is sunny." } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    let is_catch_all = |row: usize| context.table.rows().get(row).is_some_and(|row| row.matches.clauses().is_empty());
    let mut victims: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for kind in [Barrier::Shadowed, Barrier::Duplicate, Barrier::BehindPlain] {
        for (row, by) in context.reach().behind(kind).filter(|(_, by)| is_catch_all(*by)) {
            victims.entry(by).or_default().push(row);
        }
    }
    for (row, mut victims) in victims {
        victims.sort_unstable();
        let count = victims.len();
        let what = if count == 1 { "one fixture behind it".to_owned() } else { format!("{count} fixtures behind it") };
        let Some(finding) = pair::report(context, findings, row, format!("takes every request of {what}")) else { continue };
        finding.help = "move it to the end of the last file that is loaded, or give it a `match`".into();
        victims.iter().take(SHOWN).for_each(|victim| pair::relate(context, finding, *victim, "never served"));
    }
}

/// How many of the victims are named; each has a finding of its own.
const SHOWN: usize = 3;
