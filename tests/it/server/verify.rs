//! `POST /__aimock/verify`, and what the journal keeps for it. Each behaviour for OpenAI chat and Anthropic messages,
//! streaming and not, where it has both.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aimock::expect::Run;
use aimock::server::Settings;
use serde_json::{Value, json};

use super::support::{Request, Running, chat_of, start, start_in};

/// A chat request, or one for messages, by this key.
fn ask(api: &str, text: &str, stream: bool, key: &str) -> Request {
    let body = json!({ "model": "m", "max_tokens": 9, "stream": stream, "messages": [{ "role": "user", "content": text }] });
    match api {
        "chat" => chat_of(&body).header("authorization", &format!("Bearer {key}")),
        _ => Request::new("POST", "/v1/messages").header("x-api-key", key).body(body.to_string()),
    }
}

const APIS: [(&str, bool); 4] = [("chat", false), ("chat", true), ("messages", false), ("messages", true)];

/// Whether expectations hold, and what was seen of each that does not.
async fn verify(server: &Running, expectations: &Value) -> (u16, Vec<String>) {
    server.journal().await;
    let answer = server.post("/__aimock/verify", &expectations.to_string()).await;
    let body = answer.json();
    let broken = body["outcomes"].as_array().unwrap_or_else(|| panic!("{body}")).iter().filter(|outcome| outcome["holds"] == false);
    (answer.status, broken.map(|outcome| format!("{}: {}", outcome["key"], outcome["seen"])).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_counts_and_keys_are_compared_exactly_and_also_from_the_file() {
    for (api, stream) in APIS {
        let expect = json!({ "requests": 3, "keys": ["k0", "k0", "k1"] });
        let server = start(json!([{ "id": "a", "match": {}, "response": { "content": "x" }, "expect": expect }])).await;
        for key in ["first", "first"] {
            server.send(ask(api, "hi", stream, key)).await;
        }
        let (status, broken) = verify(&server, &json!({})).await;
        assert_eq!((status, broken), (406, vec!["\"requests\": \"2\"".to_owned(), "\"keys\": \"k0, k0\"".to_owned()]), "{api} {stream}");
        server.send(ask(api, "hi", stream, "second")).await;
        assert_eq!(verify(&server, &json!({})).await, (200, vec![]), "the block of the file");
        assert_eq!(verify(&server, &json!({ "requests": 3, "keys": ["k0", "k0", "k1"] })).await, (200, vec![]));
        assert_eq!(verify(&server, &json!({ "fixtures": { "a": { "keys": ["k0", "k1", "k1"] } } })).await.0, 406);
        assert_eq!(server.journal().await.len(), 3, "checking is not journalled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_a_key_stays_across_the_continuation_of_a_tool_call() {
    for (api, stream) in APIS {
        let call = json!({ "toolCalls": [{ "id": "call_1", "name": "look", "arguments": { "q": 1 } }] });
        let server = start(json!([
            { "id": "call", "match": { "hasToolResult": false }, "response": call, "expect": { "requests": 2 } },
            { "id": "answer", "match": { "toolCallId": "call_1" }, "response": { "content": "done" }, "expect": { "requests": 1 } }
        ]))
        .await;
        server.send(ask(api, "look it up", stream, "one")).await;
        let result = match api {
            "chat" => json!([
                { "role": "user", "content": "look it up" },
                { "role": "assistant", "tool_calls": [{ "id": "call_1", "type": "function", "function": { "name": "look", "arguments": "{}" } }] },
                { "role": "tool", "tool_call_id": "call_1", "content": "42" }
            ]),
            _ => json!([
                { "role": "user", "content": "look it up" },
                { "role": "assistant", "content": [{ "type": "tool_use", "id": "call_1", "name": "look", "input": {} }] },
                { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "call_1", "content": "42" }] }
            ]),
        };
        let body = json!({ "model": "m", "max_tokens": 9, "stream": stream, "messages": result }).to_string();
        let target = if api == "chat" { "/v1/chat/completions" } else { "/v1/messages" };
        let header = if api == "chat" { ("authorization", "Bearer one") } else { ("x-api-key", "one") };
        server.send(Request::new("POST", target).header(header.0, header.1).body(body)).await;
        server.send(ask(api, "look it up", stream, "two")).await;
        let mut expected = json!({ "keys": ["k0", "k0", "k1"], "order": ["call", "answer"] });
        if stream {
            expected["fixtures"] = json!({
                "call": { "stream": ["complete", "chunksParse", "toolArgumentsParse"] },
                "answer": { "stream": ["complete", "chunksParse"], "text": "done" }
            });
        }
        assert_eq!(verify(&server, &expected).await, (200, vec![]), "{api} {stream}");
        assert_eq!(verify(&server, &json!({})).await, (200, vec![]), "{api} {stream}");
        assert_eq!(verify(&server, &json!({ "order": ["answer", "call"] })).await.0, 406);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_what_a_cut_stream_said_can_be_asserted() {
    for api in ["chat", "messages"] {
        let server = start(json!([
            { "id": "whole", "match": { "userMessage": "whole" }, "response": { "content": "Hello" } },
            { "id": "cut", "match": { "userMessage": "cut" }, "response": { "content": "Hello there" }, "chunkSize": 2, "truncateAfterChunks": 3 }
        ]))
        .await;
        server.send(ask(api, "whole", true, "k")).await;
        server.send(ask(api, "cut", true, "k")).await;
        let holds = json!({ "fixtures": {
            "whole": { "stream": ["complete", "chunksParse"], "text": "Hello", "outputTokens": { "max": 1000 } },
            "cut": { "stream": ["stopsBeforeTerminator", "chunksParse"] }
        } });
        assert_eq!(verify(&server, &holds).await, (200, vec![]), "{api}");
        let (status, broken) = verify(&server, &json!({ "stream": "complete", "text": "Hello" })).await;
        assert_eq!((status, broken.len()), (406, 2), "{broken:?}");
        assert!(broken[0].contains("1 of 2 streams") && broken[0].contains("events"), "{broken:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b11_usage_that_was_cut_away_counts_0_and_is_no_error() {
    for api in ["chat", "messages"] {
        let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7 });
        let server = start(json!([
            { "id": "cut", "match": { "userMessage": "cut" }, "response": { "content": "Hello", "usage": usage }, "truncateAfterChunks": 1 },
            { "id": "plain", "match": {}, "response": { "content": "Hello", "usage": usage } }
        ]))
        .await;
        server.send(ask(api, "cut", true, "k")).await;
        let zero = json!({ "fixtures": { "cut": { "requests": 1, "inputTokens": 0, "outputTokens": 0 } } });
        assert_eq!(verify(&server, &zero).await, (200, vec![]), "{api}");
        assert_eq!(verify(&server, &json!({ "stream": "usagePresent" })).await.0, 406);
        server.send(ask(api, "other", false, "k")).await;
        assert_eq!(verify(&server, &json!({ "inputTokens": 11, "outputTokens": 7 })).await, (200, vec![]), "{api}");
    }
}

/// Milliseconds of the test's own clock.
static CLOCK: AtomicU64 = AtomicU64::new(1_700_000_000_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_are_held_against_retry_after() {
    let limited = json!({ "error": { "message": "slow down" }, "status": 429, "retryAfter": 5 });
    let fixtures = json!([{ "id": "limit", "match": {}, "responses": [{ "response": limited }, { "response": limited }, { "response": { "content": "ok" } }],
        "expect": { "retryAfter": "respected" } }]);
    let server = start_in(fixtures, Settings::default(), |world| {
        world.now = || SystemTime::UNIX_EPOCH + Duration::from_millis(CLOCK.load(Ordering::Relaxed));
    })
    .await;
    server.send(ask("chat", "hi", false, "one")).await;
    CLOCK.fetch_add(6000, Ordering::Relaxed);
    server.send(ask("chat", "hi", false, "one")).await;
    assert_eq!(verify(&server, &json!({})).await, (200, vec![]));
    CLOCK.fetch_add(2000, Ordering::Relaxed);
    server.send(ask("chat", "hi", false, "one")).await;
    let (status, broken) = verify(&server, &json!({})).await;
    assert!(status == 406 && broken[0].contains("ms too early"), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_id_narrows_and_nonsense_is_refused() {
    let server = start(json!([{ "id": "a", "match": {}, "response": { "content": "x" } }])).await;
    for test in ["one", "one", "two"] {
        server.send(ask("chat", "hi", false, "k").header("x-test-id", test)).await;
    }
    assert_eq!(verify(&server, &json!({ "testId": "one", "requests": 2 })).await, (200, vec![]));
    assert_eq!(verify(&server, &json!({ "testId": "three", "requests": 0, "neverCalled": ["a"], "unused": 1 })).await, (200, vec![]));
    let refused = server.post("/__aimock/verify", r#"{ "requests": -1, "noMises": true }"#).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("Invalid expectations")));
    assert_eq!(refused.json()["details"].as_array().unwrap().len(), 2, "{}", refused.text());
    assert_eq!(server.post("/__aimock/verify?x=1", "{}").await.status, 400);
    assert_eq!(server.post("/__aimock/verify", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_stay_exact_when_the_journal_forgets() {
    let settings = Settings { journal: aimock::server::JournalLimits { entries: 2, ..Settings::default().journal }, ..Settings::default() };
    let server = start_in(json!([{ "id": "a", "match": {}, "response": { "content": "x" } }]), settings, |_| ()).await;
    for _ in 0..5 {
        server.send(ask("chat", "hi", false, "k")).await;
    }
    assert_eq!(verify(&server, &json!({ "requests": 5, "fixtures": { "a": { "requests": 5 } }, "noMisses": true })).await, (200, vec![]));
    let (status, broken) = verify(&server, &json!({ "keys": ["k0", "k0"] })).await;
    assert!(status == 406 && broken[0].contains("no longer has 3"), "{broken:?}");
    assert_eq!(server.get("/__aimock/journal").await.header("x-aimock-forgotten"), Some("3"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_as_json_tells_the_same_as_the_journal_itself() {
    let server = start(json!([
        { "id": "a", "match": { "stream": true }, "response": { "content": "Hello" } },
        { "match": { "userMessage": "limit" }, "response": { "error": { "message": "no" }, "status": 429, "retryAfter": 2 } }
    ]))
    .await;
    for (api, stream) in APIS {
        server.send(ask(api, "limit", stream, api).header("x-test-id", "t")).await;
        server.send(ask(api, "other", stream, api)).await;
    }
    let expectations = json!({ "requests": 8, "keys": ["k0", "k1"], "stream": ["complete", "chunksParse"], "text": "Hello", "noMisses": true,
        "outputTokens": 1, "order": ["a"], "retryAfter": "respected", "statuses": { "429": 2 } });
    let journal = server.journal().await;
    let run = Run::from_json(&journal).unwrap();
    let file = aimock::fixture::read_posted_expectations(&expectations.to_string()).unwrap();
    let offline = aimock::expect::judge(&aimock::expect::claims_of_file(&file.shape, None), &run);
    let online = server.post("/__aimock/verify", &expectations.to_string()).await.json();
    let offline: Vec<Value> = offline.iter().map(|outcome| json!([outcome.key, outcome.holds, outcome.seen])).collect();
    let online: Vec<Value> =
        online["outcomes"].as_array().unwrap().iter().map(|outcome| json!([outcome["key"], outcome["holds"], outcome["seen"]])).collect();
    assert_eq!(offline, online);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tail_tells_of_every_answer_as_it_ends() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = start(json!([{ "id": "a", "match": {}, "response": { "content": "x" } }])).await;
    let mut follower = server.connect().await;
    follower.write_all(&Request::new("GET", "/__aimock/journal/stream?path=/v1/&limit=3").bytes()).await.unwrap();
    let mut head = vec![0; 12];
    follower.read_exact(&mut head).await.unwrap();
    assert_eq!(head, b"HTTP/1.1 200");
    for (api, stream) in APIS {
        server.send(ask(api, "hi", stream, "k")).await;
        server.get("/elsewhere").await;
    }
    let mut rest = Vec::new();
    follower.read_to_end(&mut rest).await.unwrap();
    let response = super::support::Response::parse([head, rest].concat());
    let entries: Vec<Value> = response.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let journal: Vec<Value> = server.journal().await.into_iter().filter(|entry| entry["response"]["status"] == 200).take(3).collect();
    assert_eq!((entries, response.complete), (journal, true));
    assert_eq!(server.get("/__aimock/journal/stream?offset=1").await.status, 400);
    assert_eq!(server.get("/__aimock/journal/stream?x=1").await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_told_what_it_missed_and_holds_up_nobody() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = start(json!([{ "id": "a", "match": {}, "response": { "content": "x" } }])).await;
    let mut follower = server.connect().await;
    follower.write_all(&Request::new("GET", "/__aimock/journal/stream").bytes()).await.unwrap();
    follower.read_exact(&mut [0; 12]).await.unwrap();
    // Far more than sockets hold, in entries that are as large as the journal keeps them.
    let text = "x".repeat(60_000);
    for _ in 0..450 {
        server.send(ask("chat", &text, false, "k")).await;
    }
    server.signal(aimock::server::Stage::Drain);
    let mut rest = Vec::new();
    follower.read_to_end(&mut rest).await.unwrap();
    let text = String::from_utf8_lossy(&rest);
    let told = text.matches("\"id\":\"req-").count();
    let missed: usize = text.split("\"leftOut\":").skip(1).map(|rest| rest.split('}').next().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(told + missed, 450);
    assert!(missed > 0, "everything was told, so the bound was not reached");
    assert_eq!(server.ended().await, aimock::server::Ended::Drained);
}
