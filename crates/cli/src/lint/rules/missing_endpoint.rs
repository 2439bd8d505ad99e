//! `missing-endpoint`: a media answer without `endpoint` in its `match`.

use super::super::answers::{kind, kind_name, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::append_text_member;
use crate::exchange::MediaKind;

pub(super) static RULE: Rule = Rule {
    name: "missing-endpoint",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a media answer without `endpoint` in its `match`",
    why: "servers that do not hold the kind of answer against the endpoint let a chat request meet this fixture, and readers cannot see what it is for",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "a cat" }, "response": { "image": { "url": "https://example.com/cat.png" } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "a cat", "endpoint": "image" }, "response": { "image": { "url": "https://example.com/cat.png" } } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        let Some(matches) = entry.get("match").filter(|_| !loaded.fixture.dead) else { continue };
        if ["endpoint", "inputText", "path"].iter().any(|key| matches.get(key).is_some()) {
            continue;
        }
        let Some(kind) = responses(entry).map(kind).find(|kind| is_media(*kind)) else { continue };
        let finding =
            report(findings, file, entry, matches.span, format!("the fixture answers with {} and names no `endpoint`", kind_name(kind)));
        let endpoint = match kind {
            MediaKind::Embedding => Some("embedding"),
            MediaKind::Image => Some("image"),
            MediaKind::Video => Some("video"),
            _ => None,
        };
        finding.help = match endpoint {
            Some(endpoint) => format!("add `\"endpoint\": \"{endpoint}\"` to its `match`").into(),
            None => "add the `endpoint` that it answers to its `match`".into(),
        };
        finding.fix = endpoint.and_then(|endpoint| {
            let edits = append_text_member(file.layout(), matches, "endpoint", endpoint)?;
            Some(Fix { safety: Safety::Unsafe, title: format!("add `endpoint: {endpoint}`").into(), edits })
        });
    }
}

fn is_media(kind: MediaKind) -> bool {
    matches!(kind, MediaKind::Embedding | MediaKind::Image | MediaKind::Video | MediaKind::Audio | MediaKind::Transcription)
}
