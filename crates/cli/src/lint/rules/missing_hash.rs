//! `missing-hash`: a recording does not know the prompt it was made for.

use super::super::answers::{is_recording, kind, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::exchange::MediaKind;

pub(super) static RULE: Rule = Rule {
    name: "missing-hash",
    category: Category::Rot,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a recording does not know the prompt it was made for",
    why: "without the hashes of system prompt and tools nothing can tell that the prompt has changed since: the old answer keeps matching, and the test passes on wrong wiring",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedAt": "2026-01-31" }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedAt": "2026-01-31", "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        let has_hash =
            entry.get("metadata").is_some_and(|metadata| metadata.get("systemHash").is_some() || metadata.get("toolsHash").is_some());
        if has_hash || !is_recording(file, entry) || !responses(entry).any(|response| kind(response) == MediaKind::Turn) {
            continue;
        }
        let span = entry.get("match").map_or(entry.span, |matches| matches.span);
        report(findings, file, entry, span, "this recording has neither `systemHash` nor `toolsHash`").help =
            "record again; if the request has no system prompt and no tools, allow this rule".into();
    }
}
