//! `volatile-id-in-response`: an answer holds an id that a provider gave out.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use super::credential_header::header_maps;
use crate::diagnostic::Severity;
use crate::document::Member;

pub(super) static RULE: Rule = Rule {
    name: "volatile-id-in-response",
    category: Category::Nondeterminism,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "an answer pins an id that a provider gave out",
    why: "every recording brings another one, and every diff shows it; without it each answer gets an id of its own",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello.", "id": "chatcmpl-9XyZ4kQm7Zt2Xv9Lr4Kd8" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello." } }] }"#,
    }],
    check: Check::File(check),
};

/// Headers by which services number their answers.
const NUMBERED: [&str; 5] = ["x-request-id", "request-id", "cf-ray", "x-amzn-requestid", "apim-request-id"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        let pinned = entry.get("response").and_then(|response| response.member("id"));
        if let Some(member) = pinned.filter(|member| member.value.as_str().is_some_and(is_drawn)) {
            report(file, findings, member);
        }
        for (_, headers) in header_maps(entry).into_iter().filter(|(place, _)| *place == "response") {
            headers.members().iter().filter(|member| is_numbering(member)).for_each(|member| report(file, findings, member));
        }
    }
}

fn is_numbering(member: &Member<'_>) -> bool {
    NUMBERED.iter().any(|name| member.key.eq_ignore_ascii_case(name)) && member.value.as_str().is_some_and(|id| id.len() >= 12)
}

fn is_drawn(id: &str) -> bool {
    volatile::issued_id(id).is_some() || volatile::uuid(id).is_some()
}

fn report(file: &FileContext<'_>, findings: &mut Findings, member: &Member<'_>) {
    let id = member.value.as_str().unwrap_or("");
    let message = format!("{} pins the id {}", crate::shape::code(&member.key), crate::shape::code(id));
    let finding = findings.report(file.label(member.value.span), message);
    finding.help = "remove it, or run `aimock normalize`".into();
    finding.identity = format!("{} {id}", member.key);
}
