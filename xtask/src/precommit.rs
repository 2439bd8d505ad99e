//! The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit on a throw-away repository.
//!
//! pre-commit is pinned in `tests/clients/pre-commit` and installed under `target/clients`; its own files stay under
//! `target` too. The hooks of `language: rust` differ from the others in how they are installed, which would compile
//! for minutes: of them only the manifest is checked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ci::Verdict;
use crate::clients::{binary, install_pins, python_in};
use crate::process::{Outcome, command, finish};
use crate::tally::Counted;

/// For one command.
const LIMIT: Duration = Duration::from_mins(2);

/// Takes every request that mentions the weather.
const BROAD: &str = r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#;
/// Never served behind the broad one.
const NARROW: &str = r#"{ "fixtures": [{ "match": { "userMessage": "weather in Oslo" }, "response": { "content": "Snow." } }] }"#;
/// Another one that is never served, which nobody stages.
const UNSTAGED: &str = r#"{ "fixtures": [{ "match": { "userMessage": "weather in Rome" }, "response": { "content": "Rain." } }] }"#;
/// In nobody's way, and no answer to another.
const PLAIN: &str = r#"{ "fixtures": [{ "match": { "userMessage": "say hello" }, "response": { "content": "Hello!" } }] }"#;
/// With a time that a clock wrote.
const RECORDED: &str = r#"{ "fixtures": [{ "match": { "userMessage": "now" }, "response": { "content": "2026-03-30T13:19:38Z" } }] }"#;
/// A key that no match has.
const INVALID: &str = r#"{ "fixtures": [{ "match": { "userMesage": "bye" }, "response": { "content": "Bye!" } }] }"#;

/// What is staged, and what the hooks must say about it.
struct Case {
    name: &'static str,
    hook: &'static str,
    file: &'static str,
    text: &'static str,
    passes: bool,
    /// Texts that the output has.
    says: &'static [&'static str],
    /// Texts that it has not.
    hides: &'static [&'static str],
}

const CASES: [Case; 10] = [
    Case {
        name: "a finding that depends on another file",
        hook: "aimock-lint-system",
        file: "fixtures/b.json",
        text: NARROW,
        passes: false,
        says: &["shadowed-fixture", "fixtures/b.json", "fixtures/a.json"],
        hides: &["fixtures/known.json", "Rome"],
    },
    Case {
        name: "a finding of lint, by check",
        hook: "aimock-check-system",
        file: "fixtures/b.json",
        text: NARROW,
        passes: false,
        says: &["shadowed-fixture", "fixtures/b.json"],
        hides: &["fixtures/known.json", "Rome"],
    },
    Case {
        name: "a finding of a pass, by check",
        hook: "aimock-check-system",
        file: "fixtures/h.json",
        text: r#"{ "fixtures": [{ "match": { "userMessage": "what time is it" }, "response": { "content": "2026-03-30T13:19:38Z" } }] }"#,
        passes: false,
        says: &["timestamps", "2000-01-01T00:00:00Z"],
        hides: &["Rome"],
    },
    Case {
        name: "a clean fixture",
        hook: "aimock-lint-system",
        file: "fixtures/c.json",
        text: PLAIN,
        passes: true,
        says: &["Passed"],
        hides: &["Skipped"],
    },
    Case {
        name: "a file that is no fixture",
        hook: "aimock-lint-system",
        file: "package.json",
        text: "{ \"name\": \"x\" }",
        passes: true,
        says: &["Passed"],
        hides: &["Skipped"],
    },
    Case {
        name: "a fixture with comments",
        hook: "aimock-validate-system",
        file: "fixtures/d.jsonc",
        text: "// pre-commit knows no type of this suffix.\n{ \"fixtures\": [5] }\n",
        passes: false,
        says: &["fixtures/d.jsonc:2"],
        hides: &[],
    },
    Case {
        name: "an unknown key",
        hook: "aimock-validate-system",
        file: "fixtures/e.json",
        text: INVALID,
        passes: false,
        says: &["unknown-match-key", "did you mean `userMessage`?"],
        hides: &[],
    },
    Case {
        name: "a recorded time",
        hook: "aimock-normalize-system",
        file: "fixtures/f.json",
        text: RECORDED,
        passes: false,
        says: &["files were modified by this hook", "1 file of 1 file written"],
        hides: &[],
    },
    Case {
        name: "nothing to normalize",
        hook: "aimock-normalize-system",
        file: "fixtures/c.json",
        text: PLAIN,
        passes: true,
        says: &["Passed"],
        hides: &["Skipped", "modified"],
    },
    Case {
        name: "a text that is no data",
        hook: "aimock-lint-system",
        file: "notes.txt",
        text: "weather\n",
        passes: true,
        says: &["Skipped"],
        hides: &["Passed"],
    },
];

/// Installs pre-commit and runs the cases.
pub(crate) fn run(root: &Path) -> Verdict {
    let tools = root.join("target/clients/pre-commit");
    match install_pins(root, &tools, &root.join("tests/clients/pre-commit/requirements.txt")) {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => return Verdict::Skipped(missing.join("; ")),
        Err(reason) => return Verdict::Skipped(reason),
    }
    if let Err(reason) = finish(command("git", &["--version"], root), LIMIT) {
        return Verdict::Skipped(reason);
    }
    let aimock = match binary(root) {
        Ok(aimock) => aimock,
        Err(output) => return Verdict::Broken(output),
    };
    let stage = match Stage::set(root, &tools, &aimock) {
        Ok(stage) => stage,
        Err(reason) => return Verdict::Broken(reason),
    };
    let mut counted = Counted::default();
    let mut failures = Vec::new();
    let mut note = |name: &str, outcome: Result<(), String>| match outcome {
        Ok(()) => counted.tally.passed += 1,
        Err(reason) => {
            counted.tally.failed += 1;
            failures.push(format!("{name}: {reason}"));
        }
    };
    note("the manifest", manifest(root, &stage));
    for case in &CASES {
        note(case.name, stage.play(case));
    }
    Verdict::Counted { counted, output: failures.join("\n\n") }
}

/// pre-commit itself must accept the manifest.
fn manifest(root: &Path, stage: &Stage) -> Result<(), String> {
    let path = root.join(".pre-commit-hooks.yaml");
    stage.must(stage.pre_commit(&["validate-manifest", &path.to_string_lossy()]))
}

/// Two repositories: one that offers the hooks, one that uses them.
struct Stage {
    user: PathBuf,
    python: PathBuf,
    home: PathBuf,
    /// Search path with the folder of aimock in front.
    path: OsString,
}

impl Stage {
    /// Lays the repositories out, in place of earlier ones.
    fn set(root: &Path, tools: &Path, aimock: &Path) -> Result<Stage, String> {
        let folder = root.join("target/precommit");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let (hooks, user) = (folder.join("hooks"), folder.join("user"));
        let programs = aimock.parent().map(Path::to_path_buf).unwrap_or_default();
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&rest))).map_err(|error| error.to_string())?;
        let stage = Stage { user: user.clone(), python: python_in(tools), home: folder.join("home"), path };
        let manifest = root.join(".pre-commit-hooks.yaml");
        let manifest = std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        stage.commit(&hooks, &[(".pre-commit-hooks.yaml", manifest.as_str())])?;
        let revision = finish(stage.git(&hooks, &["rev-parse", "HEAD"]), LIMIT)?.stdout;
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {}\n    hooks:\n      - id: aimock-check-system\n      - id: aimock-lint-system\n      - id: aimock-validate-system\n      - id: aimock-normalize-system\n",
            hooks.display(),
            revision.trim()
        );
        stage.commit(
            &user,
            &[
                (".pre-commit-config.yaml", config.as_str()),
                ("aimock.yaml", "scopes:\n  all: [fixtures]\nmatching: contains\n"),
                ("fixtures/a.json", BROAD),
                ("fixtures/known.json", UNSTAGED),
            ],
        )?;
        Ok(stage)
    }

    /// A new repository with one commit.
    fn commit(&self, folder: &Path, files: &[(&str, &str)]) -> Result<(), String> {
        for (name, text) in files {
            write(&folder.join(name), text)?;
        }
        self.must(self.git(folder, &["init", "--quiet"]))?;
        self.must(self.git(folder, &["add", "--all"]))?;
        self.must(self.git(folder, &["commit", "--quiet", "--no-verify", "-m", "first"]))
    }

    /// Stages one file, runs its hook on what is staged, and takes the file away again.
    fn play(&self, case: &Case) -> Result<(), String> {
        write(&self.user.join(case.file), case.text)?;
        self.must(self.git(&self.user, &["add", case.file]))?;
        let outcome = finish(self.pre_commit(&["run", case.hook, "--color", "never", "--verbose"]), LIMIT)?;
        self.must(self.git(&self.user, &["rm", "--quiet", "--force", case.file]))?;
        judge(case, &outcome)
    }

    /// git without the settings of whoever runs this.
    fn git(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut git =
            command("git", &["-c", "user.name=aimock", "-c", "user.email=aimock@example.com", "-c", "commit.gpgsign=false"], folder);
        git.args(arguments);
        self.alone(git)
    }

    fn pre_commit(&self, arguments: &[&str]) -> Command {
        let mut python = command(&self.python, &["-m", "pre_commit"], &self.user);
        python.args(arguments).env("PATH", &self.path).env("PRE_COMMIT_HOME", &self.home).env("COLUMNS", "100");
        self.alone(python)
    }

    /// Without what a surrounding git or a test run has set.
    fn alone(&self, mut command: Command) -> Command {
        for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "SKIP", "PRE_COMMIT_COLOR"] {
            command.env_remove(variable);
        }
        command.env("GIT_CONFIG_GLOBAL", self.home.join("gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
        command
    }

    fn must(&self, command: Command) -> Result<(), String> {
        let name = format!("{command:?}");
        let outcome = finish(command, LIMIT)?;
        if outcome.success { Ok(()) } else { Err(format!("{name} failed in {}:\n{}", self.user.display(), outcome.output())) }
    }
}

/// Holds what pre-commit did against the case.
fn judge(case: &Case, outcome: &Outcome) -> Result<(), String> {
    let output = outcome.output();
    if outcome.success != case.passes {
        return Err(format!("the hook {}\n{output}", if case.passes { "should pass" } else { "should fail" }));
    }
    if let Some(missing) = case.says.iter().find(|text| !output.contains(*text)) {
        return Err(format!("the output lacks `{missing}`\n{output}"));
    }
    match case.hides.iter().find(|text| output.contains(*text)) {
        Some(shown) => Err(format!("the output has `{shown}`\n{output}")),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}
