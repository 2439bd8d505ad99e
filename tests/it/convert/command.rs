//! `aimock convert` from outside.

use serde_json::Value;

use super::samples;
use crate::workplace::Workplace;

const CASSETTE: &str = r#"version: 1
interactions:
- request:
    method: POST
    uri: https://api.openai.com/v1/chat/completions
    headers: {authorization: [Bearer x]}
    body: '{"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hi."}]}'
  response:
    status: {code: 200, message: OK}
    headers: {content-type: [application/json]}
    body: {string: '{"id": "x", "choices": [{"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}]}'}
"#;

#[test]
fn one_input_goes_to_stdout_and_the_talk_to_stderr() {
    let place = Workplace::new(&[("a/chat.yaml", CASSETTE)]);
    let run = place.run(&["convert", "a/chat.yaml"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let file: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(file["fixtures"][0]["response"]["content"], "Hi.");
    insta::assert_snapshot!(run.stderr, @r"
    a/chat.yaml: a vcrpy cassette: 1 interaction, 1 fixture
      match keys: endpoint (1), hasToolResult (1), model (1), turnIndex (1), userMessage (1)
      secrets: 1 value replaced or left out
      info[not-carried]: a/chat.yaml:1:1: answers in no vendor's words have no place for `id`
    ");
    let run = place.run_with(&["convert", "-", "--format", "yaml"], CASSETTE);
    assert!(run.stdout.starts_with("fixtures:\n- match:\n    userMessage: Say hi.\n"), "{}", run.stdout);
    let run = place.run(&["convert", "a/chat.yaml", "--quiet"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}

#[test]
fn a_folder_becomes_a_folder() {
    let lost = CASSETTE.replace("status: {code: 200, message: OK}", "status: {}");
    let place = Workplace::new(&[
        ("in/chat.yaml", CASSETTE),
        ("in/chat.yml", CASSETTE),
        ("in/deep/lost.yaml", &lost),
        ("in/deep/a.request.json", r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#),
        ("in/deep/a.response.txt", "HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\n\r\n<p>"),
        ("in/deep/b.response.json", "{}"),
        ("in/package.json", "{}"),
    ]);
    let run = place.run(&["convert", "in", "-o", "out"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!(run.stderr, @r"
    note: skipped in/deep/b.response.json: there is no in/deep/b.request.json beside it
    note: skipped in/package.json: its format is not recognised
    in/deep/a.request.json: a request with its response: 1 interaction, 1 fixture went to out/deep/a.json
      match keys: endpoint (1), hasToolResult (1), model (1), turnIndex (1), userMessage (1)
      info[kept-raw]: in/deep/a.request.json:1:1: the answer is kept as it is: the body is no JSON
    in/chat.yaml: a vcrpy cassette: 1 interaction, 1 fixture went to out/chat.json
      match keys: endpoint (1), hasToolResult (1), model (1), turnIndex (1), userMessage (1)
      secrets: 1 value replaced or left out
      info[not-carried]: in/chat.yaml:1:1: answers in no vendor's words have no place for `id`
    in/chat.yml: a vcrpy cassette: 1 interaction, 1 fixture went to out/chat-yml.json
      match keys: endpoint (1), hasToolResult (1), model (1), turnIndex (1), userMessage (1)
      secrets: 1 value replaced or left out
      info[not-carried]: in/chat.yml:1:1: answers in no vendor's words have no place for `id`
    in/deep/lost.yaml: a vcrpy cassette: 1 interaction, 0 fixtures; nothing is written
      error[interaction-lost]: in/deep/lost.yaml:3:3: this interaction is lost: its response has no status
    warning: in/deep/lost.yaml: 1 interaction lost
    ");
    for file in ["out/chat.json", "out/chat-yml.json", "out/deep/a.json"] {
        assert!(place.path(file).exists(), "{file}");
    }
    assert!(!place.path("out/deep/lost.json").exists());
    assert_eq!(place.run(&["validate", "out"]).status, 0);
    let again = place.run(&["convert", "in", "-o", "out"]);
    assert_eq!(again.status, 2);
    assert!(again.stderr.contains("already exists and is not replaced; `--force` replaces it"), "{}", again.stderr);
    assert_eq!(place.run(&["convert", "in", "-o", "out", "--force"]).status, 1);
    let dry = place.run(&["convert", "in", "-o", "elsewhere", "--dry-run"]);
    assert!(dry.stderr.contains("would go to elsewhere/chat.json"), "{}", dry.stderr);
    assert!(!place.path("elsewhere").exists());
}

#[test]
fn what_cannot_be_done_is_said() {
    #[track_caller]
    fn check(arguments: &[&str], expected: &str) {
        let place = Workplace::new(&[("a.json", "{}"), ("b.json", "{"), ("c.yaml", CASSETTE), ("d.yaml", CASSETTE)]);
        let run = place.run(arguments);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
    check(&["convert"], "<PATH>...");
    check(&["convert", "a.json"], "a.json is not converted: its format is not recognised; the formats are cassetter, vcrpy");
    check(&["convert", "b.json"], "b.json is not converted: it cannot be read");
    check(&["convert", "nothing.har"], "there is no such file or directory");
    check(&["convert", "c.yaml", "d.yaml"], "2 inputs make as many fixture files: name a directory for them with `-o DIR`");
    check(&["convert", "c.yaml", "--from", "tape"], "invalid value 'tape'");
}

#[test]
fn lint_has_no_errors_to_report() {
    let place = Workplace::new(&[]);
    for sample in samples() {
        let conversion = aimock::convert::convert(&sample.input, None).unwrap();
        std::fs::write(place.path(&format!("{}-{}.json", sample.format, sample.name)), format!("{:#}\n", conversion.file)).unwrap();
    }
    let run = place.run(&["lint", ".", "--fail-on", "error", "--format", "concise"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn validate_and_lint_name_recordings() {
    let place = Workplace::new(&[("in/chat.yaml", CASSETTE), ("in/other.yaml", "a: 1")]);
    for command in ["validate", "lint"] {
        let run = place.run(&[command, "in"]);
        let hint = "skipped in/chat.yaml: a vcrpy cassette: `aimock convert in/chat.yaml` makes fixtures of it";
        assert!(run.stderr.contains(hint) && run.stderr.contains("skipped in/other.yaml: not a fixture file"), "{command}: {}", run.stderr);
    }
}
