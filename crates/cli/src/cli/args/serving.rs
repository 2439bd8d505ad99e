//! Arguments of the commands that serve, and that judge what was served.
//!
//! Server settings are optional here, since a flag wins over the environment, that over `aimock.yaml`, and that over the
//! default; the one place that puts them together is the command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;

use super::{Matching, format_parser};
use crate::cli::chaos::ChaosArgs;
use crate::cli::report::Format;
use crate::cli::upstream::{RecordingArgs, UpstreamArgs};

/// Arguments of `aimock serve`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock serve fixtures/
  aimock serve -f fixtures/chat -f fixtures/tools.yaml -p 0
  aimock serve fixtures/ --strict --latency 20
  aimock serve fixtures/ --fail-unused -- pytest -q
  OPENAI_BASE_URL=http://127.0.0.1:4010/v1 python app.py

Stdout is one line, the URL; everything else is on stderr.

With COMMAND: listens on a free port, sets OPENAI_BASE_URL, ANTHROPIC_BASE_URL and the like, sets dummy
keys where none are set, runs COMMAND, then checks the `expect` blocks of the fixtures. Stdout is
COMMAND's. Exit status: COMMAND's own (128 and the signal's number if a signal ended it), 1 if only an
expectation is broken, 125 if aimock failed before COMMAND started, 126 if COMMAND cannot be run, 127 if
it is not found.")]
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
    /// Serve files anew when they change; a broken edit changes nothing but the log
    #[arg(long)]
    pub watch: bool,
    /// Look for changes every so many milliseconds, where the file system tells nothing; implies --watch
    #[arg(long, value_name = "MS", value_parser = at_least_one)]
    pub watch_poll: Option<usize>,
    /// Bytes of a request body that the journal keeps; larger ones are marked [default: 65536]
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub journal_body_bytes: Option<usize>,
    /// Bytes that the journal keeps in all; 0 keeps all [default: 67108864]
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub journal_bytes: Option<usize>,
    /// Exit with 1 when fewer fixtures than this were used, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent, help_heading = "At the end")]
    pub fail_under: Option<f64>,
    /// Exit with 1 when a fixture was of no use
    #[arg(long, help_heading = "At the end")]
    pub fail_unused: bool,
    /// Show which fixtures were used, on stderr
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "At the end")]
    pub coverage: Option<CoverageFormat>,
    /// Write the coverage to this file instead
    #[arg(long, value_name = "FILE", help_heading = "At the end")]
    pub coverage_file: Option<PathBuf>,
    /// How much is logged on stderr [default: info]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Global options")]
    pub log_level: Option<LogLevel>,
    /// Ask upstreams for what no fixture answers, and record what they say
    #[arg(long, conflicts_with = "proxy_only", help_heading = "Recording")]
    pub record: bool,
    #[command(flatten)]
    pub upstream: UpstreamArgs,
    #[command(flatten)]
    pub recording: RecordingArgs,
    /// How lines of the log are written [default: text]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Global options")]
    pub log_format: Option<LogFormat>,
    /// Command to run against the server, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// How coverage is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// The share, and the fixtures of no use
    Text,
    /// Every fixture with its count
    Json,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line: time, level, message
    Json,
}

/// How much the server logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    Silent,
    Warn,
    #[default]
    Info,
    /// Each request too
    Debug,
}

/// Arguments of `aimock verify`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock verify expect.yaml --url http://127.0.0.1:4010
  aimock verify -f fixtures/ --journal journal.json
  curl -s http://127.0.0.1:4010/__aimock/journal | aimock verify expect.yaml --journal -
  aimock verify --stream captured.sse

Exit status: 0 every expectation holds, 1 one is broken, 2 could not run.")]
pub struct VerifyArgs {
    /// Captured stream to hold against the grammar of its API, as server-sent events, JSON lines, a JSON array or binary
    /// messages; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["expectations", "journal", "url", "fixtures"])]
    pub stream: Option<PathBuf>,
    /// Its grammar [default: the one that its first event shows]
    #[arg(long, value_name = "NAME", requires = "stream")]
    pub grammar: Option<String>,
    /// File of expectations [default: the configuration's]; may be left out where `-f` brings `expect` blocks
    #[arg(value_name = "EXPECTATIONS")]
    pub expectations: Option<PathBuf>,
    /// Journal to check, a JSON array or one entry a line; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub journal: Option<PathBuf>,
    /// Running server whose journal is checked [default: the configuration's]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Fixtures whose `expect` blocks are checked too, and that may be unused; may be repeated
    #[arg(short, long, value_name = "PATH")]
    pub fixtures: Vec<PathBuf>,
    /// Only requests of this test id count [default: the file's testId, else all]
    #[arg(long, value_name = "ID")]
    pub test_id: Option<String>,
    /// How plain strings of match keys are compared [default: contains; exact when transforms are set]
    #[arg(long, value_enum)]
    pub matching: Option<Matching>,
    /// Key for a server that asks for one
    #[arg(long, value_name = "KEY", env = "AIMOCK_API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
    /// How broken expectations are written
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), default_value = "text")]
    pub format: &'static Format,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    number(text).filter(|number| *number >= 0.0).ok_or_else(|| "expected a number of milliseconds, 0 or more".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    number(text).filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "expected a number from 0 to 100".to_owned())
}

fn factor(text: &str) -> Result<f64, String> {
    number(text).filter(|number| *number > 0.0).ok_or_else(|| "expected a number above 0, for instance 2 or 0.5".to_owned())
}

pub(in crate::cli) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number, 1 or more".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
