//! Which members of a request are dropped: a JSON pointer (RFC 6901) in which `*` is any item.

use serde_json::Value;

use super::spec::suggest;

/// Members of the provider-neutral request.
const MEMBERS: [&str; 10] =
    ["provider", "endpoint", "model", "fallback_models", "messages", "tools", "response_format", "embedding_inputs", "stream", "context"];

/// A pointer, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer; otherwise says what is wrong, and what to do.
    pub(super) fn parse(text: &str) -> Result<Pointer, (String, String)> {
        let example = "name a member of the request, such as `/messages/0`, `/tools` or `/messages/*/tool_calls`";
        if text.is_empty() {
            return Ok(Pointer(Vec::new()));
        }
        let Some(path) = text.strip_prefix('/') else {
            return Err((format!("`{text}` is no JSON pointer: it does not begin with `/`"), example.to_owned()));
        };
        let mut parts = Vec::new();
        for part in path.split('/') {
            let mut rest = part.split('~').skip(1);
            if rest.any(|escape| !escape.starts_with(['0', '1'])) {
                return Err((
                    format!("`{text}` is no JSON pointer: `~` stands before `0` or `1` only"),
                    "write `~0` for `~` and `~1` for `/`".to_owned(),
                ));
            }
            parts.push(part.replace("~1", "/").replace("~0", "~"));
        }
        match parts.first() {
            Some(first) if first != "*" && !MEMBERS.contains(&first.as_str()) => {
                Err((format!("a request has no member `{first}`"), suggest(first, &MEMBERS)))
            }
            _ => Ok(Pointer(parts)),
        }
    }

    /// Whether it names the whole request.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes what it names, if that is there.
    pub(super) fn remove_from(&self, value: &mut Value) {
        if let Some((last, path)) = self.0.split_last() {
            remove(value, path, last);
        }
    }
}

fn remove(value: &mut Value, path: &[String], last: &str) {
    let Some((step, rest)) = path.split_first() else {
        match value {
            Value::Object(members) if last == "*" => members.clear(),
            Value::Object(members) => drop(members.shift_remove(last)),
            Value::Array(items) if last == "*" => items.clear(),
            Value::Array(items) => {
                if let Some(index) = index(last).filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        return;
    };
    match value {
        Value::Object(members) if step == "*" => members.values_mut().for_each(|member| remove(member, rest, last)),
        Value::Array(items) if step == "*" => items.iter_mut().for_each(|item| remove(item, rest, last)),
        Value::Object(members) => members.get_mut(step).into_iter().for_each(|member| remove(member, rest, last)),
        Value::Array(items) => index(step).and_then(|index| items.get_mut(index)).into_iter().for_each(|item| remove(item, rest, last)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// RFC 6901: digits without leading zeros.
fn index(text: &str) -> Option<usize> {
    let canonical = text == "0" || text.starts_with(|first: char| ('1'..='9').contains(&first));
    text.parse().ok().filter(|_| canonical)
}
