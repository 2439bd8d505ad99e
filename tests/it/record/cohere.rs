//! Cohere, recorded once and replayed: bytes as its API reference shows them and as its service sends them.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{entries, recording};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, stream_head};
use crate::server::support::{Request, Response, start, start_with};

/// Asks twice, then once more after a restart; the upstream hears of the first alone.
async fn three_times(script: Vec<Act>, request: &Request) -> ([Response; 3], Value) {
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    let base = settings.targets[0].base.clone();
    settings.targets = vec![aimock::server::Target { provider: "cohere".to_owned(), base, key: None }];
    let server = start_with(json!([]), recording(settings, folder.path(), |_| ())).await;
    let first = server.send(request.clone()).await;
    let second = server.send(request.clone()).await;
    assert_eq!(upstream.count(), 1, "{}", server.log.lock().unwrap().join("\n"));
    assert_eq!((first.header("x-aimock-match"), first.complete), (Some("proxy"), true));
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1);
    let again = start(json!(recorded)).await;
    ([first, second, again.send(request.clone()).await], recorded[0].clone())
}

fn asks(path: &str, body: &Value) -> Request {
    Request::new("POST", path).header("content-type", "application/json").body(body.to_string())
}

fn chat(stream: bool) -> Request {
    let messages = json!([{ "role": "user", "content": "weather" }]);
    asks("/v2/chat", &json!({ "model": "command-a-03-2025", "messages": messages, "stream": stream }))
}

fn whole(status: &str, body: &Value) -> Vec<Act> {
    vec![answer(status, "content-type: application/json\r\n", body.to_string())]
}

/// A stream of these events, ended as the service ends it.
fn streaming(events: &[Value]) -> Vec<Act> {
    let framed = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    let chunks = framed.chain(["data: [DONE]\n\n".to_owned()]).map(chunk);
    std::iter::once(stream_head()).chain(chunks).chain([last_chunk()]).collect()
}

fn usage() -> Value {
    json!({ "billed_units": { "input_tokens": 119, "output_tokens": 52 }, "tokens": { "input_tokens": 1549, "output_tokens": 103 }, "cached_tokens": 992 })
}

fn call(city: &str) -> Value {
    json!({ "id": format!("weather_{city}"), "type": "function", "function": { "name": "weather", "arguments": format!("{{\"city\":\"{city}\"}}") } })
}

/// The events of an answer, joined: those that carry pieces of one thing become one.
fn told(answer: &Response) -> Value {
    let events: Vec<Value> = answer.text().lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
    let joined = |path: &str| events.iter().filter_map(|event| event.pointer(path)?.as_str()).collect::<String>();
    let texts = ["content/text", "content/thinking", "tool_plan", "tool_calls/function/arguments"];
    let texts = texts.map(|path| joined(&format!("/delta/message/{path}")));
    let of_kind = |kind: &str| events.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>();
    json!({ "texts": texts, "id": events[0]["id"], "calls": of_kind("tool-call-start"), "contents": of_kind("content-start"), "end": of_kind("message-end") })
}

#[tokio::test]
async fn chats_replay_as_the_same_object() {
    let message = json!({ "role": "assistant", "tool_plan": "I will look twice.", "tool_calls": [call("Oslo"), call("Rome")] });
    let original =
        json!({ "id": "f201af17-e24a-4396-8f6a-98e8bf9c3432", "message": message, "finish_reason": "TOOL_CALL", "usage": usage() });
    let (answers, entry) = three_times(whole("200 OK", &original), &chat(false)).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.json()), (200, original.clone()));
    }
    assert_eq!((&entry["match"]["userMessage"], &entry["match"]["model"]), (&json!("weather"), &json!("command-a-03-2025")));
    assert_eq!(
        (&entry["response"]["toolPlan"], &entry["response"]["toolCalls"][1]["name"]),
        (&json!("I will look twice."), &json!("weather"))
    );
    let usage = &entry["response"]["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["billed_input_tokens"]), (&json!(1549), &json!(119)));
}

#[tokio::test]
async fn thinking_and_stops_replay() {
    let content = json!([{ "type": "thinking", "thinking": "Look outside." }, { "type": "text", "text": "Sunny" }]);
    let message = json!({ "role": "assistant", "content": content });
    let original =
        json!({ "id": "53bcb235-5179-4a91-a578-cb372b5430bc", "message": message, "finish_reason": "MAX_TOKENS", "usage": usage() });
    let (answers, entry) = three_times(whole("200 OK", &original), &chat(false)).await;
    for answer in &answers {
        assert_eq!(answer.json(), original);
    }
    assert_eq!((&entry["response"]["reasoning"], &entry["response"]["finishReason"]), (&json!("Look outside."), &json!("length")));
}

/// A stream whose pieces are these, from its start to its end.
fn stream_of(pieces: &[Value]) -> Vec<Value> {
    let start = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    let mut events = vec![json!({ "id": "2941521a-b87a-45f6-9b0d-235fd66c3025", "type": "message-start", "delta": { "message": start } })];
    events.extend(pieces.iter().cloned());
    let finish = if pieces.iter().any(|piece| piece["type"] == "tool-call-start") { "TOOL_CALL" } else { "COMPLETE" };
    events.push(json!({ "type": "message-end", "delta": { "finish_reason": finish, "usage": usage() } }));
    events
}

fn piece(kind: &str, index: u64, message: &Value) -> Value {
    json!({ "type": kind, "index": index, "delta": { "message": message } })
}

fn content(index: u64, kind: &str, pieces: &[&str]) -> Vec<Value> {
    let start = piece("content-start", index, &json!({ "content": { "type": kind, kind: "" } }));
    let deltas = pieces.iter().map(|text| piece("content-delta", index, &json!({ "content": { kind: text } })));
    let end = json!({ "type": "content-end", "index": index });
    std::iter::once(start).chain(deltas).chain([end]).collect()
}

#[tokio::test]
async fn streams_replay_as_the_same_events() {
    let start = json!({ "tool_calls": { "id": "weather_x", "type": "function", "function": { "name": "weather", "arguments": "" } } });
    let mut pieces = content(0, "thinking", &["Look ", "outside."]);
    pieces.extend([
        json!({ "type": "tool-plan-delta", "delta": { "message": { "tool_plan": "I will " } } }),
        json!({ "type": "tool-plan-delta", "delta": { "message": { "tool_plan": "look." } } }),
        piece("tool-call-start", 0, &start),
        piece("tool-call-delta", 0, &json!({ "tool_calls": { "function": { "arguments": "{\"city\": " } } })),
        piece("tool-call-delta", 0, &json!({ "tool_calls": { "function": { "arguments": "\"Oslo\"}" } } })),
        json!({ "type": "tool-call-end", "index": 0 }),
    ]);
    let mut both = content(0, "thinking", &["Hm."]);
    both.extend(content(1, "text", &["Sunny ", "in Oslo."]));
    for pieces in [pieces, both] {
        let (answers, entry) = three_times(streaming(&stream_of(&pieces)), &chat(true)).await;
        for answer in &answers {
            let kind = answer.header("content-type").and_then(|kind| kind.split(';').next());
            assert_eq!((kind, answer.complete), (Some("text/event-stream"), true));
            assert_eq!(told(answer), told(&answers[0]), "{}", answer.text());
        }
        assert!(entry["response"]["reasoning"].is_string(), "{entry}");
    }
}

/// What a reply cannot say is kept as it came.
#[tokio::test]
async fn citations_replay_byte_for_byte() {
    let citation = json!({ "start": 0, "end": 5, "text": "Sunny", "sources": [{ "type": "document", "id": "1" }], "type": "TEXT_CONTENT" });
    let mut pieces = content(0, "text", &["Sunny"]);
    pieces.insert(2, piece("citation-start", 0, &json!({ "citations": citation })));
    pieces.insert(3, json!({ "type": "citation-end", "index": 0 }));
    let (answers, _) = three_times(streaming(&stream_of(&pieces)), &chat(true)).await;
    for answer in &answers {
        assert_eq!(answer.text(), answers[0].text());
    }
    let message = json!({ "role": "assistant", "content": [{ "type": "text", "text": "Sunny" }], "citations": [citation] });
    let original = json!({ "id": "x", "message": message, "finish_reason": "COMPLETE", "usage": usage() });
    for answer in three_times(whole("200 OK", &original), &chat(false)).await.0 {
        assert_eq!(answer.json(), original);
    }
}

#[tokio::test]
async fn vectors_rankings_and_errors_replay() {
    let meta = json!({ "api_version": { "version": "2" }, "billed_units": { "input_tokens": 10 } });
    let vectors = json!({ "float": [[0.5, -1.0], [0.25, 1.0]], "int8": [[64, -127], [32, 127]] });
    let body = json!({ "id": "f5aa3e7b", "texts": ["a", "b"], "embeddings": vectors, "meta": meta, "response_type": "embeddings_by_type" });
    let asked = json!({ "model": "embed-v4.0", "input_type": "search_query", "texts": ["a", "b"], "embedding_types": ["float", "int8"] });
    let (answers, entry) = three_times(whole("200 OK", &body), &asks("/v2/embed", &asked)).await;
    for answer in answers {
        assert_eq!((&answer.json()["embeddings"], &answer.json()["texts"]), (&body["embeddings"], &body["texts"]));
    }
    assert_eq!((&entry["match"]["inputText"], &entry["response"]["embeddings"][1]), (&json!("a b"), &json!([0.25, 1.0])));
    let results = json!([{ "index": 3, "relevance_score": 0.999_071 }, { "index": 0, "relevance_score": 0.327_130_68 }]);
    let meta = json!({ "api_version": { "version": "2", "is_experimental": false }, "billed_units": { "search_units": 1 } });
    let body = json!({ "id": "07734bd2", "results": results, "meta": meta });
    let asked = json!({ "model": "rerank-v3.5", "query": "capital", "documents": ["a", "b", "c", "d"], "top_n": 2 });
    let (answers, entry) = three_times(whole("200 OK", &body), &asks("/v2/rerank", &asked)).await;
    for answer in answers {
        assert_eq!((&answer.json()["results"], &answer.json()["meta"]), (&results, &meta));
    }
    assert_eq!((&entry["match"]["endpoint"], &entry["match"]["userMessage"]), (&json!("rerank"), &json!("capital")));
    let missing = json!({ "id": "a9a94239", "message": "model 'x' not found, make sure the correct model ID was used and that you have access to the model." });
    for answer in three_times(whole("404 Not Found", &missing), &chat(true)).await.0 {
        assert_eq!((answer.status, &answer.json()["message"]), (404, &missing["message"]));
    }
}

/// A stream that ended in an error is no answer that could be replayed as one.
#[tokio::test]
async fn errors_inside_a_stream_are_no_success() {
    let mut events = stream_of(&content(0, "text", &["Sun"]));
    *events.last_mut().unwrap() =
        json!({ "type": "message-end", "delta": { "finish_reason": "ERROR", "usage": {}, "error": "No valid response generated." } });
    let (answers, entry) = three_times(streaming(&events), &chat(true)).await;
    for answer in &answers {
        assert_eq!(answer.text(), answers[0].text());
    }
    assert!(entry["response"].get("content").is_none(), "{entry}");
}
