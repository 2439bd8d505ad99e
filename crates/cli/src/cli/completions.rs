//! `aimock completions`: prints a script that teaches a shell our commands and flags.

use clap::CommandFactory;

use super::{Args, CompletionsArgs, Status, Terminal};

/// Runs the command.
pub(super) fn run(args: &CompletionsArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let CompletionsArgs { shell } = args;
    // The generator panics when its writer fails, so it gets a buffer that cannot.
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut Args::command(), "aimock", &mut script);
    terminal.stdout().write_all(&script)?;
    Ok(Status::Clean)
}
