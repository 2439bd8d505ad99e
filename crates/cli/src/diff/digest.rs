//! Equality and digests of trees as JSON means them: members have no order, numbers no spelling.

use std::hash::{Hash, Hasher};

use rapidhash::fast::RapidHasher;
use serde_json::{Number, Value};

use crate::document::{self, Node};

/// Doubles hold every whole number below this.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number that trees of one meaning share.
pub(super) fn of_node(node: &Node<'_>) -> u64 {
    let mut hasher = RapidHasher::default();
    match &node.value {
        document::Value::Null => 0_u8.hash(&mut hasher),
        document::Value::Bool(flag) => (1_u8, flag).hash(&mut hasher),
        document::Value::Number(text) => hash_number(document::as_f64(text), text, &mut hasher),
        document::Value::String(text) => (3_u8, text.as_ref()).hash(&mut hasher),
        document::Value::Array(items) => {
            4_u8.hash(&mut hasher);
            for item in items {
                of_node(item).hash(&mut hasher);
            }
        }
        document::Value::Object(_) => {
            let members = node.entries();
            let sum = members.iter().fold(0_u64, |sum, (key, value)| sum.wrapping_add(of_member(key, of_node(value))));
            (5_u8, members.len(), sum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The digest of an object, and that of those members alone whose keys are `wanted`.
pub(super) fn of_members(node: &Node<'_>, wanted: impl Fn(&str) -> bool) -> (u64, u64) {
    let (mut all, mut some) = (0_u64, 0_u64);
    let members = node.entries();
    for (key, value) in &members {
        let member = of_member(key, of_node(value));
        all = all.wrapping_add(member);
        if wanted(key) {
            some = some.wrapping_add(member);
        }
    }
    (of((5_u8, members.len(), all)), some)
}

/// The same of a value.
pub(super) fn of_value(value: &Value) -> u64 {
    let mut hasher = RapidHasher::default();
    match value {
        Value::Null => 0_u8.hash(&mut hasher),
        Value::Bool(flag) => (1_u8, flag).hash(&mut hasher),
        Value::Number(number) => hash_number(number.as_f64().unwrap_or_default(), &number.to_string(), &mut hasher),
        Value::String(text) => (3_u8, text.as_str()).hash(&mut hasher),
        Value::Array(items) => {
            4_u8.hash(&mut hasher);
            for item in items {
                of_value(item).hash(&mut hasher);
            }
        }
        Value::Object(members) => {
            let sum = members.iter().fold(0_u64, |sum, (key, value)| sum.wrapping_add(of_member(key, of_value(value))));
            (5_u8, members.len(), sum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// A digest of anything hashable.
pub(super) fn of(value: impl Hash) -> u64 {
    let mut hasher = RapidHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

fn of_member(key: &str, value: u64) -> u64 {
    of((key, value))
}

fn hash_number(number: f64, text: &str, hasher: &mut impl Hasher) {
    if number.abs() < EXACT || text.contains(['.', 'e', 'E']) {
        // Zero has two bit patterns.
        (2_u8, (number + 0.0).to_bits()).hash(hasher);
    } else {
        (2_u8, text).hash(hasher);
    }
}

/// Whether two trees mean the same JSON.
pub(super) fn same_nodes(old: &Node<'_>, new: &Node<'_>) -> bool {
    match (&old.value, &new.value) {
        (document::Value::Number(old), document::Value::Number(new)) => old == new || same_texts(old, new),
        (document::Value::Array(old), document::Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_nodes(old, new))
        }
        (document::Value::Object(_), document::Value::Object(_)) => {
            let (mut old, mut new) = (old.entries(), new.entries());
            old.sort_unstable_by_key(|(key, _)| *key);
            new.sort_unstable_by_key(|(key, _)| *key);
            old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| old.0 == new.0 && same_nodes(old.1, new.1))
        }
        (old, new) => old == new,
    }
}

fn same_texts(old: &str, new: &str) -> bool {
    let (left, right) = (document::as_f64(old), document::as_f64(new));
    left.to_bits() == right.to_bits() && (left.abs() < EXACT || old.contains(['.', 'e', 'E']) || new.contains(['.', 'e', 'E']))
}

/// Whether two values are the same JSON.
pub(super) fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => same_numbers(old, new),
        (Value::Array(old), Value::Array(new)) => old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new)),
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len() && old.iter().all(|(key, old)| new.get(key).is_some_and(|new| same(old, new)))
        }
        (old, new) => old == new,
    }
}

fn same_numbers(old: &Number, new: &Number) -> bool {
    if old == new {
        return true;
    }
    let (left, right) = (old.as_f64().unwrap_or_default(), new.as_f64().unwrap_or_default());
    (left + 0.0).to_bits() == (right + 0.0).to_bits() && left.abs() < EXACT
}
