//! Chores of this repository, as `cargo xtask CHORE`.
//!
//! Needs nothing but the standard library, the library that it tests, JSON, what `xtask/bench` shares, and the programs that
//! it starts. It never changes a file that is under version control, except through `gen`, `order` and, when asked, `bench`.

mod bench;
mod ci;
mod clients;
mod generated;
mod matrix;
mod planted;
mod precommit;
mod process;
mod readme;
mod recordings;
mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask CHORE

Chores:
  ci [--quick]   format, lints, docs, tests, planted keys, generated files, instruction counts, licences, real clients, hooks,
                 README; --quick: no counts, no clients and no hooks
  clients        only the real clients, and the table of what each has shown
  precommit      only the hooks, with the real pre-commit
  planted [search]
                 only the tests, and the search for the keys that they plant in what they write; search: only that, in
                 what a run with AIMOCK_TESTS_KEEP has left
  readme         only the commands in README.md
  gen [--check]  write the generated files, or say which of them are stale
  recordings FOLDER MEGABYTES
                 write generated recordings, to measure commands on
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root();
    match words.as_slice() {
        ["ci"] => ci::run(&root, ci::Extent::Everything),
        ["ci", "--quick"] => ci::run(&root, ci::Extent::WithoutClients),
        ["clients"] => ci::only(&root, "clients", clients::run),
        ["precommit"] => ci::only(&root, "precommit", precommit::run),
        ["planted"] => ci::some(&root, &["tests", "planted"]),
        ["planted", "search"] => ci::some(&root, &["planted"]),
        ["readme"] => ci::only(&root, "readme", readme::run),
        ["gen"] => generated::write(&root),
        ["gen", "--check"] => ci::only(&root, "generated", generated::check),
        ["dist"] => bench::dist(&root),
        ["order"] => bench::order(&root),
        ["bench", words @ ..] => bench::run(&root, words).unwrap_or_else(|trouble| usage(&trouble)),
        ["recordings", folder, megabytes] => recordings::write(Path::new(folder), megabytes),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}{}", bench::HELP);
            ExitCode::SUCCESS
        }
        [] => usage("which chore?"),
        [unknown, ..] => usage(&format!("no such chore or option: {}", words.join(" ").replacen(unknown, &format!("`{unknown}`"), 1))),
    }
}

/// Says what was wrong with the command line; exit status 2.
fn usage(trouble: &str) -> ExitCode {
    eprintln!("{trouble}\n\n{HELP}{}", bench::HELP);
    ExitCode::from(2)
}

/// The repository: the parent of this package's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
