//! Flags and arguments, and nothing else: what a value means is the command's business.
//!
//! Server settings are optional here, since a flag wins over the environment, that over `aimock.yaml`, and that over the
//! default; the one place that puts them together is the command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as _, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::chaos::ChaosArgs;
use super::report::{self, Format};
use super::terminal;
use crate::diagnostic::Severity;
use crate::diff::Verdict;

/// Help is easiest to read at about this many columns, however wide the terminal.
const HELP_WIDTH: usize = 100;

/// Reads the command line. Help, versions and mistakes come back as the error to print.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = Args::command().term_width(terminal::width_of_process().min(HELP_WIDTH)).color(help_color(&arguments));
    let matches = command.try_get_matches_from(arguments)?;
    Args::from_arg_matches(&matches)
}

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
    /// Compare two sets of fixtures, or two journals, by what they mean
    Diff(DiffArgs),
    /// Tell which fixture would answer a request, and why
    Match(MatchArgs),
    /// Serve fixtures to LLM clients over HTTP
    Serve(Box<ServeArgs>),
    /// Turn recordings of other tools into fixtures
    Convert(ConvertArgs),
    /// Print the JSON Schema of fixtures, configuration or reports
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
}

impl LintArgs {
    /// What `aimock lint` without arguments means.
    pub(super) fn plain() -> Result<LintArgs, clap::Error> {
        let command = LintArgs::augment_args(clap::Command::new("lint"));
        LintArgs::from_arg_matches(&command.try_get_matches_from(["lint"])?)
    }
}

/// Arguments of `aimock normalize`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock normalize fixtures/
  aimock normalize fixtures/ --diff
  aimock normalize fixtures/ --write --ignore timings
  aimock normalize fixtures/ --select default,arguments,key-order --check
  record-something | aimock normalize - > fixtures/new.json

Without --check, --diff or --write it says what would change, and changes nothing.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct NormalizeArgs {
    /// Files, directories or globs; `-` is stdin [default: the configuration's scopes or include, else ./fixtures]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Report every place that would change
    #[arg(long, conflicts_with_all = ["diff", "write"])]
    pub check: bool,
    /// Show what would change as a unified diff
    #[arg(long, conflicts_with_all = ["write", "statistics"])]
    pub diff: bool,
    /// Write the files
    #[arg(long)]
    pub write: bool,
    /// Passes or groups (default, scrubbing, careful, shaping, all) to run; may be repeated or separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Passes or groups not to run
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Make several files of each, beside it, with names that keep the order
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["check", "diff", "statistics", "merge_into"])]
    pub split_by: Option<SplitBy>,
    /// Make one file of all, in the folder in which they are
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "diff", "statistics"])]
    pub merge_into: Option<PathBuf>,
    /// Scopes of the configuration to normalize; all of them when absent
    #[arg(long, value_name = "NAME")]
    pub scope: Vec<String>,
    /// Show only how often each pass changes something
    #[arg(long)]
    pub statistics: bool,
    /// Name that standard input is reported under
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,
    /// Refuse files larger than this many bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_file_size: Option<u64>,
    /// How the findings of --check are written
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), default_value = "text")]
    pub format: &'static Format,
}

/// What stands together in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SplitBy {
    /// Every fixture alone
    Fixture,
    /// Fixtures of one model
    Model,
    /// Fixtures of one endpoint
    Endpoint,
}

/// Arguments of `aimock check`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock check
  aimock check fixtures/chat.json fixtures/tools.yaml
  git diff --cached --name-only -z | aimock check --files-from -
  aimock check --ignore timings --format github

Files that are named choose whose findings are shown; what is loaded with them is always loaded.")]
pub struct CheckArgs {
    /// Files, directories or globs; `-` is stdin [default: the configuration's scopes or include, else ./fixtures]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read more paths from a file, one a line or separated by NUL; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Rules, categories, tiers and passes not to run; may be repeated or separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Scopes of the configuration to check; all of them when absent
    #[arg(long, value_name = "NAME")]
    pub scope: Vec<String>,
    /// File of known findings that stay silent
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Show known findings too
    #[arg(long, conflicts_with = "baseline")]
    pub no_baseline: bool,
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

/// Arguments of `aimock diff`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "aimock diff [OPTIONS] <OLD> <NEW>\n       aimock diff --textconv <FILE>",
    after_help = "\
Examples:
  aimock diff old/ new/
  aimock diff recorded.json re-recorded.yaml --exit-code=breaking
  aimock diff old/ new/ --ignore /response/usage --ignore '/response/toolCalls/*/id'
  aimock diff run1.json run2.json --format markdown
  git show HEAD:fixtures/chat.json | aimock diff - fixtures/chat.json
  git config diff.aimock.textconv 'aimock diff --textconv'
  git config diff.aimock.command 'aimock diff --git-driver'

Verdicts, the harmless first: identical, timing, rechunked, reworded, breaking.
Added, removed and rerouted fixtures are breaking.
Exit status: 0 no difference, 1 differences, 2 could not run."
)]
pub struct DiffArgs {
    /// Two files or directories of fixtures, or two journals (JSON or one entry a line); `-` is stdin
    #[arg(value_names = ["OLD", "NEW"], num_args = 0..)]
    pub sides: Vec<PathBuf>,
    /// Print a fixture file as lines for `git diff`: one value a line, ids and times by their kind
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sides", "git_driver"])]
    pub textconv: Option<PathBuf>,
    /// Take the arguments that git gives to an external diff program, and always exit with 0
    #[arg(long)]
    pub git_driver: bool,
    /// Leave a place out: a JSON pointer from the fixture, `*` for any one step; may be repeated
    #[arg(long, value_name = "POINTER")]
    pub ignore: Vec<String>,
    /// Scope of the configuration to compare: its globs are looked up in OLD and in NEW
    #[arg(long, value_name = "NAME")]
    pub scope: Option<String>,
    /// How plain strings of match keys are compared [default: contains; exact when transforms are set]
    #[arg(long, value_enum)]
    pub matching: Option<Matching>,
    /// Refuse files larger than this many bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_file_size: Option<u64>,
    /// How differences are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: DiffFormat,
    /// The least verdict that makes the exit status 1
    #[arg(long, value_enum, value_name = "VERDICT", num_args = 0..=1, require_equals = true, default_value = "timing", default_missing_value = "timing")]
    pub exit_code: LeastVerdict,
}

/// How `aimock diff` writes differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    #[default]
    Text,
    /// One document, by `aimock schema diff`
    Json,
    /// For comments on pull requests
    Markdown,
}

/// The least verdict that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LeastVerdict {
    Timing,
    Rechunked,
    Reworded,
    Breaking,
    Never,
}

impl LeastVerdict {
    /// The same as a verdict; `None` is never.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            LeastVerdict::Timing => Some(Verdict::Timing),
            LeastVerdict::Rechunked => Some(Verdict::Rechunked),
            LeastVerdict::Reworded => Some(Verdict::Reworded),
            LeastVerdict::Breaking => Some(Verdict::Breaking),
            LeastVerdict::Never => None,
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
  build-request | aimock match - -f fixtures/ --format json")]
pub struct MatchArgs {
    /// File with the request's body as JSON; `-` is stdin
    pub request: PathBuf,
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

/// Arguments of `aimock convert`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock convert tests/cassettes -o fixtures/recorded
  aimock convert session.har
  aimock convert tests/cassettes -o fixtures --dry-run
  unzip -p run.zip chat.yaml | aimock convert - --format yaml

The format of each file is told by its content. Without -o the fixtures of a single input go to stdout; what could not
be carried is said on stderr. Exit status: 0 converted, 1 an interaction was lost, 2 could not run.")]
pub struct ConvertArgs {
    /// Recordings: files, directories or globs; `-` is stdin
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Directory that gets one fixture file for each input
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Read every input as this format [default: told by its content]
    #[arg(long, value_name = "FORMAT", value_parser = foreign_parser())]
    pub from: Option<&'static crate::convert::Format>,
    /// The language of the fixture files
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t)]
    pub format: ConvertFormat,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}

/// The language of fixture files that `aimock convert` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ConvertFormat {
    #[default]
    Json,
    Yaml,
}

/// Arguments of `aimock serve`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock serve fixtures/
  aimock serve -f fixtures/chat -f fixtures/tools.yaml -p 0
  aimock serve fixtures/ --strict --latency 20
  OPENAI_BASE_URL=http://127.0.0.1:4010/v1 python app.py

Stdout is one line, the URL; everything else is on stderr.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ServeArgs {
    /// Fixture files, directories or globs, in load order [default: the configuration's include, else ./fixtures]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The same as PATH; may be repeated
    #[arg(short, long, value_name = "PATH")]
    pub fixtures: Vec<PathBuf>,
    /// Port to listen on; 0 picks a free one [default: 4010]
    #[arg(short, long)]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long)]
    pub host: Option<String>,
    /// Answer a request that no fixture matches with 503 instead of 404
    #[arg(long)]
    pub strict: bool,
    /// Make turnIndex a hard condition instead of a preference
    #[arg(long, env = "AIMOCK_STRICT_TURN_INDEX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub strict_turn_index: bool,
    /// How plain strings of match keys are compared [default: contains; exact when transforms are set]
    #[arg(long, value_enum)]
    pub matching: Option<Matching>,
    /// Refuse to start when a fixture has an error, instead of serving the others
    #[arg(long)]
    pub validate_on_load: bool,
    /// Wait before every chunk of a stream, in milliseconds [default: 0]
    #[arg(short, long, value_name = "MS", value_parser = milliseconds, help_heading = "Streams")]
    pub latency: Option<f64>,
    /// Longest piece of text in a stream, in characters [default: 20]
    #[arg(short, long, value_name = "N", value_parser = at_least_one, help_heading = "Streams")]
    pub chunk_size: Option<usize>,
    /// Play recorded timings this many times faster [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = factor, help_heading = "Streams")]
    pub replay_speed: Option<f64>,
    /// Seed of everything random, for runs that repeat [default: a new one, printed at the start]
    #[arg(long, value_name = "N", help_heading = "Streams")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub chaos: ChaosArgs,
    /// Answer GET /metrics with counts for Prometheus
    #[arg(long, help_heading = "Access")]
    pub metrics: bool,
    /// Requests kept in the journal; 0 keeps all [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub journal_max: Option<usize>,
    /// Test ids whose sequence counts are kept; 0 keeps all [default: 500]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub fixture_counts_max: Option<usize>,
    /// Largest request body, in bytes [default: 104857600]
    #[arg(long, value_name = "BYTES", value_parser = at_least_one, help_heading = "Limits")]
    pub max_body_bytes: Option<usize>,
    /// Keys that clients must present, separated by commas
    #[arg(long, value_name = "KEYS", env = "AIMOCK_API_KEYS", hide_env_values = true, value_delimiter = ',', help_heading = "Access")]
    pub api_keys: Option<Vec<String>>,
    /// How much is logged on stderr [default: info]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Global options")]
    pub log_level: Option<LogLevel>,
}

/// How much the server logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    Silent,
    Warn,
    #[default]
    Info,
    Debug,
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

fn foreign_parser() -> impl TypedValueParser<Value = &'static crate::convert::Format> {
    let names = crate::convert::ALL.iter().map(|format| clap::builder::PossibleValue::new(format.name).help(format.summary));
    PossibleValuesParser::new(names).try_map(|name| crate::convert::format(&name).ok_or("no such format"))
}

fn milliseconds(text: &str) -> Result<f64, String> {
    number(text).filter(|number| *number >= 0.0).ok_or_else(|| "expected a number of milliseconds, 0 or more".to_owned())
}

fn factor(text: &str) -> Result<f64, String> {
    number(text).filter(|number| *number > 0.0).ok_or_else(|| "expected a number above 0, for instance 2 or 0.5".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number, 1 or more".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
