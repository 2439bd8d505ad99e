//! `embedding-all-zero`: an embedding is all zeros.

use super::super::answers::{number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "embedding-all-zero",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "an embedding is all zeros",
    why: "the zero vector has no direction: its cosine similarity with anything is a division by zero, and searches return nothing or everything",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "inputText": "sun" }, "response": { "embedding": [0, 0.0, 0] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "inputText": "sun" }, "response": { "embedding": [0.6, 0.8, 0] } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let several = response.get("embeddings").map_or(&[][..], Node::items);
            for vector in response.get("embedding").into_iter().chain(several) {
                if !vector.items().is_empty() && vector.items().iter().all(|item| number(item) == Some(0.0)) {
                    report(findings, file, entry, vector.span, "all numbers of this embedding are zero").help =
                        "use a vector of length one, for instance a single 1 among zeros".into();
                }
            }
        }
    }
}
