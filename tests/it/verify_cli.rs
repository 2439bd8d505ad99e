//! `aimock verify` from outside: journals from files and from running servers, broken expectations at their places.

use crate::workplace::{Run, Workplace};

const FIXTURES: &str = r#"{ "fixtures": [
  { "id": "hello", "match": { "userMessage": "hi" }, "response": { "content": "Hello" },
    "expect": { "requests": 2, "keys": ["k0", "k1"] } },
  { "match": { "userMessage": "bye" }, "response": { "content": "Bye" } }
] }
"#;

/// Three requests as a journal shows them.
const JOURNAL: &str = r#"[
  { "id": "r1", "timestamp": 1000, "method": "POST", "path": "/v1/chat/completions", "durationMs": 1.5,
    "response": { "status": 200, "source": "fixture", "matchedBy": "content", "fixture": { "handle": "hello", "file": "/srv/f.json" } },
    "credential": { "header": "authorization", "ordinal": "k7", "fingerprint": "aa" } },
  { "id": "r2", "timestamp": 2000, "method": "POST", "path": "/v1/chat/completions", "durationMs": 1.5,
    "response": { "status": 200, "source": "fixture", "matchedBy": "content", "fixture": { "handle": "hello", "file": "/srv/f.json" } },
    "credential": { "header": "authorization", "ordinal": "k9", "fingerprint": "bb" } },
  { "id": "r3", "timestamp": 3000, "method": "POST", "path": "/v1/chat/completions", "durationMs": 1.5,
    "response": { "status": 200, "source": "fixture", "matchedBy": "content",
      "fixture": { "handle": "suite/f.json#/fixtures/1", "file": "suite/f.json" } } }
]
"#;

fn place(expectations: &str) -> Workplace {
    Workplace::new(&[("f.json", FIXTURES), ("journal.json", JOURNAL), ("expect.yaml", expectations)])
}

#[track_caller]
fn check(run: &Run, status: i32, stdout: &str, stderr: &str) {
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (status, stdout, stderr));
}

#[test]
fn expectations_that_hold_are_counted() {
    let place = place("requests: 3\nfixtures:\n  hello: { requests: 2, keys: [k0, k1] }\nnoMisses: true\nunused: 0\n");
    let run = place.run(&["verify", "expect.yaml", "--journal", "journal.json", "-f", "f.json"]);
    check(&run, 0, "", "7 expectations on 3 requests: all hold\n");
}

#[test]
fn a_broken_expectation_is_shown_where_it_is_written() {
    let place = place("requests: 3\nfixtures:\n  hello:\n    requests: 1\n");
    let run = place.run(&["verify", "expect.yaml", "--journal", "journal.json", "--format", "concise"]);
    check(
        &run,
        1,
        "expect.yaml:4:5: error[broken-expectation] hello: requests: expected 1, seen 2\n",
        "2 expectations on 3 requests: 1 broken\n",
    );
    let junit = place.run(&["verify", "expect.yaml", "--journal", "journal.json", "--format", "junit"]);
    assert!(junit.stdout.contains("<failure message=\"hello: requests: expected 1, seen 2\""), "{}", junit.stdout);
    let json = place.run(&["verify", "expect.yaml", "--journal", "journal.json", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["findings"][0]["pointer"], "/fixtures/hello/requests", "{json}");
}

#[test]
fn expect_blocks_of_fixtures_come_along() {
    let place = place("noMisses: true\n");
    let run = place.run(&["verify", "-f", "f.json", "--journal", "journal.json"]);
    check(&run, 0, "", "2 expectations on 3 requests: all hold\n");
    let entries: Vec<serde_json::Value> = serde_json::from_str(JOURNAL).unwrap();
    let lines = format!(
        "{}
{}
",
        entries[1], entries[2]
    );
    let run = place.run_with(&["verify", "-f", "f.json", "--journal", "-", "--format", "concise"], &lines);
    check(
        &run,
        1,
        "f.json:3:17: error[broken-expectation] hello: requests: expected 2, seen 1\n\
         f.json:3:32: error[broken-expectation] hello: keys: expected k0, k1, seen k0\n",
        "2 expectations on 2 requests: 2 broken\n",
    );
}

#[track_caller]
fn fails(run: &Run, expected: &str) {
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains(expected), "{}", run.stderr);
}

#[test]
fn what_cannot_be_read_is_said() {
    let place = place("requets: 3\nkeys: k0\nfixtures: { hello: { stream: done } }\n");
    let run = place.run(&["verify", "expect.yaml", "--journal", "journal.json"]);
    fails(&run, "expect.yaml:1:1: unknown key `requets`; did you mean `requests`?\n");
    fails(&run, "expect.yaml:2:7: `keys` must be a list");
    fails(&run, "expect.yaml:3:30: `stream` must be one of");
    fails(&place.run(&["verify", "--journal", "journal.json"]), "nothing is expected: name a file of expectations");
    fails(&place.run(&["verify", "-f", "f.json"]), "no journal is given: name one with --journal FILE");
    fails(&place.run(&["verify", "-f", "f.json", "--journal", "nowhere.json"]), "cannot read the journal nowhere.json");
    fails(&place.run(&["verify", "-f", "f.json", "--journal", "f.json"]), "entry 1 of the journal is none: it has no `response`");
    fails(&place.run(&["verify", "-f", "f.json", "--url", "127.0.0.1:1"]), "is no address of a server");
    fails(
        &place.run(&["verify", "-f", "f.json", "--url", "http://127.0.0.1:1"]),
        "cannot reach http://127.0.0.1:1; is `aimock serve` running",
    );
}

const STREAM: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}

data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}

data: [DONE]

";

#[test]
fn a_captured_stream_is_held_against_its_grammar() {
    let cut = STREAM.replace("data: [DONE]\n\n", "");
    let late = STREAM.replace("\"delta\":{},\"finish_reason\":\"stop\"", "\"finish_reason\":\"stop\"");
    let mid = STREAM.trim_end_matches('\n');
    let odd = "data: hello\n\n";
    let place = Workplace::new(&[("whole.sse", STREAM), ("cut.sse", &cut), ("late.sse", &late), ("mid.sse", mid), ("odd.sse", odd)]);
    let run = |file: &str| place.run(&["verify", "--stream", file, "--format", "concise"]);
    check(&run("whole.sse"), 0, "", "3 events of chat-chunks: the stream is whole\n");
    check(
        &run("cut.sse"),
        1,
        "cut.sse:4:1: error[broken-stream] the stream ends without `[DONE]`\n",
        "2 events of chat-chunks: 1 out of order\n",
    );
    check(
        &run("late.sse"),
        1,
        "late.sse:3:1: error[broken-stream] event 2: choice 0 has no `delta`\n",
        "3 events of chat-chunks: 1 out of order\n",
    );
    assert!(run("mid.sse").stdout.contains("the stream ends in the middle of an event"));
    let odd = run("odd.sse");
    fails(&odd, "odd.sse holds no event of an API that is known (1 event with data, read as server-sent events)");
    let wrong = place.run(&["verify", "--stream", "whole.sse", "--grammar", "chat"]);
    fails(&wrong, "there is no grammar `chat`; there are ");
    let named = place.run(&["verify", "--stream", "odd.sse", "--grammar", "chat-chunks", "--format", "concise"]);
    assert!(named.stdout.starts_with("odd.sse:1:1: error[broken-stream] event 1: its data is no JSON object\n"), "{}", named.stdout);
}
