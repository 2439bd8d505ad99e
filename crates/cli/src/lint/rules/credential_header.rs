//! `credential-header`: a header with a credential that looks real.

use super::super::keys::part;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};
use crate::document::{Node, Value};
use crate::secrets;

pub(super) static RULE: Rule = Rule {
    name: "credential-header",
    category: Category::Secrets,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a recorded header carries a credential",
    why: "headers of real requests and answers hold what opened the session",
    fix: Some(Safety::Unsafe),
    examples: &[
        Example {
            bad: concat!(
                r#"{ "fixtures": [{ "match": { "userMessage": "log in", "headers": { "authorization": "Bearer "#,
                "Qm7Zt2Xv9Lr4",
                "Kd8Wp3Nc6Hs1Bf5Jg0Ty",
                r#"" } }, "response": { "content": "Done." } }] }"#
            ),
            good: r#"{ "fixtures": [{ "match": { "userMessage": "log in", "headers": { "authorization": "Bearer test-key-1" } }, "response": { "content": "Done." } }] }"#,
        },
        Example {
            bad: concat!(
                r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "http": { "headers": { "set-cookie": "sid="#,
                "Qm7Zt2Xv9Lr4",
                "Kd8Wp3Nc6Hs1",
                r#"; Path=/" }, "body": "ok" } } }] }"#
            ),
            good: r#"{ "fixtures": [{ "match": { "userMessage": "log in" }, "response": { "http": { "headers": { "set-cookie": "sid=1" }, "body": "ok" } } }] }"#,
        },
    ],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    if file.is_recording {
        return recorded(file, findings, &file.parsed.root);
    }
    for (entry, _) in file.entries() {
        for (place, headers) in header_maps(entry) {
            for member in headers.members().iter().filter(|member| secrets::is_credential_header(&member.key)) {
                values(&member.value).for_each(|value| look_at(file, findings, place, &member.key, value));
            }
        }
    }
}

/// Headers of recordings, wherever they stand: members of that name, and objects with `name` and `value`.
fn recorded(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>) {
    let named = |key: &str| node.get(key).and_then(Node::as_str);
    if let (Some(name), Some(value)) = (named("name").filter(|name| secrets::is_credential_header(name)), node.get("value")) {
        values(value).for_each(|value| look_at(file, findings, "recorded", name, value));
    }
    for member in node.members() {
        if secrets::is_credential_header(&member.key) {
            values(&member.value).for_each(|value| look_at(file, findings, "recorded", &member.key, value));
        }
        if member.key == "cookies" {
            let cookies = member.value.items().iter().filter_map(|cookie| cookie.get("value"));
            cookies.for_each(|value| look_at(file, findings, "recorded", "cookie", value));
        }
        recorded(file, findings, &member.value);
    }
    node.items().iter().for_each(|item| recorded(file, findings, item));
}

/// Every object of headers in an entry, with the name of its place.
pub(super) fn header_maps<'a>(entry: &'a Node<'a>) -> Vec<(&'static str, &'a Node<'a>)> {
    let mut maps = Vec::new();
    maps.extend(entry.get("match").and_then(|matches| matches.get("headers")).map(|headers| ("match", headers)));
    let responses = entry.get("responses").map_or(&[][..], Node::items);
    for response in entry.get("response").into_iter().chain(responses) {
        let response = response.get("response").unwrap_or(response);
        maps.extend(response.get("headers").map(|headers| ("response", headers)));
        maps.extend(response.get("http").and_then(|http| http.get("headers")).map(|headers| ("response", headers)));
    }
    maps
}

/// A header's strings: one, a list, or behind text operators.
fn values<'a>(node: &'a Node<'a>) -> Box<dyn Iterator<Item = &'a Node<'a>> + 'a> {
    match &node.value {
        Value::String(_) => Box::new(std::iter::once(node)),
        Value::Array(items) => Box::new(items.iter().filter(|item| item.as_str().is_some())),
        Value::Object(members) => Box::new(members.iter().map(|member| &member.value).filter(|value| value.as_str().is_some())),
        Value::Null | Value::Bool(_) | Value::Number(_) => Box::new(std::iter::empty()),
    }
}

fn look_at(file: &FileContext<'_>, findings: &mut Findings, place: &str, name: &str, node: &Node<'_>) {
    let Some(secret) = node.as_str().and_then(secret_in) else { return };
    let span = part(file, node, secret);
    let finding = findings.report(file.label(span), format!("the {place} header `{name}` carries a credential that looks real"));
    finding.hide_source = true;
    finding.help = "revoke it, and replace it by a placeholder; `expect.keys` tells keys apart without showing them".into();
    finding.identity = format!("{place} {}", name.to_ascii_lowercase());
    if span != node.span {
        let edits = vec![Edit { span, text: "<credential>".to_owned() }];
        finding.fix = Some(Fix { safety: Safety::Unsafe, title: "replace it by `<credential>`".into(), edits });
    }
}

/// The part of a header's value that is secret, when it looks real and no other rule knows it by its form.
fn secret_in(value: &str) -> Option<&str> {
    let random = |part: &&str| secrets::looks_random(part) && !secrets::holds_known_key(part);
    // `Bearer X`, `Basic X`, `name=X; Path=/`: the longest word that is no attribute.
    value
        .split([' ', ';', ','])
        .map(|word| word.split_once('=').filter(|(_, rest)| rest.len() >= 16).map_or(word, |(_, rest)| rest))
        .find(random)
}
