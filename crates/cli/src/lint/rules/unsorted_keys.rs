//! `unsorted-keys`: an entry’s keys in an unusual order.

use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};
use crate::document::{Format, Member, Node};

pub(super) static RULE: Rule = Rule {
    name: "unsorted-keys",
    category: Category::Text,
    severity: Severity::Info,
    tier: Tier::Pedantic,
    summary: "the keys of a fixture are in an unusual order",
    why: "with `match` first, then `response`, then the rest, files are read and compared at a glance",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "response": { "content": "Done." }, "match": { "userMessage": "weather" } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Done." } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        let members: Vec<&Member<'_>> = entry.members().iter().filter(|member| rank(&member.key) > 0).collect();
        let Some(late) = members.windows(2).find_map(|pair| match pair {
            [before, after] if rank(&before.key) > rank(&after.key) => Some(after),
            _ => None,
        }) else {
            continue;
        };
        let finding = findings
            .report(file.label(late.key_span), format!("{} stands behind keys that usually follow it", crate::shape::code(&late.key)));
        finding.help = "write `match`, then `response`, then the rest".into();
        finding.identity = loaded.fixture.id.clone().unwrap_or_else(|| late.key.clone().into_owned());
        finding.fix = sorted(file, entry, &members);
    }
}

/// Place of a key; 0 for those that may stand anywhere.
fn rank(key: &str) -> u8 {
    match key {
        "id" | "description" | "tags" => 0,
        "match" => 1,
        "response" | "responses" => 2,
        key if crate::shape::is_free_key(key) => 0,
        _ => 3,
    }
}

/// The members' texts, dealt out again to the same places; what stands between them stays. Comments would then stand
/// at other members, and block YAML has members without clear ends: no fix there.
fn sorted(file: &FileContext<'_>, entry: &Node<'_>, members: &[&Member<'_>]) -> Option<Fix> {
    let commented = file.parsed.comments.iter().any(|comment| entry.span.start <= comment.start && comment.end <= entry.span.end);
    if file.format == Format::Yaml || commented {
        return None;
    }
    let whole = |member: &Member<'_>| Span::new(member.key_span.start, member.value.span.end);
    let mut dealt = members.to_vec();
    dealt.sort_by_key(|member| rank(&member.key));
    let mut edits = Vec::new();
    for (place, member) in members.iter().zip(dealt).filter(|(place, member)| place.key != member.key) {
        let from = whole(member);
        edits.push(Edit { span: whole(place), text: file.source.text().get(from.start..from.end)?.to_owned() });
    }
    Some(Fix { safety: Safety::Safe, title: "put the keys in order".into(), edits })
}
