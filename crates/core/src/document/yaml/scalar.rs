//! What a plain scalar means in the YAML 1.2 core schema (specification 1.2.2, section 10.3.2).

use std::borrow::Cow;

use crate::document::Value;

/// The meaning of a plain scalar.
pub(super) enum Resolved<'s> {
    Value(Value<'s>),
    /// `.inf`, `-.inf` or `.nan`, as written.
    NotFinite(Cow<'s, str>),
}

impl Resolved<'_> {
    /// Whether the tag `!!kind` tells the truth about it. An integer is a float as well.
    pub(super) fn is(&self, kind: &str) -> bool {
        match self {
            Resolved::Value(Value::Null) => kind == "null",
            Resolved::Value(Value::Bool(_)) => kind == "bool",
            Resolved::Value(Value::Number(text)) => kind == "float" || (kind == "int" && !text.contains(['.', 'e', 'E'])),
            Resolved::Value(Value::String(_) | Value::Array(_) | Value::Object(_)) => false,
            Resolved::NotFinite(_) => kind == "float",
        }
    }
}

/// Null, boolean, number or else text.
pub(super) fn resolve(text: Cow<'_, str>) -> Resolved<'_> {
    Resolved::Value(match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::NotFinite(text),
        other if matches!(other.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") && sign_length(other) <= 1 => {
            return Resolved::NotFinite(text);
        }
        _ => match number(text) {
            Ok(number) => Value::Number(number),
            Err(text) => Value::String(text),
        },
    })
}

/// JSON text of the number, or the text back if it is none.
fn number(text: Cow<'_, str>) -> Result<Cow<'_, str>, Cow<'_, str>> {
    let first = text.as_bytes().first();
    if !first.is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')) {
        return Err(text);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(Cow::Owned).ok_or(text);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(Cow::Owned).ok_or(text);
    }
    let Some(parts) = Parts::of(&text) else { return Err(text) };
    let json = parts.to_json();
    Ok(if json == text.as_ref() { text } else { Cow::Owned(json) })
}

/// Decimal text of hexadecimal or octal digits; beyond 128 bits the nearest double.
fn radix(digits: &str, radix: u32) -> Option<String> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    if let Ok(value) = u128::from_str_radix(digits, radix) {
        return Some(value.to_string());
    }
    let value = digits.chars().filter_map(|digit| digit.to_digit(radix)).fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit));
    Some(if value.is_finite() { format!("{value:e}") } else { "1e999".to_owned() })
}

/// A decimal number taken apart: `[-+]? digits ("." digits?)? ([eE] [-+]? digits)?`, or a point with digits after it only.
struct Parts<'t> {
    negative: bool,
    whole: &'t str,
    fraction: Option<&'t str>,
    exponent: Option<&'t str>,
}

impl Parts<'_> {
    fn of(text: &str) -> Option<Parts<'_>> {
        let unsigned = &text[sign_length(text)..];
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
        let exponent_holds = exponent.is_none_or(|text| text.len() > sign_length(text) && digits(&text[sign_length(text)..]));
        let holds = has_digits && digits(whole) && fraction.is_none_or(digits) && exponent_holds;
        holds.then_some(Parts { negative: text.starts_with('-'), whole, fraction, exponent })
    }

    fn to_json(&self) -> String {
        let mut json = String::new();
        if self.negative {
            json.push('-');
        }
        let whole = self.whole.trim_start_matches('0');
        json.push_str(if whole.is_empty() { "0" } else { whole });
        if let Some(fraction) = self.fraction {
            json.push('.');
            json.push_str(if fraction.is_empty() { "0" } else { fraction });
        }
        if let Some(exponent) = self.exponent {
            json.push('e');
            json.push_str(exponent);
        }
        json
    }
}

/// Length of a sign: 0 or 1.
fn sign_length(text: &str) -> usize {
    usize::from(text.starts_with(['+', '-']))
}
