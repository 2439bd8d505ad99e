//! The journal: one entry a request whatever happens, no secrets, filters.

use aimock::server::JournalLimits;
use serde_json::{Value, json};

use super::support::{Request, chat, chat_stream, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_tells_what_was_asked_and_how_it_was_answered() {
    let server = start(json!([{ "id": "hello", "match": { "userMessage": "hi" }, "response": { "content": "Hello" } }])).await;
    server.send(chat("hi").header("x-request-id", "r1").header("x-test-id", "t1")).await;
    let entry = server.journal().await.remove(0);
    assert!(entry["id"].as_str().unwrap().starts_with("req-"));
    assert_eq!(entry["timestamp"], 1_700_000_000_000_u64);
    assert_eq!((&entry["method"], &entry["path"]), (&json!("POST"), &json!("/v1/chat/completions")));
    assert_eq!((&entry["headers"]["x-request-id"], &entry["headers"]["x-test-id"]), (&json!("r1"), &json!("t1")));
    assert_eq!(entry["body"], json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "hi" }] }));
    let fixture = json!({ "handle": "hello", "id": "hello", "file": "suite.json", "index": 0, "match": { "userMessage": "hi" } });
    assert_eq!(entry["response"], json!({ "status": 200, "fixture": fixture, "source": "fixture", "matchedBy": "content" }));
    assert!(entry["durationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(entry.get("stream"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_counted() {
    let server = start(json!([{ "match": {}, "response": { "content": "Hello" }, "latency": 5 }])).await;
    let response = server.send(chat_stream("hi")).await;
    let stream = server.journal().await[0]["stream"].clone();
    assert_eq!(stream["events"], json!(response.events().len() - 1), "the terminator is not counted");
    assert_eq!(stream["bytes"], json!(response.body.len()));
    assert!(stream["firstByteMs"].as_f64().unwrap() >= 5.0, "{stream}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_every_way_out_leaves_exactly_one_entry() {
    let server = start(json!([{ "match": { "userMessage": "hi" }, "response": { "content": "x" } }])).await;
    server.ask("hi").await;
    server.ask("other").await;
    server.post("/v1/chat/completions", "{bad").await;
    server.post("/v1/embeddings", r#"{"model":"e","input":"x"}"#).await;
    server.get("/nowhere").await;
    server.get("/v1/chat/completions").await;
    server.get("/v1/files").await;
    server.send(chat("hi").header("content-encoding", "br")).await;
    server.get("/health").await;
    let of = |entry: &Value| (entry["response"]["status"].as_u64().unwrap(), entry["response"]["source"].as_str().unwrap().to_owned());
    let journal: Vec<(u64, String)> = server.journal().await.iter().map(of).collect();
    let expected = [
        (200, "fixture"),
        (404, "proxy"),
        (400, "internal"),
        (200, "internal"),
        (404, "internal"),
        (405, "internal"),
        (501, "internal"),
        (415, "internal"),
    ];
    assert_eq!(journal, expected.map(|(status, source)| (status, source.to_owned())));
    let nearest = &server.journal().await[1]["nearest"];
    assert_eq!(nearest[0]["failed"]["key"], "userMessage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_told_apart_and_never_shown() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    let secrets = ["authorization", "x-api-key", "x-goog-api-key", "api-key", "xi-api-key", "cookie", "proxy-authorization"];
    let all = secrets.iter().fold(chat("hi"), |request, name| request.header(name, "hidden-value"));
    server.send(all.header("x-amz-security-token", "hidden-value")).await;
    for key in ["Bearer one", "Bearer two", "bearer one"] {
        server.send(chat("hi").header("authorization", key)).await;
    }
    server.send(Request::new("GET", "/v1beta/x?alt=sse&key=hidden-value&Api_Key=hidden-value")).await;
    let text = server.get("/__aimock/journal").await.text().to_owned();
    assert!(!text.contains("hidden-value"), "{text}");
    let journal = server.journal().await;
    assert!(secrets.iter().all(|name| journal[0]["headers"][name] == "[REDACTED]"));
    let seen = |index: usize| (journal[index]["credential"]["ordinal"].clone(), journal[index]["credential"]["fingerprint"].clone());
    assert_eq!([0, 1, 2, 3].map(|index| seen(index).0), ["k0", "k1", "k2", "k1"].map(Value::from));
    assert_eq!((seen(1).1 == seen(3).1, seen(1).1 == seen(2).1), (true, false));
    assert_eq!(journal[4]["path"], "/v1beta/x?alt=sse&key=[REDACTED]&Api_Key=[REDACTED]");
    assert_eq!((&journal[4]["credential"]["header"], seen(4).0), (&json!("?key"), json!("k0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_is_marked_and_not_kept() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    server.ask(&"x".repeat(65 * 1024)).await;
    let body = &server.journal().await[0]["body"];
    assert_eq!(body["__aimock_truncated"], true);
    assert!(body["originalByteSize"].as_u64().unwrap() > 65 * 1024 && body["note"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_entries_make_room() {
    let paths = |journal: Vec<Value>| journal.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let server = start_with(json!([]), |settings| settings.journal.entries = 2).await;
    for path in ["/a", "/b", "/c"] {
        server.get(path).await;
    }
    assert_eq!(paths(server.journal().await), ["/b", "/c"]);
    let limits = JournalLimits { entries: 0, bytes: 3000, ..JournalLimits::default() };
    let server = start_with(json!([]), |settings| settings.journal = limits).await;
    for number in 0..10 {
        server.post(&format!("/{number}"), &format!("\"{}\"", "x".repeat(500))).await;
    }
    let kept = paths(server.journal().await);
    assert!((1..5).contains(&kept.len()) && kept.last().unwrap() == "/9", "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_select_and_count() {
    let server = start(json!([])).await;
    for (path, test, id) in [("/aa", "t1", "r1"), ("/ab", "t10", "r2"), ("/b?testId=t1", "", "r3")] {
        let request = Request::new("GET", path).header("x-request-id", id);
        server.send(if test.is_empty() { request } else { request.header("x-test-id", test) }).await;
    }
    server.post("/ab", "{}").await;
    let cases = [
        ("", vec!["/aa", "/ab", "/b?testId=t1", "/ab"], 4),
        ("?method=post", vec!["/ab"], 1),
        ("?path=/a", vec!["/aa", "/ab", "/ab"], 3),
        ("?path=/a&limit=1&offset=1", vec!["/ab"], 3),
        ("?limit=0", vec![], 4),
        ("?testId=t1", vec!["/aa", "/b?testId=t1"], 2),
        ("?requestId=r2", vec!["/ab"], 1),
        ("?status=404", vec!["/aa", "/ab", "/b?testId=t1", "/ab"], 4),
        ("?status=200", vec![], 0),
        ("?service=search", vec![], 0),
    ];
    for (query, expected, total) in cases {
        let response = server.get(&format!("/__aimock/journal{query}")).await;
        let entries = response.json();
        let paths: Vec<&str> = entries.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
        assert_eq!((paths, response.header("x-total-count")), (expected, Some(total.to_string().as_str())), "{query}");
    }
    let supported = "limit, offset, path, method, status, service, testId, requestId";
    for (query, message) in [
        ("?x=1", format!("Unknown query parameter: 'x'. Supported: {supported}")),
        ("?limit=-1", "Invalid 'limit': must be an integer >= 0".to_owned()),
        ("?offset=x", "Invalid 'offset': must be an integer >= 0".to_owned()),
        ("?status=", "Invalid 'status': must be an integer".to_owned()),
    ] {
        let response = server.get(&format!("/__aimock/journal{query}")).await;
        assert_eq!((response.status, response.json()), (400, json!({ "error": message })), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_place_of_the_journal_still_answers() {
    let server = start(json!([])).await;
    for path in ["/a", "/b", "/c"] {
        server.get(path).await;
    }
    let paths = |value: Value| value.as_array().unwrap().iter().map(|entry| entry["path"].clone()).collect::<Vec<_>>();
    assert_eq!(paths(server.get("/v1/_requests").await.json()), ["/a", "/b", "/c"]);
    assert_eq!(paths(server.get("/v1/_requests?limit=2").await.json()), ["/b", "/c"]);
    for limit in ["0", "x", "-1"] {
        let response = server.get(&format!("/v1/_requests?limit={limit}")).await;
        let message = format!("Invalid limit parameter: \"{limit}\"");
        assert_eq!(response.json(), json!({ "error": { "message": message, "type": "invalid_request_error" } }));
        assert_eq!(response.status, 400);
    }
    let cleared = server.send(Request::new("DELETE", "/v1/_requests")).await;
    assert_eq!((cleared.status, cleared.text()), (204, ""));
    assert!(server.journal().await.is_empty());
}
