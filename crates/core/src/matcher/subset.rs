//! JSON subset patterns: objects by subset, arrays and scalars whole.

use serde_json::{Number, Value};

/// Whether `value` holds everything that `pattern` names.
pub(super) fn holds(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| holds(wanted, found)))
        }
        _ => same(pattern, value),
    }
}

/// Equality of JSON values; the order of members and the spelling of numbers (`1`, `1.0`, `1e0`) do not count.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

/// Integers are compared exactly, also where a float could not hold them.
fn same_number(a: &Number, b: &Number) -> bool {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The number as an integer, if it is one; floats beyond the range of 64 bits stay floats.
fn integer(number: &Number) -> Option<i128> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if let Some(number) = number.as_i64() {
        return Some(i128::from(number));
    }
    if let Some(number) = number.as_u64() {
        return Some(i128::from(number));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < LIMIT)?;
    // Exponent notation of an integral float is digits alone, so the text of it parses.
    format!("{float:.0}").parse().ok()
}
