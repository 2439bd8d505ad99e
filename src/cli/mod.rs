//! The command line: arguments, one file a command, reports.
//!
//! A command is a paragraph: load, do, report, exit status. Data goes to stdout, talk to stderr, both through
//! [`Terminal`]; nothing here prints by itself or ends the process. Only this module uses `anyhow`.

mod args;
mod completions;
mod explain;
mod init;
mod lint;
mod matching;
mod progress;
mod record;
pub mod report;
mod schema;
mod scopes;
mod serve;
mod sources;
mod terminal;
#[cfg(test)]
mod tests;
mod upstream;
mod validate;

pub use args::{
    Args, Color, Command, CompletionsArgs, ExplainArgs, FailOn, GlobalArgs, InitArgs, LintArgs, LogLevel, MatchArgs, MatchFormat, Matching,
    RecordArgs, SchemaArgs, SchemaName, ServeArgs, StubFormat, ValidateArgs, parse,
};
pub use progress::Progress;
pub use terminal::Terminal;
pub use upstream::{NameByArg, RecordMode, RecordingArgs, UpstreamArgs};

/// How a run ended; the number is the process's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Nothing to complain about.
    Clean = 0,
    /// Findings, differences, or a file that would change.
    Findings = 1,
    /// Could not run: usage, configuration, input or output.
    Failed = 2,
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
        Command::Lint(it) => lint::run(it, &args.global, terminal),
        Command::Explain(it) => explain::run(it, terminal),
        Command::Match(it) => matching::run(it, &args.global, terminal),
        Command::Serve(it) => serve::run(it, &args.global, terminal),
        Command::Record(it) => record::run(it, &args.global, terminal),
        Command::Schema(it) => schema::run(it, terminal),
        Command::Completions(it) => completions::run(it, terminal),
    }
}
