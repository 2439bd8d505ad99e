//! Flags and arguments, and nothing else: what a value means is the command's business.

mod rewriting;
mod serving;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as _, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::record::RecordArgs;
use super::report::{self, Format};
use super::terminal;
use crate::diagnostic::Severity;

pub use rewriting::{CheckArgs, ConvertArgs, ConvertFormat, DiffArgs, DiffFormat, LeastVerdict, NormalizeArgs, SplitBy};
pub(super) use serving::at_least_one;
pub use serving::{CoverageFormat, LogFormat, LogLevel, ServeArgs, VerifyArgs};

/// Help is easiest to read at about this many columns, however wide the terminal.
const HELP_WIDTH: usize = 100;

/// The exit status when the command line alone ended the run: a mistake before `-- COMMAND` is told apart from the
/// command's own failures.
pub fn early_status(arguments: &[OsString], status: i32) -> u8 {
    let runs_command = arguments.iter().any(|argument| argument == "serve") && arguments.iter().any(|argument| argument == "--");
    if status != 0 && runs_command { super::command::NOT_STARTED } else { u8::try_from(status).unwrap_or(2) }
}

/// Reads the command line. Help, versions and mistakes come back as the error to print.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(args) = parse_lean(&arguments) {
        return Ok(args);
    }
    parse_fully(arguments)
}

fn parse_fully(arguments: Vec<OsString>) -> Result<Args, clap::Error> {
    let command = Args::command().term_width(terminal::width_of_process().min(HELP_WIDTH)).color(help_color(&arguments));
    let matches = command.try_get_matches_from(arguments)?;
    Args::from_arg_matches(&matches)
}

/// The same for what is run hundreds of times a day, told by its first word: to make the definition of every command is half
/// the work of a start. `None`: it is another command, or there is something to say that takes all of the definition.
fn parse_lean(arguments: &[OsString]) -> Option<Args> {
    let name = arguments.get(1)?.to_str()?;
    let (name, define) = LEAN.into_iter().find(|(lean, _)| *lean == name)?;
    let command = GlobalArgs::augment_args(clap::Command::new("aimock")).subcommand(define(clap::Command::new(name)));
    let matches = command.try_get_matches_from(arguments).ok()?;
    Args::from_arg_matches(&matches).ok()
}

/// Defines the arguments of one command.
type Define = fn(clap::Command) -> clap::Command;

/// The commands that hooks and suites run, and what defines each alone.
const LEAN: [(&str, Define); 5] = [
    ("check", CheckArgs::augment_args),
    ("lint", LintArgs::augment_args),
    ("normalize", NormalizeArgs::augment_args),
    ("serve", ServeArgs::augment_args),
    ("validate", ValidateArgs::augment_args),
];

/// Help and mistakes are coloured before there are parsed flags to ask, so `--color` is looked for by hand.
fn help_color(arguments: &[OsString]) -> clap::ColorChoice {
    let mut words = arguments.iter().filter_map(|argument| argument.to_str()).take_while(|word| *word != "--");
    let value = words.find_map(|word| word.strip_prefix("--color").map(|rest| rest.strip_prefix('=').map(str::to_owned)));
    match value.map(|inline| inline.or_else(|| words.next().map(str::to_owned))) {
        Some(Some(value)) if value == "always" => clap::ColorChoice::Always,
        Some(Some(value)) if value == "never" => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

/// Lint, validate, normalize, compare, match, convert and serve LLM fixtures
#[derive(Clone, Debug, Parser)]
#[command(name = "aimock", version, arg_required_else_help = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  aimock init
  aimock validate fixtures/
  aimock lint fixtures/
  aimock diff old/ new/
  aimock match request.json -f fixtures/
  aimock serve fixtures/ -p 4010
  aimock serve fixtures/ -- pytest

Exit status: 0 clean, 1 findings, 2 could not run.";

/// Flags that every command takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct GlobalArgs {
    /// When to use colours; auto also honours `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Global options")]
    pub color: Color,
    /// Say nothing but data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// Configuration file, instead of the nearest aimock.yaml upward from here
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check fixture files: all problems of all files, each at its place
    Validate(ValidateArgs),
    /// Set a repository up: configuration, baseline, editor, hook
    Init(InitArgs),
    /// Find what makes fixtures lie: shadowed, looping, leaking, rotten
    Lint(LintArgs),
    /// Take out of recordings what differs from run to run
    Normalize(NormalizeArgs),
    /// Validate, lint and normalize --check in one run, for hooks and CI
    Check(CheckArgs),
    /// Explain a rule, transform or pass, with examples; without a name, list them all
    Explain(ExplainArgs),
    /// Remove what lint and check keep between runs
    Clean(CleanArgs),
    /// Compare two sets of fixtures, or two journals, by what they mean
    Diff(DiffArgs),
    /// Tell which fixture would answer a request, and why
    Match(MatchArgs),
    /// Serve fixtures to LLM clients over HTTP
    Serve(Box<ServeArgs>),
    /// Serve, and record from upstreams what no fixture answers
    Record(Box<RecordArgs>),
    /// Check what a journal tells of a run against expectations
    Verify(VerifyArgs),
    /// Turn recordings of other tools into fixtures
    Convert(ConvertArgs),
    /// Print the JSON Schema of fixtures, configuration, expectations or reports
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Arguments of `aimock validate`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock validate fixtures/ more.yaml
  aimock validate 'tests/**/*.fixture.json' --format github
  generate-fixtures | aimock validate -")]
pub struct ValidateArgs {
    /// Files, directories or globs; `-` is stdin [default: the configuration's include, else ./fixtures]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A JSON Schema of your own that must hold as well; may be repeated
    #[arg(long, value_name = "FILE")]
    pub schema: Vec<PathBuf>,
    /// Refuse files larger than this many bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_file_size: Option<u64>,
    /// How findings are written
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), default_value = "text")]
    pub format: &'static Format,
    /// The least severity that makes the exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    pub fail_on: FailOn,
}

/// Arguments of `aimock lint`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock lint fixtures/
  aimock lint fixtures/ --select strict --ignore short-substring
  aimock lint fixtures/ --fix --diff
  aimock lint fixtures/ --write-baseline")]
#[command(group = clap::ArgGroup::new("fixing").args(["fix", "unsafe_fixes"]).multiple(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct LintArgs {
    /// Files, directories or globs; `-` is stdin [default: the configuration's scopes or include, else ./fixtures]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Rules, categories or tiers (default, strict, pedantic, all) to run; may be repeated or separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Rules, categories or tiers not to run
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Scopes of the configuration to lint; all of them when absent
    #[arg(long, value_name = "NAME")]
    pub scope: Vec<String>,
    /// Apply safe fixes
    #[arg(long, help_heading = "Fixes")]
    pub fix: bool,
    /// Apply unsafe fixes too
    #[arg(long, help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    /// Show what fixes would change, and write nothing
    #[arg(long, requires = "fixing", help_heading = "Fixes", conflicts_with_all = ["write_baseline", "prune_baseline", "statistics"])]
    pub diff: bool,
    /// File of known findings that stay silent
    #[arg(long, value_name = "FILE", help_heading = "Baseline")]
    pub baseline: Option<PathBuf>,
    /// Show known findings too
    #[arg(long, help_heading = "Baseline", conflicts_with_all = ["baseline", "write_baseline", "prune_baseline"])]
    pub no_baseline: bool,
    /// Write all findings to a baseline [default file: the configured one, else aimock-baseline.json]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, help_heading = "Baseline", conflicts_with = "baseline")]
    pub write_baseline: Option<Option<PathBuf>>,
    /// Remove entries whose findings are gone from the baseline
    #[arg(long, help_heading = "Baseline")]
    pub prune_baseline: bool,
    /// Show only how often each rule speaks
    #[arg(long)]
    pub statistics: bool,
    /// Name that findings on standard input are reported under
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    /// Refuse files larger than this many bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_file_size: Option<u64>,
    /// How findings are written
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), default_value = "text")]
    pub format: &'static Format,
    /// The least severity that makes the exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    pub fail_on: FailOn,
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// What is kept between runs of lint and check.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheArgs {
    /// Look at every file anew, and keep nothing for the next run
    #[arg(long, env = "AIMOCK_NO_CACHE", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    pub no_cache: bool,
    /// Folder for what is kept between runs [default: `lint.cacheDir` of the configuration, else the user's own cache]
    #[arg(long, value_name = "DIR", env = "AIMOCK_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
}

/// Arguments of `aimock clean`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock clean
  aimock clean --cache-dir .aimock_cache

Nothing is lost: the next run works it out again.")]
pub struct CleanArgs {
    /// Folder to remove it from [default: `lint.cacheDir` of the configuration, else the user's own cache]
    #[arg(long, value_name = "DIR", env = "AIMOCK_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
}

impl LintArgs {
    /// What `aimock lint` without arguments means.
    pub(super) fn plain() -> Result<LintArgs, clap::Error> {
        let command = LintArgs::augment_args(clap::Command::new("lint"));
        LintArgs::from_arg_matches(&command.try_get_matches_from(["lint"])?)
    }
}

/// Arguments of `aimock init`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock init
  aimock init services/chat --dry-run
  aimock init --force

Asks nothing, and replaces no file unless --force says so.")]
pub struct InitArgs {
    /// Directory that gets the configuration and is looked through for fixtures
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print the configuration and say what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `aimock explain`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  aimock explain shadowed-fixture\n  aimock explain timestamps\n  aimock explain")]
pub struct ExplainArgs {
    /// A rule, transform, normalize pass or match key
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// The least severity that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    #[default]
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// The same as a severity; `None` is never.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// Arguments of `aimock match`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock match request.json -f fixtures/
  aimock match request.json -f fixtures/ --path /v1/messages
  aimock match request.json --stub=yaml >> fixtures/new.yaml
  build-request | aimock match - -f fixtures/ --format json
  aimock match --last --url http://127.0.0.1:4010")]
pub struct MatchArgs {
    /// File with the request's body as JSON; `-` is stdin
    #[arg(required_unless_present = "last", conflicts_with = "last")]
    pub request: Option<PathBuf>,
    /// Explain the last miss of a running server; with `-f`, by these fixtures
    #[arg(long)]
    pub last: bool,
    /// The running server
    #[arg(long, value_name = "URL", env = "AIMOCK_URL", default_value = "http://127.0.0.1:4010", requires = "last")]
    pub url: String,
    /// Key for a server that asks for one
    #[arg(long, value_name = "KEY", env = "AIMOCK_API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
    /// Fixture files, directories or globs; may be repeated [default: the configuration's include, else ./fixtures]
    #[arg(short, long, value_name = "PATH")]
    pub fixtures: Vec<PathBuf>,
    /// URL path the request is sent to [default: told by the body's shape]
    #[arg(long, value_name = "URLPATH")]
    pub path: Option<String>,
    /// A header the request carries; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// How plain strings of match keys are compared [default: contains; exact when transforms are set]
    #[arg(long, value_enum)]
    pub matching: Option<Matching>,
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: MatchFormat,
    /// Print a fixture for this request to paste into a file, in place of an answer
    #[arg(long, value_enum, value_name = "LANGUAGE", num_args = 0..=1, require_equals = true, default_missing_value = "json")]
    pub stub: Option<StubFormat>,
}

/// The language of a fixture that `aimock match --stub` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StubFormat {
    Json,
    Yaml,
}

/// How `aimock match` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MatchFormat {
    #[default]
    Text,
    Json,
}

/// How plain strings of match keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Matching {
    Contains,
    Exact,
}

/// Arguments of `aimock schema`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock schema fixture > fixture.schema.json
  aimock schema config --diff config.schema.json")]
pub struct SchemaArgs {
    /// Which schema
    #[arg(value_enum, default_value_t)]
    pub name: SchemaName,
    /// Compare a copy with the schema in place of printing it; exit status 1 if they differ
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,
}

/// A published schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// Fixture files
    #[default]
    Fixture,
    /// aimock.yaml
    Config,
    /// Files that `aimock verify` takes
    Expectations,
    /// Output of `--format json`
    Report,
    /// Output of `aimock diff --format json`
    Diff,
}

/// Arguments of `aimock completions`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock completions bash > ~/.local/share/bash-completion/completions/aimock
  aimock completions fish > ~/.config/fish/completions/aimock.fish")]
pub struct CompletionsArgs {
    /// Shell to complete in
    pub shell: clap_complete::Shell,
}

fn format_parser() -> impl TypedValueParser<Value = &'static Format> {
    let names = report::FORMATS.iter().map(|format| clap::builder::PossibleValue::new(format.name).help(format.summary));
    PossibleValuesParser::new(names).try_map(|name| report::format(&name).ok_or("no such format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        std::iter::once("aimock").chain(line.split_whitespace()).map(OsString::from).collect()
    }

    #[test]
    fn the_lean_way_reads_what_the_full_one_reads() {
        for (name, _) in LEAN {
            for more in ["", "a b", "--quiet a", "a -v --color=never", "--config c.yaml -q a"] {
                let line = format!("{name} {more}");
                let lean = parse_lean(&words(&line)).expect(&line);
                assert_eq!(format!("{lean:?}"), format!("{:?}", parse_fully(words(&line)).unwrap()), "{line}");
            }
            for more in ["-h", "--help", "--version", "--nonsense", "-q -v", "--config"] {
                assert!(parse_lean(&words(&format!("{name} {more}"))).is_none(), "{name} {more}");
            }
        }
        for line in ["", "lin", "--quiet lint", "diff a b", "--version"] {
            assert!(parse_lean(&words(line)).is_none(), "{line}");
        }
        let line = "serve fixtures -p 0 --strict --chunk-size 7 -- pytest -q --color";
        assert_eq!(format!("{:?}", parse_lean(&words(line)).unwrap()), format!("{:?}", parse_fully(words(line)).unwrap()));
    }
}
