//! `audio-not-base64`: audio is no base64.

use super::super::answers::{is_true, report, responses};
use super::super::media::base64_fault;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "audio-not-base64",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "audio is no base64",
    why: "audio is decoded before it is sent; of text that is no base64 noise is left, or nothing",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "endpoint": "speech" }, "response": { "audio": "fake audio!" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "endpoint": "speech" }, "response": { "audio": "SUQzBAAAAAAA" } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            let Some(audio) = response.get("audio") else { continue };
            let data = audio.get("b64Json").unwrap_or(audio);
            let Some(fault) = data.as_str().and_then(base64_fault) else { continue };
            report(findings, file, entry, data.span, format!("the audio is no base64: {fault}")).help =
                "write the file's bytes in base64, without a prefix".into();
        }
    }
}
