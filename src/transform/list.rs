//! The list in force, and what it makes of a text.

use std::borrow::Cow;
use std::sync::Arc;

use super::builtins::{BuiltIn, Strictness, builtin};
use super::spec::{Spec, SpecError};

/// A transform that could not do its work on this text or request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transform {transform}: {reason}")]
pub struct TransformError {
    /// Its label, its name, or its place in the list (`replace #2`).
    pub transform: String,
    pub reason: String,
}

#[derive(Debug)]
struct Step {
    label: String,
    action: Action,
}

#[derive(Debug)]
enum Action {
    BuiltIn(&'static BuiltIn),
}

/// The transforms in force, in list order. The empty list changes nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Transforms(Arc<[Step]>);

impl Transforms {
    /// Checks a list.
    ///
    /// # Errors
    /// Every item that cannot be used.
    pub fn compile(list: &[Spec]) -> Result<Transforms, Vec<SpecError>> {
        let mut steps = Vec::new();
        let mut errors = Vec::new();
        for (index, spec) in list.iter().enumerate() {
            let Spec::BuiltIn { name, label } = spec else { continue };
            match builtin(name) {
                Some(builtin) => {
                    steps.push(Step { label: label.clone().unwrap_or_else(|| name.clone()), action: Action::BuiltIn(builtin) });
                }
                None => {
                    errors.push(SpecError { index, field: "name", message: format!("there is no transform `{name}`"), help: String::new() })
                }
            }
        }
        if errors.is_empty() { Ok(Transforms(steps.into())) } else { Err(errors) }
    }

    /// Whether nothing is ever changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names of the transforms, for metadata and the journal.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|step| step.label.clone()).collect()
    }

    /// Rewrites a text that the match key `key` reads or holds. Steps that are not about this key are passed over.
    ///
    /// # Errors
    /// A step failed.
    pub fn text<'t>(&self, key: &str, text: &'t str) -> Result<Cow<'t, str>, TransformError> {
        let mut current = Cow::Borrowed(text);
        for step in self.0.iter() {
            let Action::BuiltIn(builtin) = step.action;
            if builtin.keys.contains(&key) {
                let mut found = Vec::new();
                (builtin.scan)(&current, Strictness::Every, &mut found);
                for found in found.iter().rev() {
                    current.to_mut().replace_range(found.range.clone(), &found.placeholder());
                }
            }
        }
        Ok(current)
    }
}
