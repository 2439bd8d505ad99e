//! `oversized-response`: a response too large to review.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "oversized-response",
    category: Category::Size,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a response is too large to review",
    why: "it hides everything around it, and it is read, kept and compared with every run",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again. Rain, then sun, then rain again." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

/// Most bytes of text that are let through.
const MOST: u64 = 256 << 10;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let most = file.limit(RULE.name, "bytes", MOST);
    for (entry, loaded) in file.entries() {
        for member in entry.members().iter().filter(|member| matches!(member.key.as_ref(), "response" | "responses")) {
            let size = (member.value.span.end - member.value.span.start) as u64;
            if size > most {
                let finding = findings.report(file.label(member.key_span), format!("this response has {size} bytes"));
                finding.help =
                    format!("shorten it, or move media into a file of its own (`http.file`); {most} bytes are let through").into();
                finding.identity = loaded.fixture.id.clone().unwrap_or_default();
            }
        }
    }
}
