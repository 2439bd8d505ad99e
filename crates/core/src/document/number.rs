//! Number text: exact where 64 bits hold it, a finite double elsewhere.

use super::{Span, Trouble};

/// The value as an unsigned integer, if the text is one (`3`, not `3.0`) and fits.
pub fn as_u64(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// The value as a signed integer, if the text is one and fits. `-0` is none: it is a float, as everywhere in JSON.
pub fn as_i64(text: &str) -> Option<i64> {
    if text == "-0" { None } else { text.parse().ok() }
}

/// The nearest double. What lies beyond the largest one becomes the largest one (and was reported).
pub fn as_f64(text: &str) -> f64 {
    text.parse().unwrap_or(0.0_f64).clamp(f64::MIN, f64::MAX)
}

/// Whether a double can hold the value without becoming infinite.
pub(super) fn is_finite(text: &str) -> bool {
    // 308 digits always fit; an exponent or more digits must be tried.
    if text.len() <= 300 && !text.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        return true;
    }
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The finding about a number that is not one, or has no end.
pub(super) fn not_finite(text: &str, span: Span) -> Trouble {
    let shown: String = text.chars().take(24).collect();
    let shown = if shown.len() < text.len() { format!("{shown}…") } else { shown };
    Trouble::new("number-not-finite", format!("`{shown}` is not a finite number"), span)
        .because("JSON has no infinity and no NaN, and answers are sent as JSON")
        .advise("use a number between -1.7e308 and 1.7e308")
}

/// A double as JavaScript prints it (ECMAScript, `Number::toString`): `1e21`, `0.000001`, `1` for `1.0`.
pub(super) fn javascript(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    if (-6..21).contains(&exponent) {
        return format!("{value}");
    }
    format!("{sign}{mantissa}e{}{}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}
