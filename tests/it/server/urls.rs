//! URLs: those that no codec owns, wrong methods, preflights, keys.

use aimock::server::ApiKeys;
use serde_json::json;

use super::support::{Request, chat, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_url_is_told_the_nearest_routes() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    let response = server.post("/v1/chat/completion", "{}").await;
    assert_eq!((response.status, response.header("x-aimock-match")), (404, Some("none")));
    let error = &response.json()["error"];
    assert_eq!((&error["message"], &error["type"]), (&json!("Not found"), &json!("not_found")));
    assert_eq!(error["aimock"]["nearest"][0], "/v1/chat/completions");
    assert!(response.header("access-control-allow-origin").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = start(json!([])).await;
    let response = server.get("/v1/chat/completions").await;
    assert_eq!((response.status, response.header("allow")), (405, Some("POST")));
    for (method, target, allow) in [("POST", "/v1/models", "GET,HEAD"), ("PUT", "/__aimock/fixtures", "GET,HEAD,POST,DELETE")] {
        let response = server.send(Request::new(method, target)).await;
        assert_eq!((response.status, response.header("allow")), (405, Some(allow)), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_is_not_built_says_so() {
    let server = start(json!([])).await;
    let response = server.get("/v1/files").await;
    assert_eq!((response.status, response.header("x-should-retry")), (501, Some("false")));
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("OpenAI files (GET /v1/files) is not built yet"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_with_a_path_answers_any_url_before_404_405_and_501() {
    let answer = |path: &str, response: serde_json::Value| json!({ "match": { "path": path }, "response": response });
    let server = start(json!([
        { "match": {}, "response": { "content": "for chat only" } },
        answer("/hook", json!({ "json": { "ok": true } })),
        answer("/api/v1/credits", json!({ "http": { "status": 201, "body": "made" } })),
        answer("/v1/messages", json!({ "events": ["a"] })),
        answer("/broken", json!({ "error": { "message": "down" }, "status": 502 })),
        answer("/turn", json!({ "content": "x" })),
    ]))
    .await;
    let hook = server.get("/hook?x=1").await;
    assert_eq!((hook.status, hook.json(), hook.header("content-type")), (200, json!({ "ok": true }), Some("application/json")));
    assert_eq!(hook.header("x-aimock-fixture"), Some("suite.json#/fixtures/1"));
    let credits = server.get("/api/v1/credits").await;
    assert_eq!((credits.status, credits.text()), (201, "made"));
    assert_eq!(server.get("/v1/messages").await.text(), "data: a\n\n");
    let broken = server.post("/broken", "").await;
    assert_eq!((broken.status, &broken.json()["error"]["message"]), (502, &json!("down")));
    let turn = server.get("/turn").await;
    assert_eq!(turn.status, 500);
    let message = turn.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("suite.json#/fixtures/5") && message.contains("no provider owns GET /turn"), "{message}");
    assert_eq!(server.get("/elsewhere").await.status, 404);
    assert_eq!(server.journal().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a17_preflights_are_204_with_cors_and_no_journal_entry() {
    let server = start(json!([])).await;
    for target in ["/v1/chat/completions", "/anything"] {
        let response = server.send(Request::new("OPTIONS", target)).await;
        assert_eq!((response.status, response.text(), response.header("access-control-allow-origin")), (204, "", Some("*")));
    }
    assert!(server.journal().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_keys_only_callers_with_one_and_the_same_key_are_served() {
    let fixtures = json!([{ "match": {}, "response": { "content": "x" } }]);
    let keys = ApiKeys::new(["alpha", "beta"]).unwrap();
    let server = start_with(fixtures, |settings| settings.auth = keys).await;
    let cases: [(&[(&str, &str)], u16); 10] = [
        (&[], 401),
        (&[("authorization", "Bearer alpha")], 200),
        (&[("authorization", "key \t beta ")], 200),
        (&[("authorization", "alpha")], 401),
        (&[("authorization", "Basic alpha")], 401),
        (&[("x-api-key", "beta")], 200),
        (&[("x-goog-api-key", "gamma")], 401),
        (&[("authorization", "Bearer alpha"), ("api-key", "alpha")], 200),
        (&[("authorization", "Bearer alpha"), ("xi-api-key", "beta")], 401),
        (&[("authorization", "Bearer alpha"), ("xi-api-key", "nope")], 401),
    ];
    for (headers, status) in cases {
        let request = headers.iter().fold(chat("hi"), |request, (name, value)| request.header(name, value));
        assert_eq!(server.send(request).await.status, status, "{headers:?}");
    }
    let refused = server.ask("hi").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"aimock\""));
    assert_eq!(
        refused.json(),
        json!({ "error": { "message": "Invalid API key", "type": "authentication_error", "code": "invalid_api_key" } })
    );
    let status = |request: Request| async { server.send(request).await.status };
    assert_eq!(status(Request::new("GET", "/health")).await, 200);
    assert_eq!(status(Request::new("GET", "/ready")).await, 200);
    assert_eq!(status(Request::new("GET", "/v1/models")).await, 401);
    assert_eq!(status(Request::new("GET", "/__aimock/journal")).await, 401);
    let preflight = Request::new("OPTIONS", "/v1/models").header("origin", "http://x").header("access-control-request-method", "GET");
    assert_eq!(status(preflight).await, 204);
    assert_eq!(status(Request::new("OPTIONS", "/v1/models")).await, 401);
}

#[test]
fn lists_of_keys_that_cannot_be_used_are_refused() {
    #[track_caller]
    fn check(keys: &[&str], expected: &str) {
        assert_eq!(ApiKeys::new(keys).unwrap_err().to_string(), expected);
    }
    check(&[], "no API key is given: name at least one, or leave auth out");
    check(&["a", " \t"], "API key 2 is empty");
    check(&["a\u{7f}"], "API key 1 holds a control character");
    check(&["a", "b", " a "], "API key 3 is the same as an earlier one");
}
