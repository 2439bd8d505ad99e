//! The control API and the probes: the peer's paths, keys and messages.

use serde_json::{Value, json};

use super::support::{Request, Running, start};

async fn check(server: &Running, method: &str, target: &str, body: &str, status: u16, expected: Value) {
    let response = server.send(Request::new(method, target).body(body)).await;
    assert_eq!((response.status, response.json()), (status, expected), "{method} {target} {body}");
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert!(response.header("x-request-id").is_some() && response.header("access-control-allow-origin").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_answer_and_are_not_journalled() {
    let server = start(json!([])).await;
    check(&server, "GET", "/health", "", 200, json!({ "status": "ok" })).await;
    check(&server, "GET", "/ready", "", 200, json!({ "status": "ready" })).await;
    check(&server, "GET", "/__aimock/health", "", 200, json!({ "status": "ok" })).await;
    let head = server.send(Request::new("HEAD", "/health")).await;
    assert_eq!((head.status, head.text()), (200, ""));
    assert!(server.journal().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_those_of_the_fixtures() {
    let ids = |response: Value| response["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect::<Vec<_>>();
    let server = start(json!([])).await;
    let list = server.get("/v1/models").await.json();
    assert_eq!(list["object"], "list");
    assert_eq!(list["data"][0], json!({ "id": "gpt-4", "object": "model", "created": 1_686_935_002, "owned_by": "aimock" }));
    let defaults = ["gpt-4", "gpt-4o", "claude-3-5-sonnet-20241022", "gemini-2.0-flash", "text-embedding-3-small"];
    assert_eq!(ids(list), defaults);
    let fixture = |model: Value| json!({ "match": { "model": model }, "response": { "content": "x" } });
    let server = start(json!([fixture(json!("m1")), fixture(json!({ "regex": "x" })), fixture(json!("m2")), fixture(json!("m1"))])).await;
    assert_eq!(ids(server.get("/v1/models").await.json()), ["m1", "m2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixtures_are_counted_listed_added_and_cleared() {
    let server = start(json!([{ "id": "one", "match": { "userMessage": "hi", "turnIndex": 0 }, "response": { "content": "old" } }])).await;
    check(&server, "GET", "/__aimock/fixtures", "", 200, json!({ "count": 1 })).await;
    let added = json!({ "fixtures": [{ "match": { "userMessage": "new" }, "response": { "content": "posted" } }] }).to_string();
    check(&server, "POST", "/__aimock/fixtures", &added, 200, json!({ "added": 1 })).await;
    assert_eq!(server.ask("new").await.said(), "posted");
    let listed = json!({ "count": 2, "fixtures": [
        { "index": 0, "match": { "userMessage": "hi", "turnIndex": 0 }, "responseKind": "text", "handle": "one", "served": 0 },
        { "index": 1, "match": { "userMessage": "new" }, "responseKind": "text", "handle": "posted-1#/fixtures/0", "served": 1 },
    ] });
    check(&server, "GET", "/__aimock/fixtures?include=fixtures", "", 200, listed).await;
    check(&server, "DELETE", "/__aimock/fixtures", "", 200, json!({ "cleared": true })).await;
    check(&server, "GET", "/__aimock/fixtures", "", 200, json!({ "count": 0 })).await;
    assert_eq!(server.ask("hi").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn added_fixtures_lose_to_those_that_were_there() {
    let server = start(json!([{ "match": {}, "response": { "content": "old" } }])).await;
    let added = json!({ "fixtures": [{ "match": {}, "response": { "content": "new" } }] }).to_string();
    server.post("/__aimock/fixtures", &added).await;
    assert_eq!(server.ask("hi").await.said(), "old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_control_requests_are_told_what_is_wrong() {
    let server = start(json!([])).await;
    let error = |message: &str| json!({ "error": message });
    let (fixtures, errors) = ("/__aimock/fixtures", "/__aimock/error");
    check(&server, "GET", "/__aimock/fixtures?x=1", "", 400, error("Unknown query parameter: 'x'. Supported: include")).await;
    check(&server, "GET", "/__aimock/fixtures?include=all", "", 400, error("Invalid 'include': expected 'fixtures'")).await;
    check(&server, "POST", fixtures, "{}", 400, error("Missing or invalid \"fixtures\" array")).await;
    check(&server, "POST", fixtures, "[]", 400, error("Invalid body: expected a JSON object")).await;
    check(&server, "POST", errors, r#"{"status":99}"#, 400, error("Invalid 'status': must be an integer between 200 and 999")).await;
    check(&server, "POST", errors, r#"{"status":"x"}"#, 400, error("Invalid 'status': must be an integer between 200 and 999")).await;
    check(&server, "POST", errors, r#"{"body":[]}"#, 400, error("Invalid 'body': must be an object")).await;
    check(&server, "POST", errors, r#"{"body":{"type":1}}"#, 400, error("Invalid 'body.type': must be a string")).await;
    let unknown = json!({ "error": { "message": "Unknown control endpoint: /__aimockfoo", "type": "not_found" } });
    check(&server, "GET", "/__aimockfoo", "", 404, unknown).await;
    let broken = server.post(errors, "{").await;
    assert!(broken.json()["error"].as_str().unwrap().starts_with("Invalid JSON: "));
    let invalid = json!({ "fixtures": [{ "match": { "userMessage": 5 }, "response": { "content": "x" } }] });
    let refused = server.post(fixtures, &invalid.to_string()).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("Validation failed")));
    assert_eq!(refused.json()["details"][0]["severity"], "error");
    check(&server, "GET", fixtures, "", 200, json!({ "count": 0 })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_clears_everything_as_the_peer_has_it() {
    let fixtures = json!([{ "match": {}, "responses": [{ "content": "a" }, { "content": "b" }] }]);
    let server = start(fixtures.clone()).await;
    server.ask("hi").await;
    server.post("/__aimock/error", "{}").await;
    check(&server, "POST", "/__aimock/reset", "", 200, json!({ "reset": true })).await;
    assert!(server.journal().await.is_empty());
    let response = server.ask("hi").await;
    assert_eq!((response.status, server.get("/__aimock/fixtures").await.json()), (404, json!({ "count": 0 })));
    let deprecated = server.post("/__aimock/reset/fixtures", "").await;
    assert_eq!((deprecated.status, deprecated.header("deprecation")), (200, Some("true")));
    assert_eq!((&deprecated.json()["reset"], &deprecated.json()["deprecated"]), (&json!(true), &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_can_keep_the_fixtures_from_files() {
    let server = start(json!([{ "match": {}, "responses": [{ "content": "a" }, { "content": "b" }] }])).await;
    assert_eq!(server.ask("hi").await.said(), "a");
    server.post("/__aimock/fixtures", r#"{"fixtures":[{"match":{},"response":{"content":"posted"}}]}"#).await;
    check(&server, "POST", "/__aimock/reset?fixtures=keep", "", 200, json!({ "reset": true })).await;
    check(&server, "GET", "/__aimock/fixtures", "", 200, json!({ "count": 1 })).await;
    assert_eq!(server.ask("hi").await.said(), "a", "counts start again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resetting_the_journal_keeps_fixtures_and_counts() {
    let server = start(json!([{ "match": {}, "responses": [{ "content": "a" }, { "content": "b" }] }])).await;
    server.ask("hi").await;
    check(&server, "POST", "/__aimock/reset/journal", "", 200, json!({ "reset": true })).await;
    assert!(server.journal().await.is_empty());
    assert_eq!(server.ask("hi").await.said(), "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_sites_cannot_use_the_control_api() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    let status = |name: &'static str, value: &'static str, target: &'static str| {
        let request = Request::new("GET", target).header(name, value);
        async { server.send(request).await.status }
    };
    for origin in ["http://evil.example", "https://localhost.evil.example", "null", "http://10.0.0.1", "http://127.0.0.1.evil.example"] {
        assert_eq!(status("origin", origin, "/__aimock/journal").await, 403, "{origin}");
        assert_eq!(status("origin", origin, "/v1/_requests").await, 403, "{origin}");
    }
    assert_eq!(status("sec-fetch-site", "cross-site", "/__aimock/journal").await, 403);
    for origin in ["http://localhost:3000", "https://app.localhost", "http://127.0.0.1:5173", "http://[::1]:80"] {
        assert_eq!(status("origin", origin, "/__aimock/journal").await, 200, "{origin}");
    }
    assert_eq!(status("origin", "http://evil.example", "/v1/models").await, 200, "LLM routes are open to pages, as CORS says");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_its_own_answers_its_methods_and_no_other() {
    let fixtures = json!([{ "match": { "model": "m1" }, "response": { "content": "x" } }]);
    let server = super::support::start_with(fixtures, |settings| settings.metrics = true).await;
    // These answer for as long as somebody reads.
    let endless = ["/__aimock/journal/stream"];
    for route in aimock::server::OWN.iter().filter(|route| !endless.contains(&route.path)) {
        for method in ["GET", "POST", "DELETE", "PUT"] {
            let path = route.path.replace("{*model}", "m1");
            let status = server.send(Request::new(method, &path).body("{}")).await.status;
            let known = route.methods.iter().any(|(known, _)| *known == method);
            assert_eq!(!matches!(status, 404 | 405 | 501), known, "{method} {path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_and_openapi_tell_of_the_same_paths() {
    let server = start(json!([])).await;
    let table = server.get("/__aimock/routes").await.json();
    let chat = table["routes"].as_array().unwrap().iter().find(|route| route["path"] == "/v1/chat/completions").unwrap();
    assert_eq!((&chat["method"], &chat["provider"], &chat["endpoint"]), (&json!("POST"), &json!("openai"), &json!("chat")));
    let document = server.get("/__aimock/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = std::collections::BTreeSet::new();
    for route in ["routes", "control"].iter().flat_map(|part| table[part].as_array().unwrap()) {
        let (path, method) = (route["path"].as_str().unwrap(), route["method"].as_str().unwrap());
        let path = path.replace("{*", "{");
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert_eq!(operation["summary"], route["summary"], "{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}: an id twice");
        let declared = operation["parameters"].as_array().map_or(0, Vec::len);
        assert_eq!(declared, path.matches('{').count(), "{method} {path}");
    }
    assert!(server.journal().await.is_empty());
}
/// A Retry-After may be a date; it is over when the server's clock says so. The server's clock stands at 22:13:20.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_that_is_a_date_is_a_pause() {
    for (date, pause) in
        [("Tue, 14 Nov 2023 22:13:23 GMT", json!(3000.0)), ("Tue, 14 Nov 2023 22:13:19 GMT", json!(0.0)), ("soon", Value::Null)]
    {
        let http = json!({ "http": { "status": 429, "headers": { "retry-after": date }, "body": "" } });
        let server = start(json!([{ "match": {}, "response": http }])).await;
        assert_eq!(server.ask("hi").await.header("retry-after"), Some(date));
        assert_eq!(server.journal().await[0]["response"]["retryAfterMs"], pause, "{date}");
    }
}
