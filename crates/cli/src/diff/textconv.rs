//! A fixture file as text for line-by-line tools: one value a line, in one order, whatever the file's format; what every
//! recording draws anew is shown by its kind.

use std::fmt::Write as _;

use serde_json::Value;

use super::meaning;
use super::volatile::{is_epoch, volatile};
use crate::document::{self, Format, Limits, Node};

/// Longest heading, in characters.
const HEADING: usize = 100;

/// The text of a fixture file in canonical form; `None` when it cannot be read or holds no fixtures.
pub fn canonical(text: &str, format: Format) -> Option<String> {
    let parsed = document::parse(text, format, &Limits::default()).ok()?;
    let list = parsed.root.get("fixtures")?;
    let mut out = String::new();
    for (key, value) in parsed.root.entries().into_iter().filter(|(key, _)| *key != "fixtures") {
        write(&mut out, key, &document::to_json(value));
    }
    for node in list.items() {
        fixture(&mut out, node);
    }
    Some(out)
}

fn fixture(out: &mut String, node: &Node<'_>) {
    let entry = meaning::entry(node);
    if !out.is_empty() {
        out.push('\n');
    }
    let id = entry.get("id").and_then(Value::as_str).map(str::to_owned);
    let name = id.unwrap_or_else(|| entry.get("match").map(lasting).unwrap_or_default().to_string());
    let heading: String = name.chars().take(HEADING).collect();
    let _ = writeln!(out, "fixture {}", heading.replace(char::is_control, " "));
    let Value::Object(members) = &entry else { return write(out, "", &entry) };
    let mut keys: Vec<&String> = members.keys().collect();
    keys.sort_unstable_by_key(|key| (rank(key), *key));
    for key in keys {
        if let Some(value) = members.get(key) {
            write(out, key, value);
        }
    }
}

/// Name and match first, the answers last.
fn rank(key: &str) -> u8 {
    match key {
        "id" => 0,
        "match" => 1,
        "response" | "responses" => 3,
        _ => 2,
    }
}

fn write(out: &mut String, at: &str, value: &Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort_unstable();
            for key in keys {
                if let Some(value) = members.get(key) {
                    write(out, &format!("{at}.{key}"), value);
                }
            }
        }
        // An event is one thing, and a vector is.
        Value::Array(items) if at.ends_with(".events") || items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            if items.iter().all(Value::is_number) {
                let _ = writeln!(out, "  {at} = {}", lasting(value));
            } else {
                for (index, item) in items.iter().enumerate() {
                    let _ = writeln!(out, "  {at}.{index} = {}", lasting(item));
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| write(out, &format!("{at}.{index}"), item)),
        Value::String(text) if text.contains('\n') => {
            let shown = volatile(text).unwrap_or_else(|| text.clone());
            for line in shown.split('\n') {
                let _ = writeln!(out, "  {at} | {}", line.trim_end_matches('\r'));
            }
        }
        Value::Number(number) if at.ends_with("created") && number.as_f64().is_some_and(is_epoch) => {
            let _ = writeln!(out, "  {at} = <epoch>");
        }
        value => {
            let _ = writeln!(out, "  {at} = {}", lasting(value));
        }
    }
}

/// The value with what a recording draws anew shown by its kind.
fn lasting(value: &Value) -> Value {
    match value {
        Value::String(text) => volatile(text).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(lasting).collect(),
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            sorted.into_iter().map(|(key, value)| (key.clone(), lasting(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
