//! `merge-text`: pieces of one text become one.

use serde_json::Value as Json;

use super::{Example, Group, Pass, Work};
use crate::diagnostic::{Edit, Span};
use crate::document::{Format, Limits, Node, Value, parse, pointer};
use crate::normalize::scalar::{self, Replacement, quoted};
use crate::normalize::{Tree, TreeEdits};

pub(super) static PASS: Pass = Pass {
    name: "merge-text",
    group: Group::Shaping,
    summary: "neighbouring text blocks, and neighbouring deltas of raw events, become one",
    why: "how a text was cut into pieces differs from run to run and says nothing. Of raw events only neighbours become one that are the same but for one text below `delta`. The client gets the same text in fewer pieces",
    keeps_answers: false,
    examples: &[
        Example {
            before: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "blocks": [
  { "type": "text", "text": "Sun" },
  { "type": "text", "text": "ny." },
  { "type": "toolCall", "name": "forecast", "arguments": {} }
] } }] }"#,
            after: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "blocks": [
  { "type": "text", "text": "Sunny." },
  { "type": "toolCall", "name": "forecast", "arguments": {} }
] } }] }"#,
            transforms: &[],
        },
        Example {
            before: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": [
  "{\"choices\":[{\"delta\":{\"content\":\"Sun\"}}]}",
  "{\"choices\":[{\"delta\":{\"content\":\"ny.\"}}]}",
  "[DONE]"
] } }] }"#,
            after: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": [
  "{\"choices\":[{\"delta\":{\"content\":\"Sunny.\"}}]}",
  "[DONE]"
] } }] }"#,
            transforms: &[],
        },
    ],
    work: Work::Tree(apply),
};

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    for entry in tree.entries() {
        // What counts events would count others.
        let counts = ["disconnectAfterEvents", "errorAfterEvents", "stallAfterEvents", "truncateAfterChunks", "recordedTimings"];
        if counts.iter().any(|key| entry.get(key).is_some()) {
            continue;
        }
        for response in Tree::responses(entry) {
            let list = |key: &str| response.get(key).map_or(&[][..], Node::items);
            runs(tree, list("blocks"), &text_block, edits);
            runs(tree, list("events"), &delta_event, edits);
        }
    }
}

type WriteText = Box<dyn Fn(&Tree<'_>, &str) -> Option<Vec<Edit>>>;

/// A piece: what it has in common with those it can be joined with, where its text stands, and how to write a new one.
struct Piece {
    common: String,
    text: String,
    edit: WriteText,
}

/// Joins runs of neighbours that have everything in common but their text.
fn runs(tree: &Tree<'_>, items: &[Node<'_>], piece: &dyn Fn(&Node<'_>) -> Option<Piece>, edits: &mut TreeEdits) {
    let mut at = 0;
    while let Some(first) = items.get(at) {
        at += 1;
        let Some(head) = piece(first) else { continue };
        let mut joined = head.text.clone();
        let mut last = first;
        let mut count = 1;
        while let Some(next) = items.get(at) {
            let adjacent = last.span.end <= next.span.start && is_between(tree, last.span.end, next.span.start);
            let Some(other) = piece(next).filter(|other| adjacent && other.common == head.common) else { break };
            joined.push_str(&other.text);
            last = next;
            count += 1;
            at += 1;
        }
        if count > 1
            && let Some(mut list) = (head.edit)(tree, &joined)
        {
            list.push(Edit { span: Span::new(first.span.end, last.span.end), text: String::new() });
            edits.push(first.span, format!("{count} pieces of a text become one"), list);
        }
    }
}

/// Blanks and a comma, or the dash of the next item.
fn is_between(tree: &Tree<'_>, start: usize, end: usize) -> bool {
    let yaml = tree.layout.format == Format::Yaml;
    tree.written(Span::new(start, end)).chars().all(|c| c.is_whitespace() || c == ',' || (yaml && c == '-'))
}

fn text_block(node: &Node<'_>) -> Option<Piece> {
    let plain = node.members().len() == 2 && node.get("type")?.as_str() == Some("text");
    let text = node.get("text")?;
    let span = text.span;
    plain.then_some(())?;
    let edit = move |_: &Tree<'_>, joined: &str| Some(vec![Edit { span, text: quoted(joined) }]);
    Some(Piece { common: String::new(), text: text.as_str()?.to_owned(), edit: Box::new(edit) })
}

/// An event whose data is a JSON object with exactly one text below a key `delta`, or under it.
fn delta_event(node: &Node<'_>) -> Option<Piece> {
    let (data, event) = match &node.value {
        Value::String(_) => (node, ""),
        Value::Object(members) if members.iter().all(|member| ["event", "data"].contains(&member.key.as_ref())) => {
            (node.get("data")?, node.get("event").map_or(Some(""), Node::as_str)?)
        }
        _ => return None,
    };
    let written = data.as_str()?.to_owned();
    let mut json: Json = serde_json::from_str(&written).ok().filter(Json::is_object)?;
    let mut found = Vec::new();
    texts_below_delta(&json, false, &mut String::new(), &mut found);
    let [place] = &found[..] else { return None };
    let place = place.clone();
    let Json::String(text) = json.pointer_mut(&place)?.take() else { return None };
    let span = data.span;
    let common = format!("{event}\n{place}\n{json}");
    let edit = move |tree: &Tree<'_>, joined: &str| {
        let inner = parse(&written, Format::Json, &Limits::default()).ok()?;
        let literal = pointer::locate(&inner.root, &place)?.value_span();
        let replacement = Replacement { range: literal.start..literal.end, text: quoted(joined) };
        scalar::rewrite(tree.layout.text, tree.layout.format, span, &written, std::iter::once(&replacement))
    };
    Some(Piece { common, text, edit: Box::new(edit) })
}

/// Pointers of the texts that stand below a key `delta`. Roles and types are words, not pieces.
fn texts_below_delta(json: &Json, below: bool, place: &mut String, found: &mut Vec<String>) {
    let length = place.len();
    match json {
        Json::String(_) if below => found.push(place.clone()),
        Json::Object(members) => {
            for (key, value) in members {
                if below && ["type", "role", "id", "name"].contains(&key.as_str()) {
                    continue;
                }
                pointer::push_key(place, key);
                texts_below_delta(value, below || key == "delta", place, found);
                place.truncate(length);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer::push_index(place, index);
                texts_below_delta(item, below, place, found);
                place.truncate(length);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
