//! `chaos-setting-without-rate`: a setting of a random fault whose rate is not set.

use super::super::answers::{carriers, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "chaos-setting-without-rate",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a setting of a random fault whose rate is not set",
    why: "`status` says what `statusRate` sends and `stallMs` how long `stallRate` pauses; without the rate neither ever happens",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "status": 503 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "chaos": { "status": 503, "statusRate": 0.1 } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for (carrier, _) in carriers(entry) {
            let Some(chaos) = carrier.get("chaos") else { continue };
            for (setting, rate) in [("status", "statusRate"), ("stallMs", "stallRate")] {
                let Some(member) = chaos.member(setting).filter(|_| chaos.get(rate).is_none()) else { continue };
                let message = format!("`chaos.{setting}` has no effect without `{rate}`");
                report(findings, file, entry, member.key_span, message).help = format!("add `{rate}`, or remove `{setting}`").into();
            }
        }
    }
}
