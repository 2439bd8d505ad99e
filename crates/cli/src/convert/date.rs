//! Dates of recordings as ISO 8601.

/// What an HTTP date (RFC 9110, section 5.6.7) says, or an ISO 8601 date as it is; `None` for anything else.
pub(super) fn iso(text: &str) -> Option<String> {
    let text = text.trim();
    let of_a_date = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'+' | b'T' | b't' | b'Z' | b'z' | b' ');
    let begins = text.bytes().take(4).all(|byte| byte.is_ascii_digit()) && text.as_bytes().get(4) == Some(&b'-');
    if begins && text.len() >= 10 && text.bytes().all(of_a_date) {
        return Some(text.to_owned());
    }
    let mut words = text.split_whitespace().skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    let (day, year): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    let valid = time.len() == 8 && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    valid.then(|| format!("{year:04}-{month:02}-{day:02}T{time}Z"))
}
