//! `ignored-response-key`: a key of the response has no effect beside the others.

use super::super::answers::{kind_key, number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "ignored-response-key",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a key of the response has no effect beside the others",
    why: "the author meant something by it, and the client never sees it: a `status` without `error` is no error",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Try again later.", "status": 429 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "Try again later." }, "status": 429 } }] }"#,
    }],
    check: Check::File(check),
};

/// A key, and the keys of which one must stand beside it.
const NEEDS: [(&str, &[&str]); 8] = [
    ("status", &["error", "json"]),
    ("retryAfter", &["error"]),
    ("fallthrough", &["error"]),
    ("reasoningSignature", &["reasoning", "blocks"]),
    ("toolPlan", &["toolCalls", "blocks", "content"]),
    ("billableUnits", &["json", "image", "images", "video", "audio"]),
    ("format", &["audio"]),
    ("polls", &["video", "json", "image", "images", "audio"]),
];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| kind_key(response).is_some()) {
            for (key, needed) in NEEDS {
                let Some(member) = response.member(key) else { continue };
                let plain_success = key == "status" && number(&member.value) == Some(200.0);
                if plain_success || needed.iter().any(|key| response.get(key).is_some()) {
                    continue;
                }
                let needed: Vec<String> = needed.iter().map(|key| code(key)).collect();
                let message = format!("`{key}` has no effect without {}", needed.join(" or "));
                report(findings, file, entry, member.key_span, message).help =
                    format!("add {}, or remove `{key}`", needed.join(" or ")).into();
            }
        }
    }
}
