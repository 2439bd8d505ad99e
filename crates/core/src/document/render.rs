//! A tree as plain JSON again: a `serde_json::Value`, or compact text; and a value as YAML.
//!
//! Of duplicate keys the last value counts and the first place, as in JavaScript. Keys keep the order of writing, also
//! those that look like integers (JavaScript would move them to the front; `serde_json` does not, and neither do we).

use std::fmt::Write as _;

use super::{Node, Value, number};

/// The value without its places. Numbers are exact as far as `u64` and `i64` reach, and always finite.
pub fn to_json(node: &Node<'_>) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => serde_json::Value::Bool(*value),
        Value::Number(text) => serde_json::Value::Number(to_number(text)),
        Value::String(text) => serde_json::Value::String(text.clone().into_owned()),
        Value::Array(items) => serde_json::Value::Array(items.iter().map(to_json).collect()),
        Value::Object(members) => {
            let mut map = serde_json::Map::with_capacity(members.len());
            for member in members {
                map.insert(member.key.clone().into_owned(), to_json(&member.value));
            }
            serde_json::Value::Object(map)
        }
    }
}

/// Compact text as `JSON.stringify` writes it. Integers keep their digits however long they are; other numbers are
/// printed as JavaScript prints the double (`1.0` is `1`).
pub fn to_text(node: &Node<'_>) -> String {
    let mut text = String::new();
    write_node(node, &mut text);
    text
}

/// A value as a YAML text that is read as the same value.
pub fn to_yaml(value: &serde_json::Value) -> String {
    match serde_yaml::to_string(value) {
        // The writer follows YAML 1.1, to which these end a line, so that it indents what follows. To readers of YAML 1.2,
        // as we are, they are letters, and the indentation would be text.
        Ok(text) if !text.contains(['\u{85}', '\u{2028}', '\u{2029}']) => text,
        // Every JSON text is YAML.
        Ok(_) | Err(_) => printable(format!("{value:#}\n")),
    }
}

/// A JSON text in which what YAML does not print, but JSON lets pass, is escaped: it says the same in both.
pub fn printable(json: String) -> String {
    if !json.contains(is_unprintable) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len() + 16), |mut text, c| {
        if is_unprintable(c) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
        text
    })
}

fn is_unprintable(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

pub fn to_number(text: &str) -> serde_json::Number {
    if let Some(value) = number::as_u64(text) {
        return value.into();
    }
    if let Some(value) = number::as_i64(text) {
        return value.into();
    }
    serde_json::Number::from_f64(number::as_f64(text)).unwrap_or_else(|| 0.into())
}

fn write_node(node: &Node<'_>, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(number, text),
        Value::String(value) => write_string(value, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_node(item, text);
            }
            text.push(']');
        }
        Value::Object(_) => {
            text.push('{');
            for (index, (key, value)) in node.entries().into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write_node(value, text);
            }
            text.push('}');
        }
    }
}

fn write_number(number: &str, text: &mut String) {
    let is_integer = !number.contains(['.', 'e', 'E']);
    match number {
        "-0" => text.push('0'),
        _ if is_integer => text.push_str(number),
        _ => text.push_str(&number::javascript(number::as_f64(number))),
    }
}

fn write_string(value: &str, text: &mut String) {
    // A string always serializes.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}
