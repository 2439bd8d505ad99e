//! `near-duplicate-fixtures`: fixtures that differ in one discriminator only.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::{self, Node};
use crate::fixture::LoadedEntry;

pub(super) static RULE: Rule = Rule {
    name: "near-duplicate-fixtures",
    category: Category::Size,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "fixtures differ in one key of their match and in nothing else",
    why: "every change of the answer must be made in all of them, and one is forgotten",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather", "context": "web" }, "response": { "content": "Rain." } }, { "match": { "userMessage": "weather", "context": "app" }, "response": { "content": "Rain." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Rain." } }] }"#,
    }],
    check: Check::File(check),
};

/// Keys that tell callers apart, as opposed to what they say.
const DISCRIMINATORS: [&str; 8] = ["context", "model", "endpoint", "provider", "hasToolResult", "turnIndex", "sequenceIndex", "toolName"];

/// So many others are named; the rest is counted.
const MOST_NAMED: usize = 5;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<u64, Vec<(usize, &'static str)>> = BTreeMap::new();
    let nodes: Vec<(&Node<'_>, &LoadedEntry)> = file.entries().collect();
    if nodes.len() < 2 {
        return;
    }
    for (index, (entry, _)) in nodes.iter().enumerate() {
        let Some(matches) = entry.get("match") else { continue };
        let rest = hash_of(entry, |key| key == "match" || matches!(key, "id" | "description" | "tags"));
        for key in DISCRIMINATORS.iter().filter(|key| matches.get(key).is_some()) {
            let mut hasher = DefaultHasher::new();
            (rest, key, hash_of(matches, |other| other == *key)).hash(&mut hasher);
            groups.entry(hasher.finish()).or_default().push((index, key));
        }
    }
    let mut groups: Vec<Vec<(usize, &str)>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    for group in groups {
        report(file, findings, &nodes, &group);
    }
}

fn report(file: &FileContext<'_>, findings: &mut Findings, nodes: &[(&Node<'_>, &LoadedEntry)], group: &[(usize, &str)]) {
    let mut members = group.iter().filter_map(|(index, key)| Some((nodes.get(*index)?, *key)));
    let Some(((first, loaded), key)) = members.next() else { return };
    let message = format!("{} fixtures differ in `{key}` and in nothing else", group.len());
    let finding = findings.report(file.label(first.get("match").map_or(first.span, |matches| matches.span)), message);
    finding.help = format!("keep one, without `{key}` or with `anyOf`, unless the others are meant to change").into();
    finding.identity = loaded.fixture.id.clone().unwrap_or_else(|| first.get("match").map(document::to_text).unwrap_or_default());
    for ((other, _), _) in members.take(MOST_NAMED) {
        let mut label = file.label(other.get("match").map_or(other.span, |matches| matches.span));
        label.note = "the same but for that key".into();
        finding.related.push(label);
    }
}

/// Hash of an object's members but some; notes do not count.
fn hash_of(node: &Node<'_>, without: impl Fn(&str) -> bool) -> u64 {
    let mut members: Vec<(&str, String)> = node
        .members()
        .iter()
        .filter(|member| !without(&member.key) && !crate::shape::is_free_key(&member.key))
        .map(|member| (member.key.as_ref(), document::to_text(&member.value)))
        .collect();
    members.sort_unstable();
    let mut hasher = DefaultHasher::new();
    members.hash(&mut hasher);
    hasher.finish()
}
