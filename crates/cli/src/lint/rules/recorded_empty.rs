//! `recorded-empty`: a recording holds an empty answer.

use super::super::answers::{is_recording, kind, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;
use crate::exchange::MediaKind;

pub(super) static RULE: Rule = Rule {
    name: "recorded-empty",
    category: Category::Rot,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "a recording holds an empty answer",
    why: "the stream broke off, or the recorder did not understand it; the client is told nothing, and no test can tell why",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "" }, "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(empty) = empty_part(response).filter(|_| is_recording(file, entry)) else { continue };
            report(findings, file, entry, empty.span, "this recording holds an empty answer").help =
                "delete the fixture and record again".into();
        }
    }
}

/// The part that should say something, when nothing of the answer does.
fn empty_part<'n, 's>(response: &'n Node<'s>) -> Option<&'n Node<'s>> {
    if kind(response) != MediaKind::Turn || response.get("reasoning").is_some() || response.get("webSearches").is_some() {
        return None;
    }
    let says_something = |key: &str| match response.get(key) {
        Some(part) => !part.items().is_empty() || !part.members().is_empty() || part.as_str().is_some_and(|text| !text.trim().is_empty()),
        None => false,
    };
    let keys = ["content", "blocks", "toolCalls"];
    if keys.into_iter().any(says_something) { None } else { keys.into_iter().find_map(|key| response.get(key)) }
}
