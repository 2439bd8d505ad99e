//! `chaos-always`: a random fault that always happens.

use super::super::answers::{carriers, explains_itself, number, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "chaos-always",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a random fault that always happens",
    why: "with a rate of 1 the response is never served; what is wanted each time is a scripted fault, and what was wanted once was left on",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "dropRate": 1 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "dropRate": 0.1 } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries().filter(|(entry, _)| !explains_itself(entry)) {
        for (carrier, _) in carriers(entry) {
            for member in carrier.get("chaos").map_or(&[][..], Node::members) {
                if member.key.ends_with("Rate") && number(&member.value) == Some(1.0) {
                    let message = format!("`{}` is 1: the response is never served whole", member.key);
                    report(findings, file, entry, member.value.span, message).help =
                        "script the fault (`error`, `disconnectAfterEvents` …), say in `description` that it is meant, or lower the rate"
                            .into();
                }
            }
        }
    }
}
