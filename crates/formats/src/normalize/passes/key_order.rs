//! `key-order`: the keys of an object in one order.

use super::{Example, Group, Pass, Work};
use crate::diagnostic::{Edit, Span};
use crate::document::{Format, Member, Node, Value};
use crate::fixture::response::ResponseFields;
use crate::fixture::{EntryHead, EntryOptions, match_keys};
use crate::normalize::{Tree, TreeEdits};
use crate::shape::is_free_key;

pub(super) static PASS: Pass = Pass {
    name: "key-order",
    group: Group::Shaping,
    summary: "the keys of files, fixtures, matches and responses stand in one order",
    why: "files that say the same then look the same. Free keys come first, then those that tell what it is, then the match, the answer and how it is sent. What a response holds as JSON keeps its order, since it is sent so; objects with comments between their keys stay",
    keeps_answers: true,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "response": { "finishReason": "stop", "content": "Sunny." }, "match": { "userMessage": "weather" }, "id": "w" }] }"#,
        after: r#"{ "fixtures": [{ "id": "w", "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "finishReason": "stop" } }] }"#,
        transforms: &[],
    }],
    work: Work::Tree(apply),
};

/// Keys that say what a fixture is, before the match.
const FIRST: [&str; 5] = ["id", "description", "tags", "match", "response"];
/// Keys of the file.
const FILE: [&str; 4] = ["$schema", "meta", "fixtures", "expect"];
/// Keys of a tool call.
const CALL: [&str; 5] = ["type", "text", "id", "name", "arguments"];

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    let entry_keys: Vec<&str> = FIRST.into_iter().chain(EntryHead::KEYS.iter().chain(EntryOptions::KEYS).copied()).collect();
    let keys = match_keys();
    // The order inside comes first: what is moved whole is then right already.
    for entry in tree.entries() {
        let mut inner = entry.get("match").is_some_and(|matches| sort(tree, matches, &keys, edits));
        for response in Tree::responses(entry) {
            let calls = response.get("toolCalls").into_iter().chain(response.get("blocks")).flat_map(Node::items);
            let below = calls.fold(false, |below, call| sort(tree, call, &CALL, edits) | below);
            inner |= below || sort(tree, response, ResponseFields::KEYS, edits);
        }
        if !inner {
            sort(tree, entry, &entry_keys, edits);
        }
    }
    if edits.changes.is_empty() {
        sort(tree, tree.root, &FILE, edits);
    }
}

/// Puts the members of an object in order: each place gets the text of another member. `false`: nothing to do.
fn sort(tree: &Tree<'_>, node: &Node<'_>, keys: &[&str], edits: &mut TreeEdits) -> bool {
    let Value::Object(members) = &node.value else { return false };
    let rank = |member: &Member<'_>| {
        let key = member.key.as_ref();
        // What is free is usually a remark on all that follows.
        let listed = keys.iter().position(|known| *known == key).map(|place| place + 1);
        listed.unwrap_or(if is_free_key(key) { 0 } else { keys.len() + 1 })
    };
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_by_key(|member| rank(member));
    let is_sorted = sorted.iter().zip(members).all(|(one, other)| std::ptr::eq(*one, other));
    if is_sorted || !can_move(tree, node, members) {
        return false;
    }
    let place = |member: &Member<'_>| Span::new(member.key_span.start, member.value.span.end.max(member.key_span.end));
    let list = members.iter().zip(&sorted).filter(|(old, new)| !std::ptr::eq(*old, **new));
    let list = list.map(|(old, new)| Edit { span: place(old), text: tree.written(place(new)).to_owned() }).collect();
    let first = sorted.iter().zip(members).find(|(one, other)| !std::ptr::eq(**one, *other)).map_or("", |(new, _)| new.key.as_ref());
    edits.push(node.span, format!("`{first}` comes earlier: the keys are put in order"), list);
    true
}

/// Whether members can change places: no comment stands between them that belongs to one, none is there twice, and in
/// YAML nothing refers to another place or cares for what follows.
fn can_move(tree: &Tree<'_>, node: &Node<'_>, members: &[Member<'_>]) -> bool {
    let ends = members.iter().zip(members.iter().skip(1));
    let adjacent =
        ends.clone().all(|(one, next)| one.value.span.end <= next.key_span.start && tree.is_blank(one.value.span.end, next.key_span.start));
    let unique = members.iter().all(|member| members.iter().filter(|other| other.key == member.key).count() == 1);
    if !adjacent || !unique || members.len() > MOST_KEYS {
        return false;
    }
    if tree.layout.format != Format::Yaml {
        return true;
    }
    let written = tree.written(node.span);
    let refers = [" &", " *", "<<:", " |+", " >+", "? "].iter().any(|mark| written.contains(mark));
    let empty = members.iter().any(|member| member.value.span.start == member.value.span.end);
    !refers && !empty && !written.contains('#')
}

/// Objects with more keys are no objects of ours.
const MOST_KEYS: usize = 64;
