//! The program: arguments in, exit status out. Everything else is in the library.

use std::process::ExitCode;

use aimock::cli::{self, Status, Terminal};

/// A request makes dozens of small, short-lived texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let args = match cli::parse(arguments.iter().cloned()) {
        Ok(args) => args,
        Err(early) => {
            // Help and versions go to stdout, complaints to stderr; a reader that left early is no trouble.
            let _ = early.print();
            return ExitCode::from(cli::early_status(&arguments, early.exit_code()));
        }
    };
    let mut terminal = Terminal::of_process(&args.global);
    let status = cli::run(&args, &mut terminal).unwrap_or_else(|error| {
        terminal.error(&error);
        Status::Failed
    });
    ExitCode::from(status.code())
}
