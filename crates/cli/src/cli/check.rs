//! `aimock check`: validate, lint and `normalize --check` in one run, for hooks and continuous integration.
//!
//! Every file is parsed once. File names that are passed choose whose findings are shown; the scope is always whole.

use super::args::{CheckArgs, LintArgs};
use super::lint::{self, Also};
use super::sources::Config;
use super::{GlobalArgs, Status, Terminal};
use crate::files;
use crate::normalize;

/// The longest list of names that is read.
const MOST_NAMES: u64 = 64 << 20;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let CheckArgs { paths, files_from, ignore, scope, baseline, no_baseline, stdin_filename, max_file_size, format, fail_on, cache } = args;
    let mut paths = paths.clone();
    if let Some(list) = files_from {
        anyhow::ensure!(
            !(list.as_os_str() == "-" && paths.iter().any(|path| path.as_os_str() == "-")),
            "standard input cannot be both a fixture file and the list of names"
        );
        let from_stdin = list.as_os_str() == "-";
        paths.extend(files::list((!from_stdin).then_some(list), MOST_NAMES).map_err(|problem| anyhow::anyhow!("{problem}"))?);
        if paths.is_empty() {
            terminal.note("no file was named: nothing to check");
            return Ok(Status::Clean);
        }
    }
    let config = Config::load(global, terminal)?;
    if let Some(name) = ignore.iter().find(|name| !normalize::knows(name) && !crate::lint::knows(name)) {
        let known: Vec<&'static str> = crate::lint::rule_names().chain(normalize::ALL.iter().map(|pass| pass.name)).collect();
        let near = crate::shape::nearest(name, &known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        anyhow::bail!("there is no rule, category, tier or pass `{name}`{near}");
    }
    let (for_passes, for_rules): (Vec<String>, Vec<String>) = ignore.iter().cloned().partition(|name| normalize::knows(name));
    // Some names are both a category of rules and a pass: they silence both.
    let both = for_passes.iter().filter(|name| crate::lint::knows(name)).cloned();
    let lint = LintArgs {
        paths,
        ignore: for_rules.into_iter().chain(both).collect(),
        scope: scope.clone(),
        baseline: baseline.clone(),
        no_baseline: *no_baseline,
        stdin_filename: stdin_filename.clone(),
        max_file_size: *max_file_size,
        format,
        fail_on: *fail_on,
        cache: cache.clone(),
        ..LintArgs::plain()?
    };
    let configured: Vec<String> =
        config.shape.normalize.iter().flat_map(|normalize| &normalize.passes).flatten().map(|name| name.0.clone()).collect();
    let passes = normalize::resolve(&configured, &for_passes)?;
    lint::run_with(&lint, &config, &Also::SchemaAndPasses(passes), terminal)
}
