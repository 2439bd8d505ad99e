//! `chaos-left-on`: random faults that nobody explains.

use super::super::answers::{carriers, explains_itself, number, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Member;

pub(super) static RULE: Rule = Rule {
    name: "chaos-left-on",
    category: Category::Streams,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "random faults that nobody explains",
    why: "a fixture that fails now and then by its own doing makes a flaky test; without a note nobody looks for the cause here",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "dropRate": 0.1 } }] }"#,
        good: r#"{ "fixtures": [{ "tags": ["chaos"], "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "dropRate": 0.1 } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries().filter(|(entry, _)| !explains_itself(entry)) {
        for (carrier, _) in carriers(entry) {
            let Some(chaos) = carrier.member("chaos") else { continue };
            let is_on =
                |member: &&Member<'_>| member.key.ends_with("Rate") && number(&member.value).is_some_and(|rate| rate > 0.0 && rate < 1.0);
            if let Some(rate) = chaos.value.members().iter().find(is_on) {
                let message = format!("`chaos.{}` is on, and nothing says that it is meant", rate.key);
                report(findings, file, entry, chaos.key_span, message).help = "say so in `description` or `tags`, or remove it".into();
            }
        }
    }
}
