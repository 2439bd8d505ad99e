//! What an entry says, apart from how it is written: JSON inside texts is unfolded, other spellings of one thing are made
//! one, a single `response` and a list of one are the same.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::stream;
use crate::document::{self, Node};
use crate::fixture::EntryOptions;
use crate::fixture::response::KIND_KEYS;

/// One answer of a fixture.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoken {
    pub(super) response: Value,
    /// The keys beside it, its own before those of the entry around it.
    pub(super) options: Map<String, Value>,
    /// Which of them are its own.
    pub(super) own: Vec<String>,
    /// It is written as an entry without `match`.
    pub(super) wrapped: bool,
}

/// An entry as plain JSON, with the JSON in its texts unfolded.
pub(super) fn entry(node: &Node<'_>) -> Value {
    let mut value = document::to_json(node);
    if let Some(response) = value.get_mut("response") {
        unfold(response, node.get("response"));
    }
    let items = node.get("responses").map_or(&[][..], Node::items);
    for (item, node) in value.get_mut("responses").and_then(Value::as_array_mut).into_iter().flatten().zip(items) {
        match item.get_mut("response") {
            Some(response) => unfold(response, node.get("response")),
            None => unfold(item, Some(node)),
        }
    }
    value
}

/// The answers of an entry in order, and whether they are written as a list.
pub(super) fn answers(entry: &Value) -> (Vec<Spoken>, bool) {
    let outer: Map<String, Value> = options_of(entry);
    let list = entry.get("responses").and_then(Value::as_array).filter(|list| !list.is_empty());
    let Some(list) = list else {
        let response = entry.get("response").cloned().unwrap_or_default();
        return (vec![Spoken { response, options: outer, ..Spoken::default() }], false);
    };
    let answer = |item: &Value| match item.get("response") {
        None => Spoken { response: item.clone(), options: outer.clone(), ..Spoken::default() },
        Some(response) => {
            let own = options_of(item);
            let names = own.keys().cloned().collect();
            let mut options = outer.clone();
            options.extend(own);
            Spoken { response: response.clone(), options, own: names, wrapped: true }
        }
    };
    (list.iter().map(answer).collect(), true)
}

fn options_of(entry: &Value) -> Map<String, Value> {
    let members = entry.as_object().into_iter().flatten();
    let option = |key: &str| EntryOptions::KEYS.contains(&key) && key != "response";
    members.filter(|(key, _)| option(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The kind of an answer: text, calls and blocks are all turns.
pub(super) fn kind(response: &Value) -> &'static str {
    match KIND_KEYS.into_iter().find(|key| response.get(key).is_some()) {
        Some("content" | "toolCalls" | "blocks") => "turn",
        Some(kind) => kind,
        None => "nothing",
    }
}

/// Unfolds what a response holds as text.
fn unfold(response: &mut Value, node: Option<&Node<'_>>) {
    if let Some(content) = response.get_mut("content").filter(|content| content.is_object() || content.is_array())
        && let Some(node) = node.and_then(|node| node.get("content"))
    {
        // Served as exactly this text.
        *content = Value::String(document::to_text(node));
    }
    for list in ["toolCalls", "blocks"] {
        for call in response.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            call.get_mut("arguments").into_iter().for_each(parse);
        }
    }
    for event in response.get_mut("events").and_then(Value::as_array_mut).into_iter().flatten() {
        if event.is_string() {
            *event = json!({ "data": event.take() });
        }
        event.get_mut("data").into_iter().for_each(parse_compound);
    }
    unfold_http(response);
    unfold_error(response);
    response.get_mut("headers").into_iter().for_each(lower_names);
}

/// `body`, `json` and `base64` are spellings of one body; the status has a default.
fn unfold_http(response: &mut Value) {
    let Some(Value::Object(http)) = response.get_mut("http") else { return };
    http.entry("status").or_insert_with(|| json!(200));
    http.get_mut("headers").into_iter().for_each(lower_names);
    if let Some(json) = http.shift_remove("json") {
        let headers = http.entry("headers").or_insert_with(|| json!({}));
        if let Value::Object(headers) = headers {
            headers.entry("content-type").or_insert_with(|| json!(["application/json"]));
        }
        http.insert("body".to_owned(), json);
    } else if let Some(Value::String(text)) = http.get("base64")
        && let Some(decoded) = decoded(text)
    {
        http.shift_remove("base64");
        http.insert("body".to_owned(), Value::String(decoded));
    }
    stream::split(http);
    http.get_mut("body").into_iter().for_each(parse_compound);
    if http.get("headers").and_then(Value::as_object).is_some_and(Map::is_empty) {
        http.shift_remove("headers");
    }
}

fn decoded(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

/// The status of an error has a default; labels may be numbers and `null`.
fn unfold_error(response: &mut Value) {
    let Some(Value::Object(members)) = response.get_mut("error") else { return };
    for label in ["type", "param", "code"] {
        match members.get_mut(label) {
            Some(Value::Null) => drop(members.shift_remove(label)),
            Some(number @ Value::Number(_)) => *number = Value::String(number.to_string()),
            _ => {}
        }
    }
    if let Value::Object(response) = response {
        response.entry("status").or_insert_with(|| json!(500));
    }
}

/// Header names have no case; one value and a list of one are the same.
fn lower_names(headers: &mut Value) {
    let Value::Object(members) = headers else { return };
    let listed = |value: Value| if value.is_array() { value } else { Value::Array(vec![value]) };
    *members = std::mem::take(members).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), listed(value))).collect();
}

/// A text that is JSON becomes that JSON.
pub(super) fn parse(value: &mut Value) {
    if let Value::String(text) = value
        && let Ok(parsed) = serde_json::from_str::<Value>(text)
    {
        *value = parsed;
    }
}

/// A text that is a JSON object or list becomes it; words and numbers stay texts.
pub(super) fn parse_compound(value: &mut Value) {
    if value.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '['])) {
        parse(value);
    }
}

/// A text for a value, as JSON writes it.
pub(super) fn plain(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}
