//! `retired-model`: a fixture names a model that its provider has shut down.

use super::super::answers::{report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "retired-model",
    category: Category::Rot,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a fixture names a model that its provider has shut down",
    why: "no request for this model can succeed any more, so the fixture describes something that cannot happen, and it cannot be recorded again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather", "model": "gpt-3.5-turbo-0613" }, "response": { "content": "Sunny." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather", "model": "gpt-5" }, "response": { "content": "Sunny." } }] }"#,
    }],
    check: Check::File(check),
};

/// Exact model names and the day of their shutdown, by name. From the deprecation pages of OpenAI, Anthropic (its own
/// API) and Google (Gemini API). Names of which an alias still works are left out.
const RETIRED: [(&str, &str); 50] = [
    ("ada", "2024-01-04"),
    ("babbage", "2024-01-04"),
    ("chatgpt-4o-latest", "2026-02-17"),
    ("claude-1.0", "2024-11-06"),
    ("claude-1.1", "2024-11-06"),
    ("claude-1.2", "2024-11-06"),
    ("claude-1.3", "2024-11-06"),
    ("claude-2.0", "2025-07-21"),
    ("claude-2.1", "2025-07-21"),
    ("claude-3-5-haiku-20241022", "2026-02-19"),
    ("claude-3-5-sonnet-20240620", "2025-10-28"),
    ("claude-3-5-sonnet-20241022", "2025-10-28"),
    ("claude-3-7-sonnet-20250219", "2026-02-19"),
    ("claude-3-haiku-20240307", "2026-04-20"),
    ("claude-3-opus-20240229", "2026-01-05"),
    ("claude-3-sonnet-20240229", "2025-07-21"),
    ("claude-instant-1.0", "2024-11-06"),
    ("claude-instant-1.1", "2024-11-06"),
    ("claude-instant-1.2", "2024-11-06"),
    ("claude-opus-4-20250514", "2026-06-15"),
    ("claude-sonnet-4-20250514", "2026-06-15"),
    ("code-davinci-002", "2024-01-04"),
    ("curie", "2024-01-04"),
    ("davinci", "2024-01-04"),
    ("gemini-1.0-pro", "2025-02-15"),
    ("gemini-1.5-flash", "2025-09-29"),
    ("gemini-1.5-flash-001", "2025-09-29"),
    ("gemini-1.5-flash-002", "2025-09-29"),
    ("gemini-1.5-flash-8b", "2025-09-29"),
    ("gemini-1.5-pro", "2025-09-29"),
    ("gemini-1.5-pro-001", "2025-09-29"),
    ("gemini-1.5-pro-002", "2025-09-29"),
    ("gemini-2.0-flash-live-001", "2025-12-09"),
    ("gpt-3.5-turbo-0301", "2024-09-13"),
    ("gpt-3.5-turbo-0613", "2024-09-13"),
    ("gpt-3.5-turbo-16k-0613", "2024-09-13"),
    ("gpt-4-1106-vision-preview", "2024-12-06"),
    ("gpt-4-32k", "2025-06-06"),
    ("gpt-4-32k-0314", "2025-06-06"),
    ("gpt-4-32k-0613", "2025-06-06"),
    ("gpt-4-vision-preview", "2024-12-06"),
    ("gpt-4.5-preview", "2025-07-14"),
    ("gpt-4.5-preview-2025-02-27", "2025-07-14"),
    ("imagen-3.0-generate-002", "2025-11-10"),
    ("o1-mini", "2025-10-27"),
    ("o1-mini-2024-09-12", "2025-10-27"),
    ("o1-preview", "2025-07-28"),
    ("o1-preview-2024-09-12", "2025-07-28"),
    ("text-davinci-002", "2024-01-04"),
    ("text-davinci-003", "2024-01-04"),
];

/// The day on which the table was made: it knows no later shutdown as past unless the option `date` says so.
const TABLE_DATE: &str = "2026-11-01";

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let option = file.options.get("retired-model").and_then(|options| options.get("date"));
    let today = option.and_then(serde_json::Value::as_str).unwrap_or(TABLE_DATE);
    for (entry, _) in file.entries() {
        let matched = entry.get("match").and_then(|matches| matches.get("model"));
        for node in matched.into_iter().chain(responses(entry).filter_map(|response| response.get("model"))) {
            let Some((model, date)) = node.as_str().and_then(|name| retired(name, today)) else { continue };
            report(findings, file, entry, node.span, format!("`{model}` was shut down on {date}")).help =
                "name a model that is served, or allow this rule where the name does not matter".into();
        }
    }
}

/// The entry of the table for a name, without a provider's prefix, if it was past on a day (`YYYY-MM-DD`).
fn retired(name: &str, today: &str) -> Option<(&'static str, &'static str)> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let index = RETIRED.binary_search_by(|(model, _)| (*model).cmp(name)).ok()?;
    RETIRED.get(index).copied().filter(|(_, date)| *date <= today)
}

#[cfg(test)]
mod tests {
    use super::{RETIRED, retired};

    #[test]
    fn the_table_is_sorted() {
        assert!(RETIRED.is_sorted());
    }

    #[track_caller]
    fn check(name: &str, today: &str, expected: bool) {
        assert_eq!(retired(name, today).is_some(), expected, "{name} on {today}");
    }

    #[test]
    fn a_model_is_retired_from_its_day_on() {
        check("gpt-4-32k", "2025-06-05", false);
        check("gpt-4-32k", "2025-06-06", true);
        check("openai/gpt-4-32k", "2026-01-01", true);
        check("gpt-4o", "2026-11-01", false);
        check("gpt-4", "2026-11-01", false);
    }
}
