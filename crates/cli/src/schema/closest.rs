//! Which of several allowed shapes a value was meant to have.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

use super::message;

/// The way to speak about a value that no alternative accepts.
pub(super) enum Choice<'e> {
    /// All alternatives refuse the value itself: what they accept, joined (`a string or an array`).
    Values(String),
    /// The errors of the alternative that comes closest, and how many others there are.
    Shape(&'e [ValidationError<'static>], usize),
}

/// Judges the errors of every alternative for the value at a pointer.
pub(super) fn choose<'e>(alternatives: &'e [Vec<ValidationError<'static>>], at: &str) -> Choice<'e> {
    if let Some(expected) = only_values(alternatives, at) {
        return Choice::Values(expected);
    }
    // The first of equals wins.
    let best = alternatives
        .iter()
        .filter(|errors| !errors.is_empty())
        .min_by_key(|errors| (std::cmp::Reverse(closeness(errors, at)), errors.len()));
    match best {
        Some(errors) => Choice::Shape(errors, alternatives.len().saturating_sub(1)),
        None => Choice::Values("another value".to_owned()),
    }
}

/// How deep below the value the alternative first objects; a tag of another shape (`type`, `const`, `enum`) counts as one level higher.
fn closeness(errors: &[ValidationError<'static>], at: &str) -> usize {
    let depth = |error: &ValidationError<'static>| {
        let below = error.instance_path().as_str().get(at.len()..).unwrap_or_default().matches('/').count();
        match error.kind() {
            // A value of another kind altogether is farther off than a missing or extra key.
            Kind::Type { .. } if below == 0 => 0,
            Kind::Constant { .. } | Kind::Enum { .. } => below.max(1),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                context.iter().map(|errors| closeness(errors, at)).max().unwrap_or(0)
            }
            _ => 2 * below + 1,
        }
    };
    errors.iter().map(depth).min().unwrap_or(0)
}

/// What the alternatives accept in place of the value, if each of them objects to nothing but its type, `const` or `enum`.
fn only_values(alternatives: &[Vec<ValidationError<'static>>], at: &str) -> Option<String> {
    let mut expected: Vec<String> = Vec::new();
    for errors in alternatives {
        let own: Vec<&ValidationError<'static>> = errors.iter().filter(|error| error.instance_path().as_str() == at).collect();
        // An alternative that looks inside the value, or refuses nothing of its own, has more to say.
        if own.is_empty() || own.len() != errors.len() {
            return None;
        }
        // `type` and `enum` of one alternative both refuse: the narrower one is said.
        let narrowest = own.iter().find(|error| matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. })).or(own.first())?;
        let words = match narrowest.kind() {
            Kind::Type { .. } | Kind::Constant { .. } | Kind::Enum { .. } => message::expected(narrowest)?,
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => vec![only_values(context, at)?],
            _ => return None,
        };
        for word in words {
            if !expected.contains(&word) {
                expected.push(word);
            }
        }
    }
    (!expected.is_empty()).then(|| message::either(&expected))
}
