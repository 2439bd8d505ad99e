//! `aimock lint` from outside: the built program in folders of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]
#![expect(clippy::disallowed_methods, reason = "tests write the files that the program reads")]

mod allows;
mod baseline;
mod cache;
mod choice;
mod fixes;
mod input;
mod report;
mod scopes;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with files, removed at the end of its test.
struct Folder(crate::sandbox::Sandbox);

/// What a run said.
#[derive(Debug)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(crate::sandbox::Sandbox::new());
        // Configurations above the folder for temporary files are not ours.
        std::fs::create_dir_all(folder.path(".git")).unwrap();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// `aimock lint ARGUMENTS` in this folder.
    fn lint(&self, arguments: &str) -> Run {
        self.run_in("", &format!("lint {arguments}"), "")
    }

    /// The same below a folder of it, with something on standard input.
    fn run_in(&self, below: &str, arguments: &str, stdin: &str) -> Run {
        aimock(&self.path(below), arguments, stdin)
    }

    /// `FILE:LINE:COLUMN rule` of each finding, and the status.
    #[track_caller]
    fn check(&self, arguments: &str, status: i32, findings: &[&str]) {
        let run = self.lint(&format!("--format concise {arguments}"));
        assert!(run.status == status && run.places() == findings, "{arguments}: {status} {findings:#?} expected of {run:#?}");
    }
}

impl Run {
    /// `FILE:LINE:COLUMN rule` of each line of `--format concise`.
    fn places(&self) -> Vec<String> {
        let place = |line: &str| {
            let (place, rest) = line.split_once(": ").unwrap();
            let (_, rest) = rest.split_once('[').unwrap();
            format!("{place} {}", rest.split_once(']').unwrap().0)
        };
        self.out.lines().map(place).collect()
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Run {
        assert!(self.err.contains(words), "no `{words}` in {self:#?}");
        self
    }

    #[track_caller]
    fn ends(&self, status: i32) -> &Run {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }
}

/// Where runs keep what they found, unless a test says otherwise; not among what they look at.
const CACHE: &str = ".kept";

/// A run on a screen of 80 columns; arguments are separated by blanks.
fn aimock(folder: &Path, arguments: &str, stdin: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
    command.args(arguments.split_whitespace()).current_dir(folder).env("COLUMNS", "80").env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    command.env("AIMOCK_CACHE_DIR", folder.join(CACHE)).env_remove("AIMOCK_NO_CACHE");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A file of JSON with these fixtures, one a line, the first in line 2.
fn file(fixtures: &[&str]) -> String {
    format!("{{ \"fixtures\": [\n{}\n] }}\n", fixtures.join(",\n"))
}

/// A fixture that answers what contains a text.
fn fixture(text: &str) -> String {
    format!(r#"{{ "match": {{ "userMessage": "{text}" }}, "response": {{ "content": "Answer." }} }}"#)
}

/// A file of such fixtures.
fn fixtures(texts: &[&str]) -> String {
    let fixtures: Vec<String> = texts.iter().map(|text| fixture(text)).collect();
    file(&fixtures.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A fixture with a slip that has a safe fix.
const SLIP: &str = r#"{ "match": { "userMessage": "news" }, "response": { "text": "None." } }"#;
