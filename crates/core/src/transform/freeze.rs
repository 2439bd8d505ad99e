//! Values of the same form that are always the same: 1 January 2000, a Saturday, at midnight UTC; `user` at home; no time
//! at all.

/// The form of a time, kept: order, separators, length of names, number of fraction digits.
pub(super) fn time(original: &str) -> String {
    let bytes = original.as_bytes();
    let named = bytes.windows(3).any(|word| month(word).is_some());
    let mut frozen = String::with_capacity(original.len());
    let (mut at, mut short, mut clock, mut year) = (0, 0, false, false);
    while let Some(byte) = bytes.get(at) {
        let digits = super::bytes::run(bytes, at, bytes.len(), |byte| byte.is_ascii_digit());
        let letters = super::bytes::run(bytes, at, bytes.len(), |byte| byte.is_ascii_alphabetic());
        let zone = clock && matches!(super::bytes::before(frozen.as_bytes(), frozen.len()), Some(b'+'));
        match (digits, letters) {
            (4, _) if !year && !zone => {
                year = true;
                frozen.push_str("2000");
            }
            (8, _) if !year => {
                (year, clock) = (true, true);
                frozen.push_str("20000101");
            }
            // The day, and the month where it is no name.
            (1..=2, _) if short < if named { 1 } else { 2 } => {
                short += 1;
                frozen.push_str(if digits == 1 { "1" } else { "01" });
            }
            (1.., _) => frozen.extend(std::iter::repeat_n('0', digits)),
            (0, 1..) => frozen.push_str(name(original.get(at..at + letters).unwrap_or(""))),
            (0, 0) => {
                clock |= *byte == b':';
                let sign = *byte == b'-' && clock;
                frozen.push(if sign { '+' } else { char::from(*byte) });
            }
        }
        at += digits.max(letters).max(1);
    }
    frozen
}

/// Names of months and days become those of the first of January 2000; zones and the like stay.
fn name(word: &str) -> &str {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let start = word.get(..3).unwrap_or("").to_ascii_lowercase();
    let long = word.len() > 4;
    if DAYS.contains(&start.as_str()) {
        return if long { "Saturday" } else { "Sat" };
    }
    match month(start.as_bytes()) {
        Some(_) if long => "January",
        Some(_) => "Jan",
        None => word,
    }
}

/// Which month three letters begin.
pub(super) fn month(word: &[u8]) -> Option<usize> {
    const MONTHS: [&[u8]; 12] = [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    MONTHS.iter().position(|name| word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

/// Seconds since 1970, or a part of them, by how many digits they have.
pub(super) fn epoch(original: &str) -> String {
    let (whole, fraction) = original.split_once('.').map_or((original, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut frozen = String::from("946684800");
    frozen.extend(std::iter::repeat_n('0', whole.len().saturating_sub(10)));
    if let Some(fraction) = fraction {
        frozen.push('.');
        frozen.extend(std::iter::repeat_n('0', fraction.len()));
    }
    frozen
}

/// Nothing after the first number: `12.34s` becomes `0.00s`, `1h 2m` becomes `0h 0m`.
pub(super) fn duration(original: &str) -> String {
    let mut frozen = String::with_capacity(original.len());
    let mut fraction = false;
    let mut number = false;
    for letter in original.chars() {
        if letter.is_ascii_digit() {
            // One digit before the point, all of them behind it.
            if fraction || !number {
                frozen.push('0');
            }
            number = true;
        } else {
            fraction = number && matches!(letter, '.' | ',');
            number = fraction;
            frozen.push(letter);
        }
    }
    frozen
}

/// The folder of homes stays, the name becomes `user`.
pub(super) fn home(original: &str) -> String {
    let folder = original.rfind(['/', '\\']).map_or(0, |at| at + 1);
    format!("{}user", original.get(..folder).unwrap_or(""))
}

/// A name that nobody drew, in the same folder.
pub(super) fn temporary(original: &str) -> String {
    if original.starts_with("/var/") {
        return "/var/folders/aimock".to_owned();
    }
    let folder = original.rfind(['/', '\\']).map_or(0, |at| at + 1);
    format!("{}aimock-frozen", original.get(..folder).unwrap_or(""))
}
