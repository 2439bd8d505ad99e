//! `number-precision`: a number that readers cannot hold exactly.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::{Node, Value};

pub(super) static RULE: Rule = Rule {
    name: "number-precision",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a number is too long to be read exactly",
    why: "JavaScript and most JSON readers hold numbers as 64-bit floats: what they read is another number than the one written",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "order" }, "response": { "json": { "order": 9007199254740993 } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "order" }, "response": { "json": { "order": "9007199254740993" } } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    walk(file, findings, &file.parsed.root);
}

fn walk(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>) {
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| walk(file, findings, item)),
        Value::Object(members) => members.iter().for_each(|member| walk(file, findings, &member.value)),
        Value::Number(text) => {
            if let Some(read) = read_as(text) {
                let finding = findings.report(file.label(node.span), format!("{} is read as `{read}`", crate::shape::code(text)));
                finding.help = "write it as a string, or shorter".into();
                finding.identity = text.clone().into_owned();
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) => {}
    }
}

/// What a 64-bit float makes of a number, when that is another one. Digits of fractions beyond the seventeenth are
/// noise of printing and change nothing that anybody meant.
fn read_as(text: &str) -> Option<String> {
    const ALWAYS_EXACT: usize = 15;
    if text.len() <= ALWAYS_EXACT {
        return None;
    }
    let read: f64 = text.parse().ok()?;
    let digits = text.trim_start_matches('-');
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let exact = format!("{read:.0}");
        return (exact.trim_start_matches('-') != digits.trim_start_matches('0')).then_some(exact);
    }
    let vanishes = read == 0.0 && digits.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| (b'1'..=b'9').contains(&byte));
    (vanishes || read.is_infinite()).then(|| read.to_string())
}
