//! aimock as git's diff driver, in a real repository.
#![expect(clippy::disallowed_methods, reason = "tests write files and run git")]

use std::fs;
use std::process::Command;

use crate::workplace::{Run, Workplace, finished};

const OLD: &str = r#"{"fixtures": [
  {"id": "hello", "match": {"userMessage": "hello"}, "response": {"content": "Hello, how are you?"}},
  {"id": "call", "match": {"userMessage": "weather"}, "response": {"toolCalls": [{"name": "f", "arguments": "{\"city\":\"Oslo\"}"}]}}
]}
"#;

/// The same, reordered and reformatted, with one other word and another city.
const NEW: &str = r#"{"fixtures": [
  {"response": {"toolCalls": [{"arguments": {"city": "Rome"}, "name": "f"}]}, "match": {"userMessage": "weather"}, "id": "call"},
  {"response": {"content": "Hello, who are you?"}, "match": {"userMessage": "hello"}, "id": "hello"}
]}
"#;

/// A repository with a first commit, whose driver is this program; none where there is no git.
fn repository(setting: (&str, &str), files: &[(&str, &str)]) -> Option<Workplace> {
    if Command::new("git").arg("--version").output().is_err() {
        crate::repository::skip("git is not installed");
        return None;
    }
    let place = Workplace::new(files);
    let program = env!("CARGO_BIN_EXE_aimock");
    git(&place, &["init", "--quiet"]);
    git(&place, &["config", &format!("diff.aimock.{}", setting.0), &format!("\"{program}\" {}", setting.1)]);
    fs::write(place.path(".gitattributes"), "fixtures/** diff=aimock\n").expect("a file");
    commit(&place);
    Some(place)
}

fn git(place: &Workplace, arguments: &[&str]) -> Run {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.pager=cat", "-c", "color.ui=never"]);
    command.args(arguments).current_dir(place.path("."));
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(variable);
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", place.path("none")).env("NO_COLOR", "1");
    let run = finished(command);
    assert_eq!(run.status, 0, "git {arguments:?}: {}{}", run.stdout, run.stderr);
    run
}

fn commit(place: &Workplace) {
    git(place, &["add", "--all"]);
    git(place, &["commit", "--quiet", "--message", "fixtures"]);
}

#[test]
fn textconv_shows_what_changed_in_meaning() {
    let Some(place) = repository(("textconv", "diff --textconv"), &[("fixtures/a.json", OLD)]) else { return };
    fs::write(place.path("fixtures/a.json"), OLD.replace("how are", "who are").replace("{\\\"city\\\":", "{ \\\"city\\\" :"))
        .expect("a file");
    let shown = git(&place, &["diff"]).stdout;
    let changed: Vec<&str> =
        shown.lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")).collect();
    assert_eq!(changed, ["-  response.content = \"Hello, how are you?\"", "+  response.content = \"Hello, who are you?\""], "{shown}");
    // What holds no fixtures, or is broken, is shown as it is.
    fs::write(place.path("fixtures/a.json"), "{ broken\n").expect("a file");
    assert!(git(&place, &["diff"]).stdout.contains("+{ broken"));
}

#[test]
fn the_driver_shows_pairs() {
    let Some(place) = repository(("command", "diff --git-driver"), &[("fixtures/a.json", OLD), ("fixtures/b.json", OLD)]) else { return };
    fs::write(place.path("fixtures/a.json"), NEW).expect("a file");
    insta::assert_snapshot!(git(&place, &["diff"]).stdout, @r#"
    aimock diff fixtures/a.json
    ~ call: breaking
      ~ tool call /response/toolCalls/0/arguments/city: "Oslo" → "Rome"
    ~ hello: reworded
      ~ text /response/content
          Hello, [-how-]{+who+} are you?
    1 breaking, 1 reworded
    "#);
    fs::write(place.path("fixtures/a.json"), "no fixtures: [\n").expect("a file");
    assert!(git(&place, &["diff"]).stdout.contains("+no fixtures: ["), "a file that cannot be read is compared line by line");
}

#[test]
fn the_driver_follows_files_that_come_go_and_move() {
    let Some(place) = repository(("command", "diff --git-driver"), &[("fixtures/a.json", OLD), ("fixtures/b.json", NEW)]) else { return };
    fs::write(place.path("fixtures/new.yaml"), "fixtures:\n- match: {userMessage: hi}\n  response: {content: hi}\n").expect("a file");
    fs::remove_file(place.path("fixtures/a.json")).expect("it is there");
    commit(&place);
    fs::rename(place.path("fixtures/b.json"), place.path("fixtures/c.json")).expect("it is there");
    fs::write(place.path("fixtures/c.json"), NEW.replace("Rome", "Bergen")).expect("a file");
    commit(&place);
    let shown = git(&place, &["log", "--patch", "--ext-diff", "--find-renames=20%", "--format=", "-2"]).stdout;
    insta::assert_snapshot!(shown, @r#"
    aimock diff fixtures/b.json → fixtures/c.json
    ~ call: breaking
      ~ tool call /response/toolCalls/0/arguments/city: "Rome" → "Bergen"
    1 breaking, 1 identical
    aimock diff fixtures/a.json (deleted)
    - hello: removed
    - call: removed
    2 removed
    aimock diff fixtures/new.yaml (new file)
    + fixtures/new.yaml#/fixtures/0: added
    1 added
    "#);
}

#[test]
fn difftool_passes_two_files() {
    let Some(place) = repository(("textconv", "diff --textconv"), &[("fixtures/a.json", OLD)]) else { return };
    fs::write(place.path("fixtures/a.json"), OLD.replace("Oslo", "Rome")).expect("a file");
    fs::write(place.path("fixtures/b.json"), OLD).expect("a file");
    git(&place, &["add", "--all"]);
    let tool = format!("\"{}\" diff --exit-code=never", env!("CARGO_BIN_EXE_aimock"));
    let shown = git(&place, &["difftool", "--cached", "--no-prompt", "--extcmd", &tool]).stdout;
    assert!(shown.contains("\"Oslo\" → \"Rome\"") && shown.contains("2 added"), "{shown}");
}

/// Fixtures whose file is no UTF-8, as a commit may hold them.
fn latin1() -> Vec<u8> {
    let mut bytes = OLD.replace("Hello", "Hall?").into_bytes();
    bytes.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xF6);
    bytes
}

#[test]
fn what_cannot_be_read_never_stops_git() {
    let Some(place) =
        repository(("command", "diff --git-driver --max-file-size=4096"), &[("fixtures/a.json", OLD), ("fixtures/z.json", OLD)])
    else {
        return;
    };
    fs::write(place.path("fixtures/z.json"), OLD.replace("Oslo", "Rome")).expect("a file");
    let large = OLD.replace("Hello", &"Hello ".repeat(1000));
    for (name, bytes, words) in [
        (
            "Latin-1",
            latin1(),
            "not compared: the new version cannot be read: it is not UTF-8 text: the byte 0xF6 stands in line 2, column 83",
        ),
        ("UTF-16", OLD.encode_utf16().flat_map(u16::to_le_bytes).collect(), "not compared: the new version cannot be read: "),
        ("binary", vec![0; 100], "not compared: the new version cannot be read: "),
        ("large", large.into_bytes(), "not compared: the new version cannot be read: it holds 6.1 KiB, more than the limit of 4 KiB"),
        ("empty", Vec::new(), "+++ b/fixtures/a.json"),
    ] {
        fs::write(place.path("fixtures/a.json"), bytes).expect("a file");
        let shown = git(&place, &["diff"]).stdout;
        assert!(shown.contains(words), "{name}: {shown}");
        assert!(shown.contains("aimock diff fixtures/z.json") && shown.contains("\"Oslo\" → \"Rome\""), "{name}, and the rest: {shown}");
    }
}

#[test]
fn a_broken_configuration_never_stops_git() {
    for setting in [("command", "diff --git-driver"), ("command", "diff --git-driver --ignore=response"), ("textconv", "diff --textconv")] {
        let Some(place) = repository(setting, &[("fixtures/a.json", OLD)]) else { return };
        fs::write(place.path("fixtures/a.json"), OLD.replace("Oslo", "Rome")).expect("a file");
        if !setting.1.contains("ignore") {
            fs::write(place.path("aimock.yaml"), "servve: {\n").expect("a file");
        }
        let shown = git(&place, &["diff"]).stdout;
        let told = setting.0 == "textconv" || shown.contains("compared without settings: ");
        assert!(told && shown.contains("Rome") && shown.contains("Oslo"), "{setting:?}: {shown}");
    }
}

#[test]
fn a_version_that_is_gone_is_said_in_one_line() {
    let place = Workplace::new(&[("fixtures/a.json", OLD)]);
    let run = place.run(&["diff", "--git-driver", "fixtures/a.json", "gone", "1", "100644", "fixtures/a.json", "2", "100644"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @"
    aimock diff fixtures/a.json
      not compared: the old version cannot be read: there is no such file or directory
    ");
    let run = place.run(&["diff", "--textconv", "gone"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @"aimock diff --textconv: `gone`: there is no such file or directory");
}

#[test]
fn textconv_shows_raw_what_it_cannot_read() {
    let Some(place) = repository(("textconv", "diff --max-file-size=4096 --textconv"), &[("fixtures/a.json", OLD)]) else { return };
    fs::write(place.path("fixtures/a.json"), OLD.replace("Hello", &"Hello ".repeat(1000))).expect("a file");
    assert!(git(&place, &["diff"]).stdout.contains("+  {\"id\": \"hello\", \"match\""));
    fs::write(place.path("latin1.json"), latin1()).expect("a file");
    let output = place.command(&["diff", "--textconv", "latin1.json"]).output().expect("it runs");
    assert_eq!((output.status.code(), output.stdout), (Some(0), latin1()));
}
