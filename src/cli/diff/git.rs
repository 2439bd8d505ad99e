//! What git asks of a diff driver: a text for its own line diff, and whole comparisons.
//!
//! A driver that fails ends git's command, so whatever is no readable fixture file is compared line by line.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use similar::TextDiff;

use super::super::report::escape;
use super::super::{Status, Terminal};
use super::{Comparison, sides};
use crate::diff::{Side, canonical};
use crate::document::Format;
use crate::files;

/// Prints a file in canonical form; one that holds no fixtures as it is.
pub(super) fn textconv(file: &Path, limit: u64, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let name = files::display_name(file);
    let text = files::read_path(file, limit).with_context(|| format!("cannot read {name}"))?.text;
    let shown = canonical(&text, Format::from_path(&name)).unwrap_or(text);
    terminal.stdout().write_all(shown.as_bytes())?;
    Ok(Status::Clean)
}

/// What git passes to an external diff program.
struct Call<'a> {
    path: &'a Path,
    old: &'a Path,
    new: &'a Path,
    new_path: Option<&'a Path>,
}

impl<'a> Call<'a> {
    /// `path old-file old-hex old-mode new-file new-hex new-mode [new-path rename-info]`.
    fn of(arguments: &'a [PathBuf]) -> Option<Call<'a>> {
        let (path, old, new, new_path) = match arguments {
            [path, old, _, _, new, _, _] => (path, old, new, None),
            [path, old, _, _, new, _, _, new_path, ..] => (path, old, new, Some(new_path.as_path())),
            _ => return None,
        };
        Some(Call { path, old, new, new_path })
    }
}

/// Compares the two versions of a file that git names.
pub(super) fn driver(arguments: &[PathBuf], comparison: &Comparison, limit: u64, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    if let [unmerged] = arguments {
        writeln!(terminal.stdout(), "* unmerged path {}", escape(&files::display_name(unmerged)))?;
        return Ok(Status::Clean);
    }
    let call = Call::of(arguments).with_context(|| {
        format!("--git-driver takes the 7 or 9 arguments of git's external diff programs, not {}; let git call it", arguments.len())
    })?;
    let old_name = call.path.to_string_lossy();
    let new_name = call.new_path.unwrap_or(call.path).to_string_lossy();
    let head = match (sides::is_nothing(call.old), sides::is_nothing(call.new)) {
        (true, _) => format!("{new_name} (new file)"),
        (_, true) => format!("{old_name} (deleted)"),
        _ if old_name != new_name => format!("{old_name} → {new_name}"),
        _ => old_name.clone().into_owned(),
    };
    writeln!(terminal.stdout(), "aimock diff {}", escape(&head))?;
    let read = |file: &Path| -> anyhow::Result<String> {
        if sides::is_nothing(file) { Ok(String::new()) } else { Ok(files::read_path(file, limit)?.text) }
    };
    let (old_text, new_text) = (read(call.old)?, read(call.new)?);
    let inputs =
        |file: &Path, name: &str, text: &str| if sides::is_nothing(file) { Vec::new() } else { sides::single(name, text.to_owned()) };
    let (old_inputs, new_inputs) = (inputs(call.old, &old_name, &old_text), inputs(call.new, &new_name, &new_text));
    let (old, new) = (Side::load(&old_inputs, &comparison.options, ""), Side::load(&new_inputs, &comparison.options, ""));
    let whole = |side: &Side<'_>| side.unreadable.is_empty() && side.skipped.is_empty();
    if whole(&old) && whole(&new) {
        comparison.fixtures(&old, &new, terminal)?;
    } else {
        let lines = TextDiff::from_lines(&old_text, &new_text);
        let unified = lines.unified_diff().context_radius(3).header(&format!("a/{old_name}"), &format!("b/{new_name}")).to_string();
        let shown: Vec<String> = unified.lines().map(|line| escape(line).into_owned()).collect();
        writeln!(terminal.stdout(), "{}", shown.join("\n"))?;
    }
    Ok(Status::Clean)
}
