//! JSON Schema over the tree: what a schema refuses, at the key or value that is at fault.
//!
//! The validator of the `jsonschema` crate runs over [`Node`]s as they are ([`Tree`]). Its errors name instances by pointer and alternatives by
//! "not valid under any of the schemas"; [`problems`] turns them into places and reasons: of several allowed shapes the one that
//! comes closest speaks, and the others are counted.

mod adapter;
mod check;
mod closest;
mod message;
pub mod published;

#[cfg(test)]
mod tests;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};

use crate::diagnostic::Span;
use crate::document::{Node, pointer};

pub use adapter::Tree;
pub use check::{SchemaCheck, SchemaChecks};

/// One thing that a schema refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Pointer of the value at fault; for a key that is not allowed, of that member.
    pub pointer: String,
    /// The key that is not allowed, the opening bracket of the object that lacks one, else the value.
    pub span: Span,
    /// The schema keyword that refuses it (`additionalProperties`).
    pub keyword: String,
    /// What was found, and what would be right.
    pub message: String,
    /// The key that is not allowed, or that is missing.
    pub key: Option<String>,
    /// The schema allows so many other shapes here; this one comes closest.
    pub others: usize,
    /// Where the schema says so: a pointer into it, references followed.
    pub schema_path: String,
}

/// Compiles a schema for trees. References to other documents are not fetched, and patterns take linear time: a file must
/// not be able to stall its reader.
///
/// # Errors
/// What is wrong with the schema, in words.
pub fn compile(schema: &serde_json::Value) -> Result<Validator<Tree>, String> {
    jsonschema::options_for::<Tree>()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .map_err(|error| format!("{error} (at `{}` of the schema)", error.instance_path().as_str()))
}

/// Everything that the schema refuses, in order of place. Empty if the tree is valid.
pub fn problems(validator: &Validator<Tree>, root: &Node<'_>) -> Vec<Problem> {
    // Saying yes is much cheaper than collecting reasons.
    if validator.is_valid(root) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for error in validator.iter_errors(root) {
        explain(&error, root, 0, &mut found);
    }
    found.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
    found.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    found
}

/// One error of the validator as problems: several for several keys, or for several faults of the closest shape.
fn explain(error: &ValidationError<'_>, root: &Node<'_>, others: usize, found: &mut Vec<Problem>) {
    let at = error.instance_path().as_str();
    let place = pointer::nearest(root, at);
    let problem = |span: Span, message: String| Problem {
        pointer: at.to_owned(),
        span,
        keyword: error.kind().keyword().to_owned(),
        message,
        key: None,
        others,
        schema_path: error.evaluation_path().as_str().to_owned(),
    };
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match closest::choose(context, at) {
            closest::Choice::Values(expected) => {
                let message = format!("expected {expected}, found {}", message::value(place.value));
                found.push(problem(place.value_span(), message));
            }
            closest::Choice::Shape(errors, left) => errors.iter().for_each(|error| explain(error, root, others + left, found)),
        },
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for key in unexpected {
                let span = place.value.member(key).map_or(place.value_span(), |member| member.key_span);
                let mut pointer = at.to_owned();
                pointer::push_key(&mut pointer, key);
                let message = format!("the key `{key}` is not allowed here");
                found.push(Problem { pointer, key: Some(key.clone()), ..problem(span, message) });
            }
        }
        Kind::PropertyNames { error: inner } => {
            let key = inner.instance().as_str().unwrap_or_default().to_owned();
            let span = place.value.member(&key).map_or(place.value_span(), |member| member.key_span);
            let message = format!("the key `{key}` is not allowed here: {}", message::kind(inner, None));
            found.push(Problem { key: Some(key), ..problem(span, message) });
        }
        Kind::Required { property } => {
            let key = property.as_str().unwrap_or_default().to_owned();
            let span = Span::new(place.value_span().start, opening_end(place.value));
            let message = format!("the key `{key}` is missing");
            found.push(Problem { key: Some(key), ..problem(span, message) });
        }
        _ => found.push(problem(place.value_span(), message::kind(error, Some(place.value)))),
    }
}

/// The end of an object's opening brace. A YAML block has none; there it is the first key.
fn opening_end(object: &Node<'_>) -> usize {
    match object.members().first() {
        Some(first) if first.key_span.start == object.span.start => first.key_span.end,
        _ => (object.span.start + 1).min(object.span.end),
    }
}
