//! `error-with-success-status`: an error with a status that means success.

use super::super::answers::{kind_key, number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "error-with-success-status",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an error with a status that means success",
    why: "clients look at the status first: below 400 they read the body as an answer and never see the error",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "overloaded" }, "status": 200 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "error": { "message": "overloaded" }, "status": 529 } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| kind_key(response) == Some("error")) {
            let Some((node, status)) = response.get("status").and_then(|node| Some((node, number(node)?))) else { continue };
            if status < 400.0 {
                report(findings, file, entry, node.span, format!("an error is sent with status `{status}`")).help =
                    "write the status that the provider sends with this error, or leave it out (500)".into();
            }
        }
    }
}
