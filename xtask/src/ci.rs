//! What continuous integration runs: every check in order, one line each with its time, and the totals at the end.
//!
//! A step that fails shows all that it printed, and the others still run.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::process::{command, finish};
use crate::tally::{self, Counted, Tally};
use crate::{bench, clients, generated, planted, precommit, readme};

/// Longest time of one step.
const LIMIT: Duration = Duration::from_mins(30);

/// How much of it to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Everything,
    /// Leaves out what must be installed first: the vendors' clients, pre-commit, cargo-deny; and the optimised build whose
    /// instructions are counted.
    WithoutClients,
}

/// How a step ended.
pub(crate) enum Verdict {
    /// Passed; nothing in it counts as a test.
    Fine,
    /// It has tests; `output` is shown when one failed.
    Counted { counted: Counted, output: String },
    /// Failed, with all that it said.
    Broken(String),
    /// Could not run here, and why.
    Skipped(String),
}

type Step = (&'static str, fn(&Path) -> Verdict);

const STEPS: &[Step] = &[
    ("format", |root| cargo(root, &["fmt", "--all", "--check"])),
    ("clippy", |root| cargo(root, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])),
    ("doc", doc),
    ("tests", tests),
    ("planted", planted::search),
    ("generated", generated::check),
    ("counts", bench::counts),
    ("install", install),
    ("licences", licences),
    ("clients", clients::run),
    ("precommit", precommit::run),
    ("readme", readme::run),
];

/// Runs the steps and prints the totals; fails when anything failed.
pub(crate) fn run(root: &Path, extent: Extent) -> ExitCode {
    let mut total = Tally::default();
    for &(name, step) in STEPS {
        let step = match (name, extent) {
            ("clients" | "precommit" | "licences" | "counts", Extent::WithoutClients) => {
                |_: &Path| Verdict::Skipped("left out by --quick".to_owned())
            }
            _ => step,
        };
        total += report(name, root, step);
    }
    println!("\n{total}");
    exit(total)
}

/// Runs one step alone, with the same report.
pub(crate) fn only(root: &Path, name: &str, step: fn(&Path) -> Verdict) -> ExitCode {
    let total = report(name, root, step);
    println!("\n{total}");
    exit(total)
}

/// Runs the steps of these names, with the same report.
pub(crate) fn some(root: &Path, names: &[&str]) -> ExitCode {
    let mut total = Tally::default();
    for &(name, step) in STEPS.iter().filter(|(name, _)| names.contains(name)) {
        total += report(name, root, step);
    }
    println!("\n{total}");
    exit(total)
}

fn exit(total: Tally) -> ExitCode {
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a step and prints its line, its skipped cases, and its output if it failed.
fn report(name: &str, root: &Path, step: fn(&Path) -> Verdict) -> Tally {
    print!("{name:<10}");
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let verdict = step(root);
    let seconds = started.elapsed().as_secs_f64();
    match verdict {
        Verdict::Fine => {
            println!("ok    {seconds:6.1} s");
            Tally::default()
        }
        Verdict::Counted { counted, output } => {
            let word = if counted.tally.failed == 0 { "ok" } else { "FAIL" };
            println!("{word:<4}  {seconds:6.1} s  {}", counted.tally);
            if counted.tally.failed > 0 {
                println!("{}", output.trim_end());
            }
            for skip in &counted.skips {
                println!("          skipped {skip}");
            }
            for line in counted.notes.lines() {
                println!("          {line}");
            }
            counted.tally
        }
        Verdict::Broken(output) => {
            println!("FAIL  {seconds:6.1} s\n{}", output.trim_end());
            Tally { failed: 1, ..Tally::default() }
        }
        Verdict::Skipped(reason) => {
            println!("skip  {seconds:6.1} s  {reason}");
            Tally { skipped: 1, ..Tally::default() }
        }
    }
}

/// A cargo command that must succeed.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Verdict {
    match finish(command("cargo", arguments, root), LIMIT) {
        Ok(outcome) if outcome.success => Verdict::Fine,
        Ok(outcome) => Verdict::Broken(outcome.output()),
        Err(reason) => Verdict::Broken(reason),
    }
}

fn doc(root: &Path) -> Verdict {
    let mut cargo = command("cargo", &["doc", "--workspace", "--no-deps", "--locked"], root);
    cargo.env("RUSTDOCFLAGS", "-D warnings");
    match finish(cargo, LIMIT) {
        Ok(outcome) if outcome.success => Verdict::Fine,
        Ok(outcome) => Verdict::Broken(outcome.output()),
        Err(reason) => Verdict::Broken(reason),
    }
}

fn tests(root: &Path) -> Verdict {
    planted::clear(root);
    let mut cargo = command("cargo", &["test", "--workspace", "--no-fail-fast", "--locked"], root);
    cargo.env(planted::KEEP, "1");
    let outcome = match finish(cargo, LIMIT) {
        Ok(outcome) => outcome,
        Err(reason) => return Verdict::Broken(reason),
    };
    let output = outcome.output();
    let mut counted = tally::cargo_test(&output);
    if !outcome.success && counted.tally.failed == 0 {
        counted.tally.failed = 1;
    }
    Verdict::Counted { counted, output }
}

/// `cargo install --path . --locked` gives a program that runs. Without optimisation, so that what is built already serves.
fn install(root: &Path) -> Verdict {
    let arguments = ["install", "--path", ".", "--locked", "--debug", "--force", "--root", "target/installed", "--target-dir", "target"];
    let run = || -> Result<(), String> {
        for program in [command("cargo", &arguments, root), command(root.join("target/installed/bin/aimock"), &["--version"], root)] {
            let outcome = finish(program, LIMIT)?;
            if !outcome.success {
                return Err(outcome.output());
            }
        }
        Ok(())
    };
    run().map_or_else(Verdict::Broken, |()| Verdict::Fine)
}

/// The version that is installed where none is at hand.
const CARGO_DENY: &str = "0.20.2";

/// Licences, duplicate crates and sources, as `.cargo/deny.toml` says.
fn licences(root: &Path) -> Verdict {
    let program = match cargo_deny(root) {
        Ok(program) => program,
        Err(reason) => return Verdict::Skipped(format!("cargo-deny cannot be installed: {reason}")),
    };
    match finish(command(program, &["--config", ".cargo/deny.toml", "check", "licenses", "bans", "sources"], root), LIMIT) {
        Ok(outcome) if outcome.success => Verdict::Fine,
        Ok(outcome) => Verdict::Broken(outcome.output()),
        Err(reason) => Verdict::Broken(reason),
    }
}

/// The cargo-deny of this machine, else one of our own below `target`.
fn cargo_deny(root: &Path) -> Result<PathBuf, String> {
    let own = root.join("target/tools/bin/cargo-deny");
    for program in [PathBuf::from("cargo-deny"), own.clone()] {
        if finish(command(&program, &["--version"], root), LIMIT).is_ok_and(|outcome| outcome.success) {
            return Ok(program);
        }
    }
    let arguments = ["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--quiet", "--root", "target/tools"];
    let outcome = finish(command("cargo", &arguments, root), LIMIT)?;
    if outcome.success { Ok(own) } else { Err(outcome.last_line()) }
}
