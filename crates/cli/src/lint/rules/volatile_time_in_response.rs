//! `volatile-time-in-response`: an answer holds the time of its recording.

use super::super::volatile;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use super::credential_header::header_maps;
use crate::diagnostic::Severity;
use crate::document::{Member, Value};

pub(super) static RULE: Rule = Rule {
    name: "volatile-time-in-response",
    category: Category::Nondeterminism,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "an answer pins the time of its recording",
    why: "every recording brings another one, and every diff shows it; without it each answer carries the time of the run",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello.", "created": 1741944413 } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello." } }] }"#,
    }],
    check: Check::File(check),
};

/// Headers that tell when, or how long.
const TIMED: [&str; 7] =
    ["date", "age", "expires", "last-modified", "openai-processing-ms", "x-envoy-upstream-service-time", "server-timing"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        let created = entry.get("response").and_then(|response| response.member("created"));
        if let Some(member) = created.filter(|member| matches!(&member.value.value, Value::Number(text) if volatile::is_epoch(text))) {
            report(file, findings, member);
        }
        for (_, headers) in header_maps(entry).into_iter().filter(|(place, _)| *place == "response") {
            let timed = |member: &&Member<'_>| TIMED.iter().any(|name| member.key.eq_ignore_ascii_case(name));
            headers.members().iter().filter(timed).for_each(|member| report(file, findings, member));
        }
    }
}

fn report(file: &FileContext<'_>, findings: &mut Findings, member: &Member<'_>) {
    let finding = findings.report(file.label(member.value.span), format!("{} pins a time", crate::shape::code(&member.key)));
    finding.help = "remove it, or run `aimock normalize`".into();
    finding.identity = member.key.clone().into_owned();
}
