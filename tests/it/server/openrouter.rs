//! OpenRouter over sockets: several models tried in turn, what the journal says of that, and what it says of itself. And
//! Mistral's clients, which ask on OpenAI's paths.

use serde_json::{Value, json};

use super::support::{Request, Response, Running, start};

fn asks(body: &Value) -> Request {
    Request::new("POST", "/api/v1/chat/completions").header("content-type", "application/json").body(body.to_string())
}

/// A question to these models, the first of which is the request's own.
fn to(models: &[&str]) -> Value {
    json!({ "model": models.first(), "models": models.get(1..), "messages": [{ "role": "user", "content": "hi" }] })
}

async fn ask(server: &Running, models: &[&str]) -> Response {
    server.send(asks(&to(models))).await
}

fn answers(model: &str, response: &Value) -> Value {
    json!({ "match": { "model": model }, "response": response })
}

fn failing(model: &str, status: u16) -> Value {
    answers(model, &json!({ "error": { "message": format!("{model} is down"), "metadata": { "provider_name": model } }, "status": status }))
}

/// `status model`, or the error's message.
fn outcome(response: &Response) -> String {
    let body = response.json();
    let said = body["model"].as_str().or(body["error"]["message"].as_str()).unwrap_or_default().to_owned();
    format!("{} {said}", response.status)
}

/// The attempts of an entry: `model: fixture status`.
fn attempts(entry: &Value) -> Vec<String> {
    let attempts = entry["response"]["attempts"].as_array().cloned().unwrap_or_default();
    let handle = |attempt: &Value| attempt["fixture"].as_str().map_or("-", |handle| handle.rsplit('/').next().unwrap_or("")).to_owned();
    let line = |attempt: &Value| format!("{}: {} {}", attempt["model"].as_str().unwrap(), handle(attempt), attempt["error"]);
    attempts.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_model_that_answers_is_the_one_that_is_named() {
    let server = start(json!([failing("a/x", 503), failing("b/x", 429), answers("c/x", &json!({ "content": "c" }))])).await;
    let answer = ask(&server, &["a/x", "b/x", "none/x", "c/x", "a/x"]).await;
    assert_eq!(outcome(&answer), "200 c/x");
    let body = answer.json();
    assert_eq!((&body["provider"], &body["choices"][0]["native_finish_reason"]), (&json!("c"), &json!("stop")));
    assert!(body["id"].as_str().unwrap().starts_with("gen-"));
    assert_eq!(answer.header("x-aimock-fixture"), Some("suite.json#/fixtures/2"));
    let journal = server.journal().await;
    assert_eq!(attempts(&journal[0]), ["a/x: 0 503", "b/x: 1 429", "none/x: - null", "c/x: 2 null"]);
    assert_eq!(journal[0]["response"]["fixture"]["handle"], "suite.json#/fixtures/2");
    assert_eq!(journal.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_fail_the_last_error_counts_and_where_none_matches_it_is_a_miss() {
    let server = start(json!([failing("a/x", 503), failing("b/x", 429)])).await;
    let failed = ask(&server, &["a/x", "b/x", "c/x"]).await;
    assert_eq!(outcome(&failed), "429 b/x is down");
    assert_eq!(failed.json()["error"]["metadata"], json!({ "provider_name": "b/x" }));
    assert_eq!(failed.json()["error"]["code"], 429);
    assert_eq!(failed.header("retry-after"), Some("1"));
    let missed = ask(&server, &["c/x", "d/x"]).await;
    assert_eq!((missed.status, &missed.json()["error"]["code"]), (404, &json!(404)));
    assert_eq!(attempts(&server.journal().await[1]), ["c/x: - null", "d/x: - null"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_does_not_fall_through_ends_it_and_so_does_a_request_without_fallbacks() {
    let terminal = json!({ "error": { "message": "the end" }, "status": 402, "fallthrough": false });
    let server = start(json!([failing("a/x", 503), answers("b/x", &terminal), answers("c/x", &json!({ "content": "c" }))])).await;
    assert_eq!(outcome(&ask(&server, &["a/x", "b/x", "c/x"]).await), "402 the end");
    let mut alone = to(&["a/x", "c/x"]);
    alone["provider"] = json!({ "allow_fallbacks": false });
    assert_eq!(outcome(&server.send(asks(&alone)).await), "503 a/x is down");
    // One model is no failover, whatever its error says.
    assert_eq!(outcome(&ask(&server, &["b/x"]).await), "402 the end");
    assert!(server.journal().await[2]["response"].get("attempts").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_model_that_is_tried_takes_its_turn() {
    let sequence = |index: u64, response: Value| json!({ "match": { "model": "a/x", "sequenceIndex": index }, "response": response });
    let down = json!({ "error": { "message": "a/x is down" }, "status": 503 });
    let server = start(json!([
        sequence(0, down),
        sequence(1, json!({ "content": "up again" })),
        { "match": { "model": "b/x" }, "responses": [{ "content": "first" }, { "error": { "message": "b/x is down" }, "status": 500 }] },
    ]))
    .await;
    assert_eq!(outcome(&ask(&server, &["a/x", "b/x"]).await), "200 b/x");
    assert_eq!(outcome(&ask(&server, &["a/x", "b/x"]).await), "200 a/x");
    assert_eq!(outcome(&ask(&server, &["b/x", "a/x"]).await), "500 b/x is down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_error_is_the_whole_request_s() {
    let server = start(json!([{ "match": {}, "response": { "content": "x" } }])).await;
    server.post("/__aimock/error", r#"{"status":529,"body":{"message":"queued"}}"#).await;
    assert_eq!(outcome(&ask(&server, &["a/x", "b/x"]).await), "529 queued");
    assert_eq!(outcome(&ask(&server, &["a/x", "b/x"]).await), "200 a/x");
    let journal = server.journal().await;
    assert_eq!((attempts(&journal[0]).len(), attempts(&journal[1])), (0, vec!["a/x: 0 null".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tried_is_used() {
    let server =
        start(json!([failing("a/x", 503), answers("b/x", &json!({ "content": "b" })), answers("c/x", &json!({ "content": "c" }))])).await;
    ask(&server, &["a/x", "b/x"]).await;
    let verdict = server.post("/__aimock/verify", r#"{"unused":0}"#).await.json();
    let text = verdict.to_string();
    assert!(text.contains("1: suite.json#/fixtures/2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_failovers_never_share_a_turn() {
    let once = |name: &str| json!({ "match": { "model": name }, "responses": [{ "content": name }], "onExhausted": "fallThrough" });
    let down: Vec<Value> = (0..8).map(|_| json!({ "error": { "message": "down" }, "status": 503 })).collect();
    let server =
        start(json!([{ "match": { "model": "a/x" }, "responses": down }, once("b/x"), once("c/x"), once("d/x"), once("e/x")])).await;
    let models = ["a/x", "b/x", "c/x", "d/x", "e/x"];
    let (a, b, c, d) = tokio::join!(ask(&server, &models), ask(&server, &models), ask(&server, &models), ask(&server, &models));
    let mut outcomes: Vec<String> = [a, b, c, d].iter().map(outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes, ["200 b/x", "200 c/x", "200 d/x", "200 e/x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_says_first_that_it_is_being_worked_on() {
    let server = start(json!([
        { "match": { "userMessage": "hi" }, "openRouterProcessing": true, "truncateAfterChunks": 2, "response": { "content": "x" } },
    ]))
    .await;
    let mut body = to(&["a/x"]);
    body["stream"] = json!(true);
    let answer = server.send(asks(&body)).await;
    assert!(answer.text().starts_with(": OPENROUTER PROCESSING\n\ndata: {"), "{}", answer.text());
    // The comment is no chunk: two follow before the cut.
    assert_eq!((answer.events().len(), answer.complete), (2, false));
    assert_eq!(server.journal().await[0]["stream"]["events"], 2);
    assert!(server.log.lock().unwrap().iter().all(|line| !line.contains("openRouterProcessing")));
    body["stream"] = json!(false);
    assert_eq!(outcome(&server.send(asks(&body)).await), "200 a/x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_key_and_credits_are_told_and_journalled() {
    let server = start(json!([failing("a/x", 503)])).await;
    let list = server.send(Request::new("GET", "/api/v1/models").header("x-aimock-chaos-drop", "1")).await.json();
    assert_eq!((&list["data"][0]["id"], &list["total_count"], &list["links"]), (&json!("a/x"), &json!(1), &json!({ "next": null })));
    assert_eq!(server.get("/api/v1/key").await.json()["data"]["label"], "sk-or-v1-aimock");
    assert_eq!(server.send(Request::new("DELETE", "/api/v1/key")).await.status, 405);
    assert_eq!(server.journal().await.len(), 3);
    let bare = start(json!([])).await;
    assert_eq!(bare.get("/api/v1/models").await.json()["total_count"], 3);
    assert_eq!(bare.get("/api/v1/credits").await.json(), json!({ "data": { "total_credits": 0, "total_usage": 0 } }));
    let own = start(json!([{ "match": { "path": "/api/v1/credits" }, "response": { "json": { "data": 5 } } }])).await;
    assert_eq!(own.get("/api/v1/credits").await.json(), json!({ "data": 5 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_mistral_need_no_prefix() {
    let server = start(json!([
        { "match": { "provider": "mistral", "userMessage": "hi" }, "response": { "toolCalls": [{ "name": "f", "arguments": {} }] } },
        { "match": { "userMessage": "hi", "model": "codestral" }, "response": { "content": "x" } },
    ]))
    .await;
    let asks = |path: &str, agent: &str, body: &Value| Request::new("POST", path).header("user-agent", agent).body(body.to_string());
    let hi = json!({ "model": "mistral-small", "messages": [{ "role": "user", "content": "hi" }] });
    let python = "mistral-client-python/3.7.0";
    for (path, agent) in [("/v1/chat/completions", python), ("/mistral/v1/chat/completions", "curl/8")] {
        let message = server.send(asks(path, agent, &hi)).await.json()["choices"][0]["message"].clone();
        let id = message["tool_calls"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!((id.len(), &message["content"]), (9, &json!("")));
    }
    assert_eq!(server.send(asks("/v1/chat/completions", "OpenAI/Python", &hi)).await.status, 404);
    let refused = server.send(asks("/v1/chat/completions", python, &json!({}))).await;
    assert_eq!((refused.status, &refused.json()["detail"][0]["loc"]), (422, &json!(["body", "messages"])));
    let models = server.send(Request::new("GET", "/v1/models").header("user-agent", python)).await.json();
    assert_eq!((&models["data"][0]["id"], &models["data"][0]["type"]), (&json!("codestral"), &json!("base")));
    let one = |name: &str| Request::new("GET", &format!("/v1/models/{name}")).header("user-agent", python);
    assert_eq!(server.send(one("codestral")).await.json()["capabilities"]["completion_fim"], true);
    assert_eq!(server.send(one("unknown")).await.json()["object"], "error");
    let vectors = json!({ "model": "mistral-embed", "input": "x" });
    let vectors = server.send(asks("/v1/embeddings", python, &vectors)).await.json();
    assert_eq!((vectors["id"].is_string(), vectors["data"][0]["embedding"].as_array().unwrap().len()), (true, 1024));
}
