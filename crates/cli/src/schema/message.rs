//! Schema errors in words: what was found, and what would be right.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;

use crate::document::{Node, Value, to_text};

/// More alternatives than this are cut short.
const MOST_LISTED: usize = 12;

/// The message of one error; `found` is the value at fault, if it has a place.
pub(super) fn kind(error: &ValidationError<'_>, found: Option<&Node<'_>>) -> String {
    let found_words = || found.map_or_else(|| short(&error.instance().to_string()), value);
    match error.kind() {
        Kind::Type { .. } | Kind::Constant { .. } | Kind::Enum { .. } => {
            let expected = expected(error).map_or_else(|| "another value".to_owned(), |words| either(&words));
            format!("expected {expected}, found {}", found_words())
        }
        Kind::Minimum { limit } => format!("expected a number of at least {limit}, found {}", found_words()),
        Kind::Maximum { limit } => format!("expected a number of at most {limit}, found {}", found_words()),
        Kind::ExclusiveMinimum { limit } => format!("expected a number above {limit}, found {}", found_words()),
        Kind::ExclusiveMaximum { limit } => format!("expected a number below {limit}, found {}", found_words()),
        Kind::MultipleOf { multiple_of } => format!("expected a multiple of {multiple_of}, found {}", found_words()),
        Kind::MinLength { limit: 1 } => "expected a text that is not empty".to_owned(),
        Kind::MinLength { limit } => format!("expected at least {limit} characters, found {}", found_words()),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters, found {}", found_words()),
        Kind::MinItems { limit: 1 } => "expected an array that is not empty".to_owned(),
        Kind::MinItems { limit } => format!("expected at least {limit} items, found {}", error.instance().as_array().map_or(0, Vec::len)),
        Kind::MaxItems { limit } => format!("expected at most {limit} items, found {}", error.instance().as_array().map_or(0, Vec::len)),
        Kind::AdditionalItems { limit } => {
            format!("expected at most {limit} items, found {}", error.instance().as_array().map_or(0, Vec::len))
        }
        Kind::UnevaluatedItems { unexpected } => format!("{} items are not allowed here", unexpected.len()),
        Kind::MinProperties { limit: 1 } => "expected an object that is not empty".to_owned(),
        Kind::MinProperties { limit } => format!("expected at least {}", keys(*limit)),
        Kind::MaxProperties { limit } => format!("expected at most {}", keys(*limit)),
        Kind::Pattern { pattern } => format!("expected a text that matches `{}`, found {}", short(pattern), found_words()),
        Kind::Format { format } => format!("expected a text in the format `{format}`, found {}", found_words()),
        Kind::UniqueItems => "expected items that differ; two of them are equal".to_owned(),
        Kind::Contains => "the item that must be among these is missing".to_owned(),
        Kind::Required { property } => format!("the key `{}` is missing", property.as_str().unwrap_or_default()),
        Kind::OneOfMultipleValid { .. } => "the value fits more than one of the allowed shapes; it must fit exactly one".to_owned(),
        Kind::FalseSchema => "nothing is allowed here".to_owned(),
        Kind::Not { .. } => format!("{} is not allowed here", found_words()),
        Kind::Custom { message, .. } => message.clone(),
        other => format!("the value does not satisfy the schema's `{}`", other.keyword()),
    }
}

/// What a `type`, `const` or `enum` accepts, one phrase each.
pub(super) fn expected(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => Some(vec![type_name(*kind).to_owned()]),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => Some(kinds.iter().map(|kind| type_name(kind).to_owned()).collect()),
        Kind::Constant { expected_value } => Some(vec![format!("`{}`", short(&expected_value.to_string()))]),
        Kind::Enum { options } => Some(options.as_array()?.iter().map(|option| format!("`{}`", short(&option.to_string()))).collect()),
        _ => None,
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        _ if words.len() > MOST_LISTED => {
            let shown = words.get(..MOST_LISTED).unwrap_or_default().join(", ");
            format!("{shown} or one of {} more", words.len() - MOST_LISTED)
        }
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// A value in a message: small ones as they are, others by their kind.
pub(super) fn value(node: &Node<'_>) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("`{}`", short(&to_text(node))),
        Value::Array(items) if items.is_empty() => "an empty array".to_owned(),
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Array(_) | Value::Object(_) => node.kind().to_owned(),
    }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn keys(count: u64) -> String {
    if count == 1 { "1 key".to_owned() } else { format!("{count} keys") }
}

/// A text cut to what a line can hold.
fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
