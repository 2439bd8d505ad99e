//! `content-part-list`: `content` is a list of content parts.

use super::super::answers::{report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::Node;
use crate::document::edit::rename_key;

pub(super) static RULE: Rule = Rule {
    name: "content-part-list",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`content` is a list of content parts",
    why: "a list under `content` is sent as JSON text, so the client sees brackets and keys where the answer should stand; `blocks` sends the parts",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": [{ "type": "text", "text": "Sunny." }] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "blocks": [{ "type": "text", "text": "Sunny." }] } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(member) = response.member("content") else { continue };
            let parts = member.value.items();
            if parts.is_empty() || !parts.iter().all(is_part) || response.get("blocks").is_some() {
                continue;
            }
            let finding = report(findings, file, entry, member.value.span, "`content` is a list of content parts: it is sent as JSON text");
            finding.help = "write the text itself, or name the list `blocks`".into();
            if parts.iter().all(|part| text(part, "type") == Some("text") && response.get("toolCalls").is_none()) {
                finding.fix = Some(Fix {
                    safety: Safety::Unsafe,
                    title: "rename the key to `blocks`".into(),
                    edits: vec![rename_key(file.layout(), member, "blocks")],
                });
            }
        }
    }
}

fn is_part(node: &Node<'_>) -> bool {
    match text(node, "type") {
        Some("text" | "output_text") => text(node, "text").is_some(),
        Some("tool_use") => node.get("input").is_some(),
        _ => false,
    }
}
