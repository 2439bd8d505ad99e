//! Which files are linted together, and the findings of which are shown.
//!
//! With scopes in the configuration a scope is always loaded whole, and paths only choose which findings are shown: so a
//! hook that passes three names sees what the other nine hundred do to them. Without scopes the paths are one scope, but
//! files that belong to what commands load by default (`include`, or ./fixtures) bring all of it along.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::args::LintArgs;
use super::sources::{Config, Sources};
use crate::diagnostic::Diagnostic;
use crate::files::{self, DEFAULT_MAX_FILE_SIZE};
use crate::fixture::Input;

/// Files to load, in load order, and their scopes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) inputs: Vec<Input>,
    /// The path of each input; `None` for standard input.
    pub(super) paths: Vec<Option<PathBuf>>,
    /// Name and members of each scope.
    pub(super) scopes: Vec<(String, Vec<usize>)>,
    /// Whose findings are shown; `None`: all.
    pub(super) shown: Option<Vec<usize>>,
    pub(super) troubles: Vec<Diagnostic>,
    pub(super) missing: bool,
    /// Whether the files that were asked for were named themselves.
    pub(super) all_named: bool,
    asked: Vec<PathBuf>,
}

impl Plan {
    /// What was asked for, in words.
    pub(super) fn asked(&self) -> String {
        self.asked.iter().map(|path| files::display_name(path)).collect::<Vec<_>>().join(", ")
    }

    /// Takes what is new; the same file may come under several names, such as an absolute path from a hook.
    fn add(&mut self, sources: Sources, known: &mut HashMap<PathBuf, usize>) -> Vec<usize> {
        self.missing |= sources.missing;
        self.all_named = sources.all_named;
        self.troubles.extend(sources.troubles);
        let mut members = Vec::new();
        for (input, path) in sources.inputs.into_iter().zip(sources.paths) {
            let key = path.as_deref().map_or_else(|| PathBuf::from("-"), files::whole);
            let index = *known.entry(key).or_insert_with(|| {
                let index = self.inputs.len();
                let id = crate::diagnostic::SourceId(u32::try_from(index).unwrap_or(u32::MAX));
                let source = std::sync::Arc::new(crate::diagnostic::Source::new(id, input.source.name(), input.source.text()));
                self.inputs.push(Input { source, format: input.format });
                self.paths.push(path);
                index
            });
            members.push(index);
        }
        members
    }
}

/// Decides what to load.
///
/// # Errors
/// Nothing to load, an unknown scope, or standard input cannot be read.
pub(super) fn plan(args: &LintArgs, config: &Config) -> anyhow::Result<Plan> {
    let limit = args.max_file_size.unwrap_or(DEFAULT_MAX_FILE_SIZE);
    let stdin_name = args.stdin_filename.as_deref().map_or_else(|| "<stdin>".to_owned(), files::display_name);
    let read = |paths: &[PathBuf]| Sources::read(paths, config, limit, &stdin_name);
    let mut plan = Plan { asked: args.paths.clone(), ..Plan::default() };
    let mut known = HashMap::new();
    let scopes: Vec<(String, Vec<PathBuf>)> = config
        .shape
        .scopes
        .iter()
        .flat_map(|fields| &fields.0)
        .map(|(name, globs)| (name.clone(), globs.0.iter().map(|glob| config.path(&glob.0)).collect()))
        .collect();
    for wanted in &args.scope {
        anyhow::ensure!(scopes.iter().any(|(name, _)| name == wanted), "there is no scope `{wanted}`; known: {}", names(&scopes));
    }
    if scopes.is_empty() {
        return without_scopes(plan, args, config, read);
    }
    for (name, globs) in scopes.iter().filter(|(name, _)| args.scope.is_empty() || args.scope.contains(name)) {
        let members = plan.add(read(globs)?, &mut known);
        plan.scopes.push((name.clone(), members));
    }
    if !args.paths.is_empty() {
        let in_scopes = plan.inputs.len();
        let shown = plan.add(read(&args.paths)?, &mut known);
        let strays: Vec<usize> = shown.iter().copied().filter(|index| *index >= in_scopes).collect();
        if !strays.is_empty() {
            plan.scopes.push((String::new(), strays));
        }
        plan.shown = Some(shown);
    }
    Ok(plan)
}

fn without_scopes(
    mut plan: Plan,
    args: &LintArgs,
    config: &Config,
    read: impl Fn(&[PathBuf]) -> anyhow::Result<Sources>,
) -> anyhow::Result<Plan> {
    let mut known = HashMap::new();
    let asked = config.paths(&args.paths)?;
    let only_files = !args.paths.is_empty() && args.paths.iter().all(|path| path.as_os_str() == "-" || is_file(path));
    if only_files && let Ok(include) = config.paths(&[]) {
        plan.add(read(&include)?, &mut known);
        let count = plan.inputs.len();
        let shown = plan.add(read(&asked)?, &mut known);
        let all: Vec<usize> = if shown.iter().any(|index| *index < count) { (0..plan.inputs.len()).collect() } else { shown.clone() };
        plan.scopes.push((String::new(), all));
        plan.shown = Some(shown);
    } else {
        let members = plan.add(read(&asked)?, &mut known);
        plan.scopes.push((String::new(), members));
    }
    plan.asked = asked;
    Ok(plan)
}

fn is_file(path: &Path) -> bool {
    files::exists(path) && !files::is_directory(path)
}

fn names(scopes: &[(String, Vec<PathBuf>)]) -> String {
    if scopes.is_empty() {
        "none is configured".to_owned()
    } else {
        scopes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
