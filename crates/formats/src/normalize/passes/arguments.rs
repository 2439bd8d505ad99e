//! `arguments`: tool arguments as JSON, not as text.

use super::{Example, Group, Pass, Work};
use crate::diagnostic::Edit;
use crate::document::{self, Format, Limits, Node, Value};
use crate::normalize::{Tree, TreeEdits};

pub(super) static PASS: Pass = Pass {
    name: "arguments",
    group: Group::Shaping,
    summary: "tool arguments written as text become JSON objects",
    why: "JSON inside a string is hard to read and to review. The client gets the same arguments, without blanks between them; text that would change otherwise stays",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [
  { "name": "forecast", "arguments": "{\"city\": \"Oslo\", \"days\": 2}" }
] } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [
  { "name": "forecast", "arguments": {"city": "Oslo", "days": 2} }
] } }] }"#,
        transforms: &[],
    }],
    work: Work::Tree(apply),
};

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    for response in tree.entries().iter().flat_map(Tree::responses) {
        let calls = response.get("toolCalls").into_iter().chain(response.get("blocks")).flat_map(Node::items);
        for node in calls.filter_map(|call| call.get("arguments")) {
            let Some(text) = node.as_str().filter(|text| is_same(text)) else { continue };
            // One line, so that it fits any indentation.
            let json = if text.contains('\n') { compact(text) } else { text.trim().to_owned() };
            edits.push(node.span, "the text becomes the object that it holds", vec![Edit { span: node.span, text: json }]);
        }
    }
}

/// Whether an object in place of this text is served as the same text, blanks apart.
fn is_same(text: &str) -> bool {
    let Ok(parsed) = document::parse(text, Format::Json, &Limits::default()) else { return false };
    let plain = parsed.findings.is_empty() && parsed.deviations().is_empty() && !parsed.had_bom;
    plain && matches!(parsed.root.value, Value::Object(_)) && document::to_text(&parsed.root) == compact(text)
}

/// JSON without the blanks between its tokens.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        match (inside, c) {
            (true, '\\') => escaped = !escaped,
            (true, '"') if !escaped => inside = false,
            (true, _) => escaped = false,
            (false, '"') => inside = true,
            (false, ' ' | '\t' | '\n' | '\r') => continue,
            (false, _) => {}
        }
        compact.push(c);
    }
    compact
}
