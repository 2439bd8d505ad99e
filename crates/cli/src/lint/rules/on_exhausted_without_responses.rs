//! `on-exhausted-without-responses`: `onExhausted` without a list of `responses`.

use super::super::answers::report;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::remove_member;

pub(super) static RULE: Rule = Rule {
    name: "on-exhausted-without-responses",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`onExhausted` without a list of `responses`",
    why: "a single `response` is never used up, so the key has no effect",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "onExhausted": "error" }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "responses": [{ "content": "Sunny." }], "onExhausted": "error" }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries().filter(|(entry, _)| entry.get("responses").is_none()) {
        let Some(member) = entry.member("onExhausted") else { continue };
        let finding = report(findings, file, entry, member.key_span, "`onExhausted` has no effect without `responses`");
        finding.help = "write the answers as a list under `responses`, or remove the key".into();
        finding.fix = remove_member(file.layout(), entry, member).map(|edits| Fix {
            safety: Safety::Safe,
            title: "remove `onExhausted`".into(),
            edits,
        });
    }
}
