//! The load: asks a server on this machine in one of three ways, or runs a command, and prints what came of it as one JSON object.
//!
//! - `bench-load closed`: so many connections, each asks again as soon as it was answered;
//! - `bench-load paced`: so many slow streams at once, the arrival of every event timed;
//! - `bench-load cold -- COMMAND`: from the start of a server to its first good answer;
//! - `bench-load timed -- COMMAND`: what a command takes, in CPU time and by the clock;
//! - `bench-load on CORE -- COMMAND`: becomes the command, kept on one core, with all files it may open.
//!
//! One thread, so that it can be kept on a core of its own. Every wait has an end.

mod closed;
mod cold;
mod exchange;
mod options;
mod paced;
mod timed;

use std::process::ExitCode;

use serde_json::Value;

use crate::options::Options;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    let done = Options::read(words).and_then(|options| measure(&mode, &options));
    match done {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("bench-load: {reason}");
            ExitCode::from(2)
        }
    }
}

fn measure(mode: &str, options: &Options) -> Result<Value, String> {
    aimock_bench::machine::end_with_parent();
    aimock_bench::machine::allow_many_files();
    if let Some(core) = options.core {
        aimock_bench::machine::stay_on(core)?;
    }
    match mode {
        "closed" => on_this_thread(closed::run(options)),
        "paced" => on_this_thread(paced::run(options)),
        "cold" => cold::run(options),
        "timed" => timed::run(options),
        "on" => become_command(options),
        _ => Err(format!("closed, paced, cold, timed or on, and not `{mode}`")),
    }
}

fn on_this_thread(work: impl Future<Output = Result<Value, String>>) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

#[cfg(unix)]
fn become_command(options: &Options) -> Result<Value, String> {
    use std::os::unix::process::CommandExt as _;
    let mut command = options.command()?;
    let error = command.exec();
    Err(format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))
}

#[cfg(not(unix))]
fn become_command(_options: &Options) -> Result<Value, String> {
    Err("benchmarks need Linux".to_owned())
}
