//! `response-key-slip`: a response uses another format's key.

use super::super::answers::{counting, kind_key, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};
use crate::document::edit::rename_key;
use crate::document::{Member, Node};
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "response-key-slip",
    category: Category::Shape,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a response uses another format's key",
    why: "keys of provider bodies are not read here, so the text or the calls they hold are never sent: the client gets a 500, or an answer without its tool calls",
    fix: Some(Safety::Safe),
    examples: &[
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "text": "Sunny." } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "function": { "name": "forecast", "arguments": "{}" } }] } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": "{}" }] } }] }"#,
        },
    ],
    check: Check::File(check),
};

/// Keys that hold text elsewhere.
const TEXT_KEYS: [&str; 6] = ["text", "message", "body", "answer", "output_text", "completion"];
/// Keys that hold tool calls elsewhere.
const CALL_KEYS: [&str; 3] = ["tool_calls", "function_call", "tool_use"];
/// Keys that hold a whole answer elsewhere.
const BODY_KEYS: [&str; 3] = ["choices", "candidates", "output"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            check_keys(file, entry, response, findings);
            for call in response.get("toolCalls").map_or(&[][..], Node::items) {
                check_call(file, entry, call, findings);
            }
        }
    }
}

fn check_keys(file: &FileContext<'_>, entry: &Node<'_>, response: &Node<'_>, findings: &mut Findings) {
    let kind = kind_key(response);
    let mut renamed = Vec::new();
    for member in counting(response) {
        let key = member.key.as_ref();
        let meant = match key {
            _ if CALL_KEYS.contains(&key) && matches!(kind, None | Some("content")) => "toolCalls",
            _ if kind.is_some() => continue,
            _ if TEXT_KEYS.contains(&key) || BODY_KEYS.contains(&key) => "content",
            "tools" => "toolCalls",
            "vector" => "embedding",
            _ => continue,
        };
        let finding = report(findings, file, entry, member.key_span, format!("{} is no key of a response", code(key)));
        finding.help = format!("write `{meant}` in its place").into();
        // Two keys cannot both get the name.
        if is_ready(member, meant) && !renamed.contains(&meant) {
            renamed.push(meant);
            finding.fix = Some(Fix {
                safety: Safety::Safe,
                title: format!("rename the key to `{meant}`").into(),
                edits: vec![rename_key(file.layout(), member, meant)],
            });
        }
    }
}

/// Whether the value under the wrong key has the form that the right one takes.
fn is_ready(member: &Member<'_>, meant: &str) -> bool {
    match meant {
        "content" => member.value.as_str().is_some_and(|text| !text.is_empty()),
        "toolCalls" => !member.value.items().is_empty() && member.value.items().iter().all(|call| text(call, "name").is_some()),
        _ => false,
    }
}

fn check_call(file: &FileContext<'_>, entry: &Node<'_>, call: &Node<'_>, findings: &mut Findings) {
    if let Some(member) = call.member("function").filter(|_| call.get("name").is_none()) {
        let message = "the tool call is wrapped in `function`: its name and arguments are not read";
        let finding = report(findings, file, entry, member.key_span, message);
        finding.help = "write `name` and `arguments` directly into the tool call".into();
        finding.fix = unwrap(file, member);
    } else if let Some(member) = call.member("input").filter(|_| call.get("arguments").is_none()) {
        let finding = report(findings, file, entry, member.key_span, "`input` is no key of a tool call: its arguments are not read");
        finding.help = "write `arguments` in its place".into();
        finding.fix = Some(Fix {
            safety: Safety::Safe,
            title: "rename the key to `arguments`".into(),
            edits: vec![rename_key(file.layout(), member, "arguments")],
        });
    }
}

/// Takes the braces around the inner members away.
fn unwrap(file: &FileContext<'_>, member: &Member<'_>) -> Option<Fix> {
    let inner = &member.value;
    let last = inner.members().last()?;
    let text = file.source.text();
    let behind = text.get(last.value.span.end..inner.span.end)?;
    if !text.get(inner.span.start..)?.starts_with('{') || behind.trim() != "}" {
        return None;
    }
    let first = inner.members().first()?;
    let cut = |span: Span| Edit { span, text: String::new() };
    Some(Fix {
        safety: Safety::Safe,
        title: "write the tool call without `function`".into(),
        edits: vec![cut(Span::new(member.key_span.start, first.key_span.start)), cut(Span::new(last.value.span.end, inner.span.end))],
    })
}
