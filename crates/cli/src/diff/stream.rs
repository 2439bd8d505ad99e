//! The text of an event stream in `response.http.body` as the events that a client takes from it.
//!
//! Lines and fields as in the "event stream interpretation" of the HTML standard. A last event without its blank line,
//! which clients drop, is kept and marked: where a stream breaks off is part of what it says.

use serde_json::{Map, Value};

use super::meaning::parse_compound;

/// The fields of an event.
const FIELDS: [&str; 4] = ["event", "data", "id", "retry"];
/// Marks an event that the stream does not finish.
const UNFINISHED: &str = "unfinished";

/// Replaces the text of `http.body` by its events if the content type says that it is a stream and there are any.
pub(super) fn split(http: &mut Map<String, Value>) {
    if !is_stream(http) {
        return;
    }
    let Some(Value::String(text)) = http.get("body") else { return };
    let events = events(text);
    if !events.is_empty() {
        http.insert("body".to_owned(), events.into());
    }
}

/// Whether a response holds a stream that was split.
pub(super) fn is_in(response: &Value) -> bool {
    let Some(Value::Object(http)) = response.get("http") else { return false };
    let known = |key: &String| FIELDS.contains(&key.as_str()) || matches!(key.as_str(), "comment" | UNFINISHED);
    let is_event = |event: &Value| event.as_object().is_some_and(|event| event.keys().all(known));
    is_stream(http) && http.get("body").and_then(Value::as_array).is_some_and(|events| events.iter().all(is_event))
}

/// Takes the events out.
pub(super) fn take(response: &mut Value) -> Value {
    response.pointer_mut("/http/body").map(Value::take).unwrap_or_default()
}

fn is_stream(http: &Map<String, Value>) -> bool {
    let of = |value: &Value| value.as_str().is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
    let headers = http.get("headers").and_then(Value::as_object);
    headers.and_then(|headers| headers.get("content-type")).is_some_and(|value| match value {
        Value::Array(values) => values.iter().any(of),
        value => of(value),
    })
}

fn events(text: &str) -> Vec<Value> {
    let (mut events, mut event) = (Vec::new(), Map::new());
    for line in lines(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        if line.is_empty() {
            finish(&mut event, &mut events);
        } else {
            field(line, &mut event);
        }
    }
    if !event.is_empty() {
        event.insert(UNFINISHED.to_owned(), true.into());
        finish(&mut event, &mut events);
    }
    events
}

/// Lines end in LF, CR LF or CR; what follows the last end is a line if it is not empty.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r'])).unwrap_or(after);
        Some(line)
    })
}

fn field(line: &str, event: &mut Map<String, Value>) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    let name = if name.is_empty() { "comment" } else { name };
    if name != "comment" && !FIELDS.contains(&name) {
        return;
    }
    match event.get_mut(name) {
        Some(Value::String(before)) if matches!(name, "data" | "comment") => {
            before.push('\n');
            before.push_str(value);
        }
        _ => drop(event.insert(name.to_owned(), value.into())),
    }
}

fn finish(event: &mut Map<String, Value>, events: &mut Vec<Value>) {
    let mut event = std::mem::take(event);
    event.get_mut("data").into_iter().for_each(parse_compound);
    if !event.is_empty() {
        events.push(event.into());
    }
}
