//! `yaml-ambiguous-scalar`: an unquoted YAML value that readers understand differently.

use super::super::keys::as_string;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity};
use crate::document::{Format, Node, Value};

pub(super) static RULE: Rule = Rule {
    name: "yaml-ambiguous-scalar",
    category: Category::Text,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an unquoted YAML value means different things to different readers",
    why: "YAML 1.1 readers take `no` for false, `014` for 12, `1_000` for a number and `12:30` for 750; YAML 1.2 and this program do not",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: concat!("fixtures:\n", "  - match: { userMessage: weather }\n", "    response: { content: no }\n"),
        good: concat!("fixtures:\n", "  - match: { userMessage: weather }\n", "    response: { content: \"no\" }\n"),
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    if file.format == Format::Yaml {
        walk(file, findings, &file.parsed.root);
    }
}

fn walk(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>) {
    let written = file.source.text().get(node.span.start..node.span.end).unwrap_or("");
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| walk(file, findings, item)),
        Value::Object(members) => members.iter().for_each(|member| walk(file, findings, &member.value)),
        Value::String(text) if text == written && is_ambiguous(written) => report(file, findings, node, written, &as_string(written)),
        Value::Number(number) if is_octal(written) => report(file, findings, node, written, number),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

fn report(file: &FileContext<'_>, findings: &mut Findings, node: &Node<'_>, written: &str, clear: &str) {
    let kind = if let Value::String(_) = node.value { "text" } else { "a decimal number" };
    let finding = findings
        .report(file.label(node.span), format!("{} is {kind} here and something else to other readers", crate::shape::code(written)));
    finding.help = format!("write `{clear}`").into();
    written.clone_into(&mut finding.identity);
    let edits = vec![Edit { span: node.span, text: clear.to_owned() }];
    finding.fix = Some(Fix { safety: Safety::Safe, title: format!("write `{clear}`").into(), edits });
}

/// Text for YAML 1.2's core schema and something else for YAML 1.1's.
fn is_ambiguous(written: &str) -> bool {
    let word = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| {
        let capital = written.get(..1).is_some_and(|first| first.eq_ignore_ascii_case(&word[..1])) && written.get(1..) == Some(&word[1..]);
        written == *word || capital || written == word.to_ascii_uppercase()
    });
    word || is_grouped(written) || is_sexagesimal(written) || is_date(written)
}

/// `1_000`.
fn is_grouped(written: &str) -> bool {
    let digits = written.trim_start_matches(['+', '-']);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.contains('_')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// `12:30`, which is 750 in base 60.
fn is_sexagesimal(written: &str) -> bool {
    let mut parts = written.trim_start_matches(['+', '-']).split(':');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let first = parts.next().is_some_and(number);
    let rest: Vec<&str> = parts.collect();
    first && !rest.is_empty() && rest.iter().all(|part| number(part) && part.len() <= 2 && part.parse::<u8>().is_ok_and(|part| part < 60))
}

/// `2024-05-01`, which becomes a date object.
fn is_date(written: &str) -> bool {
    written.len() == 10
        && written.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

/// `014`: 14 in YAML 1.2 and 12 in YAML 1.1.
fn is_octal(written: &str) -> bool {
    let digits = written.trim_start_matches(['+', '-']);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}
