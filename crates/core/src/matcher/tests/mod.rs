//! Tests of the matcher, and the short notation they are written in: matches as JSON, requests by what they say.

mod coverage;
mod criteria;
mod large;
mod near;
mod patterns;
mod selection;
mod shadow;
mod stamp;

use serde_json::Value;

use super::criteria::criterion;
use super::{Clause, Match, Matching, Pattern, Plain, Position, Row, Shape, TextPattern};
use crate::exchange::{Endpoint, Exchange, MediaKind, Message, RawRequest, Request, Role};

/// A match written as in a fixture file; positions are left out.
#[track_caller]
fn matches(json: &Value) -> Match {
    let members = json.as_object().expect("a match is an object");
    let clauses = members.iter().filter(|(key, _)| !matches!(key.as_str(), "sequenceIndex" | "turnIndex"));
    Match::new(clauses.map(|(key, value)| clause(key, value)).collect())
}

fn clause(key: &str, value: &Value) -> Clause {
    let criterion = criterion(key).expect("a known key");
    let pattern = match criterion.shape {
        Shape::Text { plain, .. } => Pattern::Text(text(value, plain)),
        Shape::OneOf(_) => Pattern::Text(text(value, Plain::Equals)),
        Shape::Flag => Pattern::Flag(value.as_bool().expect("a flag")),
        Shape::Subset => Pattern::Subset(Box::new(value.clone())),
        Shape::Headers => {
            let fields = value.as_object().expect("headers are an object").iter();
            Pattern::Headers(
                fields.map(|(name, value)| (name.to_lowercase(), (!value.is_null()).then(|| text(value, Plain::Equals)))).collect(),
            )
        }
    };
    Clause { criterion, pattern }
}

/// A text pattern: a string, a list, or an object of one operator with `ignoreCase` beside it.
fn text(value: &Value, plain: Plain) -> TextPattern {
    let words = |value: &Value| value.as_array().expect("a list").iter().map(|word| word.as_str().expect("a string").to_owned()).collect();
    let arms = |value: &Value| value.as_array().expect("a list").iter().map(|arm| text(arm, Plain::Contains)).collect();
    let object = match value {
        Value::String(text) => return plain.pattern(text, Matching::Contains),
        Value::Array(_) => return TextPattern::ContainsAll { needles: words(value), ignore_case: false },
        _ => value.as_object().expect("an object of operators"),
    };
    let ignore_case = object.get("ignoreCase").is_some_and(|flag| flag == true);
    let (operator, value) = object.iter().find(|(key, _)| *key != "ignoreCase").expect("an operator");
    let string = || value.as_str().expect("a string").to_owned();
    match operator.as_str() {
        "contains" if value.is_array() => TextPattern::ContainsAll { needles: words(value), ignore_case },
        "contains" => TextPattern::Contains { needle: string(), ignore_case },
        "equals" => TextPattern::Equals { text: string(), ignore_case },
        "startsWith" => TextPattern::StartsWith { prefix: string(), ignore_case },
        "endsWith" => TextPattern::EndsWith { suffix: string(), ignore_case },
        "regex" => TextPattern::regex(&string(), ignore_case).expect("a regex"),
        "glob" => TextPattern::glob(&string(), ignore_case).expect("a glob"),
        "model" => TextPattern::Model(string()),
        "not" => TextPattern::Not(Box::new(text(value, Plain::Contains))),
        "anyOf" => TextPattern::AnyOf(arms(value)),
        "allOf" => TextPattern::AllOf(arms(value)),
        other => panic!("no operator {other}"),
    }
}

/// A row that answers with a turn; `sequenceIndex` and `turnIndex` are read from the match.
fn row(json: &Value) -> Row {
    row_of(json, MediaKind::Turn)
}

fn row_of(json: &Value, kind: MediaKind) -> Row {
    let index = |key: &str| json.get(key).and_then(Value::as_u64);
    Row::new(matches(json), Position { sequence: index("sequenceIndex"), turn: index("turnIndex") }, kind)
}

/// A chat: each line is `role: text`, `tool` lines `tool(id): text`, a role alone has no text part.
fn chat(lines: &[&str]) -> Exchange {
    let messages = lines.iter().map(|line| message(line)).collect();
    let request = Request { provider: "openai", endpoint: Some(Endpoint::Chat), messages, ..Request::default() };
    Exchange { raw: RawRequest::default(), request }
}

fn message(line: &str) -> Message {
    let (role, text) = line.split_once(": ").map_or((line, None), |(role, text)| (role, Some(text.to_owned())));
    let (role, id) = role.strip_suffix(')').and_then(|role| role.split_once('(')).map_or((role, None), |(role, id)| (role, Some(id)));
    let role = match role {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        other => Role::Other(other.to_owned()),
    };
    Message { role, text, tool_calls: Vec::new(), tool_call_id: id.map(str::to_owned) }
}

/// A chat of one user message.
fn asks(text: &str) -> Exchange {
    chat(&[&format!("user: {text}")])
}

/// A request to some other endpoint.
fn to(endpoint: Endpoint) -> Exchange {
    let mut exchange = asks("draw a cat");
    exchange.request.endpoint = Some(endpoint);
    exchange
}
