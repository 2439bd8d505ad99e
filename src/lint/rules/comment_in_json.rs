//! `comment-in-json`: comments or trailing commas in a file that is called .json.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};
use crate::document::Format;

pub(super) static RULE: Rule = Rule {
    name: "comment-in-json",
    category: Category::Text,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "a .json file has comments or trailing commas",
    why: "this program reads them; strict JSON readers, the incumbent among them, refuse the whole file",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." }, }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let (comments, commas) = (&file.parsed.comments, &file.parsed.trailing_commas);
    let Some(first) = comments.iter().chain(commas).min() else { return };
    if file.format != Format::Json {
        return;
    }
    let message = match (comments.len(), commas.len()) {
        (0, commas) => format!("{} in a `.json` file", counted(commas, "trailing comma")),
        (comments, 0) => format!("{} in a `.json` file", counted(comments, "comment")),
        (comments, commas) => format!("{} and {} in a `.json` file", counted(comments, "comment"), counted(commas, "trailing comma")),
    };
    let finding = findings.report(file.label(*first), message);
    finding.help = "call the file `.jsonc`; notes can also stand under a key that begins with `_`".into();
    if comments.is_empty() {
        let edits = commas.iter().map(|comma| Edit { span: *comma, text: String::new() }).collect();
        finding.fix = Some(Fix { safety: Safety::Safe, title: "remove the trailing commas".into(), edits });
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
