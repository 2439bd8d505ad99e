//! `arguments-not-object`: tool arguments are JSON, but no object.

use super::super::answers::{calls, is_true, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::{Node, Value};
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "arguments-not-object",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "tool arguments are JSON, but no object",
    why: "tool schemas describe objects, and clients read arguments by name; most refuse a list or a plain value",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": "[\"Oslo\"]" }] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": "{\"city\":\"Oslo\"}" }] } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            for call in calls(response) {
                let Some((arguments, found)) = call.get("arguments").and_then(|node| Some((node, other_than_object(node)?))) else {
                    continue;
                };
                let tool = code(text(call, "name").unwrap_or_default());
                let finding = report(findings, file, entry, arguments.span, format!("the arguments of {tool} are {found}, not an object"));
                finding.help = "write the arguments by name: `{ \"city\": \"Oslo\" }`".into();
            }
        }
    }
}

/// What the arguments are, when they are JSON and no object. Text that is no JSON is the loader's affair.
fn other_than_object(node: &Node<'_>) -> Option<&'static str> {
    if let Value::Array(_) = node.value {
        return Some("a list");
    }
    let text = node.as_str()?.trim_start();
    let found = match text.bytes().next()? {
        b'{' => return None,
        b'[' => "a list",
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "`null`",
        _ => "a number",
    };
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok().then_some(found)
}
