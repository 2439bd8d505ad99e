//! What a server remembers: misses and strictness, sequences, lists of responses, queued errors, test ids.

use serde_json::{Value, json};

use super::support::{Running, chat, chat_of, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miss_keeps_the_peers_words_and_names_what_came_nearest() {
    let server = start(json!([
        { "match": { "userMessage": "weather in Oslo" }, "response": { "content": "x" } },
        { "id": "rome", "match": { "userMessage": "weather in Rome", "model": "gpt-9" }, "response": { "content": "x" } },
    ]))
    .await;
    let response = server.ask("weather in Paris").await;
    assert_eq!((response.status, response.header("x-aimock-match")), (404, Some("miss")));
    let error = response.json()["error"].clone();
    assert_eq!(
        (&error["message"], &error["type"], &error["code"], &error["param"]),
        (&json!("No fixture matched"), &json!("invalid_request_error"), &json!("no_fixture_match"), &Value::Null)
    );
    let nearest = &error["aimock"]["nearest"];
    assert_eq!(nearest[0]["fixture"], "suite.json#/fixtures/0");
    assert_eq!(
        nearest[0]["failed"],
        json!({ "key": "userMessage", "expected": "contains `weather in Oslo`", "actual": "\"weather in Paris\"" })
    );
    assert_eq!((&nearest[1]["fixture"], &nearest[1]["moreFailed"]), (&json!("rome"), &json!(1)));
    let log = server.log.lock().unwrap().join("\n");
    assert!(log.starts_with("No fixture matched for POST /v1/chat/completions\n  near: suite.json#/fixtures/0: userMessage"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_miss_is_a_503_that_nobody_retries() {
    let server = start(json!([])).await;
    let response = server.send(chat("x").header("x-aimock-strict", " TRUE ")).await;
    assert_eq!((response.status, response.header("x-should-retry")), (503, Some("false")));
    assert_eq!(response.json()["error"]["message"], "Strict mode: no fixture matched");
    assert_eq!(server.journal().await[0]["response"]["strictOverride"], true);
    assert_eq!(server.log.lock().unwrap().as_slice(), ["STRICT: No fixture matched for POST /v1/chat/completions"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_miss_tells_of_fixtures_whose_turn_it_was_not() {
    let fixtures = json!([{ "match": { "userMessage": "hi", "sequenceIndex": 1 }, "response": { "content": "second" } }]);
    let server = start_with(fixtures, |settings| settings.policy.strict = true).await;
    let response = server.ask("hi").await;
    assert_eq!(response.json()["error"]["message"], "Strict mode: 1 candidate fixture(s) skipped by sequence/turn state");
    let relaxed = server.send(chat("hi").header("x-aimock-strict", "0")).await;
    assert_eq!((relaxed.status, &relaxed.json()["error"]["message"]), (404, &json!("No fixture matched")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequences_count_apart_for_each_test_id() {
    let server = start(json!([
        { "match": { "userMessage": "hi", "sequenceIndex": 0 }, "response": { "content": "first" } },
        { "match": { "userMessage": "hi", "sequenceIndex": 1 }, "response": { "content": "second" } },
        { "match": { "userMessage": "hi" }, "response": { "content": "later" } },
    ]))
    .await;
    for expected in ["first", "second", "later"] {
        for test in ["a", "b"] {
            assert_eq!(server.send(chat("hi").header("x-test-id", test)).await.said(), expected, "{test}");
        }
    }
    let response = server.ask("hi").await;
    assert_eq!((response.said().as_str(), response.header("x-aimock-match")), ("first", Some("sequenceIndex")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_parallel_requests_take_each_response_once_and_one_too_many_is_an_error() {
    let responses: Vec<Value> = (0..50).map(|number| json!({ "content": format!("answer {number}") })).collect();
    let server = start(json!([{ "id": "script", "match": {}, "responses": responses, "onExhausted": "error" }])).await;
    let server = std::sync::Arc::new(server);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.ask("hi").await.said() })
        })
        .collect();
    let mut said = Vec::new();
    for task in tasks {
        said.push(task.await.unwrap());
    }
    said.sort_unstable();
    let mut expected: Vec<String> = (0..50).map(|number| format!("answer {number}")).collect();
    expected.sort_unstable();
    assert_eq!(said, expected);
    let response = server.ask("hi").await;
    assert_eq!((response.status, response.header("x-aimock-fixture")), (500, Some("script")));
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("fixture script has no response left"), "{message}");
    assert_eq!(server.journal().await.last().unwrap()["response"]["error"], json!(message));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_responses_repeat_cycle_or_fall_through() {
    async fn said(server: &Running, times: usize) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..times {
            all.push(server.ask("hi").await.said());
        }
        all
    }
    let list = |end: &str| json!({ "match": {}, "responses": [{ "content": "a" }, { "content": "b" }], "onExhausted": end });
    let rest = json!({ "match": {}, "response": { "content": "rest" } });
    assert_eq!(said(&start(json!([list("repeatLast")])).await, 4).await, ["a", "b", "b", "b"]);
    assert_eq!(said(&start(json!([list("cycle")])).await, 4).await, ["a", "b", "a", "b"]);
    assert_eq!(said(&start(json!([list("fallThrough"), rest])).await, 4).await, ["a", "b", "rest", "rest"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_error_comes_before_every_fixture_even_one_of_an_earlier_turn() {
    let server = start(json!([{ "match": { "turnIndex": 0 }, "response": { "content": "turn 0" } }])).await;
    let body = r#"{"status":429,"body":{"message":"slow","code":"c"}}"#;
    assert_eq!(server.post("/__aimock/error", body).await.json(), json!({ "queued": true }));
    let conversation = chat_of(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "hi" }, { "role": "assistant", "content": "x" }, { "role": "user", "content": "hi" },
    ] }));
    let response = server.send(conversation.clone()).await;
    assert_eq!((response.status, response.header("x-aimock-match")), (429, Some("injected")));
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(response.json()["error"], json!({ "message": "slow", "type": "server_error", "param": null, "code": "c" }));
    assert_eq!(server.send(conversation).await.said(), "turn 0");
    assert_eq!(server.journal().await[0]["response"]["fixture"], json!({ "match": {} }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_is_served_out_of_place_is_said_once() {
    let server = start(json!([{ "id": "t5", "match": { "turnIndex": 5 }, "response": { "content": "x" } }])).await;
    for _ in 0..3 {
        assert_eq!(server.ask("hi").await.status, 200);
    }
    let log = server.log.lock().unwrap().clone();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].contains("t5") && log[0].contains("turn 5") && log[0].contains("AIMOCK_STRICT_TURN_INDEX=1"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_turns_are_a_condition() {
    let fixtures = json!([{ "match": { "turnIndex": 1 }, "response": { "content": "x" } }]);
    let server = start_with(fixtures, |settings| settings.policy.strict_turns = true).await;
    assert_eq!(server.ask("hi").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_context_header_is_matched() {
    let server = start(json!([{ "match": { "context": "blue" }, "response": { "content": "x" } }])).await;
    assert_eq!(server.send(chat("hi").header("x-aimock-context", "blue")).await.status, 200);
    assert_eq!(server.send(chat("hi").header("x-aimock-context", "red")).await.status, 404);
}
