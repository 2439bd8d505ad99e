//! `stale-hash`: `systemHash` is not the hash of the system text that the fixture matches.

use super::super::answers::{is_true, report, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "stale-hash",
    category: Category::Rot,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`systemHash` is not the hash of the system text that the fixture matches",
    why: "the `match` was edited after the recording, or the hash by hand; the comparison that should reveal a changed prompt reports a change for ever, or never",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "systemMessage": { "equals": "Be brief." } }, "response": { "content": "Sunny." }, "metadata": { "systemHash": "0a1b2c3d" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "systemMessage": { "equals": "Be brief." } }, "response": { "content": "Sunny." }, "metadata": { "systemHash": "213c22ed" } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        let Some(metadata) = entry.get("metadata") else { continue };
        for key in ["systemHash", "toolsHash"] {
            let Some((node, hash)) = metadata.get(key).and_then(|node| Some((node, node.as_str()?))) else { continue };
            if hash.len() != 8 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let message = format!("`{key}` is {}, not eight hex digits: nothing has this hash", code(hash));
                report(findings, file, entry, node.span, message).help = "record again, or remove it".into();
            } else if key == "systemHash" && system_text(entry).is_some_and(|text| hash_of(text) != hash.to_ascii_lowercase()) {
                let message = "`systemHash` is not the hash of the `systemMessage` that the fixture matches";
                report(findings, file, entry, node.span, message).help = "record again, or remove the hash".into();
            }
        }
    }
}

/// The whole system text, where the `match` gives it.
fn system_text<'n>(entry: &'n Node<'_>) -> Option<&'n str> {
    let operators = entry.get("match")?.get("systemMessage")?;
    text(operators, "equals").filter(|_| !is_true(operators, "ignoreCase"))
}

/// The first eight hex digits of SHA-256.
fn hash_of(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.first_chunk().map(|first| format!("{:08x}", u32::from_be_bytes(*first))).unwrap_or_default()
}
