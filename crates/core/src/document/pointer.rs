//! JSON pointers (RFC 6901): `/fixtures/3/match/model`, with `~0` for `~` and `~1` for `/` in a key.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Node, Value};
use crate::diagnostic::Span;

/// Where a pointer leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place<'t, 's> {
    /// The key's own place; none for items of arrays and for the root.
    pub key_span: Option<Span>,
    pub value: &'t Node<'s>,
}

impl Place<'_, '_> {
    /// The place of the value.
    pub fn value_span(&self) -> Span {
        self.value.span
    }
}

/// A key as one step of a pointer.
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { Cow::Owned(key.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(key) }
}

/// The key that a step of a pointer names.
pub fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}

/// Adds a key.
pub fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&escape(key));
}

/// Adds an array index.
pub fn push_index(pointer: &mut String, index: usize) {
    // Writing to a string cannot fail.
    let _ = write!(pointer, "/{index}");
}

/// Follows a pointer; of duplicate keys the last one counts. None if it leads nowhere.
pub fn locate<'t, 's>(root: &'t Node<'s>, pointer: &str) -> Option<Place<'t, 's>> {
    let mut place = Place { key_span: None, value: root };
    for step in steps(pointer)? {
        place = step_into(place.value, step)?;
    }
    Some(place)
}

/// Follows a pointer as far as it leads.
pub fn nearest<'t, 's>(root: &'t Node<'s>, pointer: &str) -> Place<'t, 's> {
    let mut place = Place { key_span: None, value: root };
    for step in steps(pointer).into_iter().flatten() {
        let Some(next) = step_into(place.value, step) else { break };
        place = next;
    }
    place
}

fn steps(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    if pointer.is_empty() {
        return Some(None.into_iter().flatten());
    }
    Some(Some(pointer.strip_prefix('/')?.split('/')).into_iter().flatten())
}

fn step_into<'t, 's>(node: &'t Node<'s>, step: &str) -> Option<Place<'t, 's>> {
    if let Value::Array(items) = &node.value {
        let canonical = step == "0" || (step.bytes().all(|byte| byte.is_ascii_digit()) && !step.starts_with('0'));
        let index: usize = if canonical { step.parse().ok()? } else { return None };
        return items.get(index).map(|value| Place { key_span: None, value });
    }
    let member = node.member(&unescape(step))?;
    Some(Place { key_span: Some(member.key_span), value: &member.value })
}
