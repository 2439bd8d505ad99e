//! `truncation-left-on`: a cut of the connection that nobody explains.

use super::super::answers::{carriers, explains_itself, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "truncation-left-on",
    category: Category::Streams,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a cut of the connection that nobody explains",
    why: "left over from a test of broken streams, it makes every other test of the fixture fail for no visible reason",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "truncateAfterChunks": 1 }] }"#,
        good: r#"{ "fixtures": [{ "description": "the stream breaks off", "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "truncateAfterChunks": 1 }] }"#,
    }],
    check: Check::File(check),
};

const CUTS: [&str; 3] = ["truncateAfterChunks", "disconnectAfterMs", "disconnectAfterEvents"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries().filter(|(entry, _)| !explains_itself(entry)) {
        for (carrier, _) in carriers(entry) {
            for member in CUTS.into_iter().filter_map(|key| carrier.member(key)) {
                let message = format!("`{}` cuts the connection, and nothing says that it is meant", member.key);
                report(findings, file, entry, member.key_span, message).help = "say so in `description` or `tags`, or remove it".into();
            }
        }
    }
}
