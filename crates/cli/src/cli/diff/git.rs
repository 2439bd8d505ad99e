//! What git asks of a diff driver: a text for its own line diff, and whole comparisons.
//!
//! A driver that fails ends git's command in the middle of its output. So whatever is no readable fixture file is compared
//! line by line or named in one line, and a configuration that cannot be used is done without.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::super::lines::patch;
use super::super::report::escape;
use super::super::{DiffArgs, GlobalArgs, Status, Terminal};
use super::{Comparison, sides};
use crate::diff::{Side, canonical};
use crate::document::Format;
use crate::files;
use crate::fixture::Input;

/// Bytes of both versions that are compared line by line; of more it is only said that they differ.
const LINE_BY_LINE: usize = 16 << 20;
/// After this long the lines are compared more roughly.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints a file in canonical form; one that holds no fixtures, is too large or no text, as it is.
pub(super) fn textconv(file: &Path, limit: u64, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let read = files::read_path(file, limit);
    if let Some(shown) = read.ok().and_then(|read| canonical(&read.text, Format::from_path(files::display_name(file)))) {
        terminal.stdout().write_all(shown.as_bytes())?;
    } else if let Err(problem) = files::copy(file, terminal.stdout())? {
        writeln!(terminal.stdout(), "aimock diff --textconv: {}", escape(&problem.to_string()))?;
    }
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

/// One version of a file.
struct Version<'a> {
    /// The path in the repository.
    name: &'a str,
    file: &'a Path,
    text: String,
}

impl<'a> Version<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// Why not.
    fn read(name: &'a str, file: &'a Path, limit: u64) -> Result<Version<'a>, String> {
        let text = match files::read_path(file, limit) {
            _ if sides::is_nothing(file) => String::new(),
            Ok(read) => read.text,
            Err(problem) => return Err(problem.message),
        };
        Ok(Version { name, file, text })
    }

    fn inputs(&self) -> Vec<Input> {
        if sides::is_nothing(self.file) { Vec::new() } else { sides::single(self.name, self.text.clone()) }
    }
}

/// Compares the two versions of a file that git names.
pub(super) fn driver(args: &DiffArgs, global: &GlobalArgs, limit: u64, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    if let [unmerged] = args.sides.as_slice() {
        writeln!(terminal.stdout(), "* unmerged path {}", escape(&files::display_name(unmerged)))?;
        return Ok(Status::Clean);
    }
    let call = Call::of(&args.sides).with_context(|| {
        format!("--git-driver takes the 7 or 9 arguments of git's external diff programs, not {}; let git call it", args.sides.len())
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
    let comparison = match Comparison::of(args, global, terminal) {
        Ok(comparison) => comparison,
        Err(error) => {
            let reason = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ");
            writeln!(terminal.stdout(), "  compared without settings: {}", escape(&reason))?;
            Comparison::plain(args.format)
        }
    };
    match (Version::read(&old_name, call.old, limit), Version::read(&new_name, call.new, limit)) {
        (Ok(old), Ok(new)) => versions(&old, &new, &comparison, terminal)?,
        (Err(reason), _) => writeln!(terminal.stdout(), "  not compared: the old version cannot be read: {}", escape(&reason))?,
        (_, Err(reason)) => writeln!(terminal.stdout(), "  not compared: the new version cannot be read: {}", escape(&reason))?,
    }
    Ok(Status::Clean)
}

/// Compares by meaning if both versions hold fixtures, else line by line.
fn versions(old: &Version<'_>, new: &Version<'_>, comparison: &Comparison, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let (old_inputs, new_inputs) = (old.inputs(), new.inputs());
    let (old_side, new_side) = (Side::load(&old_inputs, &comparison.options, ""), Side::load(&new_inputs, &comparison.options, ""));
    let whole = |side: &Side<'_>| side.unreadable.is_empty() && side.skipped.is_empty();
    if whole(&old_side) && whole(&new_side) {
        comparison.fixtures(&old_side, &new_side, terminal)?;
    } else if old.text.len() + new.text.len() > LINE_BY_LINE {
        writeln!(terminal.stdout(), "  not compared: no fixture file, and too large to be compared line by line")?;
    } else {
        let (old_head, new_head) = (format!("a/{}", old.name), format!("b/{}", new.name));
        let unified = patch(&old.text, &new.text, [&old_head, &new_head], Some(PATIENCE));
        let shown: Vec<String> = unified.lines().map(|line| escape(line).into_owned()).collect();
        writeln!(terminal.stdout(), "{}", shown.join("\n"))?;
    }
    Ok(())
}
