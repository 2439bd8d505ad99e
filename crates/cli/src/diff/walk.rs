//! The smallest differences of two JSON values.

use serde_json::Value;

use super::digest::same;
use crate::document::pointer;

/// Calls `tell` with pointer and both values of each smallest difference, in the order of the old value's members, then
/// of those only the new one has. Lists of numbers and texts are told whole, since their items mean nothing alone.
pub(super) fn walk(old: Option<&Value>, new: Option<&Value>, at: &mut String, tell: &mut impl FnMut(&str, Option<&Value>, Option<&Value>)) {
    match (old, new) {
        (None, None) => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).collect();
            // The order must not depend on which side is asked first.
            keys.sort_unstable();
            for key in keys {
                let length = at.len();
                pointer::push_key(at, key);
                walk(old.get(key), new.get(key), at, tell);
                at.truncate(length);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if !is_vector(old) || !is_vector(new) => lists(old, new, at, tell),
        (Some(left), Some(right)) if same(left, right) => {}
        (old, new) => tell(at, old, new),
    }
}

/// Items that are equal at both ends belong together; what is left is compared in order.
fn lists(old: &[Value], new: &[Value], at: &mut String, tell: &mut impl FnMut(&str, Option<&Value>, Option<&Value>)) {
    let shorter = old.len().min(new.len());
    let head = if old.len() == new.len() { 0 } else { old.iter().zip(new).take_while(|(old, new)| same(old, new)).count() };
    let tails = old.iter().rev().zip(new.iter().rev()).take(shorter - head);
    let tail = if old.len() == new.len() { 0 } else { tails.take_while(|(old, new)| same(old, new)).count() };
    let (old, new) = (old.get(head..old.len() - tail).unwrap_or(&[]), new.get(head..new.len() - tail).unwrap_or(&[]));
    for index in 0..old.len().max(new.len()) {
        let length = at.len();
        pointer::push_index(at, head + index);
        walk(old.get(index), new.get(index), at, tell);
        at.truncate(length);
    }
}

/// Whether a list holds several plain values of which none is a text of its own: a vector of numbers.
fn is_vector(items: &[Value]) -> bool {
    items.iter().all(|item| item.is_number() || item.is_null() || item.is_boolean())
}
