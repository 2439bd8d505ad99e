//! `aimock explain`: the page of a rule, transform, normalize pass or match key, or the list of all of them.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::{Status, Terminal};
use crate::fixture::LOADER_RULES;
use crate::lint;
use crate::matcher::{CRITERIA, criteria};
use crate::normalize;
use crate::transform;

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let ExplainArgs { name } = args;
    let text = match name {
        None => list(),
        Some(name) => page(name).ok_or_else(|| unknown(name))?,
    };
    write!(terminal.stdout(), "{text}")?;
    Ok(Status::Clean)
}

fn page(name: &str) -> Option<String> {
    if let Some(rule) = lint::rule(name) {
        return Some(lint::page(rule));
    }
    if let Some(rule) = LOADER_RULES.iter().find(|rule| rule.name == name) {
        return Some(format!(
            "## {}\n\n{}.\n\nReported by every command that loads fixtures; severity {}.\n",
            rule.name,
            rule.summary,
            rule.severity.name()
        ));
    }
    // A transform and the pass that writes what it recognises bear one name.
    let (builtin, pass) = (transform::builtin(name).map(transform::page), normalize::pass(name).map(normalize::page));
    if builtin.is_some() || pass.is_some() {
        return Some(builtin.into_iter().chain(pass).collect::<Vec<_>>().join("\n"));
    }
    criteria::criterion(name).map(|criterion| format!("## match.{}\n\nHolds when {}.\n", criterion.key, criterion.summary))
}

fn unknown(name: &str) -> anyhow::Error {
    let known: Vec<&'static str> = lint::rule_names()
        .chain(normalize::ALL.iter().map(|pass| pass.name))
        .chain(CRITERIA.iter().map(|criterion| criterion.key))
        .chain(transform::ALL.iter().map(|builtin| builtin.name))
        .collect();
    match crate::shape::nearest(name, &known) {
        Some(near) => anyhow::anyhow!("there is nothing called `{name}`; did you mean `{near}`?"),
        None => anyhow::anyhow!("there is nothing called `{name}`; `aimock explain` lists all names"),
    }
}

fn list() -> String {
    let mut text = String::from("Lint rules\n");
    let width = lint::ALL.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in lint::ALL {
        let _ = writeln!(text, "  {:width$}  {:8}  {}", rule.name, rule.tier.name(), rule.summary);
    }
    text.push_str("\nFindings of the loader\n");
    for rule in LOADER_RULES {
        let _ = writeln!(text, "  {:width$}  {:8}  {}", rule.name, rule.severity.name(), rule.summary);
    }
    text.push_str("\nPasses of normalize\n");
    for pass in normalize::ALL {
        let _ = writeln!(text, "  {:width$}  {:8}  {}", pass.name, pass.group.name(), pass.summary);
    }
    text.push_str("\nTransforms\n");
    for builtin in transform::ALL {
        let _ = writeln!(text, "  {:width$}  {}", builtin.name, builtin.summary);
    }
    text.push_str("\nMatch keys\n");
    for criterion in CRITERIA {
        let _ = writeln!(text, "  {:width$}  {}", criterion.key, criterion.summary);
    }
    text
}
