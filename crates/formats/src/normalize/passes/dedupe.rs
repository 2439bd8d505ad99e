//! `dedupe`: a fixture that is the same as an earlier one goes.

use std::collections::HashSet;

use super::{Example, Group, Pass, Work};
use crate::document::edit::remove_item;
use crate::document::{Node, to_json};
use crate::normalize::identity::hash;
use crate::normalize::{Tree, TreeEdits};
use crate::shape::is_free_key;

pub(super) static PASS: Pass = Pass {
    name: "dedupe",
    group: Group::Shaping,
    summary: "a fixture goes that is the same as an earlier one of its file",
    why: "the earlier one takes all of its requests, so that it is never served. Fixtures with an `id`, with a position (`sequenceIndex`, `turnIndex`) or with several `responses` stay",
    keeps_answers: true,
    examples: &[Example {
        before: r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } },
  { "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }
] }"#,
        after: r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }
] }"#,
        transforms: &[],
    }],
    work: Work::Tree(apply),
};

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    let Some(list) = tree.root.get("fixtures") else { return };
    let mut seen = HashSet::new();
    let twice: Vec<&Node<'_>> =
        list.items().iter().filter(|entry| identity(entry).is_some_and(|identity| !seen.insert(hash(&identity)))).collect();
    // One a round where commas are shared: what is cut must not touch.
    for entry in twice {
        if let Some(cut) = remove_item(tree.layout, list, entry) {
            edits.push(entry.span, "the fixture goes: an earlier one is the same", cut);
        }
    }
}

/// What a fixture says, free keys and descriptions apart; `None`: it may be served beside an equal one.
fn identity(entry: &Node<'_>) -> Option<String> {
    let stays = ["id", "responses", "onExhausted", "expect"].iter().any(|key| entry.get(key).is_some());
    let matches = entry.get("match")?;
    let has_position = matches.get("sequenceIndex").is_some() || matches.get("turnIndex").is_some();
    if stays || has_position || entry.get("response").is_none() {
        return None;
    }
    let mut members: Vec<(String, String)> = entry
        .entries()
        .into_iter()
        .filter(|(key, _)| !is_free_key(key) && !["description", "tags", "recordedAt", "metadata"].contains(key))
        .map(|(key, value)| (key.to_owned(), sorted(to_json(value)).to_string()))
        .collect();
    members.sort_unstable();
    Some(format!("{members:?}"))
}

/// The same value with the keys of all objects in order.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.into_iter().collect()
        }
        // What is sent may depend on the order in a list, never in an object.
        serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
