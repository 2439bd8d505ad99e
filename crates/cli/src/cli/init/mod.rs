//! `aimock init`: sets a repository up, so that the first `aimock lint` says something useful and fails on news only.
//!
//! Looks for fixtures, writes `aimock.yaml`, the schemas for editors and a baseline of today's findings, and prints what
//! to paste elsewhere. It asks nothing, and replaces no file unless it was told to.

mod layout;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::args::InitArgs;
use super::lint::{self, DEFAULT_BASELINE};
use super::report::counted;
use super::sources::Config;
use super::{GlobalArgs, Progress, Status, Terminal};
use crate::config;
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::document::Format;
use crate::files::{self, Exclude, Found};
use crate::fixture::{LoadOptions, load};
use crate::schema::published;
use layout::{Layout, Seen};

/// The file that is written.
const CONFIG: &str = "aimock.yaml";

/// Folders that hold what others made, by name: not looked into.
const NOT_OURS: [&str; 8] = [".*", "target", "dist", "build", "vendor", "venv", "__pycache__", "site-packages"];

/// Errors in the baseline that are named one by one.
const MOST_ERRORS: usize = 5;

/// A file to write.
struct Planned {
    path: PathBuf,
    text: String,
    /// What it is for, in words.
    what: String,
}

/// Runs the command.
pub(super) fn run(args: &InitArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let InitArgs { path: folder, force, dry_run } = args;
    let name = files::display_name(folder);
    anyhow::ensure!(global.config.is_none(), "`--config` has no meaning here: init writes {CONFIG} into PATH");
    anyhow::ensure!(files::is_directory(folder), "`{name}` is no directory; name one that exists, or leave PATH away for this one");
    if let Some(existing) = config::FILE_NAMES.iter().find(|name| files::exists(&folder.join(name))).filter(|_| !force) {
        let existing = files::display_name(&folder.join(existing));
        terminal.say(format_args!("{existing} exists: nothing was changed; `--force` writes {CONFIG}"));
        return Ok(Status::Clean);
    }
    note_outer(folder, terminal);
    let layout = survey(folder, terminal)?;
    let config = checked(&text::config(&layout, false), folder)?;
    let findings = if layout.fixtures == 0 { Vec::new() } else { lint::findings(&config)? };
    let plan = planned(folder, &layout, &findings, &config);
    if *dry_run {
        write!(terminal.stdout(), "{}", text::config(&layout, has_baseline(folder, &findings)))?;
        terminal.flush()?;
    }
    for file in &plan {
        settle(file, *force, *dry_run, terminal)?;
    }
    say_errors(&findings, terminal);
    if !dry_run {
        let place = text::Place::of(folder);
        write!(terminal.stdout(), "{}", text::to_paste(&layout, &place))?;
        terminal.flush()?;
    }
    Ok(Status::Clean)
}

/// A configuration further up is about to be hidden from this folder.
fn note_outer(folder: &Path, terminal: &mut Terminal<'_>) {
    let whole = files::whole(folder);
    if files::exists(&whole.join(".git")) {
        return;
    }
    let outer = whole.parent().and_then(|above| files::find_upward(above, &config::FILE_NAMES));
    if let Some(outer) = outer {
        let outer = files::display_name(&outer);
        terminal.note(format_args!("{outer} holds for this folder too; in here {CONFIG} takes its place"));
    }
}

/// Finds the files that hold fixtures.
fn survey(folder: &Path, terminal: &mut Terminal<'_>) -> anyhow::Result<Layout> {
    let exclude = Exclude::new(folder, &NOT_OURS).context("folders that are not looked into")?;
    let found = files::discover(&[folder], &exclude).files;
    let progress = Progress::new(found.len(), "files", terminal);
    let seen: Vec<Seen> = found
        .into_par_iter()
        .filter_map(|found| {
            let seen = look(&found, folder);
            progress.tick();
            seen
        })
        .collect();
    progress.finish();
    let layout = Layout::of(&seen);
    if layout.fixtures == 0 {
        terminal.note(format_args!("no fixtures are here yet; `{}` is set up as the place for them", layout.include.join("`, `")));
    } else {
        let places = layout.include.join(", ");
        terminal.say(format_args!("found {} in {}: {places}", counted(layout.fixtures, "fixture"), counted(layout.files, "file")));
    }
    Ok(layout)
}

/// How many fixtures a file holds; `None` for a path that no configuration file could name.
fn look(found: &Found, folder: &Path) -> Option<Seen> {
    let path = files::display_name(found.path.strip_prefix(folder).unwrap_or(&found.path));
    let parts: Option<Vec<String>> = Path::new(&path).iter().map(|part| part.to_str().map(str::to_owned)).collect();
    let parts = parts.filter(|parts| parts.iter().all(|part| !part.contains(char::REPLACEMENT_CHARACTER)))?;
    let fixtures = files::read(found, files::DEFAULT_MAX_FILE_SIZE).map_or(0, |file| count_fixtures(&found.name, file.text));
    Some(Seen { parts, fixtures })
}

/// Fixtures in a text. The words are looked for first: most JSON and YAML files of a repository are something else.
fn count_fixtures(name: &str, text: String) -> usize {
    if !text.contains("fixtures") || !text.contains("match") {
        return 0;
    }
    let source = Arc::new(Source::new(SourceId(0), name, text));
    let loaded = load(&source, Format::from_path(name), &LoadOptions::default());
    loaded.entries.len()
}

/// The configuration that a text makes, read as any other one is.
fn checked(text: &str, folder: &Path) -> anyhow::Result<Config> {
    let source = Arc::new(Source::new(SourceId(0), CONFIG, text));
    let parsed = config::parse(&source, Format::Yaml);
    let (shape, _) = parsed.map_err(|problems| {
        let reasons: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        anyhow::anyhow!("the names of these folders make no usable {CONFIG}: {}", reasons.join("; "))
    })?;
    Ok(Config::at(folder.to_owned(), shape))
}

/// What is to be written, the configuration last: a run that breaks off can be repeated.
fn planned(folder: &Path, layout: &Layout, findings: &[Diagnostic], config: &Config) -> Vec<Planned> {
    let mut plan = Vec::new();
    for (name, schema) in [("config", published::CONFIG), ("fixture", published::FIXTURE)] {
        let path = folder.join(text::SCHEMAS).join(format!("{name}.schema.json"));
        plan.push(Planned { path, text: published::pretty(schema), what: "for editors".to_owned() });
    }
    if !findings.is_empty() {
        let what = format!("{} of today stay silent, new ones fail", counted(findings.len(), "finding"));
        plan.push(Planned { path: folder.join(DEFAULT_BASELINE), text: lint::baseline_of(findings, config).to_text(), what });
    }
    let scopes: Vec<&str> = layout.scopes.iter().map(|(name, _)| name.as_str()).collect();
    let what = if scopes.is_empty() { "the settings".to_owned() } else { format!("the settings, with the scopes {}", scopes.join(", ")) };
    plan.push(Planned { path: folder.join(CONFIG), text: text::config(layout, has_baseline(folder, findings)), what });
    plan
}

/// Whether there is a baseline to name: one that is written now, or one that is kept.
fn has_baseline(folder: &Path, findings: &[Diagnostic]) -> bool {
    !findings.is_empty() || files::exists(&folder.join(DEFAULT_BASELINE))
}

/// Writes a file, unless another one is in its place.
fn settle(file: &Planned, force: bool, dry_run: bool, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let Planned { path, text, what } = file;
    let name = files::display_name(path);
    let old = files::exists(path).then(|| files::read_path(path, files::DEFAULT_MAX_FILE_SIZE).map(|old| old.text));
    match old {
        Some(Ok(old)) if old == *text => {
            terminal.say(format_args!("{name} is up to date"));
            return Ok(());
        }
        Some(_) if !force => {
            terminal.say(format_args!("kept {name}: it exists; `--force` replaces it"));
            return Ok(());
        }
        _ => {}
    }
    if dry_run {
        terminal.say(format_args!("would write {name}: {what}"));
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        files::make_folder(parent)?;
    }
    files::write_atomically(path, text.as_bytes())?;
    terminal.say(format_args!("wrote {name}: {what}"));
    Ok(())
}

/// A baseline also silences errors; nobody should learn of them later.
fn say_errors(findings: &[Diagnostic], terminal: &mut Terminal<'_>) {
    let errors: Vec<&Diagnostic> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    if errors.is_empty() {
        return;
    }
    terminal.warn(format_args!("errors among them: {}; `aimock lint --no-baseline` shows all", errors.len()));
    for error in errors.iter().take(MOST_ERRORS) {
        let place = error.position();
        terminal.say(format_args!("  {}:{}:{}: {}", error.primary.source.name(), place.line, place.column, error.message));
    }
    if let Some(more) = errors.len().checked_sub(MOST_ERRORS).filter(|more| *more > 0) {
        terminal.say(format_args!("  and {more} more"));
    }
}
