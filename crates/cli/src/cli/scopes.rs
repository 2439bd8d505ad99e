//! Which files are linted together, and the findings of which are shown.
//!
//! With scopes in the configuration a scope is always loaded whole, and paths only choose which findings are shown: so a
//! hook that passes three names sees what the other nine hundred do to them. Without scopes the paths are one scope, but
//! files that belong to what commands load by default (`include`, or ./fixtures) bring all of it along.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::sources::{Asked, Config, Sources, renumbered};
use crate::diagnostic::Diagnostic;
use crate::files::{self, DEFAULT_MAX_FILE_SIZE};
use crate::fixture::Input;
use crate::lint::plain_path;

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) scope: &'a [String],
    pub(super) max_file_size: Option<u64>,
    /// The name of what stands on standard input.
    pub(super) stdin_filename: Option<&'a Path>,
}

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
    pub(super) asked: Asked,
    /// Names of files that were asked for and are in none of the chosen scopes.
    pub(super) left_out: Vec<String>,
    arguments: Vec<PathBuf>,
}

/// Positions of inputs by the places of their files.
type Known = HashMap<PathBuf, usize>;

impl Plan {
    /// What was asked for, in words.
    pub(super) fn arguments(&self) -> String {
        self.arguments.iter().map(|path| files::display_name(path)).collect::<Vec<_>>().join(", ")
    }

    /// What the input at this position is called.
    pub(super) fn name(&self, index: usize) -> Option<&str> {
        self.inputs.get(index).map(|input| input.source.name())
    }

    /// Adds files that are not there yet, and gives the positions of all of them. What stands on standard input takes
    /// the place of the file whose name it bears.
    fn add(&mut self, mut sources: Sources, here: &Path, known: &mut Known) -> Vec<usize> {
        self.asked.missing |= sources.asked.missing;
        // The last set that is added is the one that was asked for.
        self.asked.named = sources.asked.named;
        self.troubles.append(&mut sources.troubles);
        let mut members = Vec::new();
        for (input, path) in sources.into_inputs() {
            let place = plain_path(&here.join(path.as_deref().unwrap_or_else(|| Path::new(input.source.name()))));
            let index = *known.entry(place).or_insert(self.inputs.len());
            if index == self.inputs.len() {
                self.inputs.push(renumbered(input, index));
                self.paths.push(path);
            } else if path.is_none() {
                self.inputs[index] = renumbered(input, index);
                self.paths[index] = None;
            }
            members.push(index);
        }
        members
    }
}

/// Decides what to load.
///
/// # Errors
/// Nothing to load, an unknown scope, or standard input cannot be read.
pub(super) fn plan(wanted: &Wanted<'_>, config: &Config) -> anyhow::Result<Plan> {
    let limit = wanted.max_file_size.unwrap_or(DEFAULT_MAX_FILE_SIZE);
    let here = files::working_directory().context("cannot tell the working directory")?;
    let stdin_name = wanted.stdin_filename.map_or_else(|| "<stdin>".to_owned(), files::display_name);
    let read = |paths: &[PathBuf]| Sources::read(paths, config, limit, &stdin_name);
    let scopes = scopes_of(wanted, config)?;
    let mut plan = Plan { asked: Asked { missing: false, named: true }, arguments: wanted.paths.to_vec(), ..Plan::default() };
    let mut known = Known::new();
    if scopes.is_empty() {
        plan.arguments = config.paths(wanted.paths)?;
        let members = plan.add(read(&plan.arguments)?, &here, &mut known);
        plan.scopes.push((String::new(), members));
        plan.asked.named &= !wanted.paths.is_empty();
        return Ok(plan);
    }
    for (name, globs) in scopes {
        let members = plan.add(read(&globs)?, &here, &mut known);
        plan.scopes.push((name, members));
        if wanted.paths.is_empty() {
            plan.arguments.extend(globs);
        }
    }
    if !wanted.paths.is_empty() {
        // Of what is not asked for, only that a scope leads nowhere is of interest.
        plan.troubles.retain(|trouble| Sources::is_missing(trouble.rule));
        let in_scopes = plan.inputs.len();
        let shown = plan.add(read(wanted.paths)?, &here, &mut known);
        let (shown, strays): (Vec<usize>, Vec<usize>) = shown.into_iter().partition(|index| *index < in_scopes);
        plan.show(shown, strays, wanted);
    }
    plan.asked.named &= !wanted.paths.is_empty();
    let mut seen = HashSet::new();
    plan.troubles.retain(|trouble| seen.insert((trouble.rule, trouble.primary.source.name().to_owned())));
    Ok(plan)
}

impl Plan {
    /// Strays are linted as a scope of their own, unless certain scopes are asked for.
    fn show(&mut self, mut shown: Vec<usize>, strays: Vec<usize>, wanted: &Wanted<'_>) {
        if !wanted.scope.is_empty() {
            let names = strays.iter().filter_map(|index| self.inputs.get(*index));
            self.left_out = names.map(|input| input.source.name().to_owned()).collect();
        } else if !strays.is_empty() {
            shown.extend(&strays);
            self.scopes.push((String::new(), strays));
        }
        self.shown = Some(shown);
    }
}

/// The scopes that are loaded, with their globs: those of the configuration, or of these the chosen ones; if files are
/// named, all that the configuration includes; else none.
fn scopes_of(wanted: &Wanted<'_>, config: &Config) -> anyhow::Result<Vec<(String, Vec<PathBuf>)>> {
    let fields = config.shape.scopes.iter().flat_map(|fields| &fields.0);
    let mut scopes: Vec<(String, Vec<PathBuf>)> =
        fields.map(|(name, globs)| (name.clone(), globs.0.iter().map(|glob| config.path(&glob.0)).collect())).collect();
    for name in wanted.scope {
        if !scopes.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = scopes.iter().map(|(name, _)| name.as_str()).collect();
            let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
            anyhow::bail!("there is no scope `{name}`; known: {known}");
        }
    }
    if !wanted.scope.is_empty() {
        scopes.retain(|(name, _)| wanted.scope.contains(name));
    }
    let only_files = !wanted.paths.is_empty() && wanted.paths.iter().all(|path| path.as_os_str() == "-" || is_file(path));
    if scopes.is_empty()
        && only_files
        && let Ok(usual) = config.paths(&[])
    {
        scopes.push((String::new(), usual));
    }
    Ok(scopes)
}

fn is_file(path: &Path) -> bool {
    files::exists(path) && !files::is_directory(path)
}
