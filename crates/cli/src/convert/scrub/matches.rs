//! Match keys that hold secrets: they must not carry them, and should still take their request.

use serde_json::{Map, Value, json};

use super::finder::{Cut, Finder, count};

/// Match keys whose text is compared by `contains`.
const TEXTS: [&str; 2] = ["userMessage", "inputText"];

/// Takes secrets out of the keys of a match; how many that were.
pub(super) fn clean(finder: &Finder, keys: &mut Map<String, Value>) -> usize {
    let mut secrets = 0;
    for key in TEXTS {
        secrets += keys.get_mut(key).map_or(0, |text| around(finder, text));
    }
    secrets += keys.get_mut("path").map_or(0, |pattern| path(finder, pattern));
    let mut kept = Map::new();
    for (key, mut value) in std::mem::take(keys) {
        let found = if TEXTS.contains(&key.as_str()) || key == "path" { 0 } else { without(finder, &key, &mut value) };
        secrets += found;
        let emptied = found > 0 && value.as_object().is_none_or(Map::is_empty);
        if !emptied {
            kept.insert(key, value);
        }
    }
    *keys = kept;
    secrets
}

/// A text key that holds a secret becomes what stands around it, so that it still takes the request.
fn around(finder: &Finder, pattern: &mut Value) -> usize {
    let text = pattern.as_str().or_else(|| pattern.get("equals").and_then(Value::as_str)).unwrap_or_default().to_owned();
    let cuts = finder.cuts("", &text);
    if cuts.is_empty() {
        return 0;
    }
    let parts: Vec<&str> = between(&text, &cuts).into_iter().filter(|part| !part.trim().is_empty()).collect();
    *pattern = if parts.is_empty() { json!({ "regex": "." }) } else { json!({ "contains": parts }) };
    count(&cuts)
}

/// A path that holds a secret takes anything in its place.
fn path(finder: &Finder, pattern: &mut Value) -> usize {
    let (text, is_regex) = match (&*pattern, pattern.get("regex")) {
        (Value::String(path), _) => (path.clone(), false),
        (_, Some(Value::String(regex))) => (regex.clone(), true),
        _ => return 0,
    };
    let cuts = finder.cuts("", &text);
    if cuts.is_empty() {
        return 0;
    }
    let regex = if is_regex {
        between(&text, &cuts).join(".+")
    } else {
        format!("^{}$", between(&text, &cuts).into_iter().map(regex::escape).collect::<Vec<_>>().join("[^/]+"))
    };
    *pattern = json!({ "regex": regex });
    count(&cuts)
}

/// What stands between the cuts, the ends included.
fn between<'t>(text: &'t str, cuts: &[Cut]) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut at = 0;
    for cut in cuts {
        parts.push(text.get(at..cut.range.start).unwrap_or_default());
        at = cut.range.end;
    }
    parts.push(text.get(at..).unwrap_or_default());
    parts
}

/// Members that hold secrets are left out of a pattern of the body: objects are met by what they have more, lists only
/// whole.
fn without(finder: &Finder, name: &str, value: &mut Value) -> usize {
    match value {
        Value::Object(members) => {
            let mut secrets = 0;
            members.retain(|key, member| {
                let in_name = count(&finder.cuts("", key));
                let found = in_name + if in_name > 0 { 0 } else { without(finder, key, member) };
                secrets += found;
                found == 0 || in_name == 0 && member.as_object().is_some_and(|left| !left.is_empty())
            });
            secrets
        }
        other => held(finder, name, other),
    }
}

/// How many secrets a value holds.
fn held(finder: &Finder, name: &str, value: &Value) -> usize {
    match value {
        Value::String(text) => count(&finder.cuts(name, text)),
        Value::Array(items) => items.iter().map(|item| held(finder, name, item)).sum(),
        Value::Object(members) => members.iter().map(|(key, member)| count(&finder.cuts("", key)) + held(finder, key, member)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
