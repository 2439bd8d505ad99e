//! Names of models.

/// A model's name without its date: `-YYYYMMDD`, also with `-vN` or `-vN:M` behind it, or `-YYYY-MM-DD`, at the end.
///
/// Only shapes are checked, not calendars. What remains is never empty: a name that is nothing but a date stays.
pub fn model_family(model: &str) -> &str {
    let undated = without_compact_date(model).or_else(|| without_dashed_date(model));
    undated.filter(|family| !family.is_empty()).unwrap_or(model)
}

/// `claude-3-5-sonnet-20241022`, `…-20241022-v2`, `…-20241022-v2:0`.
fn without_compact_date(model: &str) -> Option<&str> {
    let dated = without_version(model).unwrap_or(model);
    let (family, date) = dated.rsplit_once('-')?;
    (date.len() == 8 && all_digits(date)).then_some(family)
}

/// Takes `-vN` or `-vN:M` off the end.
fn without_version(model: &str) -> Option<&str> {
    let (dated, version) = model.rsplit_once("-v")?;
    let (major, minor) = version.split_once(':').unwrap_or((version, "0"));
    (all_digits(major) && all_digits(minor)).then_some(dated)
}

/// `gpt-4o-2024-08-06`.
fn without_dashed_date(model: &str) -> Option<&str> {
    let (rest, day) = model.rsplit_once('-')?;
    let (rest, month) = rest.rsplit_once('-')?;
    let (family, year) = rest.rsplit_once('-')?;
    let digits = |text: &str, count: usize| text.len() == count && all_digits(text);
    (digits(day, 2) && digits(month, 2) && digits(year, 4)).then_some(family)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
