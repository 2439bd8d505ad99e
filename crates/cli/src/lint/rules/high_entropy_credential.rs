//! `high-entropy-credential`: a random value under a name for secrets.

use super::super::keys::part;
use super::super::leaks;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};
use crate::document::{Member, Node, Value};
use crate::secrets;

pub(super) static RULE: Rule = Rule {
    name: "high-entropy-credential",
    category: Category::Secrets,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a random value stands under a name for secrets",
    why: "no known form, but the name says what it is and the value was not typed by hand",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: concat!(
            r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "json": { "client_secret": ""#,
            "Qm7Zt2Xv9Lr4",
            "Kd8Wp3Nc6Hs1",
            r#"" } } }] }"#
        ),
        good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "json": { "client_secret": "<secret>" } } }] }"#,
    }],
    check: Check::File(check),
};

/// Longest string that is read as JSON.
const MOST_JSON: usize = 256 << 10;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    walk(file, findings, &file.parsed.root);
}

fn walk(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>) {
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| walk(file, findings, item)),
        Value::Object(members) => {
            for member in members {
                match member.value.as_str() {
                    Some(text) => look_at(file, findings, member, text),
                    // Headers have a rule of their own.
                    None if member.key == "headers" => {}
                    None => walk(file, findings, &member.value),
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn look_at(file: &FileContext<'_>, findings: &mut Findings, member: &Member<'_>, text: &str) {
    if secrets::is_credential_name(&member.key) {
        if is_secret(text) {
            report(file, findings, &member.value, &member.key, text);
        }
    } else if text.starts_with('{') && text.len() <= MOST_JSON && secrets::may_name_a_credential(text) {
        // Arguments of tool calls are JSON inside a string.
        let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let mut found = Vec::new();
        nested(&value, &mut found);
        for (name, secret) in found {
            report(file, findings, &member.value, name, secret);
        }
    }
}

fn is_secret(text: &str) -> bool {
    secrets::looks_random(text) && !secrets::holds_known_key(text) && !text.contains("://")
}

fn nested<'v>(value: &'v serde_json::Value, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| nested(item, found)),
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                match member.as_str() {
                    Some(text) if secrets::is_credential_name(key) && is_secret(text) => found.push((key, text)),
                    Some(_) => {}
                    None => nested(member, found),
                }
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {}
    }
}

fn report(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>, name: &str, secret: &str) {
    let span = part(file, node, secret);
    let label = file.label(span);
    let identity = format!("{name} {}", leaks::without_indexes(&label.pointer));
    let finding = findings.report(label, format!("{} holds a random value", crate::shape::code(name)));
    finding.hide_source = true;
    finding.help = "revoke it if it is real, and replace it by a placeholder".into();
    finding.identity = identity;
    if span != node.span {
        let edits = vec![Edit { span, text: "<secret>".to_owned() }];
        finding.fix = Some(Fix { safety: Safety::Unsafe, title: "replace it by `<secret>`".into(), edits });
    }
}
