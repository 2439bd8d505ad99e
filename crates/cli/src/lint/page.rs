//! The page of a rule: what `aimock explain` prints and the docs hold.

use std::fmt::Write as _;

use super::Rule;

/// The page of one lint rule, as `aimock explain` prints it.
pub fn page(rule: &Rule) -> String {
    let mut page = format!("## {}\n\n{}.\n\n{}.\n\n", rule.name, capitalised(rule.summary), capitalised(rule.why));
    let _ = writeln!(page, "About {}; {} tier; severity {}.", rule.category.name(), rule.tier.name(), rule.severity.name());
    for example in rule.examples {
        let _ =
            writeln!(page, "\nBad:\n\n```jsonc\n{}\n```\n\nGood:\n\n```jsonc\n{}\n```", unindented(example.bad), unindented(example.good));
    }
    page
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A text of several lines without the indentation that its lines after the first share.
fn unindented(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let shared = text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    text.lines()
        .enumerate()
        .map(|(at, line)| if at == 0 { line } else { line.get(shared..).unwrap_or(line) })
        .collect::<Vec<_>>()
        .join("\n")
}
