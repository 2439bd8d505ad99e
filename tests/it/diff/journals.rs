//! Two runs of a server, compared: the same multiset of requests and answers, or not.

use aimock::diff::journal::{Journal, JournalDiff, compare};
use aimock::diff::{Ignore, Verdict};
use serde_json::{Value, json};

use crate::server::support::{chat_stream, start};
use crate::workplace::Workplace;

/// The entry of a request with this text, answered by this fixture, in a run with its own ids, times and ports.
fn entry(run: u64, nth: u64, text: &str, fixture: &str, key: &str) -> Value {
    json!({
        "id": format!("{run}-{nth}"),
        "timestamp": 1_700_000_000_000_u64 + run * 1000 + nth,
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": {
            "host": format!("127.0.0.1:{}", 40_000 + run),
            "x-request-id": format!("req-{run}-{nth}"),
            "content-type": "application/json",
        },
        "body": { "model": "gpt-4o", "messages": [{ "role": "user", "content": text }] },
        "response": { "status": 200, "fixture": { "handle": fixture, "file": "a.json", "index": 0, "match": {} }, "source": "fixture" },
        "arrivedMs": 1_700_000_000_000_u64 + run * 1000 + nth,
        "durationMs": run * 7 + nth,
        "stream": { "events": 5, "bytes": 100, "firstByteMs": run },
        "credential": { "header": "authorization", "ordinal": key, "fingerprint": format!("{run}abc") },
    })
}

fn journal(entries: &[Value]) -> Journal {
    Journal::read(&Value::from(entries.to_vec()).to_string()).expect("a journal").expect("whole")
}

#[track_caller]
fn diff(old: &[Value], new: &[Value]) -> JournalDiff {
    let (old, new) = (journal(old), journal(new));
    let found = compare(&old, &new, &Ignore::default());
    let back = compare(&new, &old, &Ignore::default());
    assert_eq!((back.verdict(), &back.added, &back.removed), (found.verdict(), &found.removed, &found.added), "the other way round");
    found
}

#[test]
fn two_runs_of_one_test_are_the_same_in_any_order() {
    let old = [entry(1, 0, "a", "fa", "k0"), entry(1, 1, "b", "fb", "k1"), entry(1, 2, "a", "fa", "k0")];
    let new = [entry(2, 0, "b", "fb", "k1"), entry(2, 1, "a", "fa", "k0"), entry(2, 2, "a", "fa", "k0")];
    let found = diff(&old, &new);
    assert_eq!((found.verdict(), found.same), (Verdict::Identical, 3), "{found:?}");
    assert!(found.counts.is_empty());
}

#[test]
fn another_answer_is_told_with_its_counts() {
    let old = [entry(1, 0, "a", "fa", "k0"), entry(1, 1, "a", "fa", "k0")];
    let new = [entry(2, 0, "a", "fb", "k0"), entry(2, 1, "a", "fa", "k0")];
    let found = diff(&old, &new);
    assert_eq!((found.verdict(), found.same, found.changed.len()), (Verdict::Breaking, 1, 1), "{found:?}");
    let pointers: Vec<&str> = found.changed[0].changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(pointers, ["/response/fixture/handle"]);
    let counts: Vec<(&str, usize, usize)> = found.counts.iter().map(|count| (count.fixture.as_str(), count.old, count.new)).collect();
    assert_eq!(counts, [("fa", 2, 1), ("fb", 0, 1)]);
}

#[test]
fn credentials_are_compared_by_ordinal() {
    let found = diff(&[entry(1, 0, "a", "fa", "k0")], &[entry(2, 0, "a", "fa", "k1")]);
    assert_eq!(found.verdict(), Verdict::Breaking);
    assert_eq!(found.changed[0].changes[0].pointer, "/credential/ordinal");
}

#[test]
fn requests_that_only_one_run_has() {
    let found = diff(&[entry(1, 0, "a", "fa", "k0")], &[entry(2, 0, "a", "fa", "k0"), entry(2, 1, "c", "fc", "k0")]);
    assert_eq!((found.verdict(), found.added.len(), found.added[0].position), (Verdict::Breaking, 1, 1));
    assert_eq!(found.added[0].request, "POST /v1/chat/completions");
}

#[test]
fn other_pieces_of_a_stream() {
    let mut new = entry(2, 0, "a", "fa", "k0");
    new["stream"]["events"] = json!(9);
    assert_eq!(diff(&[entry(1, 0, "a", "fa", "k0")], &[new]).verdict(), Verdict::Rechunked);
}

#[test]
fn the_command_reads_lists_and_lines() {
    let (old, new) = ([entry(1, 0, "a", "fa", "k0")], [entry(2, 0, "a", "fa", "k0"), entry(2, 1, "b", "fb", "k0")]);
    let lines = new.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let place = Workplace::new(&[
        ("old.json", &Value::from(old.to_vec()).to_string()),
        ("new.ndjson", &lines),
        ("empty.json", "[]"),
        ("half.ndjson", &format!("{}\n{{\"method\": \"P", old[0])),
        ("fixtures.json", "{\"fixtures\": []}"),
    ]);
    let run = place.run(&["diff", "old.json", "new.ndjson"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @"
    + request 2, POST /v1/chat/completions: only in NEW
      `fb` answered 0 requests and now 1 request
    1 added, 1 the same
    ");
    assert_eq!(place.run(&["diff", "old.json", "old.json"]).stdout, "identical: 1 request\n");
    assert_eq!(place.run(&["diff", "empty.json", "empty.json", "--format", "json"]).status, 0);
    let half = place.run(&["diff", "old.json", "half.ndjson"]);
    assert_eq!((half.status, half.stderr.contains("line 2 is no entry of a journal")), (2, true), "{}", half.stderr);
    let mixed = place.run(&["diff", "old.json", "fixtures.json"]);
    assert_eq!((mixed.status, mixed.stderr.contains("fixtures.json is no journal")), (2, true), "{}", mixed.stderr);
}

/// The journal of a run of its own: a server that answers `hello` so, asked three times.
async fn run_of(hello: Value) -> (String, String) {
    let server = start(json!([
        { "id": "hello", "match": { "userMessage": "hello" }, "response": hello },
        { "id": "any", "match": {}, "response": { "content": "whatever", "id": "drawn" } },
    ]))
    .await;
    for (text, key) in [("hello", "one"), ("something", "two"), ("hello", "one")] {
        server.send(chat_stream(text).header("authorization", &format!("Bearer {key}")).header("host", &server.address.to_string())).await;
    }
    let entries = server.journal().await;
    let lines = entries.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    (server.get("/__aimock/journal").await.text().to_owned(), lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_of_a_server_are_the_same() {
    let (first, first_lines) = run_of(json!({ "content": "Hello there" })).await;
    let (second, second_lines) = run_of(json!({ "content": "Hello there" })).await;
    let (other, other_lines) = run_of(json!({ "error": { "message": "too many", "type": "rate_limit_error" }, "status": 429 })).await;
    assert_ne!(first, second, "ids and ports are of one run");
    let place = Workplace::new(&[
        ("first.json", &first),
        ("first.ndjson", &first_lines),
        ("second.json", &second),
        ("second.ndjson", &second_lines),
        ("other.json", &other),
        ("other.ndjson", &other_lines),
    ]);
    for (old, new) in [("first.json", "second.json"), ("first.ndjson", "second.ndjson"), ("first.json", "second.ndjson")] {
        let run = place.run(&["diff", old, new]);
        assert_eq!((run.status, run.stdout.as_str()), (0, "identical: 3 requests\n"), "{old} {new}: {}", run.stderr);
    }
    for new in ["other.json", "other.ndjson"] {
        let run = place.run(&["diff", "first.json", new]);
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert!(
            run.stdout.contains("/response/status: 200 → 429") && run.stdout.ends_with("2 answered otherwise, 1 the same\n"),
            "{}",
            run.stdout
        );
    }
}
