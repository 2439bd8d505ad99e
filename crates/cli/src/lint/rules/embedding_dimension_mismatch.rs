//! `embedding-dimension-mismatch`: embeddings of one model have different lengths.

use std::collections::BTreeMap;

use super::super::{Category, Check, EntryRef, Example, Findings, Rule, ScopeContext, Tier};
use crate::diagnostic::Severity;
use crate::exchange::Reply;

pub(super) static RULE: Rule = Rule {
    name: "embedding-dimension-mismatch",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "embeddings of one model have different lengths",
    why: "vectors of one model have one length; stores and similarity code fail on a mix, or compare the wrong numbers",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [
  { "match": { "inputText": "sun" }, "response": { "embedding": [0.1, 0.2, 0.3] } },
  { "match": { "inputText": "rain" }, "response": { "embedding": [0.1, 0.2] } }
] }"#,
        good: r#"{ "fixtures": [
  { "match": { "inputText": "sun" }, "response": { "embedding": [0.1, 0.2, 0.3] } },
  { "match": { "inputText": "rain" }, "response": { "embedding": [0.1, 0.2, 0.4] } }
] }"#,
    }],
    check: Check::Scope(check),
};

/// A vector: its fixture and its length.
type Found<'a> = (EntryRef<'a>, usize);

fn check(scope: &ScopeContext<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<String, Vec<Found<'_>>> = BTreeMap::new();
    for entry in &scope.entries {
        let lengths: Vec<usize> = entry.entry.fixture.answers.iter().flat_map(|answer| lengths(&answer.reply)).collect();
        if !lengths.is_empty() && !entry.entry.fixture.dead {
            groups.entry(who_asks(*entry)).or_default().extend(lengths.into_iter().map(|length| (*entry, length)));
        }
    }
    for group in groups.values() {
        check_group(group, findings);
    }
}

fn lengths(reply: &Reply) -> Vec<usize> {
    let lengths: Vec<usize> = match reply {
        Reply::Embedding(vector) => vec![vector.len()],
        Reply::Embeddings(vectors) => vectors.iter().map(Vec::len).collect(),
        _ => Vec::new(),
    };
    // An empty vector is the loader's affair.
    lengths.into_iter().filter(|length| *length > 0).collect()
}

/// The part of a `match` that tells models and callers apart: everything but the texts.
fn who_asks(entry: EntryRef<'_>) -> String {
    let clauses = entry.entry.fixture.matches.clauses();
    let apart = clauses.iter().filter(|clause| !matches!(clause.criterion.key, "inputText" | "userMessage" | "endpoint"));
    let parts: Vec<String> = apart.map(|clause| format!("{}={:?}", clause.criterion.key, clause.pattern)).collect();
    parts.join(";")
}

/// The length that most have is taken to be right; of equally many, the first.
fn check_group(group: &[Found<'_>], findings: &mut Findings) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, length) in group {
        *counts.entry(*length).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let Some((model, usual)) = group.iter().find(|(_, length)| counts.get(length) == Some(&most)) else { return };
    let mut last = None;
    for (entry, length) in group.iter().filter(|(_, length)| length != usual) {
        let origin = &entry.entry.fixture.origin;
        if last.replace((origin.source, origin.index)) == Some((origin.source, origin.index)) {
            continue;
        }
        let message = format!("this embedding has `{length}` numbers, others for the same model have `{usual}`");
        let finding = findings.report(entry.match_label(), message);
        let mut label = model.match_label();
        label.note = "one of the usual length".into();
        finding.related.push(label);
        finding.help = "give all vectors of a model one length, or name the `model` in each `match`".into();
        finding.identity = entry.handle();
    }
}
