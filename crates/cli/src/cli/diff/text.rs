//! Differences for people: a heading for each fixture, one line for each difference.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use similar::ChangeTag;

use super::super::report::{counted, escape};
use super::view::{View, is_prose, journal_summary};
use super::words::{stretches, value};
use crate::diff::journal::{JournalDiff, Single};
use crate::diff::{Change, Lone, Side, Topic, Verdict};

/// Differences of one fixture that are shown without `--verbose`.
const PER_FIXTURE: usize = 20;

/// How much is shown, and in which colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    pub(super) color: bool,
    /// Everything, also what makes no difference.
    pub(super) verbose: bool,
}

impl Manners {
    fn style(self, color: AnsiColor) -> Style {
        if self.color { color.on_default() } else { Style::new() }
    }

    fn of(self, verdict: Verdict) -> Style {
        self.style(match verdict {
            Verdict::Breaking => AnsiColor::Red,
            Verdict::Reworded => AnsiColor::Yellow,
            Verdict::Identical | Verdict::Timing | Verdict::Rechunked => AnsiColor::Cyan,
        })
        .bold()
    }
}

/// Writes the differences of two sets, the summary last.
pub(super) fn write(view: &View<'_>, manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    for pair in view.told(manners.verbose) {
        let style = if manners.color { manners.of(pair.verdict) } else { Style::new() };
        writeln!(out, "~ {}: {style}{}{style:#}", escape(&view.name(pair)), pair.verdict.name())?;
        changes(&pair.changes, manners, out)?;
    }
    for lone in &view.diff.removed {
        single('-', AnsiColor::Red, lone, view.old, manners, out)?;
        if let Some(row) = lone.other {
            writeln!(out, "    its requests now meet `{}`", escape(&view.new.handle(row)))?;
        }
    }
    for lone in &view.diff.added {
        single('+', AnsiColor::Green, lone, view.new, manners, out)?;
        if let Some(row) = lone.other {
            writeln!(out, "    its requests met `{}` before", escape(&view.old.handle(row)))?;
        }
    }
    for rerouted in &view.diff.rerouted {
        let (before, after) = view.fates(rerouted);
        let style = manners.style(AnsiColor::Magenta);
        writeln!(out, "{style}!{style:#} {}: rerouted", escape(&view.new.handle(rerouted.owner.1)))?;
        writeln!(out, "    its requests met {} and now meet {}", escape(&before), escape(&after))?;
        if rerouted.fixtures > 1 {
            writeln!(out, "    so do those of {} with the same match", counted(rerouted.fixtures - 1, "other fixture"))?;
        }
        writeln!(out, "    witness for `aimock match`: {}", escape(&rerouted.witness.to_string()))?;
    }
    writeln!(out, "{}", view.summary())
}

fn single(mark: char, color: AnsiColor, lone: &Lone, side: &Side<'_>, manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    let style = manners.style(color);
    let word = if mark == '+' { "added" } else { "removed" };
    writeln!(out, "{style}{mark}{style:#} {}: {word}", escape(&side.handle(lone.row)))
}

fn changes(changes: &[Change], manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    let shown: Vec<&Change> = changes.iter().filter(|change| manners.verbose || change.verdict() > Verdict::Identical).collect();
    let most = if manners.verbose { usize::MAX } else { PER_FIXTURE };
    for change in shown.iter().take(most) {
        line(change, manners, out)?;
    }
    let quiet = changes.iter().filter(|change| change.topic == Topic::Volatile).count();
    if !manners.verbose && quiet > 0 {
        writeln!(out, "    and {}, drawn anew by every recording", counted(quiet, "value"))?;
    }
    match shown.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "    and {more} more; --verbose shows all"),
    }
}

/// `  ~ tool call /response/toolCalls/0/arguments/city: "Oslo" → "Bergen"`.
fn line(change: &Change, manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    let (mark, color) = match (&change.old, &change.new) {
        (None, _) => ('+', AnsiColor::Green),
        (_, None) => ('-', AnsiColor::Red),
        _ => ('~', AnsiColor::Yellow),
    };
    let style = manners.style(color);
    let place = if change.pointer.is_empty() { String::new() } else { format!(" {}", escape(&change.pointer)) };
    write!(out, "  {style}{mark}{style:#} {}{place}", change.topic.name())?;
    match (&change.old, &change.new) {
        (Some(Value::String(old)), Some(Value::String(new))) if is_prose(change.topic) => {
            write!(out, "\n      ")?;
            words(old, new, manners, out)?;
            writeln!(out)
        }
        (Some(old), Some(new)) => writeln!(out, ": {} → {}", value(old), value(new)),
        (Some(only), None) | (None, Some(only)) => writeln!(out, ": {}", value(only)),
        (None, None) => writeln!(out),
    }
}

fn words(old: &str, new: &str, manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    for stretch in stretches(old, new) {
        let (color, open, close) = match stretch.tag {
            ChangeTag::Equal => {
                write!(out, "{}", stretch.text)?;
                continue;
            }
            ChangeTag::Delete => (AnsiColor::Red, "[-", "-]"),
            ChangeTag::Insert => (AnsiColor::Green, "{+", "+}"),
        };
        let style = manners.style(color);
        write!(out, "{style}{open}{}{close}{style:#}", stretch.text)?;
    }
    Ok(())
}

/// Writes the differences of two journals, the summary last.
pub(super) fn write_journals(diff: &JournalDiff, manners: Manners, out: &mut dyn Write) -> io::Result<()> {
    for exchange in &diff.changed {
        let style = if manners.color { manners.of(exchange.verdict()) } else { Style::new() };
        let (old, new) = (exchange.old + 1, exchange.new + 1);
        writeln!(out, "~ request {old} → {new}, {}: {style}answered otherwise{style:#}", escape(&exchange.request))?;
        changes(&exchange.changes, manners, out)?;
    }
    let mut list = |mark: char, color: AnsiColor, word: &str, singles: &[Single]| {
        let style = manners.style(color);
        singles
            .iter()
            .try_for_each(|one| writeln!(out, "{style}{mark}{style:#} request {}, {}: {word}", one.position + 1, escape(&one.request)))
    };
    list('-', AnsiColor::Red, "only in OLD", &diff.removed)?;
    list('+', AnsiColor::Green, "only in NEW", &diff.added)?;
    for count in &diff.counts {
        let name = if count.fixture.is_empty() { "no fixture".to_owned() } else { format!("`{}`", escape(&count.fixture)) };
        writeln!(out, "  {name} answered {} and now {}", counted(count.old, "request"), counted(count.new, "request"))?;
    }
    writeln!(out, "{}", journal_summary(diff))
}
