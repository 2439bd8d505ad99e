//! `open-to-embeddings`: a chat answer that an embeddings request would meet.

use super::super::answers::report;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::append_text_member;
use crate::exchange::MediaKind;
use crate::matcher::{Clause, Match, Pattern};

pub(super) static RULE: Rule = Rule {
    name: "open-to-embeddings",
    category: Category::Shape,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a chat answer that an embeddings request would meet",
    why: "nothing in its `match` asks for a conversation; servers that do not hold the kind of answer against the endpoint choose it for embeddings and answer 500, as @copilotkit/aimock does",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "id": "fallback", "match": { "context": "shop" }, "response": { "content": "Hello." } }] }"#,
        good: r#"{ "fixtures": [{ "id": "fallback", "match": { "context": "shop", "endpoint": "chat" }, "response": { "content": "Hello." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        let row = loaded.fixture.row();
        let Some(matches) = entry.get("match").filter(|_| !row.dead && row.kind == MediaKind::Turn) else { continue };
        if !meets_embeddings(&row.matches) {
            continue;
        }
        let finding =
            report(findings, file, entry, matches.span, "answers with text or tool calls, and an embeddings request would meet it");
        finding.help = "add `\"endpoint\": \"chat\"` to its `match`".into();
        finding.fix = append_text_member(file.layout(), matches, "endpoint", "chat").map(|edits| Fix {
            safety: Safety::Unsafe,
            title: "add `endpoint: chat`".into(),
            edits,
        });
    }
}

/// Whether a request without messages, tools and a stream can hold every clause.
fn meets_embeddings(matches: &Match) -> bool {
    matches.clauses().iter().all(|clause: &Clause| match (clause.criterion.key, &clause.pattern) {
        ("model" | "context" | "provider" | "headers" | "method", _) => true,
        ("hasToolResult" | "stream", Pattern::Flag(wanted)) => !wanted,
        _ => false,
    })
}
