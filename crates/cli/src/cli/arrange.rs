//! `aimock normalize --split-by` and `--merge-into`: which file a fixture stands in.
//!
//! Everything is decided and compared first. Then the new files are written whole, and only when they are on disk the
//! old ones go: what is stopped in between leaves both, and the same command again finds the new files as it would write
//! them and removes the old ones. Nothing is overwritten that was not named.

use std::path::{Path, PathBuf};

use super::args::{NormalizeArgs, SplitBy};
use super::normalize::Given;
use super::report::counted;
use super::{Status, Terminal};
use crate::document::Format;
use crate::files::{self, display_name};
use crate::fixture::Input;
use crate::normalize::{self, By};

/// What becomes of some files.
#[derive(Debug, Default)]
struct Step {
    /// New files, how many fixtures they hold, and their texts.
    write: Vec<(PathBuf, usize, String)>,
    /// Files that go when those are written.
    remove: Vec<PathBuf>,
}

/// Arranges these files, or with no `--write` says how. `others` are loaded too and stay.
pub(super) fn run(args: &NormalizeArgs, given: &[Given], others: &[Input], terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let named: Vec<(&Input, &Path)> = given.iter().filter_map(|(input, path)| Some((input, path.as_deref()?))).collect();
    anyhow::ensure!(named.len() == given.len(), "standard input is one text: `--split-by` and `--merge-into` work on files");
    let steps = match (&args.merge_into, args.split_by) {
        (Some(target), _) => merged(target, &named, others, terminal)?.into_iter().collect(),
        (None, Some(by)) => split(by, &named, others, terminal),
        (None, None) => Vec::new(),
    };
    let old = |path: &Path| named.iter().any(|(_, named)| *named == path);
    for (path, _, text) in steps.iter().flat_map(|step| &step.write) {
        let is_there = files::exists(path) && !old(path);
        let same = is_there && files::read_path(path, u64::MAX).is_ok_and(|file| file.text == *text);
        anyhow::ensure!(!is_there || same, "{} exists, and holds something else; nothing was moved", display_name(path));
    }
    report(&steps, args.write, terminal)?;
    if !args.write {
        return Ok(if steps.is_empty() { Status::Clean } else { Status::Findings });
    }
    for step in &steps {
        for (path, _, text) in &step.write {
            files::write_atomically(path, text.as_bytes())?;
        }
        for path in &step.remove {
            files::remove(path)?;
        }
    }
    Ok(Status::Clean)
}

fn split(by: SplitBy, named: &[(&Input, &Path)], others: &[Input], terminal: &mut Terminal<'_>) -> Vec<Step> {
    let by = match by {
        SplitBy::Fixture => By::Fixture,
        SplitBy::Model => By::Model,
        SplitBy::Endpoint => By::Endpoint,
    };
    let mut steps = Vec::new();
    for (input, path) in named {
        let name = file_name(path);
        let pieces = match normalize::split(input, &name, by) {
            Ok(pieces) if pieces.is_empty() => continue,
            Ok(pieces) => pieces,
            Err(reason) => {
                terminal.warn(format_args!("{} stays one file: {reason}", input.source.name()));
                continue;
            }
        };
        let neighbours = named.iter().map(|(other, _)| other.source.name()).chain(others.iter().map(|other| other.source.name()));
        // Pieces that an earlier run wrote before it was stopped stand where they should.
        let is_piece = |other: &str| pieces.iter().any(|piece| piece.name == other);
        let between = neighbours.filter(|other| same_folder(other, input.source.name())).find(|other| {
            let other = last_part(other);
            let moves = || pieces.iter().any(|piece| is_before(other, &piece.name) != is_before(other, &name));
            other != name && !is_piece(other) && moves()
        });
        if let Some(other) = between {
            terminal
                .warn(format_args!("{} stays one file: {other} would be loaded in another order; rename one of them", input.source.name()));
            continue;
        }
        let write = pieces.into_iter().map(|piece| (path.with_file_name(piece.name), piece.fixtures, piece.text)).collect();
        steps.push(Step { write, remove: vec![path.to_path_buf()] });
    }
    steps
}

fn merged(target: &Path, named: &[(&Input, &Path)], others: &[Input], terminal: &mut Terminal<'_>) -> anyhow::Result<Option<Step>> {
    let Some(((first, first_path), rest)) = named.split_first() else { return Ok(None) };
    let into = display_name(target);
    let is_target = |path: &Path| display_name(path) == into;
    // A file that came to be in an earlier run, which was stopped, holds what the others hold.
    let position = named.iter().position(|(_, path)| is_target(path));
    let mut inputs: Vec<Input> = named.iter().map(|(input, _)| (*input).clone()).collect();
    if let Some(position) = position {
        inputs[..=position].rotate_right(1);
    }
    if rest.is_empty() && position.is_some() {
        return Ok(None);
    }
    let parent = |path: &Path| path.parent().map(display_name);
    anyhow::ensure!(
        named.iter().all(|(_, path)| parent(path) == parent(first_path)) && parent(target) == parent(first_path),
        "files that are merged, and the one that they become, must stand in one folder, so that the order of loading stays"
    );
    anyhow::ensure!(Format::from_path(target) == first.format, "{into} must be written as {} is", first.source.name());
    let going: Vec<String> = named.iter().map(|(_, path)| file_name(path)).filter(|name| *name != file_name(target)).collect();
    let own = file_name(target);
    let between = others.iter().map(|other| other.source.name()).filter(|other| same_folder(other, first.source.name())).find(|other| {
        let other = last_part(other);
        other != own && going.iter().any(|name| is_before(other, name) != is_before(other, &own))
    });
    if let Some(other) = between {
        anyhow::bail!("{other} stands between these files in the order of loading; name it as well, or choose another name than {into}");
    }
    let merged = normalize::merge(&inputs).map_err(|reason| anyhow::anyhow!("the files are not merged: {reason}"))?;
    let whole = inputs.first().is_some_and(|input| input.source.text() == merged.text);
    if position.is_some_and(|position| position > 0) && !whole {
        anyhow::bail!("{into} is not the first of these files in the order of loading; merge into the first one, or into a new one");
    }
    for note in &merged.notes {
        terminal.note(note);
    }
    let remove = named.iter().map(|(_, path)| path.to_path_buf()).filter(|path| !is_target(path)).collect();
    let target = named.iter().map(|(_, path)| *path).find(|path| is_target(path)).unwrap_or(target);
    Ok(Some(Step { write: vec![(target.to_path_buf(), merged.fixtures, merged.text)], remove }))
}

fn report(steps: &[Step], written: bool, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    for step in steps {
        let from: Vec<String> = step.remove.iter().map(|path| display_name(path)).collect();
        let (from, becomes) = if let [one] = from.as_slice() { (one.clone(), "becomes") } else { (counted(from.len(), "file"), "become") };
        writeln!(terminal.stdout(), "{from} {} {}", if written { "became" } else { becomes }, counted(step.write.len(), "file"))?;
        for (path, fixtures, _) in &step.write {
            writeln!(terminal.stdout(), "  {}  {}", display_name(path), counted(*fixtures, "fixture"))?;
        }
    }
    terminal.flush()?;
    let (new, old) = (steps.iter().map(|step| step.write.len()).sum(), steps.iter().map(|step| step.remove.len()).sum());
    match (steps.is_empty(), written) {
        (true, _) => terminal.say("every fixture stands where it should"),
        (false, true) => terminal.say(format_args!("{} written, {} removed", counted(new, "file"), counted(old, "file"))),
        (false, false) => {
            terminal.say(format_args!("{} would be written, {} removed; `--write` does it", counted(new, "file"), counted(old, "file")));
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn same_folder(one: &str, other: &str) -> bool {
    let folder = |name: &str| name.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    folder(one) == folder(other)
}

/// The order of loading within a folder.
fn is_before(one: &str, other: &str) -> bool {
    one.encode_utf16().lt(other.encode_utf16())
}
