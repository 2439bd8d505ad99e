//! The commands under an `aimock.yaml` with transforms.

use crate::workplace::{Run, Workplace};

const REQUEST: &str = r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Event Date: 2027-01-02T03:04:05\nWhat next?"}]}"#;
const FIXTURES: &str = r#"{ "fixtures": [
  { "id": "event", "match": { "userMessage": "Event Date: 2026-03-30T13:19:38\nWhat next?" }, "response": { "content": "Go." } },
  { "id": "greeting", "match": { "userMessage": "Good morning to you" }, "response": { "content": "Hello." } }
] }
"#;

/// A folder with these fixtures and this configuration.
fn place(config: &str, fixtures: &str) -> Workplace {
    Workplace::new(&[("aimock.yaml", config), ("fixtures/f.json", fixtures), ("request.json", REQUEST), (".git/HEAD", "")])
}

#[track_caller]
fn check(run: &Run, status: i32, stdout: &str, stderr: &str) {
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (status, stdout, stderr));
}

#[test]
fn match_answers_for_the_rewritten_request_and_shows_it() {
    let run = place("transforms: [timestamps]\n", FIXTURES).run(&["match", "request.json"]);
    let expected = "\
event answers
  at fixtures/f.json:2:3
  userMessage  equals `Event Date: <timestamp>\\nWhat next?`; found \"Event Date: <timestamp>\\nWhat next?\"
  why: no other fixture matches
  after transforms: timestamps
    userMessage  \"Event Date: <timestamp>\\nWhat next?\"
";
    check(&run, 0, expected, "");
}

#[test]
fn match_says_so_on_a_miss_and_in_json() {
    let place = place("transforms: [timestamps]\nmatching: exact\n", &FIXTURES.replace("What next?", "And then?"));
    let run = place.run(&["match", "request.json"]);
    let head =
        "no fixture matches\n  after transforms: timestamps\n    userMessage  \"Event Date: <timestamp>\\nWhat next?\"\n\n1. event\n";
    assert!(run.status == 1 && run.stdout.starts_with(head), "{}", run.stdout);
    let answer: serde_json::Value = serde_json::from_str(&place.run(&["match", "request.json", "--format", "json"]).stdout).unwrap();
    assert_eq!(answer["transforms"], serde_json::json!(["timestamps"]));
    assert_eq!(answer["rewritten"], serde_json::json!({ "userMessage": "Event Date: <timestamp>\nWhat next?" }));
}

#[test]
fn a_stub_is_stamped_with_the_rewritten_request_and_answers_it() {
    let place = place("transforms: [timestamps]\n", FIXTURES);
    let stub = place.run(&["match", "request.json", "--stub"]);
    assert!(stub.stdout.contains(r#""userMessage": "Event Date: <timestamp>\nWhat next?""#), "{}", stub.stdout);
    let again = self::place("transforms: [timestamps]\n", &stub.stdout).run(&["match", "request.json"]);
    assert!(again.status == 0 && again.stdout.starts_with("fixtures/f.json#/fixtures/0 answers\n"), "{}", again.stdout);
}

#[test]
fn a_request_that_a_transform_fails_on_is_refused() {
    let run = place("transforms: [{ drop: '/messages/*/role', name: no roles }]\n", FIXTURES).run(&["match", "request.json"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: transform `no roles` cannot rewrite this request: "), "{}", run.stderr);
    assert!(run.stderr.contains("the server answers it with 500 `transform_failed`"), "{}", run.stderr);
}

#[test]
fn lint_and_serve_say_that_texts_became_exact() {
    let place = place("# what differs from run to run\ntransforms: [timestamps]\n", FIXTURES);
    let run = place.run(&["lint", "--format", "concise"]);
    let finding =
        "aimock.yaml:2:1: warning[transforms-without-matching] 2 text keys are now exact: there are `transforms`, and no `matching`\n";
    assert!(run.status == 1 && run.stdout == finding, "{}", run.stdout);
    // The server refuses to start without an address, and has said it by then.
    let run = place.run(&["serve", "--host", "no such host", "-p", "0"]);
    let line = "warning: aimock.yaml:2:1: 2 text keys are now exact: there are `transforms`, and no `matching`; write `matching: exact` if that is meant, or `matching: contains`\n";
    assert!(run.stderr.starts_with(line), "{}", run.stderr);
}

/// Whether lint says that texts became exact.
#[track_caller]
fn check_warned(config: &str, fixtures: &str, arguments: &[&str], expected: bool) {
    let run = place(config, fixtures).run(&[&["lint", "--format", "concise"], arguments].concat());
    assert_eq!(run.stdout.contains("transforms-without-matching"), expected, "{}", run.stdout);
    assert_eq!(run.status == 0, !expected, "{}", run.stdout);
}

#[test]
fn an_explicit_matching_always_wins_and_is_never_doubted() {
    check_warned("transforms: [timestamps]\n", FIXTURES, &[], true);
    check_warned("transforms: [timestamps]\nmatching: exact\n", FIXTURES, &[], false);
    check_warned("transforms: [timestamps]\nmatching: contains\n", FIXTURES, &[], false);
    check_warned("transforms: []\nlint: { ignore: [timestamp-in-match] }\n", FIXTURES, &[], false);
    check_warned("transforms: [timestamps]\nlint: { ignore: [transforms-without-matching] }\n", FIXTURES, &[], false);
    check_warned(
        "transforms: [timestamps]\n",
        r#"{ "fixtures": [{ "match": { "toolName": "f" }, "response": { "content": "x" } }] }"#,
        &[],
        false,
    );
    // Hooks pass names: only those files are spoken of.
    check_warned("include: [fixtures]\ntransforms: [timestamps]\n", FIXTURES, &["fixtures/f.json"], false);
}

#[test]
fn an_explicit_matching_decides_in_match() {
    let part = r#"{ "fixtures": [{ "match": { "userMessage": "Event Date: 2026-03-30T13:19:38" }, "response": { "content": "Go." } }] }"#;
    for (matching, status) in [("", 1), ("matching: exact\n", 1), ("matching: contains\n", 0)] {
        let run = place(&format!("transforms: [timestamps]\n{matching}"), part).run(&["match", "request.json"]);
        assert_eq!(run.status, status, "{matching}{}", run.stdout);
    }
    let run = place("transforms: [timestamps]\n", part).run(&["match", "request.json", "--matching", "contains"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
}

#[test]
fn what_a_transform_takes_away_lint_is_silent_about() {
    let place = place("matching: exact\n", FIXTURES);
    let run = place.run(&["lint", "--format", "json"]);
    assert!(run.stdout.contains("timestamp-in-match") && run.stdout.contains("`transforms: [timestamps]`"), "{}", run.stdout);
    let run = self::place("matching: exact\ntransforms: [timestamps]\n", FIXTURES).run(&["lint"]);
    assert!(run.status == 0 && !run.stdout.contains("timestamp"), "{}", run.stdout);
}

#[test]
fn fixtures_that_differ_only_in_what_is_rewritten_are_duplicates() {
    let twice = r#"{ "fixtures": [
  { "match": { "userMessage": "Event Date: 2026-03-30T13:19:38" }, "response": { "content": "Go." } },
  { "match": { "userMessage": "Event Date: 2027-01-02T03:04:05" }, "response": { "content": "Stay." } }
] }
"#;
    let place = place("transforms: [timestamps]\nmatching: exact\n", twice);
    let run = place.run(&["lint", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "duplicate-match").unwrap_or_else(|| panic!("{report:#}"));
    // The witness, put to `aimock match`, finds the same fixture.
    let witness = Workplace::new(&[
        ("aimock.yaml", "transforms: [timestamps]\nmatching: exact\n"),
        ("fixtures/f.json", twice),
        ("witness.json", &finding["witness"].to_string()),
    ]);
    let run = witness.run(&["match", "witness.json"]);
    assert!(run.stdout.starts_with("fixtures/f.json#/fixtures/0 answers\n"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn validate_reports_a_text_that_a_transform_fails_on() {
    let config = "matching: exact\ntransforms:\n  - { replace: '(a)b', with: '$1', name: halve }\n";
    let fixtures = r#"{ "fixtures": [{ "match": { "userMessage": "abb" }, "response": { "content": "x" } }] }"#;
    let run = place(config, fixtures).run(&["validate", "--format", "concise"]);
    let start = "fixtures/f.json:1:44: error[transform-failed] transform `halve` cannot rewrite this text: ";
    assert!(run.status == 1 && run.stdout.starts_with(start), "{}", run.stdout);
}

#[test]
fn a_list_that_cannot_be_used_keeps_every_command_from_starting() {
    for command in ["lint", "validate", "serve"] {
        let run = place("matching: exact\ntransforms:\n  - timestamps\n  - timestamp\n", FIXTURES).run(&[command]);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains("aimock.yaml:4:5: ") && run.stderr.contains("timestamp"), "{}", run.stderr);
    }
}
