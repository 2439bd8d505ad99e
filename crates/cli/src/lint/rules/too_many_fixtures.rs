//! `too-many-fixtures`: more fixtures in a file than anybody keeps apart.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "too-many-fixtures",
    category: Category::Size,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "the file has more fixtures than anybody keeps apart",
    why: "order decides which fixture answers, and nobody can hold the order of so many in mind",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather in Oslo" }, "response": { "content": "Rain." } }, { "match": { "userMessage": "weather in Rome" }, "response": { "content": "Rain." } }, { "match": { "userMessage": "weather in Lima" }, "response": { "content": "Rain." } }, { "match": { "userMessage": "weather in Kyoto" }, "response": { "content": "Rain." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

/// Most fixtures that are let through.
const MOST: u64 = 500;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let most = file.limit(RULE.name, "fixtures", MOST);
    let Some(list) = file.parsed.root.member("fixtures") else { return };
    let count = list.value.items().len() as u64;
    if count > most {
        let finding = findings.report(file.label(list.key_span), format!("the file has {count} fixtures"));
        finding.help = format!("split it by subject; {most} fixtures are let through").into();
    }
}
