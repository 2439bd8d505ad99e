//! What each value of a fixture file is to a scrubbing pass: decided once, by where it stands.

use crate::document::{Member, Node, Value};
use crate::shape::is_free_key;

/// What may be done to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'k> {
    /// Something that a response says.
    Response,
    /// The same, as it goes over the wire: ids in it are the ones that clients send back.
    Raw,
    /// The id of a tool call that a response makes: the client sends it back.
    CallId,
    /// The same in an entry that shows no trace of a recorder.
    KeptCallId,
    /// A number of a response under this key.
    Number(&'k str),
    /// A literal text that the match key compares with.
    MatchText(&'k str),
    /// The id of the tool call whose result is matched.
    MatchId,
    /// Compared with the request as it was sent, before any transform.
    Original,
    /// The object of `recordedTimings`.
    Timings,
    /// An author's own: only secrets are taken out.
    Free,
}

/// A value and its role. `node` is a string or a number, but for timings.
pub(super) struct Leaf<'n, 's> {
    pub(super) role: Role<'n>,
    pub(super) node: &'n Node<'s>,
}

/// Keys of a response that hold what is rightly random, or no text at all.
const UNTOUCHED: [&str; 13] = [
    "reasoningSignature",
    "redactedThinking",
    "embedding",
    "embeddings",
    "b64Json",
    "base64",
    "file",
    "usage",
    "status",
    "finishReason",
    "role",
    "nativeFinishReason",
    "format",
];

/// Visits every value that a scrubbing pass may look at, in the order of writing.
pub(super) fn walk<'n, 's: 'n>(root: &'n Node<'s>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    let recorded = root.members().iter().any(|member| is_trace(&member.key));
    for member in root.members() {
        if member.key == "fixtures" {
            member.value.items().iter().for_each(|entry| walk_entry(entry, recorded, visit));
        } else {
            each(&member.value, Role::Free, visit);
        }
    }
}

/// Whether only a recorder writes this key: into a file (`_warning` is the one of the incumbent), an entry, an item of `responses`.
fn is_trace(key: &str) -> bool {
    matches!(key, "recordedTimings" | "recordedAt" | "_warning") || key.starts_with("_recorded")
}

/// Whether an entry, or an item of `responses`, shows that a recorder wrote it: one of its keys, or hashes of the prompt.
fn is_recorded(entry: &Node<'_>) -> bool {
    let hashed = |metadata: &Node<'_>| metadata.get("systemHash").is_some() || metadata.get("toolsHash").is_some();
    entry.members().iter().any(|member| is_trace(&member.key) || (member.key == "metadata" && hashed(&member.value)))
}

fn walk_entry<'n, 's: 'n>(entry: &'n Node<'s>, recorded: bool, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    let recorded = recorded || is_recorded(entry);
    for member in entry.members() {
        match member.key.as_ref() {
            "match" => member.value.members().iter().for_each(|member| walk_match(member, visit)),
            "responses" => member.value.items().iter().for_each(|item| walk_item(item, recorded, visit)),
            key => walk_option(key, member, recorded, visit),
        }
    }
}

/// An item of `responses`: a response, or an entry without `match`.
fn walk_item<'n, 's: 'n>(item: &'n Node<'s>, recorded: bool, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    if item.get("response").is_none() {
        return item.members().iter().for_each(|member| walk_response(member, recorded, visit));
    }
    let recorded = recorded || is_recorded(item);
    for member in item.members() {
        walk_option(&member.key, member, recorded, visit);
    }
}

fn walk_option<'n, 's: 'n>(key: &str, member: &'n Member<'s>, recorded: bool, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match key {
        "response" => member.value.members().iter().for_each(|member| walk_response(member, recorded, visit)),
        "errorAfterEvents" => each(&member.value, Role::Response, visit),
        "recordedTimings" => visit(Leaf { role: Role::Timings, node: &member.value }),
        _ => each(&member.value, Role::Free, visit),
    }
}

fn walk_match<'n, 's: 'n>(member: &'n Member<'s>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match member.key.as_ref() {
        "headers" | "body" | "path" | "method" => each(&member.value, Role::Original, visit),
        key if is_free_key(key) => each(&member.value, Role::Free, visit),
        "toolCallId" => match_text(&member.value, Role::MatchId, visit),
        key => match_text(&member.value, Role::MatchText(key), visit),
    }
}

/// The literal operands of a text key; patterns are compared as they are.
fn match_text<'n, 's: 'n>(node: &'n Node<'s>, role: Role<'n>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match &node.value {
        Value::String(_) => visit(Leaf { role, node }),
        Value::Array(items) => items.iter().for_each(|item| match_text(item, role, visit)),
        Value::Object(members) => {
            for member in members {
                match member.key.as_ref() {
                    "contains" | "equals" | "startsWith" | "endsWith" | "not" | "anyOf" | "allOf" => match_text(&member.value, role, visit),
                    _ => each(&member.value, Role::Original, visit),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn walk_response<'n, 's: 'n>(member: &'n Member<'s>, recorded: bool, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    let node = &member.value;
    match member.key.as_ref() {
        key if UNTOUCHED.contains(&key) => {}
        // Audio given as text is base64.
        "audio" if node.as_str().is_some() => {}
        key if is_free_key(key) => each(node, Role::Free, visit),
        "id" => visit_string(node, Role::CallId, visit),
        "toolCalls" | "blocks" => node.items().iter().for_each(|call| walk_call(call, recorded, visit)),
        "http" => part(node, Role::Raw, visit),
        "image" | "images" | "audio" => part(node, Role::Response, visit),
        "events" | "json" => value(node, &member.key, Role::Raw, visit),
        key => value(node, key, Role::Response, visit),
    }
}

/// A tool call, or a block.
fn walk_call<'n, 's: 'n>(call: &'n Node<'s>, recorded: bool, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    for member in call.members() {
        match member.key.as_ref() {
            "id" => visit_string(&member.value, if recorded { Role::CallId } else { Role::KeptCallId }, visit),
            "name" | "type" => {}
            key if is_free_key(key) => each(&member.value, Role::Free, visit),
            key => value(&member.value, key, Role::Response, visit),
        }
    }
}

/// An object of which some members are bytes in disguise.
fn part<'n, 's: 'n>(node: &'n Node<'s>, role: Role<'n>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| part(item, role, visit)),
        Value::Object(members) => {
            for member in members.iter().filter(|member| !UNTOUCHED.contains(&member.key.as_ref())) {
                value(&member.value, &member.key, role, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Any JSON of a response; numbers know the key that they stand under.
fn value<'n, 's: 'n>(node: &'n Node<'s>, key: &'n str, role: Role<'n>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match &node.value {
        Value::String(_) => visit(Leaf { role, node }),
        Value::Number(_) => visit(Leaf { role: Role::Number(key), node }),
        Value::Array(items) => items.iter().for_each(|item| value(item, key, role, visit)),
        Value::Object(members) => members.iter().for_each(|member| value(&member.value, &member.key, role, visit)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn each<'n, 's: 'n>(node: &'n Node<'s>, role: Role<'n>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    match &node.value {
        Value::String(_) | Value::Number(_) => visit(Leaf { role, node }),
        Value::Array(items) => items.iter().for_each(|item| each(item, role, visit)),
        Value::Object(members) => members.iter().for_each(|member| each(&member.value, role, visit)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn visit_string<'n, 's: 'n>(node: &'n Node<'s>, role: Role<'n>, visit: &mut dyn FnMut(Leaf<'n, 's>)) {
    if node.as_str().is_some() {
        visit(Leaf { role, node });
    }
}
