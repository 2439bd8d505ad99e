//! The `match` of a fixture as JSON, as its author would write it, for the journal and the control API. Credentials that
//! it names are not shown.

use serde_json::{Map, Value, json};

use crate::fixture::Fixture;
use crate::matcher::{Clause, Pattern, Plain, Shape, TextPattern};

/// What stands for a credential.
const REDACTED: &str = "[REDACTED]";

/// Header fields that hold credentials; the names are in lower case.
const CREDENTIALS: [&str; 8] =
    ["authorization", "x-api-key", "x-goog-api-key", "api-key", "xi-api-key", "cookie", "proxy-authorization", "x-amz-security-token"];

/// Whether a header holds a credential.
pub fn is_credential(header: &str) -> bool {
    CREDENTIALS.iter().any(|name| header.eq_ignore_ascii_case(name))
}

/// The `match` of a fixture as JSON.
pub fn describe_match(fixture: &Fixture) -> Value {
    let clauses = fixture.matches.clauses().iter().map(|clause| (clause.criterion.key.to_owned(), describe_pattern(clause)));
    let mut object: Map<String, Value> = clauses.collect();
    let position = [("sequenceIndex", fixture.position.sequence), ("turnIndex", fixture.position.turn)];
    for (key, value) in position {
        if let Some(value) = value {
            object.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(object)
}

fn describe_pattern(clause: &Clause) -> Value {
    match &clause.pattern {
        Pattern::Text(text) => describe_text(text, clause.criterion.shape),
        Pattern::Flag(flag) => json!(flag),
        Pattern::Headers(fields) => fields.iter().map(describe_header).collect::<Map<_, _>>().into(),
        Pattern::Subset(value) => (**value).clone(),
    }
}

fn describe_header((name, pattern): &(String, Option<TextPattern>)) -> (String, Value) {
    let value = match pattern {
        None => Value::Null,
        Some(_) if is_credential(name) => json!(REDACTED),
        Some(pattern) => describe_text(pattern, Shape::Text { plain: Plain::Equals, list: false }),
    };
    (name.clone(), value)
}

/// A text pattern as the author would write it: plain where the key's plain form means just this.
fn describe_text(pattern: &TextPattern, shape: Shape) -> Value {
    let plain = match shape {
        Shape::Text { plain, .. } => Some(plain),
        Shape::OneOf(_) => Some(Plain::Equals),
        Shape::Flag | Shape::Headers | Shape::Subset => None,
    };
    let inner = |pattern: &TextPattern| describe_text(pattern, Shape::Text { plain: Plain::Contains, list: false });
    match pattern {
        TextPattern::Contains { needle, ignore_case: false } if matches!(plain, Some(Plain::Contains | Plain::AlwaysContains)) => {
            json!(needle)
        }
        TextPattern::Equals { text, ignore_case: false } if matches!(plain, Some(Plain::Equals)) => json!(text),
        TextPattern::ContainsAll { needles, ignore_case: false } if matches!(shape, Shape::Text { list: true, .. }) => json!(needles),
        TextPattern::Contains { needle, ignore_case } => operator("contains", json!(needle), *ignore_case),
        TextPattern::ContainsAll { needles, ignore_case } => operator("contains", json!(needles), *ignore_case),
        TextPattern::Equals { text, ignore_case } => operator("equals", json!(text), *ignore_case),
        TextPattern::StartsWith { prefix, ignore_case } => operator("startsWith", json!(prefix), *ignore_case),
        TextPattern::EndsWith { suffix, ignore_case } => operator("endsWith", json!(suffix), *ignore_case),
        TextPattern::Regex { source, ignore_case, .. } => operator("regex", json!(source), *ignore_case),
        TextPattern::Glob { source, ignore_case, .. } => operator("glob", json!(source), *ignore_case),
        TextPattern::Model(name) => json!(name),
        TextPattern::Not(pattern) => json!({ "not": inner(pattern) }),
        TextPattern::AnyOf(patterns) => json!({ "anyOf": patterns.iter().map(inner).collect::<Vec<_>>() }),
        TextPattern::AllOf(patterns) => json!({ "allOf": patterns.iter().map(inner).collect::<Vec<_>>() }),
    }
}

fn operator(name: &str, value: Value, ignore_case: bool) -> Value {
    let mut object = Map::from_iter([(name.to_owned(), value)]);
    if ignore_case {
        object.insert("ignoreCase".to_owned(), json!(true));
    }
    Value::Object(object)
}
