//! Moments as ISO 8601 writes them, in UTC.

/// Days from 0000-03-01 to 1970-01-01.
const TO_UNIX_EPOCH: i64 = 719_468;
/// Days in 400 years.
const ERA: i64 = 146_097;

/// `2026-01-31T12:34:56.789Z`, of milliseconds since the Unix epoch.
pub fn iso(millis: u64) -> String {
    let seconds = millis / 1000;
    let (year, month, day) = civil(i64::try_from(seconds / 86_400).unwrap_or(0));
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", millis % 1000)
}

/// Seconds since the Unix epoch of a date, or of a date and time with `Z` or an offset; without one it is UTC. `None` for
/// what is neither, and for moments before the epoch.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't', ' ']).map_or((text, None), |(date, time)| (date, Some(time)));
    let mut parts = date.splitn(3, '-').map(digits);
    let days = days(parts.next()??, parts.next()??, parts.next()??)?;
    let seconds = days * 86_400 + time.map_or(Some(0), clock)?;
    u64::try_from(seconds).ok()
}

/// Seconds from midnight UTC; negative or over a day where the offset makes it so.
fn clock(text: &str) -> Option<i64> {
    let (time, offset) = match text.find(['Z', 'z', '+', '-']) {
        None => (text, 0),
        Some(at) => {
            let (time, zone) = text.split_at(at);
            (time, offset(zone)?)
        }
    };
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), |second| digits(second.split(['.', ',']).next()?))?;
    (hour <= 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second - offset)
}

fn offset(zone: &str) -> Option<i64> {
    let Some(sign) = zone.strip_prefix('+').map(|_| 1).or_else(|| zone.strip_prefix('-').map(|_| -1)) else {
        return zone.eq_ignore_ascii_case("z").then_some(0);
    };
    let plain: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = plain.split_at_checked(2)?;
    Some(sign * (digits(hours)? * 3600 + if minutes.is_empty() { 0 } else { digits(minutes)? * 60 }))
}

fn digits(text: &str) -> Option<i64> {
    ((1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Year, month and day of a day since the Unix epoch. The calendar's months are counted from March, so that the leap day is
/// the last of a year.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + TO_UNIX_EPOCH;
    let (era, of_era) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let month_day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, month_day)
}

/// Days since the Unix epoch; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted = year - i64::from(month <= 2);
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    Some(era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_UNIX_EPOCH)
}
