//! The program from outside: arguments, streams, exit statuses.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::io::Read;
use std::process::{Command, Output, Stdio};

/// A run with a screen of 60 columns and no colour settings of the caller's.
fn aimock(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
    command.args(arguments).env("COLUMNS", "60").stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "AIMOCK_API_KEYS", "AIMOCK_STRICT_TURN_INDEX"] {
        command.env_remove(variable);
    }
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Status and the words that must be on stdout and stderr; an empty expectation means an empty stream.
#[track_caller]
fn check(arguments: &[&str], status: i32, stdout: &str, stderr: &str) {
    let output = aimock(arguments).output().unwrap();
    let Output { status: exit, stdout: out, stderr: err } = &output;
    assert_eq!(exit.code(), Some(status), "{arguments:?}: {output:?}");
    for (expected, seen) in [(stdout, text(out)), (stderr, text(err))] {
        assert!(if expected.is_empty() { seen.is_empty() } else { seen.contains(expected) }, "{arguments:?}: {seen}");
    }
}

#[test]
fn usage() {
    check(&[], 2, "", "Usage: aimock");
    check(&["--help"], 0, "Examples:", "");
    check(&["-h"], 0, "Examples:", "");
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"), "");
    check(&["serv"], 2, "", "'serve'");
    check(&["validate", "--colour", "always"], 2, "", "'--color'");
    check(&["completions", "tcsh"], 2, "", "powershell");
}

#[test]
fn completions_for_every_shell() {
    for (shell, sign) in [
        ("bash", "complete -F _aimock"),
        ("zsh", "#compdef aimock"),
        ("fish", "complete -c aimock"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[aimock]"),
    ] {
        check(&["completions", shell], 0, sign, "");
        let script = aimock(&["completions", shell]).output().unwrap().stdout;
        assert!(text(&script).contains("journal-max"), "{shell}");
    }
}

#[test]
fn the_report_schema_is_printed() {
    let output = aimock(&["schema", "report"]).output().unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, aimock::cli::report::schema());
}

#[test]
fn colours_are_asked_for() {
    let coloured = |command: &mut Command| {
        let Output { stdout, stderr, .. } = command.output().unwrap();
        text(&stdout).contains('\u{1b}') || text(&stderr).contains('\u{1b}')
    };
    assert!(!coloured(&mut aimock(&["--help"])));
    assert!(coloured(&mut aimock(&["--help", "--color", "always"])));
    assert!(coloured(&mut aimock(&["--color=always", "nonsense"])));
    assert!(coloured(aimock(&["nonsense"]).env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(aimock(&["--color=never", "nonsense"]).env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(aimock(&["nonsense"]).env("NO_COLOR", "1")));
}

#[test]
fn a_reader_that_leaves_is_no_trouble() {
    for arguments in [&["completions", "zsh"][..], &["schema", "report"], &["--help"]] {
        let mut child = aimock(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = aimock(&["schema", "report"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: ") && text(&output.stderr).contains("No space left"), "{output:?}");
}
