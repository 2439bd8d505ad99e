//! Arguments of the commands that rewrite and compare files.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{CacheArgs, FailOn, Matching, format_parser};
use crate::cli::report::Format;
use crate::diff::Verdict;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
    #[command(flatten)]
    pub cache: CacheArgs,
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

/// Arguments of `aimock convert`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock convert tests/cassettes -o fixtures/recorded
  aimock convert session.har
  aimock convert tests/cassettes -o fixtures --dry-run
  unzip -p run.zip chat.yaml | aimock convert - --format yaml

The format of each file is told by its content. Without -o the fixtures of a single input go to stdout; what could not
be carried is said on stderr. Keys, tokens and passwords become constants, and are counted.

Exit status: 0 everything was converted, 1 an interaction was lost, 2 an input could not be read or converted.")]
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

fn foreign_parser() -> impl TypedValueParser<Value = &'static crate::convert::Format> {
    let names = crate::convert::ALL.iter().map(|format| clap::builder::PossibleValue::new(format.name).help(format.summary));
    PossibleValuesParser::new(names).try_map(|name| crate::convert::format(&name).ok_or("no such format"))
}
