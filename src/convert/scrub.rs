//! Secrets on the way out: every key that is known by its form, and every random value under a name that keeps secrets,
//! becomes a constant for its kind. Never a hash, never a part of it.

use serde_json::{Value, json};

use super::reading::Interaction;
use crate::secrets::{self, Class, is_credential_header, is_credential_name, looks_random};

/// Match keys whose text is compared by `contains`.
const TEXTS: [&str; 2] = ["userMessage", "inputText"];

/// How many header fields of an interaction carry credentials: they are not carried.
pub(super) fn credential_headers(interaction: &Interaction) -> usize {
    let (asked, answered) = (&interaction.request.headers, &interaction.captured.headers);
    asked.iter().chain(answered.iter()).filter(|(name, _)| is_credential_header(name)).count()
}

/// Replaces what is secret in a fixture; how much that was.
pub(super) fn scrub_entry(entry: &mut Value) -> usize {
    let mut count = 0;
    for key in TEXTS {
        if let Some(text) = entry.get_mut("match").and_then(|matches| matches.get_mut(key)) {
            count += around(text);
        }
    }
    count + scrub("", entry)
}

/// A text key that holds a secret becomes what stands around it, so that it still takes the request.
fn around(pattern: &mut Value) -> usize {
    let text = pattern.as_str().or_else(|| pattern.get("equals").and_then(Value::as_str)).unwrap_or_default().to_owned();
    let hits = hits(&text);
    if hits.is_empty() {
        return 0;
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for (range, _) in &hits {
        parts.extend(text.get(at..range.start).filter(|part| !part.trim().is_empty()));
        at = range.end;
    }
    parts.extend(text.get(at..).filter(|part| !part.trim().is_empty()));
    *pattern = if parts.is_empty() { json!({ "regex": "." }) } else { json!({ "contains": parts }) };
    hits.len()
}

fn scrub(name: &str, value: &mut Value) -> usize {
    match value {
        Value::String(text) => {
            if is_credential_name(name) && looks_random(text) {
                "<secret>".clone_into(text);
                return 1;
            }
            // Keys of a known form first: what is left of a name's value may be a part of one.
            let known = scrub_text(text);
            let named = named_secrets(text);
            for secret in &named {
                *text = text.replace(secret.as_str(), "<secret>");
            }
            known + named.len()
        }
        Value::Array(items) => items.iter_mut().map(|item| scrub(name, item)).sum(),
        Value::Object(members) => members.iter_mut().map(|(key, value)| scrub(key, value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Keys and passwords that are known by their form, without overlaps.
fn hits(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let found = Class::CREDENTIALS.into_iter().filter(|class| secrets::may_hold(*class, text)).flat_map(|class| secrets::scan(class, text));
    let mut hits: Vec<_> = found.map(|hit| (hit.range, constant(hit.title))).collect();
    hits.sort_by_key(|(range, _)| range.start);
    hits.dedup_by(|later, earlier| later.0.start < earlier.0.end);
    hits
}

/// `an OpenAI key` becomes `<OpenAI key>`.
fn constant(title: &str) -> String {
    format!("<{}>", title.trim_start_matches("an ").trim_start_matches("a ").trim_start_matches("the "))
}

fn scrub_text(text: &mut String) -> usize {
    let hits = hits(text);
    for (range, constant) in hits.iter().rev() {
        text.replace_range(range.clone(), constant);
    }
    hits.len()
}

/// Values of JSON inside a text that stand under a name that keeps secrets.
fn named_secrets(text: &str) -> Vec<String> {
    fn walk(name: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) if is_credential_name(name) && looks_random(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| walk(name, item, found)),
            Value::Object(members) => members.iter().for_each(|(key, value)| walk(key, value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(text)
    {
        walk("", &value, &mut found);
    }
    found
}
