//! `aimock check` from outside: what validate, lint and `normalize --check` say, said at once.
#![expect(clippy::disallowed_methods, reason = "tests write the files that the program reads")]

use std::fs;

use crate::workplace::{Run, Workplace};

/// Takes every request that mentions the weather, and holds a time that a clock wrote.
const BROAD: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "content": "Sunny at 2026-03-30T13:19:38Z." } }
] }
"#;
/// Never served behind the broad one.
const NARROW: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "Snow." } }
] }
"#;
/// A key that no match has.
const INVALID: &str = r#"{ "fixtures": [
  { "match": { "userMesage": "bye" }, "response": { "content": "Bye." } }
] }
"#;
const CLEAN: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "say hello" }, "response": { "content": "Hello." } }
] }
"#;

fn place() -> Workplace {
    Workplace::new(&[
        (".git/HEAD", ""),
        ("aimock.yaml", "include: [fixtures]\nmatching: contains\n"),
        ("fixtures/a.json", BROAD),
        ("fixtures/b.json", NARROW),
        ("fixtures/c.json", INVALID),
        ("fixtures/d.json", CLEAN),
    ])
}

/// `FILE:LINE rule` of each line of `--format concise`.
fn places(run: &Run) -> Vec<String> {
    let place = |line: &str| {
        let mut parts = line.split(':');
        let (file, line_number) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let rule = line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(rule, _)| rule);
        format!("{file}:{line_number} {rule}")
    };
    run.stdout.lines().map(place).collect()
}

#[track_caller]
fn check(arguments: &[&str], input: &str, status: i32, expected: &[&str]) {
    let run = place().run_with(&[&["check", "--format", "concise"], arguments].concat(), input);
    assert_eq!((run.status, places(&run)), (status, expected.iter().map(|text| (*text).to_owned()).collect()), "{}", run.stderr);
}

const ALL: [&str; 3] = ["fixtures/a.json:2 timestamps", "fixtures/b.json:2 shadowed-fixture", "fixtures/c.json:2 unknown-match-key"];

#[test]
fn it_says_what_the_three_commands_say() {
    check(&[], "", 1, &ALL);
    let place = place();
    let apart: Vec<String> = [&["validate"][..], &["lint"], &["normalize", "--check"]]
        .iter()
        .flat_map(|command| places(&place.run(&[command, &["--format", "concise"][..]].concat())))
        .collect();
    for finding in ALL {
        assert!(apart.iter().any(|other| other == finding), "{finding} is in none of {apart:?}");
    }
}

#[test]
fn names_choose_what_is_shown_and_the_scope_is_whole() {
    check(&["fixtures/b.json"], "", 1, &ALL[1..2]);
    check(&["fixtures/d.json"], "", 0, &[]);
    check(&["fixtures/a.json", "fixtures/d.json"], "", 1, &ALL[..1]);
    check(&["package.json"], "", 2, &["package.json:1 path-not-found"]);
}

#[test]
fn names_come_from_a_list() {
    check(&["--files-from", "-"], "fixtures/b.json\nfixtures/d.json\n", 1, &ALL[1..2]);
    check(&["--files-from", "-"], "fixtures/b.json\r\n\r\nfixtures/c.json", 1, &ALL[1..]);
    check(&["--files-from", "-"], "fixtures/d.json\0fixtures/a.json\0", 1, &ALL[..1]);
    check(&["--files-from", "-"], "", 0, &[]);
    check(&["--files-from", "-", "fixtures/c.json"], "fixtures/d.json\n", 1, &ALL[2..]);
    check(&["--files-from", "-", "-"], "", 2, &[]);
    check(&["--files-from", "nowhere.txt"], "", 2, &[]);
}

#[test]
fn rules_and_passes_are_silenced_by_name() {
    check(&["--ignore", "timestamps"], "", 1, &ALL[1..]);
    check(&["--ignore", "timestamps,reachability,unknown-match-key"], "", 0, &[]);
    check(&["--ignore", "scrubbing", "--fail-on", "error"], "", 1, &ALL[1..]);
    let run = place().run(&["check", "--ignore", "timestamp"]);
    assert!(run.status == 2 && run.stderr.contains("pass `timestamp`; did you mean `timestamps`?"), "{}", run.stderr);
}

#[test]
fn the_configuration_chooses_the_passes() {
    let place = place();
    fs::write(place.path("aimock.yaml"), "include: [fixtures]\nmatching: contains\nnormalize: { passes: [uuids] }\n")
        .expect("it is written");
    assert_eq!(places(&place.run(&["check", "--format", "concise"])), ALL[1..]);
}

#[test]
fn what_a_rule_says_is_not_said_again_by_a_pass() {
    let key = crate::planted::openai();
    let text = format!(
        "{{ \"fixtures\": [\n  {{ \"match\": {{ \"userMessage\": \"my key\" }}, \"response\": {{ \"content\": \"{key}\" }} }}\n] }}\n"
    );
    let place = Workplace::new(&[(".git/HEAD", ""), ("fixtures/a.json", &text)]);
    let run = place.run(&["check", "--format", "concise"]);
    assert_eq!(places(&run), ["fixtures/a.json:2 provider-api-key"], "{}", run.stdout);
    assert!(!run.stdout.contains(&key) && !run.stderr.contains(&key));
}

#[test]
fn what_an_author_allows_stays_as_it_is() {
    let entry = |allow: &str| {
        format!(
            "{{ \"fixtures\": [\n  {{ {allow}\"match\": {{ \"userMessage\": \"what time is it\" }}, \"response\": {{ \"content\": \"2026-03-30T13:19:38Z\" }} }}\n] }}\n"
        )
    };
    for (allow, status) in [
        ("", 1),
        (r#""$lint": { "allow": "timestamps", "reason": "the test reads it" }, "#, 0),
        (r#""$lint": { "allow": ["volatile-time-in-response"], "reason": "the test reads it" }, "#, 0),
        (r#""$lint": { "allow": "uuids", "reason": "another one" }, "#, 1),
    ] {
        let place = Workplace::new(&[(".git/HEAD", ""), ("fixtures/a.json", &entry(allow))]);
        for command in [&["check"][..], &["normalize", "--check"]] {
            let run = place.run(&[command, &["--format", "concise"]].concat());
            assert_eq!(run.status, status, "{allow}: {}", run.stdout);
        }
    }
    let comment = "// aimock-allow: timestamps: the test reads it\n".to_owned() + &entry("");
    let place = Workplace::new(&[(".git/HEAD", ""), ("fixtures/a.jsonc", &comment)]);
    assert_eq!(place.run(&["check"]).status, 0);
}

#[test]
fn every_format_holds_rules_and_passes() {
    for format in ["text", "json", "jsonl", "github", "gitlab", "sarif", "junit"] {
        let run = place().run(&["check", "--format", format]);
        for rule in ["timestamps", "shadowed-fixture", "unknown-match-key"] {
            assert!(run.status == 1 && run.stdout.contains(rule), "{format} lacks {rule}: {}", run.stdout);
        }
    }
}
