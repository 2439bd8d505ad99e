//! Answers of providers' endpoints: body, status, and what every answer says about itself.

use serde_json::json;

use super::support::{Request, chat, chat_stream, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_names_its_fixture_and_itself() {
    let server = start(json!([{ "match": { "userMessage": "hi" }, "response": { "content": "Hello" } }])).await;
    let response = server.send(chat("hi").header("x-request-id", "mine:1.2_3-4")).await;
    assert_eq!((response.status, response.said().as_str()), (200, "Hello"));
    let expected = [
        ("content-type", "application/json"),
        ("x-aimock-fixture", "suite.json#/fixtures/0"),
        ("x-aimock-match", "content"),
        ("x-request-id", "mine:1.2_3-4"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS"),
        ("access-control-allow-headers", "*"),
    ];
    for (name, value) in expected {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    let exposed = response.header("access-control-expose-headers").unwrap();
    for name in ["X-Total-Count", "X-Request-Id", "X-AIMock-Fixture", "X-AIMock-Match"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_that_is_none_is_replaced() {
    let server = start(json!([])).await;
    for given in ["", "two words", "ümlaut", &"x".repeat(129)] {
        let response = server.send(Request::new("GET", "/health").header("x-request-id", given)).await;
        let id = response.header("x-request-id").unwrap();
        assert!(id.starts_with("req-") && id.len() == 20, "{given:?} became {id}");
    }
    let longest = "x".repeat(128);
    let response = server.send(Request::new("GET", "/health").header("x-request-id", &longest)).await;
    assert_eq!(response.header("x-request-id"), Some(longest.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_are_sent_percent_encoded() {
    let server = start(json!([{ "id": "grüße 100%", "match": {}, "response": { "content": "x" } }])).await;
    assert_eq!(server.ask("hi").await.header("x-aimock-fixture"), Some("gr%C3%BC%C3%9Fe%20100%25"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_answers_carry_its_own_request_id_header() {
    let server = start(json!([{ "match": {}, "response": { "content": "Hello" } }])).await;
    let body = json!({ "model": "claude-x", "max_tokens": 5, "messages": [{ "role": "user", "content": "hi" }] });
    let response = server.post("/v1/messages", &body.to_string()).await;
    assert_eq!(response.json()["content"][0]["text"], "Hello");
    assert_eq!(response.header("request-id"), response.header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_chunked_and_ends_properly() {
    let server = start(json!([{ "match": {}, "response": { "content": "Hello, dear friend of streams" }, "chunkSize": 5 }])).await;
    let response = server.send(chat_stream("hi")).await;
    assert_eq!((response.status, response.complete), (200, true));
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert_eq!(response.said(), "Hello, dear friend of streams");
    assert_eq!(response.events().last().map(String::as_str), Some("[DONE]"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_and_requests_give_the_same_bytes() {
    let fixtures = json!([{ "match": {}, "response": { "toolCalls": [{ "name": "f", "arguments": "{}" }] } }]);
    let mut bodies = Vec::new();
    for seed in [7, 7, 8] {
        let server = start_with(fixtures.clone(), |settings| settings.seed = seed).await;
        let bodies_of_one = [server.ask("a").await.body, server.ask("a").await.body, server.ask("b").await.body];
        assert_ne!(bodies_of_one[0], bodies_of_one[1], "ids are new each time");
        bodies.push(bodies_of_one);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_ne!(bodies[0], bodies[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_headers_of_a_fixture_reach_the_client() {
    let error = json!({ "error": { "message": "slow down", "type": "rate_limit_error" }, "status": 429, "retryAfter": 3 });
    let mut response = error;
    response["headers"] = json!({ "x-should-retry": "false" });
    let server = start(json!([{ "match": {}, "response": response }])).await;
    let response = server.ask("hi").await;
    assert_eq!((response.status, response.header("retry-after"), response.header("x-should-retry")), (429, Some("3"), Some("false")));
    assert_eq!(response.json()["error"]["message"], "slow down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_the_vendor_would_refuse_are_refused_in_its_words() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    let response = server.post("/v1/chat/completions", "{bad").await;
    assert_eq!((response.status, response.header("x-aimock-match")), (400, Some("none")));
    let error = &response.json()["error"];
    assert!(error["message"].as_str().unwrap().starts_with("Malformed JSON: "), "{error}");
    assert_eq!((&error["type"], &error["code"]), (&json!("invalid_request_error"), &json!("invalid_json")));
    let response = server.post("/v1/messages", "{bad").await;
    assert_eq!((response.status, &response.json()["type"]), (400, &json!("error")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_body_is_refused_with_the_reason() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    let response = server.send(chat("hi").header("content-encoding", "gzip")).await;
    assert_eq!(response.status, 415);
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`gzip`") && message.contains("without compression"), "{message}");
    assert_eq!(server.send(chat("hi").header("content-encoding", "identity")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embeddings_answer_without_a_fixture_unless_strict() {
    let server = start(json!([])).await;
    let request =
        |strict: &str| Request::new("POST", "/v1/embeddings").header("x-aimock-strict", strict).body(r#"{"model":"e","input":"hi"}"#);
    let response = server.send(request("false")).await;
    assert_eq!((response.status, response.header("x-aimock-match")), (200, Some("fallback")));
    assert!(response.json()["data"][0]["embedding"].is_array());
    assert_eq!(server.send(request("true")).await.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_mode_audits_what_it_would_otherwise_let_pass() {
    let server = start_with(json!([{ "match": {}, "response": { "content": "x" } }]), |settings| settings.policy.strict = true).await;
    let tool_use = json!({ "type": "tool_use", "id": "t1", "name": "f", "input": {} });
    let body = json!({
        "model": "claude-x", "max_tokens": 5000, "thinking": { "type": "enabled", "budget_tokens": 2000 },
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": [tool_use] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t1", "content": "ok" }] },
        ],
    });
    let ask = |strict: &str| Request::new("POST", "/v1/messages").header("x-aimock-strict", strict).body(body.to_string());
    let response = server.send(ask("true")).await;
    assert_eq!((response.status, &response.json()["error"]["type"]), (400, &json!("invalid_request_error")), "{}", response.text());
    assert_eq!(server.send(ask("false")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_http_2_in_clear_text_are_served() {
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let server = start(json!([{ "match": { "userMessage": "hi" }, "response": { "content": "Hello" } }])).await;
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    for (text, status) in [("hi", 200), ("no", 404)] {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": text }] }).to_string();
        let request = hyper::Request::post("http://test/v1/chat/completions").body(Full::new(bytes::Bytes::from(body))).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers().contains_key("x-request-id")), (status, true));
        assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_of_a_kind_that_chat_cannot_carry_is_passed_over_and_named() {
    let server = start(json!([{ "match": { "userMessage": "pic" }, "response": { "image": { "url": "http://x/y.png" } } }])).await;
    let response = server.ask("pic").await;
    assert_eq!(response.status, 404);
    let nearest = &response.json()["error"]["aimock"]["nearest"][0];
    assert_eq!(nearest["fixture"], "suite.json#/fixtures/0");
    assert!(nearest["reason"].as_str().unwrap().contains("cannot answer this endpoint"), "{nearest}");
}
