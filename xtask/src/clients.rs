//! The vendors' own clients against the built binary: the tests that a mock cannot argue with.
//!
//! The packages are pinned in `tests/clients` and installed under `target/clients`, once for each set of pins. A client
//! that cannot be installed is skipped by name, never passed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ci::{Verdict, cargo};
use crate::process::{Server, command, finish};
use crate::tally::{self, Counted};

/// For the installation of one language's packages.
const INSTALL: Duration = Duration::from_mins(10);
/// For all cases of one language.
const CASES: Duration = Duration::from_mins(5);

/// One language: how its packages are installed and how its cases are started.
struct Language {
    name: &'static str,
    /// Installs into the folder; the text of an error is the reason to skip.
    install: fn(root: &Path, folder: &Path) -> Result<(), String>,
    /// The command that runs all cases.
    cases: fn(root: &Path, folder: &Path) -> Command,
}

const LANGUAGES: [Language; 2] = [
    Language { name: "python", install: install_python, cases: python_cases },
    Language { name: "node", install: install_node, cases: node_cases },
];

/// Builds the binary and runs the cases of every language, each against a fresh server.
pub(crate) fn run(root: &Path) -> Verdict {
    let aimock = match binary(root) {
        Ok(aimock) => aimock,
        Err(output) => return Verdict::Broken(output),
    };
    let mut total = Counted::default();
    let mut output = String::new();
    for language in &LANGUAGES {
        let folder = root.join("target/clients").join(language.name);
        match (language.install)(root, &folder) {
            Ok(()) => {
                let (counted, text) = cases(root, &aimock, language, &folder);
                total.tally += counted.tally;
                total.skips.extend(counted.skips);
                output.push_str(&text);
            }
            Err(reason) => {
                total.tally.skipped += 1;
                total.skips.push(format!("{} clients: {reason}", language.name));
            }
        }
    }
    Verdict::Counted { counted: total, output }
}

/// The cases of one language; the text is all that is worth reading when one failed.
fn cases(root: &Path, aimock: &Path, language: &Language, folder: &Path) -> (Counted, String) {
    let log = root.join("target/clients").join(format!("{}-server.log", language.name));
    let failed = |reason: String| (Counted { tally: tally::Tally { failed: 1, ..tally::Tally::default() }, skips: Vec::new() }, reason);
    let arguments = ["serve", "-p", "0", "-f", "tests/clients/fixtures"];
    let server = match Server::start(command(aimock, &arguments, root), &log) {
        Ok(server) => server,
        Err(reason) => return failed(format!("{} clients: {reason}\n", language.name)),
    };
    let mut script = (language.cases)(root, folder);
    script.env("AIMOCK_URL", &server.url);
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        script.env_remove(proxy);
    }
    match finish(script, CASES) {
        Ok(outcome) => {
            let counted = tally::client_script(&outcome.stdout);
            let failures: Vec<&str> = outcome.stdout.lines().filter(|line| !line.starts_with("ok ")).collect();
            let talk = std::fs::read_to_string(&log).unwrap_or_default();
            let text = format!("{}\n{}the server said:\n{talk}", failures.join("\n"), outcome.stderr);
            (counted, text)
        }
        Err(reason) => failed(reason),
    }
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

fn install_python(root: &Path, folder: &Path) -> Result<(), String> {
    install_pins(root, folder, &root.join("tests/clients/python/requirements.txt"))
}

/// A Python environment with these pins in it.
///
/// # Errors
/// There is no Python, or a package cannot be had; the text is one line.
pub(crate) fn install_pins(root: &Path, folder: &Path, pins: &Path) -> Result<(), String> {
    let version = version_of("python3", root)?;
    once(folder, &[pins], &version, || {
        must(command("python3", &["-m", "venv", &folder.to_string_lossy()], root), "python3 -m venv")?;
        let pins = pins.to_string_lossy();
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", &pins];
        must(command(python_in(folder), &arguments, root), "pip install")
    })
}

fn python_cases(root: &Path, folder: &Path) -> Command {
    command(python_in(folder), &["-B", "tests/clients/python/main.py"], root)
}

fn install_node(root: &Path, folder: &Path) -> Result<(), String> {
    let pins = ["package.json", "package-lock.json"].map(|name| root.join("tests/clients/node").join(name));
    let version = version_of("node", root)?;
    once(folder, &[&pins[0], &pins[1]], &version, || {
        for pin in &pins {
            let name = pin.file_name().unwrap_or_default();
            std::fs::copy(pin, folder.join(name)).map_err(|error| format!("{}: {error}", pin.display()))?;
        }
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        must(command(npm, &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder), "npm ci")
    })
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
/// written last, so that an installation that broke off is done again.
fn once(folder: &Path, pins: &[&Path], version: &str, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let mut wanted = format!("{version}\n");
    for pin in pins {
        wanted += &std::fs::read_to_string(pin).map_err(|error| format!("{}: {error}", pin.display()))?;
    }
    let stamp = folder.join("installed.stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    install()?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}
