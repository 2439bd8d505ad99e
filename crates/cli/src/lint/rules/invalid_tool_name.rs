//! `invalid-tool-name`: a tool call has a name that no provider takes.

use super::super::answers::{calls, is_true, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "invalid-tool-name",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a tool call has a name that no provider takes",
    why: "providers refuse requests that offer such a tool, so no model can ever call it",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "get forecast", "arguments": {} }] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "get_forecast", "arguments": {} }] } }] }"#,
    }],
    check: Check::File(check),
};

/// The longest name that any provider takes, in characters.
const LONGEST: usize = 128;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            for node in calls(response).filter_map(|call| call.get("name")) {
                let Some(name) = node.as_str().filter(|name| !name.is_empty()) else { continue };
                let foreign = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/')));
                let reason = match foreign {
                    Some(c) => format!("it has the character {c:?}"),
                    None if name.len() > LONGEST => format!("it is longer than {LONGEST} characters"),
                    None => continue,
                };
                let finding = report(findings, file, entry, node.span, format!("no provider takes a tool named {}: {reason}", code(name)));
                finding.help = "tool names are made of letters, digits, `_` and `-`, at most 64 of them".into();
            }
        }
    }
}
