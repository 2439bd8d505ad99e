//! `arguments-schema-mismatch`: tool arguments do not fit the tool's own schema.

use std::collections::HashMap;

use super::super::answers::{calls, is_true, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::{Format, Limits, Node, parse, to_json};
use crate::schema::{Tree, compile};
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "arguments-schema-mismatch",
    category: Category::Shape,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "tool arguments do not fit the tool's own schema",
    why: "the tool's schema stands beside the fixture and the arguments break it: a real model would not send them, and the client's validation refuses them",
    fix: None,
    examples: &[Example {
        bad: r#"{
  "meta": { "tools": [{ "name": "forecast", "parameters": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } } }] },
  "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": { "town": "Oslo" } }] } }]
}"#,
        good: r#"{
  "meta": { "tools": [{ "name": "forecast", "parameters": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } } }] },
  "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "forecast", "arguments": { "city": "Oslo" } }] } }]
}"#,
    }],
    check: Check::File(check),
};

/// Findings for one tool call.
const MOST: usize = 3;

type Schemas = HashMap<String, jsonschema::Validator<Tree>>;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let common = ["meta", "_meta"].iter().find_map(|key| file.parsed.root.get(key)?.get("tools")).map(schemas).unwrap_or_default();
    for (entry, _) in file.entries() {
        let own = entry.get("metadata").and_then(|metadata| metadata.get("tools")).map(schemas).unwrap_or_default();
        if common.is_empty() && own.is_empty() {
            continue;
        }
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            for call in calls(response) {
                let Some(name) = text(call, "name") else { continue };
                if let Some(schema) = own.get(name).or_else(|| common.get(name)) {
                    check_call(file, entry, call, schema, findings);
                }
            }
        }
    }
}

/// The schemas of a list of tools, in any provider's form. One that cannot be compiled is passed over.
fn schemas(tools: &Node<'_>) -> Schemas {
    let of = |tool: &Node<'_>| {
        let tool = tool.get("function").unwrap_or(tool);
        let schema = ["parameters", "input_schema", "inputSchema"].iter().find_map(|key| tool.get(key))?;
        Some((text(tool, "name")?.to_owned(), compile(&to_json(schema)).ok()?))
    };
    tools.items().iter().filter_map(of).collect()
}

fn check_call(file: &FileContext<'_>, entry: &Node<'_>, call: &Node<'_>, schema: &jsonschema::Validator<Tree>, findings: &mut Findings) {
    let Some(node) = call.get("arguments") else { return };
    // What is no JSON has a rule of its own.
    let written = match node.as_str() {
        Some(text) => match parse(text, Format::Json, &Limits::default()) {
            Ok(parsed) if parsed.findings.is_empty() && parsed.deviations().is_empty() => Some(parsed),
            _ => return,
        },
        None => None,
    };
    let arguments = written.as_ref().map_or(node, |parsed| &parsed.root);
    let tool = code(text(call, "name").unwrap_or_default());
    for error in schema.iter_errors(arguments).take(MOST) {
        let pointer = error.instance_path().to_string();
        let place = if pointer.is_empty() { String::new() } else { format!(" at {}", code(&pointer)) };
        let span = crate::document::pointer::locate(node, &pointer).map_or(node.span, |place| place.value_span());
        let message = format!("the arguments of {tool} do not fit its schema{place}: {}", error.masked());
        let finding = report(findings, file, entry, span, message);
        finding.help = "change the arguments, or the tool's schema if it is out of date".into();
    }
}
