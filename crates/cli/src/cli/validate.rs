//! `aimock validate`: every file against the published schema and the loader; all problems, each at its place.

use anyhow::Context as _;

use super::report::{self, Report};
use super::sources::{self, Asked, Config, Sources};
use super::{GlobalArgs, Status, Terminal, ValidateArgs};
use crate::diagnostic::Diagnostic;
use crate::files::{DEFAULT_MAX_FILE_SIZE, read_path};
use crate::fixture::{Keep, LoadOptions, Summary, check_summaries};
use crate::schema::{SchemaCheck, SchemaChecks};

/// Runs the command.
pub(super) fn run(args: &ValidateArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let ValidateArgs { paths, schema, max_file_size, format, fail_on } = args;
    let config = Config::load(global, terminal)?;
    let by_name = !paths.is_empty();
    let paths = config.paths(paths)?;
    let mut schemas = SchemaChecks(vec![SchemaCheck::published()]);
    for path in schema {
        schemas.0.push(own_schema(path)?);
    }
    let sources = Sources::read(&paths, &config, max_file_size.unwrap_or(DEFAULT_MAX_FILE_SIZE), "<stdin>")?;
    anyhow::ensure!(!sources.is_empty(), "{}", nothing_found(&paths));
    let Sources { inputs, held: _, beside, troubles, asked } = sources;
    let options = LoadOptions { schemas: Some(&schemas), bodies: Some(&beside), keep: Keep::Counts, ..config.load_options(None) };
    let (files, problems): (Vec<Summary>, Vec<Vec<Diagnostic>>) = sources::examine(inputs, &options, terminal).into_iter().unzip();
    let mut findings: Vec<Diagnostic> = troubles;
    findings.extend(problems.into_iter().flatten());
    findings.extend(check_summaries(&files));
    let outcomes = sources::outcomes(&files);
    let rules = report::loader_rules();
    let report = Report { findings: &findings, files: &outcomes, rules: &rules, fail_on: fail_on.severity() };
    let status = report::emit(format, &report, terminal)?;
    Ok(sources::status_of(status, &outcomes, Asked { named: asked.named && by_name, ..asked }, terminal))
}

/// A team's own schema.
fn own_schema(path: &std::path::Path) -> anyhow::Result<SchemaCheck> {
    let name = crate::files::display_name(path);
    let text = read_path(path, DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot read the schema {name}"))?.text;
    let value = serde_json::from_str(&text).with_context(|| format!("the schema {name} is no JSON"))?;
    SchemaCheck::own(&name, &value).map_err(|reason| anyhow::anyhow!("{name} is no JSON Schema: {reason}"))
}

fn nothing_found(paths: &[std::path::PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| crate::files::display_name(path)).collect();
    format!("no JSON or YAML file in {}\nfixture files end in .json, .jsonc, .yaml or .yml", names.join(", "))
}
