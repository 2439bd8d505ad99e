//! The command line: arguments, one file a command, reports.
//!
//! A command is a paragraph: load, do, report, exit status. Data goes to stdout, talk to stderr, both through
//! [`Terminal`]; nothing here prints by itself or ends the process. Only this module uses `anyhow`.

mod args;
mod arrange;
mod cache;
mod chaos;
mod check;
mod client;
mod command;
mod completions;
mod conclusion;
mod convert;
pub mod diff;
mod explain;
mod init;
mod last_miss;
mod lines;
mod lint;
mod logging;
mod matching;
mod normalize;
mod progress;
mod record;
mod reload;
pub mod report;
mod rewritten;
mod schema;
mod scopes;
mod serve;
mod sources;
mod stream;
mod terminal;
#[cfg(test)]
mod tests;
mod upstream;
mod validate;
mod verify;

pub use args::{
    Args, CacheArgs, CheckArgs, CleanArgs, Color, Command, CompletionsArgs, ConvertArgs, ConvertFormat, CoverageFormat, DiffArgs,
    DiffFormat, ExplainArgs, FailOn, GlobalArgs, InitArgs, LeastVerdict, LintArgs, LogFormat, LogLevel, MatchArgs, MatchFormat, Matching,
    NormalizeArgs, SchemaArgs, SchemaName, ServeArgs, SplitBy, StubFormat, ValidateArgs, VerifyArgs, early_status, parse,
};
pub use chaos::{ChaosArgs, StreamsWord};
pub use progress::Progress;
pub use record::RecordArgs;
pub use terminal::Terminal;
pub use upstream::{NameByArg, RecordMode, RecordingArgs, UpstreamArgs};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing to complain about.
    Clean,
    /// Findings, differences, or a file that would change.
    Findings,
    /// Could not run: usage, configuration, input or output.
    Failed,
    /// The status of a command that was run, or of the failure to run it.
    Passed(u8),
}

impl Status {
    /// The process's exit status.
    pub fn code(self) -> u8 {
        match self {
            Status::Clean => 0,
            Status::Findings => 1,
            Status::Failed => 2,
            Status::Passed(code) => code,
        }
    }
}

/// Runs one command.
///
/// # Errors
/// Trouble in the world, with its context: a file that cannot be read, a port that is taken. A reader of stdout that
/// left early (`aimock … | head`) is not one: the run ends quietly, as ripgrep's does.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let outcome = dispatch(args, terminal).and_then(|status| Ok(terminal.flush().map(|()| status)?));
    match outcome {
        Err(_) if terminal.stdout_is_closed() => Ok(Status::Clean),
        outcome => outcome,
    }
}

fn dispatch(args: &Args, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    match &args.command {
        Command::Validate(it) => validate::run(it, &args.global, terminal),
        Command::Init(it) => init::run(it, &args.global, terminal),
        Command::Clean(it) => cache::clean(it, &args.global, terminal),
        Command::Lint(it) => lint::run(it, &args.global, terminal),
        Command::Check(it) => check::run(it, &args.global, terminal),
        Command::Normalize(it) => normalize::run(it, &args.global, terminal),
        Command::Explain(it) => explain::run(it, terminal),
        Command::Diff(it) => diff::run(it, &args.global, terminal),
        Command::Match(it) => matching::run(it, &args.global, terminal),
        Command::Serve(it) => serve::run(it, &args.global, terminal),
        Command::Record(it) => record::run(it, &args.global, terminal),
        Command::Convert(it) => convert::run(it, &args.global, terminal),
        Command::Verify(it) => verify::run(it, &args.global, terminal),
        Command::Schema(it) => schema::run(it, terminal),
        Command::Completions(it) => completions::run(it, terminal),
    }
}
