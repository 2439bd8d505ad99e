//! `aimock validate` from outside: every way to call it, right or wrong, gets an answer that helps.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::workplace::{Run, Workplace, finished};

const GOOD: &str = r#"{"fixtures": [{"match": {"userMessage": "a"}, "response": {"content": "Sunny."}}]}"#;

const FAULTY: &str = r#"{
  "fixtures": [
    { "match": { "userMesage": "weather" }, "response": { "content": "Sunny." } },
    { "id": "hi", "match": { "userMessage": "hello" }, "response": { "content": "Hello!" }, "latncy": 5 }
  ]
}
"#;

/// The report on the file above, 60 columns wide.
const REPORT: &str = "\
error[unknown-match-key]: unknown match key `userMesage`:
  this fixture never matches anything
 --> fx/a.json:3:18 /fixtures/0/match/userMesage
  |
3 |     { \"match\": { \"userMesage\": \"weather\" }, \"response...
  |                  ^^^^^^^^^^^^
  = why:  the incumbent drops the key, so that the fixture
          takes requests it was not meant for
  = help: did you mean `userMessage`?
  = fix:  rename the key to `userMessage` (unsafe, needs a
          look)

warning[unknown-key]: unknown key `latncy`
 --> fx/a.json:4:93 /fixtures/1/latncy
  |
4 | ...}, \"response\": { \"content\": \"Hello!\" }, \"latncy\": 5 }
  |                                            ^^^^^^^^
  = help: did you mean `latency`?
  = fix:  rename the key to `latency` (unsafe, needs a look)

";

fn faulty() -> Workplace {
    Workplace::new(&[("fx/a.json", FAULTY), ("fx/good.json", GOOD), ("package.json", "{\"name\": \"x\"}"), ("empty/.keep", "")])
}

/// Exit status, standard output, and words of standard error.
#[track_caller]
fn check(run: &Run, status: i32, stdout: &str, stderr: &str) {
    assert_eq!((run.stdout.as_str(), run.status), (stdout, status), "{}", run.stderr);
    assert!(run.stderr.contains(stderr), "{}", run.stderr);
}

#[test]
fn a_report_at_sixty_columns() {
    check(&faulty().run(&["validate", "fx"]), 1, REPORT, "checked 2 files, 3 fixtures: 1 error, 1 warning\n");
    assert!(REPORT.lines().all(|line| line.chars().count() <= 60));
}

#[test]
fn nothing_to_look_at() {
    let place = faulty();
    check(
        &place.run(&["validate"]),
        2,
        "",
        "no aimock.yaml with `include` was found, and there is no ./fixtures here\nname a file or directory",
    );
    let no_files = "empty:1:1: error[no-files] no file here ends in .json, .jsonc, .yaml or .yml\n";
    check(&place.run(&["validate", "empty", "--format", "concise"]), 2, no_files, "");
    let not_found = "nowhere:1:1: error[path-not-found] there is no such file or directory\n";
    check(&place.run(&["validate", "nowhere", "--format", "concise"]), 2, not_found, "");
    let typo = place.run(&["validate", "fx/aa.json"]);
    assert!(typo.stdout.contains("did you mean `fx/a.json`?") && typo.status == 2, "{}", typo.stdout);
    let no_match = "fx/*.yaml:1:1: error[no-files] no file matches this glob\n";
    check(&place.run(&["validate", "fx/*.yaml", "--format", "concise"]), 2, no_match, "");
    let bad_glob = place.run(&["validate", "fx/[a.json", "--format", "concise"]);
    assert!(
        bad_glob.stdout.starts_with("fx/[a.json:1:1: error[bad-glob] it is not a glob: ") && bad_glob.status == 2,
        "{}",
        bad_glob.stdout
    );
}

#[test]
fn a_named_file_that_is_something_else_is_a_note() {
    let place = faulty();
    check(&place.run(&["validate", "package.json"]), 0, "", "note: skipped package.json: not a fixture file: no `fixtures` list\n");
    let both = place.run(&["validate", "package.json", "fx/good.json"]);
    check(&both, 0, "", "checked 1 file, 1 fixture: 0 errors, 0 warnings\n");
    let two = Workplace::new(&[("a.json", "{}"), ("b.json", "[]")]);
    assert_eq!(two.run(&["validate", "a.json", "b.json"]).status, 0, "hooks pass what they like");
    let config = Workplace::new(&[("c/suite.json", r#"{"llm": {"fixtures": "x"}}"#)]);
    check(&config.run(&["validate", "c"]), 2, "", "a configuration file of @copilotkit/aimock (section `llm`)");
}

#[test]
fn standard_input() {
    let place = faulty();
    let run = place
        .run_with(&["validate", "-", "--format", "concise"], r#"{"fixtures": [{"match": {"model": 5}, "response": {"content": "x"}}]}"#);
    check(&run, 1, "<stdin>:1:35: error[invalid-match-value] `model` must be a string or an object of text operators, found `5`\n", "");
    check(&place.run_with(&["validate", "-"], GOOD), 0, "", "1 fixture: 0 errors");
    check(&place.run_with(&["validate", "-", "--format", "concise"], ""), 1, "<stdin>:1:1: error[empty-file] the file is empty\n", "");
}

#[test]
fn a_reader_that_leaves_early() {
    let entries = vec![r#"{"match": {"userMesage": "a"}, "response": {"content": "x"}}"#; 3_000].join(",\n");
    let place = Workplace::new(&[("a.json", &format!("{{\"fixtures\": [{entries}]}}"))]);
    let mut child = place.command(&["validate", "a.json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("error[unknown-match-key]"), "{first}");
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let status = child.wait().unwrap().code();
    assert!(matches!(status, Some(0 | 1)), "{status:?} {stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("Broken pipe"), "{stderr}");
}

#[test]
fn a_schema_of_ones_own() {
    let team = r#"{"properties": {"fixtures": {"items": {"required": ["id"]}}}}"#;
    let place = Workplace::new(&[("good.json", GOOD), ("team.json", team), ("five.json", "5"), ("cut.json", "{")]);
    let expected = "good.json:1:15: error[schema] the key `id` is missing\n";
    check(&place.run(&["validate", "good.json", "--schema", "team.json", "--format", "concise"]), 1, expected, "");
    let text = place.run(&["validate", "good.json", "--schema", "team.json"]);
    assert!(text.stdout.contains("team.json says so"), "{}", text.stdout);
    check(&place.run(&["validate", "good.json", "--schema", "none.json"]), 2, "", "error: cannot read the schema none.json\n");
    check(&place.run(&["validate", "good.json", "--schema", "five.json"]), 2, "", "error: five.json is no JSON Schema");
    check(&place.run(&["validate", "good.json", "--schema", "cut.json"]), 2, "", "error: the schema cut.json is no JSON");
}

/// Exit statuses under `--fail-on error`, `warning`, `info` and `never`.
#[track_caller]
fn check_fail_on(text: &str, expected: [i32; 4]) {
    let place = Workplace::new(&[("a.json", text)]);
    let seen = ["error", "warning", "info", "never"].map(|least| place.run(&["validate", "a.json", "--fail-on", least]).status);
    assert_eq!(seen, expected, "{text}");
}

#[test]
fn what_counts_is_chosen() {
    check_fail_on(GOOD, [0, 0, 0, 0]);
    check_fail_on(FAULTY, [1, 1, 1, 0]);
    check_fail_on(&GOOD.replace("\"match\"", "\"latncy\": 5, \"match\""), [0, 1, 1, 0]);
    check_fail_on(&GOOD.replace("\"match\"", "\"misbehavior\": 5, \"match\""), [0, 0, 1, 0]);
}

#[test]
fn the_largest_file_is_chosen() {
    let place = Workplace::new(&[("a.json", GOOD)]);
    let expected = "a.json:1:1: error[file-too-large] it holds 82 bytes, more than the limit of 10 bytes; it is not read\n";
    check(&place.run(&["validate", "a.json", "--max-file-size", "10", "--format", "concise"]), 1, expected, "");
    check(&place.run(&["validate", "a.json", "--max-file-size", "82"]), 0, "", "0 errors");
    check(&place.run(&["validate", "a.json", "--max-file-size", "0"]), 2, "", "invalid value '0'");
}

#[test]
fn every_format_can_be_read_by_machines() {
    let place = faulty();
    for format in ["json", "gitlab", "sarif"] {
        let run = place.run(&["validate", "fx", "--format", format]);
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert!(value.to_string().contains("unknown-match-key") && run.status == 1, "{format}: {value}");
    }
    let lines = place.run(&["validate", "fx", "--format", "jsonl"]).stdout;
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()) && lines.lines().count() >= 2, "{lines}");
    let github = place.run(&["validate", "fx", "--format", "github"]).stdout;
    assert!(
        github.lines().any(|line| line.starts_with("::error ") && line.contains("file=fx/a.json") && line.contains("line=3")),
        "{github}"
    );
    let junit = place.run(&["validate", "fx", "--format", "junit"]).stdout;
    assert!(junit.starts_with("<?xml ") && junit.trim_end().ends_with("</testsuites>"), "{junit}");
    check(&place.run(&["validate", "fx", "--format", "xml"]), 2, "", "invalid value 'xml'");
}

#[test]
fn the_configuration_is_found_upward() {
    let config = "include: [fx]\nexclude: ['fx/a*']\n";
    let place = Workplace::new(&[("aimock.yaml", config), ("fx/a.json", FAULTY), ("fx/good.json", GOOD), ("deep/down/.keep", "")]);
    let mut below = place.command(&["validate"]);
    below.current_dir(place.path("deep/down"));
    check(&finished(below), 0, "", "checked 1 file, 1 fixture: 0 errors, 0 warnings\n");
    check(&place.run(&["validate"]), 0, "", "checked 1 file, 1 fixture");
    check(&place.run(&["validate", "--config", "none.yaml"]), 2, "", "error: cannot read the configuration none.yaml\n");
}

#[test]
fn a_configuration_with_mistakes_lists_them_all() {
    let place = Workplace::new(&[("fx/good.json", GOOD), ("bad.yaml", "inclde: [fx]\nserve:\n  prot: 1\n  latency: -1\n")]);
    let run = place.run(&["validate", "--config", "bad.yaml"]);
    let expected = "\
error: the configuration bad.yaml cannot be used:
  bad.yaml:1:1: unknown key `inclde`; did you mean `include`?
  bad.yaml:3:3: unknown key `prot`; did you mean `port`?
  bad.yaml:4:12: `latency` must be a number of milliseconds, zero or more, found `-1`
";
    check(&run, 2, "", expected);
}

#[test]
fn the_configuration_of_the_incumbent_is_read() {
    let config = r#"{"llm": {"fixtures": "fx/good.json", "chaos": {"dropRate": 0}}, "mcp": {}}"#;
    let place = Workplace::new(&[("aimock.json", config), ("fx/good.json", GOOD), ("fx/a.json", FAULTY)]);
    let said = "`mcp` is accepted and has no effect\nchecked 1 file, 1 fixture: 0 errors, 0 warnings\n";
    check(&place.run(&["validate"]), 0, "", said);
}

#[test]
fn the_default_is_the_folder_of_fixtures() {
    let place = Workplace::new(&[("fixtures/good.json", GOOD), ("fixtures/node_modules/a.json", FAULTY), ("other/a.json", FAULTY)]);
    check(&place.run(&["validate"]), 0, "", "checked 1 file, 1 fixture: 0 errors, 0 warnings\n");
    check(&place.run(&["validate", "fixtures/**/*.json"]), 0, "", "checked 1 file");
}

#[test]
fn a_body_in_a_file_must_be_there_and_below_the_folder_of_the_fixtures() {
    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        let fixtures = serde_json::json!({ "fixtures": [{ "match": { "userMessage": "a" }, "response": { "http": { "file": path } } }] });
        let place = Workplace::new(&[("secret.txt", "outside"), ("fx/sub/body.txt", "inside"), ("fx/sub/a.json", &fixtures.to_string())]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(place.path("secret.txt"), place.path("fx/sub/link.txt")).unwrap();
        let run = place.run(&["validate", "fx", "--format", "concise"]);
        match expected {
            None => assert_eq!(run.status, 0, "{}", run.stdout),
            Some(reason) => {
                assert!(run.status == 1 && run.stdout.contains("http-file") && run.stdout.contains(reason), "{path}: {}", run.stdout);
            }
        }
    }
    check("body.txt", None);
    check("../sub/body.txt", None);
    check("absent.txt", Some("cannot be read: there is no such file or directory"));
    check("../../secret.txt", Some("leads out of fx"));
    check("/etc/hostname", Some("is not relative"));
    check(".", Some("not a regular file"));
    #[cfg(unix)]
    check("link.txt", Some("leads out of fx"));
}

#[test]
fn a_folder_that_is_named_in_two_ways_is_looked_at_once_and_is_not_called_empty() {
    let fixture = r#"{ "fixtures": [{ "match": { "userMessage": "hi" }, "response": { "content": "x" } }] }"#;
    let place = Workplace::new(&[("one/a.json", fixture), ("empty/notes.md", "")]);
    for arguments in [["one", "./one"], ["./one", "one"], ["one", "one/"], ["one", "./one/a.json"], ["./one", "."]] {
        let run = place.run(&["validate", arguments[0], arguments[1]]);
        assert_eq!((run.status, run.stderr.as_str()), (0, "checked 1 file, 1 fixture: 0 errors, 0 warnings\n"), "{arguments:?}");
    }
    let run = place.run(&["validate", "one", "./empty"]);
    assert!(run.status != 0 && run.stdout.contains("no file here ends in"), "{}{}", run.stdout, run.stderr);
}
