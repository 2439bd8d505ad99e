//! Escapes of a double-quoted scalar: the parser names the scalar it refuses, not the escape.

use std::ops::Range;

/// Every escape of the double-quoted scalar at an offset, backslash included: `\n`, `\x41`, `\u00e9`.
pub(super) fn escapes(text: &str, quote: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = quote + 1;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let found = rest.find(['"', '\\'])?;
        let start = at + found;
        let letter = text.get(start..)?.strip_prefix('\\')?.chars().next()?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let after = start + 1 + letter.len_utf8();
        let hex = text.get(after..).unwrap_or_default().bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
        at = after + hex;
        Some(start..at)
    })
}

/// The `\uXXXX` of the scalar that are half of a surrogate pair without the other half.
pub(super) fn lone(text: &str, quote: usize) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut high: Option<Range<usize>> = None;
    for escape in escapes(text, quote) {
        let unit = text.get(escape.clone()).and_then(code_unit);
        match (high.take(), unit) {
            (Some(before), Some(0xdc00..0xe000)) if before.end == escape.start => continue,
            (Some(before), _) => places.push(before),
            (None, _) => {}
        }
        match unit {
            Some(0xd800..0xdc00) => high = Some(escape),
            Some(0xdc00..0xe000) => places.push(escape),
            _ => {}
        }
    }
    places.extend(high);
    places
}

fn code_unit(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u").filter(|digits| digits.len() == 4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// The first escape of the scalar that YAML does not have.
pub(super) fn bad_escape(text: &str, quote: usize) -> Option<Range<usize>> {
    escapes(text, quote).find(|range| {
        let escape = text.get(range.clone()).unwrap_or_default();
        match escape.chars().nth(1) {
            Some('x') => escape.len() != 4,
            Some('u') => escape.len() != 6,
            Some('U') => {
                escape.len() != 10 || escape.get(2..).and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32).is_none()
            }
            Some(letter) => !"0abt\tnvfre \"/\\N_LP\r\n".contains(letter),
            None => true,
        }
    })
}
