//! `aimock normalize` from outside.
#![expect(clippy::disallowed_methods, reason = "tests read and change the files that the program works on")]

use std::fs;
use std::process::Stdio;

use crate::workplace::Workplace;

/// With a time that a clock wrote.
const RECORDED: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "a" }, "response": { "content": "at 2026-03-30T13:19:38Z" } }
] }
"#;
const NORMALIZED: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "a" }, "response": { "content": "at 2000-01-01T00:00:00Z" } }
] }
"#;
const PLAIN: &str = r#"{ "fixtures": [{ "match": { "userMessage": "b" }, "response": { "content": "hello" } }] }
"#;

fn read(place: &Workplace, name: &str) -> String {
    fs::read_to_string(place.path(name)).expect("the file is there")
}

#[test]
fn without_a_flag_it_says_what_would_change() {
    let place = Workplace::new(&[("fixtures/a.json", RECORDED), ("fixtures/b.json", PLAIN)]);
    let run = place.run(&["normalize"]);
    insta::assert_snapshot!(run.stdout, @r"
    timestamps       1 place in 1 file
      fixtures/a.json
    ");
    insta::assert_snapshot!(run.stderr, @"1 file of 2 files would change; `--write` writes them, `--diff` shows how");
    assert_eq!((run.status, read(&place, "fixtures/a.json").as_str()), (1, RECORDED));
    let run = place.run(&["normalize", "fixtures/b.json"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
}

#[test]
fn check_reports_every_place() {
    let place = Workplace::new(&[("fixtures/a.json", RECORDED)]);
    let run = place.run(&["normalize", "--check", "--format", "concise"]);
    insta::assert_snapshot!(run.stdout, @"fixtures/a.json:2:67: warning[timestamps] `2026-03-30T13:19:38Z` becomes `2000-01-01T00:00:00Z`");
    assert_eq!(run.status, 1);
    for format in ["text", "json", "jsonl", "github", "gitlab", "sarif", "junit"] {
        let run = place.run(&["normalize", "--check", "--format", format]);
        assert!(run.status == 1 && run.stdout.contains("timestamps"), "{format}: {}", run.stdout);
    }
    let run = place.run(&["normalize", "--check", "--statistics"]);
    assert_eq!((run.status, run.stdout.as_str()), (1, "timestamps       1 place in 1 file\n"));
    assert_eq!(read(&place, "fixtures/a.json"), RECORDED);
}

#[test]
fn diff_shows_lines() {
    let place = Workplace::new(&[("fixtures/a.json", RECORDED)]);
    let run = place.run(&["normalize", "--diff"]);
    insta::assert_snapshot!(run.stdout, @r#"
    --- fixtures/a.json
    +++ fixtures/a.json
    @@ -1,3 +1,3 @@
     { "fixtures": [
    -  { "match": { "userMessage": "a" }, "response": { "content": "at 2026-03-30T13:19:38Z" } }
    +  { "match": { "userMessage": "a" }, "response": { "content": "at 2000-01-01T00:00:00Z" } }
     ] }
    "#);
    assert_eq!(run.status, 1);
}

#[test]
fn write_writes_what_changes_and_nothing_else() {
    let place = Workplace::new(&[("fixtures/a.json", RECORDED), ("fixtures/b.json", PLAIN)]);
    let before = fs::metadata(place.path("fixtures/b.json")).and_then(|meta| meta.modified()).expect("a time");
    let run = place.run(&["normalize", "--write"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, "timestamps       1 place in 1 file\n"));
    assert_eq!(run.stderr, "1 file of 2 files written\n");
    assert_eq!((read(&place, "fixtures/a.json").as_str(), read(&place, "fixtures/b.json").as_str()), (NORMALIZED, PLAIN));
    let written = fs::metadata(place.path("fixtures/a.json")).and_then(|meta| meta.modified()).expect("a time");
    let run = place.run(&["normalize", "--write"]);
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", "2 files looked at: nothing to normalize\n"));
    let after = |name: &str| fs::metadata(place.path(name)).and_then(|meta| meta.modified()).expect("a time");
    assert_eq!((after("fixtures/a.json"), after("fixtures/b.json")), (written, before));
}

#[test]
fn standard_input_becomes_standard_output() {
    let place = Workplace::new(&[]);
    let run = place.run_with(&["normalize", "-"], RECORDED);
    assert_eq!((run.status, run.stdout.as_str()), (0, NORMALIZED));
    let run = place.run_with(&["normalize", "-"], PLAIN);
    assert_eq!((run.status, run.stdout.as_str()), (0, PLAIN));
    let run = place.run_with(&["normalize", "--check", "--format", "concise", "--stdin-filename", "x.json", "-"], RECORDED);
    assert!(run.status == 1 && run.stdout.starts_with("x.json:2:67:"), "{}", run.stdout);
    let run = place.run_with(
        &["normalize", "--stdin-filename", "x.yaml", "-"],
        "fixtures:\n- match: {}\n  response: {content: 2026-03-30T13:19:38Z}\n",
    );
    assert_eq!(run.stdout, "fixtures:\n- match: {}\n  response: {content: 2000-01-01T00:00:00Z}\n");
}

#[test]
fn what_is_piped_and_cannot_be_read_comes_out_as_it_was() {
    let run = Workplace::new(&[]).run_with(&["normalize", "-"], "{ \"fixtures\": [");
    assert_eq!((run.status, run.stdout.as_str()), (2, "{ \"fixtures\": ["));
    assert!(run.stderr.starts_with("error: <stdin>:1:"), "{}", run.stderr);
}

#[test]
fn passes_are_chosen_by_flag_and_by_configuration() {
    let place = Workplace::new(&[("fixtures/a.json", RECORDED)]);
    assert_eq!(place.run(&["normalize", "--ignore", "timestamps"]).status, 0);
    assert_eq!(place.run(&["normalize", "--select", "timings"]).status, 0);
    let run = place.run(&["normalize", "--select", "timestamp"]);
    assert_eq!(run.status, 2);
    insta::assert_snapshot!(run.stderr, @"error: there is no normalize pass or group `timestamp`; did you mean `timestamps`?");
    let place = Workplace::new(&[("fixtures/a.json", RECORDED), ("aimock.yaml", "normalize: { passes: [timings] }\n")]);
    assert_eq!(place.run(&["normalize"]).status, 0);
    assert_eq!(place.run(&["normalize", "--select", "default"]).status, 1);
}

#[test]
fn match_keys_wait_for_their_transform() {
    let text = r#"{ "fixtures": [{ "match": { "userMessage": "at 2026-03-30T13:19:38Z" }, "response": { "content": "b" } }] }"#;
    let place = Workplace::new(&[("fixtures/a.json", text)]);
    let run = place.run(&["normalize"]);
    assert_eq!(run.status, 0);
    insta::assert_snapshot!(run.stderr, @r"
    1 file looked at: nothing to normalize
    note: 1 match key holds timestamps, and is left, since requests are compared as they come; add `transforms: [timestamps]` to aimock.yaml
    ");
    let place = Workplace::new(&[("fixtures/a.json", text), ("aimock.yaml", "transforms: [timestamps]\nmatching: contains\n")]);
    let run = place.run(&["normalize", "--write"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(read(&place, "fixtures/a.json").contains("at <timestamp>"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_said_and_the_others_are_done() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new(&[("fixtures/a.json", RECORDED), ("fixtures/b.json", RECORDED)]);
    let set = |name: &str, mode: u32| fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    set("fixtures/a.json", 0o444);
    set("fixtures/b.json", 0o640);
    let run = place.run(&["normalize", "--write"]);
    assert_eq!(run.status, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: `fixtures/a.json` is read-only
    1 file of 2 files written
    ");
    assert_eq!((read(&place, "fixtures/a.json").as_str(), read(&place, "fixtures/b.json").as_str()), (RECORDED, NORMALIZED));
    let mode = fs::metadata(place.path("fixtures/b.json")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_broken_file_is_said_and_the_others_are_done() {
    let place = Workplace::new(&[("fixtures/a.json", "{ \"fixtures\": ["), ("fixtures/b.json", RECORDED)]);
    let run = place.run(&["normalize", "--write"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("fixtures/a.json:1:"), "{}", run.stderr);
    assert_eq!(read(&place, "fixtures/b.json"), NORMALIZED);
}

/// However early the program is killed, every file is the old one or the new one.
#[cfg(unix)]
#[test]
fn killed_at_any_moment_every_file_is_old_or_new() {
    let big = |stamp: &str| {
        let entry = format!("{{ \"match\": {{ \"userMessage\": \"a\" }}, \"response\": {{ \"content\": \"at {stamp}\" }} }}");
        format!("{{ \"fixtures\": [\n{}\n] }}\n", vec![entry; 2000].join(",\n"))
    };
    let (old, new) = (big("2026-03-30T13:19:38Z"), big("2000-01-01T00:00:00Z"));
    let names: Vec<String> = (0..8).map(|number| format!("fixtures/{number}.json")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), old.as_str())).collect();
    let place = Workplace::new(&files);
    let (mut olds, mut news) = (0, 0);
    for round in 0_u32..40 {
        for name in &names {
            fs::write(place.path(name), &old).expect("the file can be written");
        }
        let mut command = place.command(&["normalize", "--write"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Not a wait for anything: each round lets the program come a little further.
        let mut spins = 0_u64;
        while spins < u64::from(round) * 400 && child.try_wait().expect("it is ours").is_none() {
            spins += 1;
        }
        let _gone = child.kill();
        child.wait().expect("it ends");
        for name in &names {
            let text = read(&place, name);
            assert!(text == old || text == new, "{name} is neither old nor new after {spins} looks: {} bytes", text.len());
            *(if text == old { &mut olds } else { &mut news }) += 1;
        }
    }
    assert_eq!(olds + news, 40 * names.len());
    assert!(olds > 0, "it was never killed early enough");
}
