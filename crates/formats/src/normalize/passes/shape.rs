//! `shape`: files and responses in the form that loads.

use super::{Example, Group, Pass, Work};
use crate::diagnostic::{Edit, Span};
use crate::document::edit::rename_key;
use crate::document::{Format, Member, Node, Value};
use crate::fixture::response::KIND_KEYS;
use crate::normalize::scalar::quoted;
use crate::normalize::{Tree, TreeEdits};

pub(super) static PASS: Pass = Pass {
    name: "shape",
    group: Group::Shaping,
    summary: "other tools' spellings become the ones that load",
    why: "a bare list of fixtures, `tool_calls` or a call wrapped in `function` says clearly what is meant and is not read. Only what can mean one thing is rewritten",
    keeps_answers: false,
    examples: &[
        Example {
            before: r#"[{ "match": { "userMessage": "weather" }, "response": { "text": "Sunny." } }]"#,
            after: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
            transforms: &[],
        },
        Example {
            before: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "tool_calls": [
  { "id": "call_1", "type": "function", "function": { "name": "forecast", "arguments": "{}" } }
] } }] }"#,
            after: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [
  { "id": "call_1", "name": "forecast", "arguments": "{}" }
] } }] }"#,
            transforms: &[],
        },
    ],
    work: Work::Tree(apply),
};

/// Keys that hold the text elsewhere.
const TEXT_KEYS: [&str; 4] = ["text", "message", "answer", "completion"];

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    if is_bare(tree.root) {
        return wrap(tree, edits);
    }
    for entry in tree.entries() {
        plain_response(entry, edits);
        for response in Tree::responses(entry) {
            rename(tree, response, edits);
            for call in response.get("toolCalls").map_or(&[][..], Node::items) {
                unwrap_call(tree, call, edits);
            }
        }
    }
}

/// A list of fixtures without the object around it, or one fixture alone.
pub(crate) fn is_bare(root: &Node<'_>) -> bool {
    let is_entry = |node: &Node<'_>| {
        node.get("match").is_some_and(|matches| matches!(matches.value, Value::Object(_))) && node.get("response").is_some()
    };
    match &root.value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_entry),
        Value::Object(_) => root.get("fixtures").is_none() && is_entry(root),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn wrap(tree: &Tree<'_>, edits: &mut TreeEdits) {
    let span = tree.root.span;
    let is_list = matches!(tree.root.value, Value::Array(_));
    let (open, close) = match (tree.is_flow(tree.root), is_list) {
        (true, true) => ("{ \"fixtures\": ", " }"),
        (true, false) => ("{ \"fixtures\": [", "] }"),
        // A list may stand below its key without more indentation.
        (false, true) => ("fixtures:\n", ""),
        (false, false) => return,
    };
    let put = |at: usize, text: &str| Edit { span: Span::at(at), text: text.to_owned() };
    let mut list = vec![put(span.start, open)];
    if !close.is_empty() {
        list.push(put(span.end, close));
    }
    edits.push(Span::new(span.start, span.start + 1), "the fixtures get an object with `fixtures` around them", list);
}

/// A response that is a text.
fn plain_response(entry: &Node<'_>, edits: &mut TreeEdits) {
    if let Some(response) = entry.get("response")
        && let Some(text) = response.as_str().filter(|text| !text.is_empty())
    {
        let object = format!("{{ \"content\": {} }}", quoted(text));
        edits.push(response.span, "the text becomes the `content` of a response", vec![Edit { span: response.span, text: object }]);
    }
}

/// Keys that mean one of ours, where ours is not there.
fn rename(tree: &Tree<'_>, response: &Node<'_>, edits: &mut TreeEdits) {
    let has_kind = KIND_KEYS.iter().any(|key| response.get(key).is_some());
    let only = |key: &str, keys: &[&str]| {
        response.members().iter().filter(|member| keys.contains(&member.key.as_ref())).count() == 1 && keys.contains(&key)
    };
    for member in response.members() {
        let key = member.key.as_ref();
        let meant = match key {
            "tool_calls" if response.get("toolCalls").is_none() && !member.value.items().is_empty() => "toolCalls",
            _ if !has_kind && only(key, &TEXT_KEYS) && member.value.as_str().is_some_and(|text| !text.is_empty()) => "content",
            _ => continue,
        };
        edits.push(member.key_span, format!("`{key}` becomes `{meant}`"), vec![rename_key(tree.layout, member, meant)]);
    }
}

/// `{ type: function, function: { name, arguments } }` with its inner members in place of the outer ones.
fn unwrap_call(tree: &Tree<'_>, call: &Node<'_>, edits: &mut TreeEdits) {
    if let Some(input) = call.member("input").filter(|_| call.get("name").is_some() && call.get("arguments").is_none()) {
        return edits.push(input.key_span, "`input` becomes `arguments`", vec![rename_key(tree.layout, input, "arguments")]);
    }
    let Some(function) = call.member("function").filter(|_| call.get("name").is_none() && tree.is_flow(call)) else { return };
    let (Some(first), Some(last)) = (function.value.members().first(), function.value.members().last()) else { return };
    if function.value.get("name").is_none() || !tree.is_flow(&function.value) {
        return;
    }
    let head = Span::new(function.key_span.start, first.key_span.start);
    let tail = Span::new(last.value.span.end, function.value.span.end);
    let is_plain = tree.is_free_of_comments(Span::new(function.value.span.start + 1, first.key_span.start))
        && tree.is_free_of_comments(Span::new(tail.start, tail.end - 1));
    if !is_plain {
        return;
    }
    let mut cuts = vec![Edit { span: head, text: String::new() }, Edit { span: tail, text: String::new() }];
    if let Some(kind) = call.member("type").filter(|kind| kind.value.as_str() == Some("function"))
        && let Some(removed) = before(tree, kind, function)
    {
        cuts.insert(0, removed);
        // The two cuts are neighbours: one stretch.
        if let [first, second, _] = &cuts[..]
            && first.span.end == second.span.start
        {
            let joined = Edit { span: Span::new(first.span.start, second.span.end), text: String::new() };
            cuts = vec![joined, Edit { span: tail, text: String::new() }];
        }
    }
    edits.push(function.key_span, "the call loses the `function` around its name and arguments", cuts);
}

/// Cuts a member that stands right before another one, with what is between them.
fn before(tree: &Tree<'_>, member: &Member<'_>, next: &Member<'_>) -> Option<Edit> {
    let span = Span::new(member.key_span.start, next.key_span.start);
    let between = Span::new(member.value.span.end, next.key_span.start);
    let adjacent = span.start < span.end && tree.is_blank(between.start, between.end) && tree.layout.format != Format::Yaml;
    adjacent.then(|| Edit { span, text: String::new() })
}
