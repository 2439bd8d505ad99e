//! `contradictory-match`: no request can satisfy this `match`.

use super::super::answers::{kind, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::rename_key;
use crate::document::{Node, Value};
use crate::exchange::{Endpoint, MediaKind};

pub(super) static RULE: Rule = Rule {
    name: "contradictory-match",
    category: Category::Shape,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "no request can satisfy this `match`",
    why: "its keys exclude each other, so the fixture is never served and its requests go elsewhere",
    fix: Some(Safety::Unsafe),
    examples: &[
        Example {
            bad: r#"{ "fixtures": [{ "match": { "toolCallId": "call_1", "hasToolResult": false }, "response": { "content": "Sunny." } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "toolCallId": "call_1", "hasToolResult": true }, "response": { "content": "Sunny." } }] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "sun" }, "response": { "embedding": [0.6, 0.8] } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "inputText": "sun" }, "response": { "embedding": [0.6, 0.8] } }] }"#,
        },
    ],
    check: Check::File(check),
};

/// Keys that read the conversation.
const CONVERSATION: [&str; 5] = ["userMessage", "systemMessage", "toolCallId", "toolResultContains", "toolName"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        // What `path` takes is no request of any provider.
        let Some(matches) = entry.get("match").filter(|matches| !loaded.fixture.dead && matches.get("path").is_none()) else { continue };
        check_tool_result(file, entry, matches, findings);
        check_texts(file, entry, matches, findings);
    }
}

/// A tool result is asked for, and there must be none.
fn check_tool_result(file: &FileContext<'_>, entry: &Node<'_>, matches: &Node<'_>, findings: &mut Findings) {
    let Some(flag) = matches.get("hasToolResult").filter(|flag| flag.value == Value::Bool(false)) else { return };
    let Some(key) = ["toolCallId", "toolResultContains"].into_iter().find(|key| matches.get(key).is_some()) else { return };
    let message = format!("`{key}` needs a tool result, and `hasToolResult` is `false`");
    report(findings, file, entry, flag.span, message).help = "remove one of the two keys".into();
}

/// Texts of a conversation are asked for where there is none.
fn check_texts(file: &FileContext<'_>, entry: &Node<'_>, matches: &Node<'_>, findings: &mut Findings) {
    let Some((endpoint, why)) = endpoint_without_conversation(entry, matches) else { return };
    let hears = matches!(endpoint, Endpoint::Transcription | Endpoint::Translation);
    if let Some(member) = matches.member("inputText").filter(|_| endpoint != Endpoint::Embedding && !hears) {
        let message = format!("`inputText` is the text of an embeddings request, and the fixture answers `{}`", endpoint.name());
        report(findings, file, entry, member.key_span, message).help = "write `userMessage`, or change `endpoint`".into();
    }
    // The prompt that goes with audio is its user's message.
    let Some(member) = CONVERSATION.into_iter().filter(|key| !hears || *key != "userMessage").find_map(|key| matches.member(key)) else {
        return;
    };
    if endpoint != Endpoint::Embedding && !hears {
        return;
    }
    let key = &member.key;
    let message = format!("`{key}` reads a conversation, and {why}: a `{}` request has none", endpoint.name());
    let finding = report(findings, file, entry, member.key_span, message);
    finding.help = "remove the key".into();
    if key == "userMessage" && endpoint == Endpoint::Embedding && matches.get("inputText").is_none() {
        finding.help = "the text of an embeddings request is `inputText`".into();
        finding.fix = Some(Fix {
            safety: Safety::Unsafe,
            title: "rename the key to `inputText`".into(),
            edits: vec![rename_key(file.layout(), member, "inputText")],
        });
    }
}

/// The endpoint that the fixture is bound to, and how.
fn endpoint_without_conversation(entry: &Node<'_>, matches: &Node<'_>) -> Option<(Endpoint, &'static str)> {
    if let Some(node) = matches.get("endpoint") {
        return Endpoint::from_name(node.as_str()?).map(|endpoint| (endpoint, "`endpoint` says what is asked"));
    }
    if matches.get("inputText").is_some() {
        return Some((Endpoint::Embedding, "`inputText` asks for embeddings"));
    }
    let answers_embeddings = responses(entry).next().is_some_and(|response| kind(response) == MediaKind::Embedding);
    answers_embeddings.then_some((Endpoint::Embedding, "the answer is an embedding"))
}
