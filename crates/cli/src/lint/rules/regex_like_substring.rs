//! `regex-like-substring`: a regular expression is compared as plain text.

use super::super::keys::{Compared, as_string, is_block_scalar, match_texts};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "regex-like-substring",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a regular expression stands where plain text is compared",
    why: "a plain string is looked for character by character, so the pattern itself would have to be in the request",
    fix: Some(Safety::Unsafe),
    examples: &[
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather in .* tomorrow" }, "response": { "content": "Done." } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": { "regex": "weather in .* tomorrow" } }, "response": { "content": "Done." } }] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "/^weather/i" }, "response": { "content": "Done." } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": { "regex": "^weather", "ignoreCase": true } }, "response": { "content": "Done." } }] }"#,
        },
    ],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for text in match_texts(entry).iter().filter(|text| text.compared != Compared::Otherwise) {
            let Some(meant) = meant(text.text) else { continue };
            let message = format!("`{}` looks for the characters {}, which read like a regular expression", text.key, code(text.text));
            let finding = findings.report(file.label(text.node.span), message);
            finding.help = format!("write {}, or keep it if these very characters are meant", code(&meant.written())).into();
            finding.identity = format!("{} {}", text.key, text.text);
            if text.compared == Compared::Plain && !is_block_scalar(file, text.node) {
                let edits = vec![Edit { span: text.node.span, text: meant.written() }];
                finding.fix = Some(Fix { safety: Safety::Unsafe, title: "compare it as a regular expression".into(), edits });
            }
        }
    }
}

/// The expression that an author had in mind.
struct Meant<'t> {
    regex: &'t str,
    ignore_case: bool,
}

impl Meant<'_> {
    fn written(&self) -> String {
        let more = if self.ignore_case { ", \"ignoreCase\": true" } else { "" };
        format!("{{ \"regex\": {}{more} }}", as_string(self.regex))
    }
}

/// Reads a text as a regular expression when it has a mark of one that prose has not.
fn meant(text: &str) -> Option<Meant<'_>> {
    if !text.contains(['*', '+', '\\', '^', '/', '$']) {
        return None;
    }
    let slashed = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    let slashed = slashed.filter(|(inner, flags)| flags.bytes().all(|flag| b"gimsuy".contains(&flag)) && is_pattern(inner));
    let (regex, flags) = slashed.unwrap_or((text, ""));
    let compiles = || regex::Regex::new(regex).is_ok();
    (is_pattern(regex) && compiles()).then(|| Meant { regex, ignore_case: flags.contains('i') })
}

fn is_pattern(text: &str) -> bool {
    let ends = text.ends_with('$') && text.contains(['*', '+', '\\', '|']);
    let anchored = text.len() > 2 && (text.starts_with('^') || ends);
    anchored || has_repetition(text) || has_class(text)
}

/// `.*` or `.+` that is neither a file pattern (`*.*`, `src/.*`) nor the end of a sentence.
fn has_repetition(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices(".*").chain(text.match_indices(".+")).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let after = bytes.get(at + 2);
        let file = before.is_some_and(|byte| matches!(byte, b'*' | b'/' | b'.' | b'`' | b'"'))
            || after.is_some_and(|byte| matches!(byte, b'`' | b'"' | b'*' | b'.' | b'/'));
        !file
    })
}

/// `\\d`, `\\w`, `\\s` or `\\b` that no letter follows (a path has one).
fn has_class(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('\\').any(|(at, _)| {
        let class = bytes.get(at + 1).is_some_and(|byte| matches!(byte, b'd' | b'w' | b's' | b'b' | b'S' | b'D' | b'W'));
        class && !bytes.get(at + 2).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | b'/'))
    })
}
