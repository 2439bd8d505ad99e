//! Keys that an object has twice: JSON readers drop one of the values without a word.

use std::collections::HashMap;

use super::{Node, Trouble, Value, pointer};
use crate::diagnostic::Span;

/// Objects up to this size are searched by comparing all pairs, which costs less than hashing.
const FEW: usize = 12;

/// A key that stands in an object a second time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    pub key: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again.
    pub second: Span,
    /// Pointer of the member.
    pub pointer: String,
}

impl Duplicate {
    /// The problem, in words.
    pub fn into_trouble(self) -> Trouble {
        Trouble::new("duplicate-key", format!("the key `{}` stands here a second time", self.key), self.second)
            .because("only the last value counts; the one before it is lost")
            .advise("keep one of the two")
            .also(self.first, "the first one")
    }
}

/// All repeated keys below a node, in order of writing.
pub fn find(root: &Node<'_>) -> Vec<Duplicate> {
    let mut found = Vec::new();
    walk(root, &mut String::new(), &mut found);
    found.sort_by_key(|duplicate| duplicate.second.start);
    found
}

/// Whether a key is repeated below a node.
pub fn any(root: &Node<'_>) -> bool {
    let holds_keys = |node: &&Node<'_>| matches!(node.value, Value::Array(_) | Value::Object(_));
    match &root.value {
        Value::Array(items) => items.iter().filter(holds_keys).any(any),
        Value::Object(members) => {
            let twice = if members.len() < 2 { false } else { !repeated(root).is_empty() };
            twice || members.iter().map(|member| &member.value).filter(holds_keys).any(any)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn walk(node: &Node<'_>, pointer: &mut String, found: &mut Vec<Duplicate>) {
    let length = pointer.len();
    match &node.value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // Scalars hold no keys; skipping them keeps long arrays of numbers cheap.
                if matches!(item.value, Value::Array(_) | Value::Object(_)) {
                    pointer::push_index(pointer, index);
                    walk(item, pointer, found);
                    pointer.truncate(length);
                }
            }
        }
        Value::Object(members) => {
            for (first, second) in repeated(node) {
                let (Some(first), Some(second)) = (members.get(first), members.get(second)) else { continue };
                let key = second.key.clone().into_owned();
                let pointer = format!("{pointer}/{}", pointer::escape(&key));
                found.push(Duplicate { key, first: first.key_span, second: second.key_span, pointer });
            }
            for member in members {
                if matches!(member.value.value, Value::Array(_) | Value::Object(_)) {
                    pointer::push_key(pointer, &member.key);
                    walk(&member.value, pointer, found);
                    pointer.truncate(length);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Index pairs (first place, repeated place) of one object's repeated keys.
fn repeated(node: &Node<'_>) -> Vec<(usize, usize)> {
    let members = node.members();
    if members.len() <= FEW {
        let earlier = |index: usize, key: &str| members.iter().take(index).position(|other| other.key == key);
        return members.iter().enumerate().filter_map(|(at, member)| Some((earlier(at, &member.key)?, at))).collect();
    }
    let mut seen = HashMap::with_capacity(members.len());
    let mut pairs = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let first = *seen.entry(member.key.as_ref()).or_insert(at);
        if first != at {
            pairs.push((first, at));
        }
    }
    pairs
}
