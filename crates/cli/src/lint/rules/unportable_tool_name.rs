//! `unportable-tool-name`: a tool call has a name that only some providers take.

use super::super::answers::{calls, is_true, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "unportable-tool-name",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a tool call has a name that only some providers take",
    why: "OpenAI takes letters, digits, `_` and `-`, at most 64 of them; dots, colons and longer names work with other providers only",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "weather.forecast", "arguments": {} }] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "name": "weather_forecast", "arguments": {} }] } }] }"#,
    }],
    check: Check::File(check),
};

/// The longest name that every provider takes, in characters.
const LONGEST: usize = 64;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            for node in calls(response).filter_map(|call| call.get("name")) {
                let Some(name) = node.as_str().filter(|name| is_unportable(name)) else { continue };
                let finding = report(findings, file, entry, node.span, format!("not every provider takes a tool named {}", code(name)));
                finding.help = "letters, digits, `_` and `-`, at most 64 of them, work everywhere".into();
            }
        }
    }
}

/// Whether some providers refuse the name and others take it.
fn is_unportable(name: &str) -> bool {
    let some_take = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/');
    let long = name.len() > LONGEST && name.len() <= 2 * LONGEST;
    name.len() <= 2 * LONGEST && name.bytes().all(some_take) && (long || name.contains(['.', ':', '/']))
}
