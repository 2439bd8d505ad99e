//! `pinned-id-reused`: two fixtures of one conversation give their tool calls the same id.

use std::collections::BTreeSet;

use rapidhash::RapidHashMap;

use super::super::{Category, Check, Example, Findings, Rule, ScopeContext, Tier};
use super::calls::pinned_ids;
use super::pair;
use crate::diagnostic::Severity;
use crate::matcher::{Clause, Match, Pattern, TextPattern};

pub(super) static RULE: Rule = Rule {
    name: "pinned-id-reused",
    category: Category::Conversation,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a tool-call id is given by two fixtures that can meet in one conversation",
    why: "clients pair results with calls by id: when the second call comes with the id of the first, its result is taken for known or is filed under the wrong call, and the agent waits or calls again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } },
                { "match": { "userMessage": "weather in Rome" }, "response": { "toolCalls": [{ "id": "call_weather", "name": "get_weather", "arguments": {} }] } }
            ] }"#,
        good: r#"{ "fixtures": [
                { "match": { "userMessage": "weather in Oslo" }, "response": { "toolCalls": [{ "id": "call_oslo", "name": "get_weather", "arguments": {} }] } },
                { "match": { "userMessage": "weather in Rome" }, "response": { "toolCalls": [{ "id": "call_rome", "name": "get_weather", "arguments": {} }] } }
            ] }"#,
    }],
    check: Check::Scope(check),
};

fn check(context: &ScopeContext<'_>, findings: &mut Findings) {
    let mut seen: RapidHashMap<(&str, Option<&str>), Givers> = RapidHashMap::default();
    for (row, entry) in context.entries.iter().enumerate() {
        let fixture = &entry.entry.fixture;
        if fixture.dead || context.reach().is_dead(row) {
            continue;
        }
        let (asked, of) = (fixture.matches.clause("userMessage"), conversation(&fixture.matches));
        let ids: BTreeSet<&str> = pinned_ids(fixture).collect();
        for id in ids {
            // Whoever names no `context` may be met in any.
            let met = [Some((id, of)), of.is_some().then_some((id, None))];
            let other = met.into_iter().flatten().find_map(|key| seen.get(&key)?.asked_otherwise(context, asked));
            if let Some(other) = other {
                let message = format!("gives its tool call the id {} of {}", crate::shape::code(id), pair::name(context, other));
                let Some(finding) = pair::report(context, findings, row, message) else { continue };
                finding.help =
                    "leave the `id` out, so that each answer gets its own, or write another one here and at its follow-up".into();
                pair::relate(context, finding, other, "the first fixture with this id");
            }
            seen.entry((id, of)).or_default().add(context, row, asked);
        }
    }
}

/// What stays the same through a conversation and is compared by equality.
fn conversation(matches: &Match) -> Option<&str> {
    match &matches.clause("context")?.pattern {
        Pattern::Text(TextPattern::Equals { text, ignore_case: false }) => Some(text),
        _ => None,
    }
}

/// The first fixture that gives an id, and the first that gives it to another question. Fixtures with one question
/// are alternatives: a conversation meets only one of them.
#[derive(Default)]
struct Givers {
    first: Option<usize>,
    otherwise: Option<usize>,
}

impl Givers {
    fn asked_otherwise(&self, context: &ScopeContext<'_>, asked: Option<&Clause>) -> Option<usize> {
        [self.first, self.otherwise].into_iter().flatten().find(|row| question(context, *row) != asked)
    }

    fn add(&mut self, context: &ScopeContext<'_>, row: usize, asked: Option<&Clause>) {
        match self.first {
            None => self.first = Some(row),
            Some(first) if self.otherwise.is_none() && question(context, first) != asked => self.otherwise = Some(row),
            Some(_) => {}
        }
    }
}

fn question<'c>(context: &'c ScopeContext<'_>, row: usize) -> Option<&'c Clause> {
    context.entries.get(row)?.entry.fixture.matches.clause("userMessage")
}
