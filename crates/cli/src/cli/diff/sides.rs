//! What OLD and NEW may be: files, directories, globs, journals, standard input, and git's `/dev/null`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::super::Terminal;
use super::super::report::counted;
use super::super::sources::{Config, Sources};
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::diff::Side;
use crate::diff::journal::Journal;
use crate::document::Format;
use crate::files;
use crate::fixture::Input;

/// What git and others name a side that does not exist.
const NOTHING: [&str; 2] = ["/dev/null", "NUL"];

/// One side, read.
pub(super) enum Loaded {
    Fixtures(Texts),
    Journal(Journal),
}

/// The texts of a side.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) inputs: Vec<Input>,
    /// Begins the names of files of a directory.
    pub(super) root: String,
    /// What the user called it.
    pub(super) name: String,
}

/// Whether a path stands for nothing at all.
pub(super) fn is_nothing(path: &Path) -> bool {
    NOTHING.iter().any(|name| path == Path::new(name))
}

/// Reads a side.
///
/// # Errors
/// It is not there, cannot be read, or is half a journal.
pub(super) fn read(path: &Path, scope: Option<&str>, config: &Config, limit: u64, terminal: &mut Terminal<'_>) -> anyhow::Result<Loaded> {
    let name = files::display_name(path);
    if is_nothing(path) {
        return Ok(Loaded::Fixtures(Texts { name, ..Texts::default() }));
    }
    let paths = match scope {
        Some(scope) => of_scope(scope, path, config)?,
        None => vec![path.to_owned()],
    };
    let mut sources = Sources::read(&paths, config, limit, "<stdin>").with_context(|| format!("cannot read {name}"))?;
    let fatal = |trouble: &&Diagnostic| trouble.severity == Severity::Error;
    if let Some(trouble) = sources.troubles.iter().find(fatal) {
        let help = if trouble.help.is_empty() { String::new() } else { format!("\n{}", trouble.help) };
        anyhow::bail!("{}: {}{help}", trouble.primary.source.name(), trouble.message);
    }
    for trouble in &sources.troubles {
        terminal.warn(format_args!("{}: {}", trouble.primary.source.name(), trouble.message));
    }
    if let [only] = sources.inputs.as_mut_slice() {
        if let Some(journal) = Journal::read(only.source.text()) {
            return Ok(Loaded::Journal(journal.with_context(|| format!("the journal {name}"))?));
        }
        if path == Path::new("-") {
            only.format = guess(only.source.text());
        }
    }
    let root = if files::is_directory(path) { name.trim_end_matches('/').to_owned() } else { String::new() };
    Ok(Loaded::Fixtures(Texts { inputs: sources.inputs, root, name }))
}

/// A text without a name is JSON if it begins like it.
fn guess(text: &str) -> Format {
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    if begins.starts_with(['{', '[']) || begins.starts_with("//") || begins.starts_with("/*") { Format::Json } else { Format::Yaml }
}

/// The globs of a scope, looked up in this side.
fn of_scope(scope: &str, side: &Path, config: &Config) -> anyhow::Result<Vec<PathBuf>> {
    anyhow::ensure!(files::is_directory(side), "--scope looks its globs up in a directory, and {} is none", files::display_name(side));
    let scopes = config.shape.scopes.iter().flat_map(|fields| &fields.0);
    if let Some((_, globs)) = scopes.clone().find(|(name, _)| name == scope) {
        return Ok(globs.0.iter().map(|glob| side.join(&glob.0)).collect());
    }
    let known: Vec<&str> = scopes.map(|(name, _)| name.as_str()).collect();
    let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
    anyhow::bail!("there is no scope `{scope}`; known: {known}")
}

/// Says what the loader found wrong with a side.
///
/// # Errors
/// A file could not be read at all, or there is no fixture file: then a comparison would tell nothing but lies.
pub(super) fn check(side: &Side<'_>, name: &str, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    if let Some(trouble) = side.unreadable.first() {
        let (file, place) = (trouble.primary.source.name(), trouble.position());
        anyhow::bail!("{file}:{}:{}: {}\n`aimock validate {file}` shows more", place.line, place.column, trouble.message);
    }
    if let (Some((file, reason)), true) = (side.skipped.first(), side.library.sources.len() == side.skipped.len()) {
        anyhow::bail!("{name} holds no fixtures: {file}: {reason}");
    }
    for (file, reason) in &side.skipped {
        terminal.note(format_args!("skipped {file}: {reason}"));
    }
    let errors = side.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if errors > 0 {
        terminal.warn(format_args!("{name} has {}; `aimock validate {name}` shows them", counted(errors, "error")));
    }
    Ok(())
}

/// A single text under a name of its own.
pub(super) fn single(name: &str, text: String) -> Vec<Input> {
    vec![Input { source: Arc::new(Source::new(SourceId(0), name, text)), format: Format::from_path(name) }]
}
