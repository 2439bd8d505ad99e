//! `aimock match` from outside: which fixture answers each kind of request, why, and what it says of a miss.

use crate::workplace::{Run, Workplace};

const FIXTURES: &str = r#"{ "fixtures": [
  { "match": { "userMessage": "weather", "model": "gpt-4o" }, "response": { "content": "Sunny." } },
  { "id": "bye", "match": { "userMessage": "goodbye" }, "response": { "content": "Bye." } },
  { "match": { "userMessage": "hello", "systemMessage": "pirate" }, "response": { "content": "Ahoy!" } },
  { "match": { "userMessage": "hello", "sequenceIndex": 1 }, "response": { "content": "Again!" } },
  { "match": { "inputText": "cat", "endpoint": "embedding" }, "response": { "embedding": [0.1] } },
  { "match": { "endpoint": "chat", "userMessage": "claude", "headers": { "x-tenant": "blue" } }, "response": { "content": "Blue." } }
] }
"#;

const OPENAI: &str = r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "the weather?"}]}"#;
const ANTHROPIC: &str = r#"{"model": "claude-sonnet-4", "max_tokens": 5, "messages": [{"role": "user", "content": "hi claude"}]}"#;
const EMBEDDINGS: &str = r#"{"model": "text-embedding-3-small", "input": ["a cat", "a dog"]}"#;
const JOURNAL: &str = r#"{"id": "1", "method": "POST", "path": "/v1/chat/completions", "headers": {"x-tenant": "blue"},
  "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "goodbye now"}]}}"#;
const NEUTRAL: &str = r#"{"endpoint": "chat", "model": "gpt-4o", "messages": [{"role": "user", "content": "weather"}]}"#;

/// A request against the fixtures above.
fn run(request: &str, more: &[&str]) -> Run {
    Workplace::new(&[("f.json", FIXTURES), ("request.json", request)]).run(&[&["match", "request.json", "-f", "f.json"], more].concat())
}

#[track_caller]
fn check(request: &str, more: &[&str], status: i32, expected: &str) {
    let run = run(request, more);
    assert_eq!((run.stdout.as_str(), run.status), (expected, status), "{}", run.stderr);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_turn_of_a_socket_finds_its_fixture() {
    let bye = "\
bye answers
  at f.json:3:3
  userMessage  contains `goodbye`; found \"goodbye now\"
  why: no other fixture matches
";
    let item = r#"{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "goodbye now"}]}"#;
    let turn = format!(r#"{{"type": "response.create", "session": {{"model": "gpt-realtime"}}, "items": [{item}]}}"#);
    check(&turn, &["--path", "/v1/realtime"], 0, bye);
    let entry = format!(r#"{{"id": "1", "method": "WS", "path": "/v1/realtime", "headers": {{}}, "body": {turn}}}"#);
    check(&entry, &[], 0, bye);
}

#[test]
fn every_kind_of_request_finds_its_fixture() {
    check(
        OPENAI,
        &[],
        0,
        "\
f.json#/fixtures/0 answers
  at f.json:2:3
  userMessage  contains `weather`; found \"the weather?\"
  model        is `gpt-4o` or a dated version of it; found \"gpt-4o\"
  why: no other fixture matches
",
    );
    check(
        ANTHROPIC,
        &["-H", "X-Tenant: blue"],
        0,
        "\
f.json#/fixtures/5 answers
  at f.json:7:3
  userMessage  contains `claude`; found \"hi claude\"
  endpoint     equals `chat`; found \"chat\"
  headers      x-tenant equals `blue`; found x-tenant \"blue\"
  why: no other fixture matches
",
    );
    check(
        EMBEDDINGS,
        &[],
        0,
        "\
f.json#/fixtures/4 answers
  at f.json:6:3
  inputText  contains `cat`; found \"a cat a dog\"
  endpoint   equals `embedding`; found \"embedding\"
  why: no other fixture matches
",
    );
    check(
        JOURNAL,
        &[],
        0,
        "\
bye answers
  at f.json:3:3
  userMessage  contains `goodbye`; found \"goodbye now\"
  why: no other fixture matches
",
    );
    let neutral = run(NEUTRAL, &[]);
    assert!(neutral.stdout.starts_with("f.json#/fixtures/0 answers\n") && neutral.status == 0, "{}", neutral.stdout);
}

#[test]
fn a_miss_names_the_three_nearest_and_what_failed() {
    let run = run(ANTHROPIC, &[]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.starts_with("no fixture matches\n\n1. "), "{}", run.stdout);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count(), 3);
    let failed = "   at f.json:7:3\n   headers\n     wanted  x-tenant equals `blue`\n     found   x-tenant absent\n";
    assert!(run.stdout.contains(failed), "{}", run.stdout);
}

#[test]
fn what_position_refuses_is_said() {
    let request = r#"{"model": "gpt-4", "messages": [{"role": "user", "content": "hello you"}]}"#;
    let run = run(request, &[]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("1 fixture would match, but for the sequence slot or the turn\n"), "{}", run.stdout);
    assert!(run.stdout.contains("sequenceIndex 1: it was served 0 times\n"), "{}", run.stdout);
}

#[test]
fn texts_can_be_compared_exactly() {
    let run = run(OPENAI, &["--matching", "exact"]);
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("     wanted  equals `weather`\n     found   \"the weather?\"\n"), "{}", run.stdout);
}

#[test]
fn the_answer_as_json() {
    let hit = run(OPENAI, &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&hit.stdout).expect("JSON");
    assert_eq!((&value["matched"], &value["fixture"]["handle"]), (&true.into(), &"f.json#/fixtures/0".into()));
    assert_eq!((&value["fixture"]["line"], &value["clauses"][0]["holds"]), (&2.into(), &true.into()));
    let miss = run(ANTHROPIC, &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&miss.stdout).expect("JSON");
    assert_eq!((&value["matched"], value["nearest"].as_array().map(Vec::len), miss.status), (&false.into(), Some(3), 1));
}

/// Exit status 2, nothing on stdout, and these words on stderr.
#[track_caller]
fn check_refused(files: &[(&str, &str)], arguments: &[&str], expected: &str) {
    let run = Workplace::new(files).run(&[&["match"], arguments].concat());
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn what_cannot_be_answered_says_why() {
    let files = [("f.json", FIXTURES), ("request.json", OPENAI), ("package.json", "{\"name\": \"x\"}"), ("cut.json", "{\"model\"")];
    check_refused(&files, &["nope.json", "-f", "f.json"], "cannot read the request nope.json\n  cause: `nope.json`: there is no such file");
    check_refused(&files, &["cut.json", "-f", "f.json"], "the request cut.json is no JSON");
    check_refused(&files, &["package.json", "-f", "f.json"], "package.json is no request for /v1/chat/completions");
    check_refused(&files, &["request.json", "-f", "package.json"], "there is no fixture to match: package.json: not a fixture file");
    check_refused(&files, &["request.json", "-f", "nowhere"], "no file with fixtures was found; name one with `-f`");
    check_refused(&files, &["request.json", "-f", "f.json", "-H", "nonsense"], "`nonsense` is no header: write NAME: VALUE");
    check_refused(&files, &["request.json"], "nothing to load");
}

#[test]
fn a_broken_fixture_never_answers_and_is_mentioned() {
    let files =
        [("f.json", r#"{"fixtures": [{"match": {"userMesage": "x"}, "response": {"content": "Never."}}]}"#), ("request.json", OPENAI)];
    let run = Workplace::new(&files).run(&["match", "request.json", "-f", "f.json"]);
    assert_eq!(run.status, 1, "{}", run.stdout);
    assert!(run.stdout.starts_with("no fixture matches\n"), "{}", run.stdout);
    assert_eq!(run.stderr, "warning: f.json has 1 error; `aimock validate f.json` shows them\n");
}

#[test]
fn the_request_may_come_from_standard_input() {
    let run = Workplace::new(&[("f.json", FIXTURES)]).run_with(&["match", "-", "-f", "f.json"], OPENAI);
    assert!(run.stdout.starts_with("f.json#/fixtures/0 answers\n") && run.status == 0, "{}", run.stderr);
}

#[test]
fn of_several_models_the_one_that_answers_is_named_and_those_that_give_way() {
    let fixtures = r#"{ "fixtures": [
      { "match": { "model": "a/x" }, "response": { "error": { "message": "down" }, "status": 503 } },
      { "match": { "model": "c/x" }, "response": { "content": "c" } },
      { "match": { "model": "d/x" }, "response": { "error": { "message": "the end" }, "status": 402, "fallthrough": false } }
    ] }"#;
    let ask = |models: &[&str], more: &[&str]| {
        let body = serde_json::json!({ "models": models, "messages": [{ "role": "user", "content": "hi" }] }).to_string();
        let place = Workplace::new(&[("f.json", fixtures), ("request.json", &body)]);
        place.run(&[&["match", "request.json", "-f", "f.json", "--path", "/api/v1/chat/completions"], more].concat())
    };
    let run = ask(&["a/x", "b/x", "c/x"], &[]);
    let expected = "\
a/x gives way: f.json#/fixtures/0 answers with an error (503)
b/x gives way: no fixture matches
f.json#/fixtures/1 answers
";
    assert!(run.stdout.starts_with(expected), "{}{}", run.stdout, run.stderr);
    let run = ask(&["a/x", "d/x", "c/x"], &["--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&answer["fixture"]["handle"], answer["passed"].as_array().map(Vec::len)), (&"f.json#/fixtures/2".into(), Some(1)));
    let run = ask(&["b/x", "a/x"], &[]);
    assert!(run.stdout.starts_with("b/x gives way: no fixture matches\nf.json#/fixtures/0 answers\n"), "{}", run.stdout);
    let run = ask(&["b/x", "e/x"], &[]);
    assert_eq!((run.stdout.contains("e/x gives way: no fixture matches\nno fixture matches\n"), run.status), (true, 1), "{}", run.stdout);
}
