//! Differences for comments on pull requests: a headline, and one fold for each kind.

use std::io::{self, Write};

use serde_json::Value;

use super::text::{self, Manners};
use super::view::{View, is_prose, journal_summary};
use super::words::{stretches, value};
use crate::diff::journal::JournalDiff;
use crate::diff::{Change, Pair, Verdict};
use similar::ChangeTag;

/// Differences that one fold shows.
const PER_FOLD: usize = 100;

/// Writes the differences of two sets.
pub(super) fn write(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### aimock diff: {}\n", view.summary())?;
    let told = view.told(false);
    for verdict in Verdict::ALL.into_iter().rev() {
        let pairs: Vec<&&Pair> = told.iter().filter(|pair| pair.verdict == verdict).collect();
        let lines = pairs.iter().map(|pair| pair_lines(view, pair)).collect();
        fold(verdict.name(), verdict == Verdict::Breaking, lines, out)?;
    }
    let other = |row: Option<usize>, name: &dyn Fn(usize) -> String, word: &str| {
        row.map_or_else(String::new, |row| format!("; its requests {word} {}", code(&name(row))))
    };
    let removed = view
        .diff
        .removed
        .iter()
        .map(|lone| format!("- {}{}\n", code(&view.old.handle(lone.row)), other(lone.other, &|row| view.new.handle(row), "now meet")));
    fold("removed", true, removed.collect(), out)?;
    let added =
        view.diff.added.iter().map(|lone| {
            format!("- {}{}\n", code(&view.new.handle(lone.row)), other(lone.other, &|row| view.old.handle(row), "met before"))
        });
    fold("added", false, added.collect(), out)?;
    let rerouted = view.diff.rerouted.iter().map(|rerouted| {
        let (before, after) = view.fates(rerouted);
        let name = code(&view.new.handle(rerouted.owner.1));
        let witness = fenced("json", &rerouted.witness.to_string());
        format!("- {name}: its requests met {} and now meet {}\n\n{witness}\n", plain(&before), plain(&after))
    });
    fold("rerouted", true, rerouted.collect(), out)
}

/// Writes the differences of two journals.
pub(super) fn write_journals(diff: &JournalDiff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### aimock diff: {}\n", journal_summary(diff))?;
    if diff.verdict() == Verdict::Identical && diff.counts.is_empty() {
        return Ok(());
    }
    let mut lines = Vec::new();
    text::write_journals(diff, Manners { color: false, verbose: false }, &mut lines)?;
    writeln!(out, "<details open><summary>requests</summary>\n\n{}\n</details>", fenced("diff", String::from_utf8_lossy(&lines).trim_end()))
}

fn fold(name: &str, open: bool, lines: Vec<String>, out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let count = lines.len();
    writeln!(out, "<details{}><summary>{count} {name}</summary>\n", if open { " open" } else { "" })?;
    lines.into_iter().take(PER_FOLD).try_for_each(|line| writeln!(out, "{line}"))?;
    if count > PER_FOLD {
        writeln!(out, "and {} more\n", count - PER_FOLD)?;
    }
    writeln!(out, "</details>\n")
}

fn pair_lines(view: &View<'_>, pair: &Pair) -> String {
    let shown: Vec<&Change> = pair.changes.iter().filter(|change| change.verdict() > Verdict::Identical).collect();
    let body: Vec<String> = shown.iter().take(PER_FOLD).map(|change| change_lines(change)).collect();
    format!("{}\n\n{}\n", code(&view.name(pair)), fenced("diff", body.concat().trim_end()))
}

fn change_lines(change: &Change) -> String {
    let head = format!("  {} {}\n", change.topic.name(), super::super::report::escape(&change.pointer));
    let (old, new) = (change.old.as_ref(), change.new.as_ref());
    if let (Some(Value::String(old)), Some(Value::String(new)), true) = (old, new, is_prose(change.topic)) {
        let stretches = stretches(old, new);
        let side =
            |left_out: ChangeTag| stretches.iter().filter(|part| part.tag != left_out).map(|part| part.text.as_str()).collect::<String>();
        return format!("{head}- {}\n+ {}\n", side(ChangeTag::Insert), side(ChangeTag::Delete));
    }
    let line = |mark: char, side: Option<&Value>| side.map_or_else(String::new, |side| format!("{mark} {}\n", value(side)));
    format!("{head}{}{}", line('-', old), line('+', new))
}

/// A code span, whatever backticks are in it.
fn code(text: &str) -> String {
    format!("`{}`", super::super::report::escape(text).replace('`', "'"))
}

/// Words with code spans of our own.
fn plain(text: &str) -> String {
    super::super::report::escape(text).replace(['<', '>'], "")
}

/// A fence longer than any row of backticks inside.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}
