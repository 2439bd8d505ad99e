//! The vendors' own clients against the built binary: the tests that a mock cannot argue with.
//!
//! The packages are pinned in `tests/clients` and installed under `target/clients`, once for each set of pins. Where they
//! cannot be had together, each is tried alone: a client that cannot be installed is skipped by name, never passed, and
//! the others run. What the cases of each client have shown is drawn as a table at the end, see [`crate::matrix`].

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::ci::{Verdict, cargo};
use crate::matrix;
use crate::process::{Server, command, finish};
use crate::tally::{self, Counted};

/// For the installation of one language's packages.
const INSTALL: Duration = Duration::from_mins(10);
/// For all cases of one language.
const CASES: Duration = Duration::from_mins(5);

/// One language: how its packages are installed and how its cases are started.
struct Language {
    name: &'static str,
    /// Installs into the folder and says what could not be had; the text of an error is the reason to skip all.
    install: fn(root: &Path, folder: &Path) -> Result<Missing, String>,
    /// The command that runs all cases.
    cases: fn(root: &Path, folder: &Path) -> Command,
}

/// A line for each package that could not be installed.
type Missing = Vec<String>;

const LANGUAGES: [Language; 2] = [
    Language { name: "python", install: install_python, cases: python_cases },
    Language { name: "node", install: install_node, cases: node_cases },
];

/// What the cases of one language printed, and what the server's journal kept of them.
#[derive(Default)]
struct Run {
    counted: Counted,
    stdout: String,
    /// All that is worth reading when a case failed.
    output: String,
    journal: Vec<Value>,
}

/// Builds the binary and runs the cases of every language, each against a fresh server; then the table of who shows what.
pub(crate) fn run(root: &Path) -> Verdict {
    let aimock = match binary(root) {
        Ok(aimock) => aimock,
        Err(output) => return Verdict::Broken(output),
    };
    let mut total = Run::default();
    let mut absent = Vec::new();
    for (language, outcome) in LANGUAGES.iter().zip(all_languages(root, &aimock)) {
        match outcome {
            Ok((missing, run)) => {
                total.counted.tally += run.counted.tally;
                total.counted.tally.skipped += missing.len();
                total.counted.skips.extend(missing.into_iter().map(|package| format!("{} package {package}", language.name)));
                total.counted.skips.extend(run.counted.skips);
                total.stdout.push_str(&run.stdout);
                total.output.push_str(&run.output);
                total.journal.extend(run.journal);
            }
            Err(reason) => absent.push((language.name, reason)),
        }
    }
    judge(root, total, &absent)
}

/// Installs and runs the languages side by side: most of the time is spent waiting. An error is a reason to skip.
fn all_languages(root: &Path, aimock: &Path) -> Vec<Result<(Missing, Run), String>> {
    let one = |language: &Language| {
        let folder = root.join("target/clients").join(language.name);
        let missing = (language.install)(root, &folder)?;
        Ok((missing, cases(root, aimock, language, &folder)))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = LANGUAGES.iter().map(|language| scope.spawn(move || one(language))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("its thread broke off".to_owned()))).collect()
    })
}

/// Adds the table to what was counted: a hole in it is a failure, a client that is not installed is skipped.
fn judge(root: &Path, run: Run, absent: &[(&str, String)]) -> Verdict {
    let Run { mut counted, stdout, mut output, journal } = run;
    let (table, fixtures) = match (matrix::table(root), matrix::fixtures(root)) {
        (Ok(table), Ok(fixtures)) => (table, fixtures),
        (Err(reason), _) | (_, Err(reason)) => return Verdict::Broken(reason),
    };
    let matrix = matrix::draw(&table, &stdout, &journal, &fixtures, absent);
    counted.tally.failed += matrix.failures.len();
    counted.tally.skipped += matrix.skips.len();
    counted.skips.extend(matrix.skips);
    counted.notes = matrix.text;
    for failure in &matrix.failures {
        let _ = writeln!(output, "FAIL {failure}");
    }
    Verdict::Counted { counted, output }
}

/// The cases of one language.
fn cases(root: &Path, aimock: &Path, language: &Language, folder: &Path) -> Run {
    let log = root.join("target/clients").join(format!("{}-server.log", language.name));
    let failed = |reason: &str| {
        let tally = tally::Tally { failed: 1, ..tally::Tally::default() };
        Run { counted: Counted { tally, ..Counted::default() }, output: format!("{} clients: {reason}\n", language.name), ..Run::default() }
    };
    let arguments = ["serve", "-p", "0", "--journal-max", "0", "-f", "tests/clients/fixtures"];
    let server = match Server::start(command(aimock, &arguments, root), &log) {
        Ok(server) => server,
        Err(reason) => return failed(&reason),
    };
    let mut script = (language.cases)(root, folder);
    script.env("AIMOCK_URL", &server.url);
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        script.env_remove(proxy);
    }
    let outcome = match finish(script, CASES) {
        Ok(outcome) => outcome,
        Err(reason) => return failed(&reason),
    };
    let journal = match journal(&server.url) {
        Ok(journal) => journal,
        Err(reason) => return failed(&format!("the journal cannot be read: {reason}")),
    };
    let talk = std::fs::read_to_string(&log).unwrap_or_default();
    let quiet = ["ok ", "shows ", "absent "];
    let worth = |line: &&str| !quiet.iter().any(|start| line.starts_with(start));
    let failures: Vec<&str> = outcome.stdout.lines().filter(worth).collect();
    let output = format!("{}\n{}the server said:\n{talk}\n", failures.join("\n"), outcome.stderr);
    Run { counted: tally::client_script(&outcome.stdout), stdout: outcome.stdout, output, journal }
}

/// Everything that a server's journal holds.
fn journal(url: &str) -> Result<Vec<Value>, String> {
    let host = url.trim_start_matches("http://");
    let fetch = || -> std::io::Result<String> {
        let mut socket = TcpStream::connect(host)?;
        socket.set_read_timeout(Some(INSTALL))?;
        // HTTP/1.0, so that the body ends where the connection does.
        write!(socket, "GET /__aimock/journal HTTP/1.0\r\nhost: {host}\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = fetch().map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    serde_json::from_str(body).map_err(|error| format!("{}: {error}", head.lines().next().unwrap_or_default()))
}

/// The development build, made when it is stale. `AIMOCK_BINARY` names another one, such as the release build.
///
/// # Errors
/// It does not build; the text is what the compiler said.
pub(crate) fn binary(root: &Path) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("AIMOCK_BINARY") {
        return Ok(PathBuf::from(path));
    }
    if let Verdict::Broken(output) = cargo(root, &["build", "--locked"]) {
        return Err(output);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    Ok(target.join("debug").join(format!("aimock{}", std::env::consts::EXE_SUFFIX)))
}

/// A program of a Python environment.
pub(crate) fn python_in(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") }
}

fn install_python(root: &Path, folder: &Path) -> Result<Missing, String> {
    install_pins(root, folder, &root.join("tests/clients/python/requirements.txt"))
}

/// A Python environment with these pins in it, which name everything that is needed; and the pins that cannot be had.
///
/// # Errors
/// There is no Python, or pip fails without naming a pin; the text is one line.
pub(crate) fn install_pins(root: &Path, folder: &Path, pins: &Path) -> Result<Missing, String> {
    let version = version_of("python3", root)?;
    once(folder, &[pins], &version, || {
        must(command("python3", &["-m", "venv", &folder.to_string_lossy()], root), "python3 -m venv")?;
        let text = std::fs::read_to_string(pins).map_err(|error| format!("{}: {error}", pins.display()))?;
        let mut wanted: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let mut missing = Missing::new();
        // pip stops at the first pin that it cannot have and names it.
        while let Err(reason) = pip(root, folder, &wanted) {
            let named = wanted.iter().position(|pin| reason.contains(pin)).filter(|_| wanted.len() > 1);
            let pin = wanted.remove(named.ok_or_else(|| reason.clone())?);
            missing.push(format!("{pin}: {reason}"));
        }
        Ok(missing)
    })
}

/// Installs these pins and nothing that they ask for.
fn pip(root: &Path, folder: &Path, pins: &[&str]) -> Result<(), String> {
    let mut arguments = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"];
    arguments.extend(pins);
    must(command(python_in(folder), &arguments, root), "pip install")
}

fn python_cases(root: &Path, folder: &Path) -> Command {
    command(python_in(folder), &["-B", "tests/clients/python/main.py"], root)
}

fn install_node(root: &Path, folder: &Path) -> Result<Missing, String> {
    let pins = ["package.json", "package-lock.json"].map(|name| root.join("tests/clients/node").join(name));
    let version = version_of("node", root)?;
    once(folder, &[&pins[0], &pins[1]], &version, || {
        for pin in &pins {
            let name = pin.file_name().unwrap_or_default();
            std::fs::copy(pin, folder.join(name)).map_err(|error| format!("{}: {error}", pin.display()))?;
        }
        if npm(folder, &["ci"]).is_ok() {
            return Ok(Missing::new());
        }
        without_missing(folder, &folder.join("package.json"))
    })
}

/// Installs without the pinned versions of what npm needs beside, leaving out each package that it names as not to be had.
fn without_missing(folder: &Path, path: &Path) -> Result<Missing, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut package: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut missing = Missing::new();
    while let Err(output) = npm(folder, &["install", "--no-package-lock"]) {
        let Some(wanted) = package["dependencies"].as_object_mut() else { return Err(line(&output, "npm error")) };
        let pins = wanted.iter().map(|(name, version)| (name.clone(), pin(name, version.as_str().unwrap_or_default())));
        let Some((name, pin)) = pins.into_iter().find(|(_, pin)| output.contains(pin)) else { return Err(line(&output, "npm error")) };
        wanted.remove(&name);
        missing.push(format!("{pin}: {}", line(&output, &pin)));
        std::fs::write(path, package.to_string()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(missing)
}

/// What npm calls a dependency: one under another name (`npm:NAME@VERSION`) by its own.
fn pin(name: &str, version: &str) -> String {
    version.strip_prefix("npm:").map_or_else(|| format!("{name}@{version}"), str::to_owned)
}

/// The first line that holds a text.
fn line(output: &str, text: &str) -> String {
    output.lines().find(|line| line.contains(text)).unwrap_or("npm failed").to_owned()
}

/// Runs npm in the folder; the error is all that it said.
fn npm(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut all = arguments.to_vec();
    all.extend(["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    let outcome = finish(command(if cfg!(windows) { "npm.cmd" } else { "npm" }, &all, folder), INSTALL)?;
    if outcome.success { Ok(()) } else { Err(outcome.output()) }
}

fn node_cases(root: &Path, folder: &Path) -> Command {
    let mut node = command("node", &["tests/clients/node/main.mjs"], root);
    node.env("AIMOCK_NODE_MODULES", folder.join("node_modules"));
    node
}

/// The version that a program reports; an error when there is no such program.
fn version_of(program: &str, root: &Path) -> Result<String, String> {
    let outcome = finish(command(program, &["--version"], root), INSTALL)?;
    if outcome.success { Ok(outcome.output().trim().to_owned()) } else { Err(format!("`{program} --version`: {}", outcome.last_line())) }
}

/// Runs a command of an installation; the error is one line.
fn must(command: Command, name: &str) -> Result<(), String> {
    let outcome = finish(command, INSTALL)?;
    if outcome.success { Ok(()) } else { Err(format!("`{name}` failed: {}", outcome.last_line())) }
}

/// Installs into an emptied `folder`, unless it already holds what these pins and this version ask for. The stamp is
/// written last, so that an installation that broke off, or lacks something, is done again.
fn once(folder: &Path, pins: &[&Path], version: &str, install: impl FnOnce() -> Result<Missing, String>) -> Result<Missing, String> {
    let mut wanted = format!("{version}\n");
    for pin in pins {
        wanted += &std::fs::read_to_string(pin).map_err(|error| format!("{}: {error}", pin.display()))?;
    }
    let stamp = folder.join("installed.stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(Missing::new());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let missing = install()?;
    if missing.is_empty() {
        std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(missing)
}
