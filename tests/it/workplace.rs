//! A folder for one test, and the built program run in it.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests: what is missing should fail the test")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

/// A folder that goes away with the test.
pub(crate) struct Workplace(Sandbox);

/// What a run said and how it ended.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workplace {
    /// A folder with these files; the folders around them are made.
    pub(crate) fn new(files: &[(&str, &str)]) -> Workplace {
        let place = Workplace(Sandbox::new());
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The text of a file in it.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file; the folders around it are made.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.write(name, text);
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Puts a file in another's place.
    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// The program with these arguments, run here without colours, 60 columns wide.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.args(arguments).current_dir(self.0.path()).env("COLUMNS", "60").env("NO_COLOR", "1").stdin(Stdio::null());
        command.env("AIMOCK_CACHE_DIR", self.path(".kept")).env_remove("AIMOCK_NO_CACHE");
        for variable in ["CLICOLOR", "CLICOLOR_FORCE", "AIMOCK_API_KEYS", "AIMOCK_API_KEY", "AIMOCK_URL", "AIMOCK_STRICT_TURN_INDEX"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        finished(self.command(arguments))
    }

    /// Runs it with a text on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        run_of(&output)
    }
}

/// Runs a command to its end.
pub(crate) fn finished(mut command: Command) -> Run {
    run_of(&command.output().unwrap())
}

fn run_of(output: &std::process::Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    crate::sandbox::keep("said", &[text(&output.stdout), text(&output.stderr)].concat());
    Run { status: output.status.code().unwrap(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}
