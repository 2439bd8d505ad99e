//! What a comparison leaves out: JSON pointers from the fixture, in which `*` stands for any one step.

use serde_json::Value;

use crate::document::pointer::unescape;

/// A pointer that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` is no JSON pointer: it must begin with `/`, for instance `/response/usage`")]
pub struct BadPointer {
    pub pointer: String,
}

/// Places that are not compared.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    paths: Vec<Vec<String>>,
}

impl Ignore {
    /// Reads pointers.
    ///
    /// # Errors
    /// One of them does not begin with `/`.
    pub fn new<S: AsRef<str>>(pointers: &[S]) -> Result<Ignore, BadPointer> {
        let read = |pointer: &S| {
            let pointer = pointer.as_ref();
            let steps = pointer.strip_prefix('/').ok_or_else(|| BadPointer { pointer: pointer.to_owned() })?;
            Ok(steps.split('/').map(|step| unescape(step).into_owned()).collect())
        };
        pointers.iter().map(read).collect::<Result<_, _>>().map(|paths| Ignore { paths })
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether a value two steps from the fixture (`/match/model`) is left out.
    pub(super) fn covers(&self, first: &str, second: &str) -> bool {
        let fits = |step: Option<&String>, wanted: &str| step.is_some_and(|step| step == "*" || step == wanted);
        self.paths.iter().any(|path| match path.len() {
            1 => fits(path.first(), first),
            2 => fits(path.first(), first) && fits(path.get(1), second),
            _ => false,
        })
    }

    /// Takes everything out of a fixture that is left out. Items of lists become `null`, so that the others keep their
    /// places.
    pub(super) fn prune(&self, fixture: &mut Value) {
        for path in &self.paths {
            prune(fixture, path);
        }
    }
}

fn prune(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match value {
        Value::Object(members) if step == "*" && rest.is_empty() => members.clear(),
        Value::Object(members) if step == "*" => members.values_mut().for_each(|member| prune(member, rest)),
        Value::Object(members) if rest.is_empty() => {
            members.shift_remove(step);
        }
        Value::Object(members) => {
            if let Some(member) = members.get_mut(step) {
                prune(member, rest);
            }
        }
        Value::Array(items) => {
            let one = step.parse::<usize>().ok();
            for (index, item) in items.iter_mut().enumerate() {
                if step == "*" || one == Some(index) {
                    if rest.is_empty() { *item = Value::Null } else { prune(item, rest) }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
