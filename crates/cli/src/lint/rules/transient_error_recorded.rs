//! `transient-error-recorded`: a passing trouble of the provider was recorded.

use super::super::answers::{is_recording, kind_key, report, responses, status};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "transient-error-recorded",
    category: Category::Rot,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a passing trouble of the provider was recorded",
    why: "a rate limit or an outage of one minute is replayed for ever: the recording answers with the error whenever the request comes again",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "Rate limit reached" }, "status": 429 }, "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(status) = status(response).filter(|status| is_transient(*status) && is_recording(file, entry)) else { continue };
            let Some(member) = kind_key(response).and_then(|key| response.member(key)) else { continue };
            if super::recorded_proxy_error::is_proxy_error(response) {
                continue;
            }
            let span = response.get("status").map_or(member.key_span, |node| node.span);
            let finding = report(findings, file, entry, span, format!("this recording replays a passing error (status `{status}`)"));
            finding.help = "delete the fixture and record again; for an error on purpose allow this rule, with the reason".into();
        }
    }
}

fn is_transient(status: f64) -> bool {
    [408.0, 409.0, 429.0].contains(&status) || (500.0..600.0).contains(&status)
}
