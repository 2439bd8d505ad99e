//! Google's APIs over real sockets: streams in both forms, faults and chaos on them, bodies that mean harm, and counts
//! that take no fixture's turn.

use serde_json::{Value, json};

use super::support::{Request, Response, Running, start, start_with};

const GENERATE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const EVENTS: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const ARRAY: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

fn says(path: &str, text: &str) -> Request {
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] });
    Request::new("POST", path).header("content-type", "application/json").body(body.to_string())
}

/// The text of every chunk that came whole.
fn texts(answer: &Response) -> Vec<String> {
    let text = |chunk: &Value| Some(chunk.pointer("/candidates/0/content/parts/0/text")?.as_str()?.to_owned());
    if answer.text().starts_with('[') {
        let mut whole = answer.text().trim_end().to_owned();
        if !whole.ends_with(']') {
            whole.push(']');
        }
        let chunks: Vec<Value> = serde_json::from_str(&whole).unwrap_or_else(|error| panic!("{error}: {whole}"));
        return chunks.iter().filter_map(text).collect();
    }
    answer.events().iter().filter_map(|event| text(&serde_json::from_str(event).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fixture_answers_whole_as_events_and_as_an_array() {
    let server =
        start(json!([{ "match": { "userMessage": "hi", "provider": "gemini" }, "response": { "content": "abcdef" }, "chunkSize": 2 }]))
            .await;
    let whole = server.send(says(GENERATE, "hi")).await;
    assert_eq!(whole.json()["candidates"][0]["content"]["parts"][0]["text"], "abcdef");
    for (path, kind) in [(EVENTS, "text/event-stream"), (ARRAY, "application/json")] {
        let answer = server.send(says(path, "hi")).await;
        assert_eq!((answer.header("content-type"), answer.complete), (Some(kind), true));
        assert_eq!(texts(&answer), ["ab", "cd", "ef"]);
    }
    assert!(server.send(says(ARRAY, "hi")).await.json().is_array());
    let journal = server.journal().await;
    assert_eq!((&journal[1]["stream"]["events"], &journal[2]["stream"]["events"]), (&json!(3), &json!(3)));
    assert_eq!(journal[2]["service"], journal[1]["service"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_act_on_both_forms() {
    let fixtures = json!([
        { "match": { "userMessage": "cut" }, "response": { "content": "abcdef" }, "chunkSize": 2, "disconnectAfterEvents": 2 },
        { "match": { "userMessage": "fail" }, "response": { "content": "abcdef" }, "chunkSize": 2,
          "errorAfterEvents": { "events": 1, "error": { "message": "enough", "status": 503 } } },
    ]);
    let server = start(fixtures).await;
    for path in [EVENTS, ARRAY] {
        let cut = server.send(says(path, "cut")).await;
        assert_eq!((texts(&cut), cut.complete), (vec!["ab".to_owned(), "cd".to_owned()], false), "{path}");
        let failed = server.send(says(path, "fail")).await;
        assert_eq!((texts(&failed), failed.complete), (vec!["ab".to_owned()], true), "{path}");
        let last: Value = if path == ARRAY { failed.json()[1].clone() } else { serde_json::from_str(&failed.events()[1]).unwrap() };
        assert_eq!((&last["error"]["message"], &last["error"]["status"]), (&json!("enough"), &json!("INTERNAL")), "{path}");
    }
}

async fn chaotic(chaos: Value) -> Running {
    start(json!([{ "match": {}, "response": { "content": "abcdef" }, "chunkSize": 2, "chaos": chaos }])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_speaks_google() {
    for (chaos, status, name, reason) in
        [("dropRate", 500, "INTERNAL", "CHAOS_DROP"), ("rateLimitRate", 429, "RESOURCE_EXHAUSTED", "CHAOS_RATELIMIT")]
    {
        let server = chaotic(json!({ chaos: 1 })).await;
        for path in [GENERATE, EVENTS] {
            let answer = server.send(says(path, "hi")).await;
            let error = &answer.json()["error"];
            assert_eq!((answer.status, &error["code"], &error["status"]), (status, &json!(status), &json!(name)));
            assert_eq!(error["details"][0]["reason"], reason);
        }
        assert_eq!(server.send(says(ARRAY, "hi")).await.json()[0]["error"]["status"], name);
    }
    let server = chaotic(json!({ "malformedRate": 1 })).await;
    let broken = server.send(says(ARRAY, "hi")).await;
    assert!(serde_json::from_str::<Value>(broken.text()).is_err() && broken.text().starts_with('['), "{}", broken.text());
    let server = chaotic(json!({ "errorEventRate": 1 })).await;
    let body = server.send(says(ARRAY, "hi")).await.json();
    assert!(body.as_array().unwrap().last().unwrap()["error"]["status"].is_string(), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_mean_harm_are_refused_in_the_vendors_words() {
    let project = "/v1/projects/p/locations/l/publishers";
    let routes = [
        GENERATE.to_owned(),
        EVENTS.to_owned(),
        ARRAY.to_owned(),
        "/v1beta/models/m:countTokens".to_owned(),
        "/v1beta/models/m:embedContent".to_owned(),
        "/v1beta/models/m:batchEmbedContents".to_owned(),
        format!("{project}/google/models/m:generateContent"),
        format!("{project}/google/models/m:predict"),
        format!("{project}/anthropic/models/m:rawPredict"),
        format!("{project}/anthropic/models/m:streamRawPredict"),
        format!("{project}/anthropic/models/count-tokens:rawPredict"),
        "/v1/messages/count_tokens".to_owned(),
        "/v1beta/interactions".to_owned(),
    ];
    let bodies: [&[u8]; 8] = [
        b"",
        b"{\"contents\": [{\"role\": \"us",
        b"null",
        b"[]",
        b"{}",
        b"{\"contents\":5,\"messages\":5,\"content\":5,\"requests\":5,\"instances\":5}",
        "{\"contents\":[{\"parts\":[{\"text\":\"caf\u{e9}\"}]}]}".as_bytes().split_last().unwrap().1,
        b"\xff\xfe{\x00}\x00",
    ];
    let server =
        start_with(json!([{ "match": {}, "response": { "content": "x" } }]), |settings| settings.limits.body_bytes = 64 << 10).await;
    for route in &routes {
        for body in bodies {
            let answer = server.send(Request::new("POST", route).body(body)).await;
            assert_envelope(route, &answer, 400);
        }
        let answer = server.send(Request::new("POST", route).body(vec![b' '; (64 << 10) + 1])).await;
        assert_envelope(route, &answer, 413);
    }
    assert_eq!(server.journal().await.len(), routes.len() * (bodies.len() + 1));
}

#[track_caller]
fn assert_envelope(route: &str, answer: &Response, status: u16) {
    assert_eq!(answer.status, status, "{route}: {}", answer.text());
    let body = answer.json();
    let error = if let Value::Array(items) = &body { &items[0]["error"] } else { &body["error"] };
    if route.contains("anthropic") || route.contains("messages") {
        assert_eq!(body["type"], "error", "{route}");
    } else if route.contains("interactions") {
        assert!(error["code"].is_string() && error["message"].is_string(), "{route}: {body}");
    } else {
        assert_eq!((&error["code"], &error["status"]), (&json!(status), &json!("INVALID_ARGUMENT")), "{route}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_tokens_takes_no_turn() {
    let fixtures = json!([
        { "match": { "path": "/v1beta/models/fixed:countTokens" }, "response": { "json": { "totalTokens": 99 } } },
        { "match": { "userMessage": "hi", "sequenceIndex": 0 }, "response": { "content": "first" } },
    ]);
    let server = start(fixtures).await;
    let counted = server.send(says("/v1beta/models/gemini-2.5-flash:countTokens", "hi there you")).await;
    assert_eq!((counted.json()["totalTokens"].clone(), counted.header("x-aimock-match")), (json!(3), Some("fallback")));
    assert_eq!(server.send(says("/v1beta/models/fixed:countTokens", "hi")).await.json(), json!({ "totalTokens": 99 }));
    let messages = json!({ "model": "claude-x", "messages": [{ "role": "user", "content": "hi there you" }] }).to_string();
    assert_eq!(server.post("/v1/messages/count_tokens?beta=true", &messages).await.json(), json!({ "input_tokens": 3 }));
    assert_eq!(texts(&server.send(says(EVENTS, "hi")).await), ["first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miss_names_the_nearest_fixture() {
    let server = start(json!([{ "id": "near", "match": { "userMessage": "hello" }, "response": { "content": "x" } }])).await;
    for path in [GENERATE, EVENTS, ARRAY] {
        let answer = server.send(says(path, "bye")).await;
        let body = answer.json();
        let error = if path == ARRAY { &body[0]["error"] } else { &body["error"] };
        assert_eq!((answer.status, &error["status"], &error["message"]), (404, &json!("NOT_FOUND"), &json!("No fixture matched")));
        assert_eq!(error["aimock"]["nearest"][0]["fixture"], "near");
        let strict = server.send(says(path, "bye").header("x-aimock-strict", "true")).await;
        assert_eq!(strict.status, 503);
    }
}
