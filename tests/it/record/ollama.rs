//! Ollama, recorded once and replayed: bytes as its API documentation shows them.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{entries, recording};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, send};
use crate::server::support::{Request, Response, start, start_with};

/// Asks twice, then once more after a restart; the upstream hears of the first alone.
async fn three_times(script: Vec<Act>, request: &Request) -> ([Response; 3], Value) {
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    let base = settings.targets[0].base.clone();
    settings.targets = vec![aimock::server::Target { provider: "ollama".to_owned(), base, key: None }];
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

fn whole(body: &Value) -> Vec<Act> {
    vec![answer("200 OK", "content-type: application/json; charset=utf-8\r\n", body.to_string())]
}

fn streaming(lines: &[Value]) -> Vec<Act> {
    let head = send("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n");
    std::iter::once(head).chain(lines.iter().map(|line| chunk(format!("{line}\n")))).chain([last_chunk()]).collect()
}

/// The last line, or all of an answer: with these words.
fn done(words: &Value) -> Value {
    let mut line = json!({ "model": "llama3.2", "created_at": "2023-08-04T19:22:45.499127Z" });
    line.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
    let counts = json!({ "done": true, "done_reason": "length", "total_duration": 4_883_583_458_u64, "load_duration": 1_334_875,
        "prompt_eval_count": 26, "prompt_eval_duration": 342_546_000, "eval_count": 282, "eval_duration": 4_535_599_000_u64 });
    line.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
    line
}

/// What an answer says, line by line: without its times, which are not kept, and with the pieces of texts joined.
fn told(answer: &Response) -> Value {
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let joined = |path: &str| lines.iter().filter_map(|line| line.pointer(path)?.as_str()).collect::<String>();
    let words = ["/message/content", "/message/thinking", "/response", "/thinking"].map(joined);
    let calls: Vec<Value> = lines.iter().filter_map(|line| line["message"]["tool_calls"].as_array()).flatten().cloned().collect();
    let last = lines.last().unwrap();
    let ended = ["model", "done", "done_reason", "prompt_eval_count", "eval_count"].map(|key| last[key].clone());
    json!({ "words": words, "calls": calls, "ended": ended })
}

fn chat(stream: bool) -> Request {
    let messages = json!([{ "role": "user", "content": "weather" }]);
    asks("/api/chat", &json!({ "model": "llama3.2", "messages": messages, "stream": stream }))
}

fn call(index: u64, city: &str) -> Value {
    json!({ "id": format!("call_{index}"), "function": { "index": index, "name": "f", "arguments": { "city": city } } })
}

#[tokio::test]
async fn chats_replay_as_the_same_object() {
    let calls = json!([call(0, "Oslo"), call(1, "Rome")]);
    let message = json!({ "role": "assistant", "content": "Let me see.", "thinking": "Two.", "tool_calls": calls });
    let (answers, entry) = three_times(whole(&done(&json!({ "message": message }))), &chat(false)).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.json()["message"]), (200, &message));
        assert_eq!(told(answer), told(&answers[0]));
    }
    assert_eq!((&entry["match"]["userMessage"], &entry["match"]["model"]), (&json!("weather"), &json!("llama3.2")));
    assert_eq!((&entry["response"]["reasoning"], &entry["response"]["finishReason"]), (&json!("Two."), &json!("length")));
}

#[tokio::test]
async fn streams_replay_line_by_line() {
    let line =
        |message: Value| json!({ "model": "llama3.2", "created_at": "2023-08-04T08:52:19.385406Z", "message": message, "done": false });
    let lines = [
        line(json!({ "role": "assistant", "content": "", "thinking": "Look outside." })),
        line(json!({ "role": "assistant", "content": "Sunny " })),
        line(json!({ "role": "assistant", "content": "in Oslo." })),
        line(json!({ "role": "assistant", "content": "", "tool_calls": [call(0, "Oslo")] })),
        done(&json!({ "message": { "role": "assistant", "content": "" } })),
    ];
    let (answers, entry) = three_times(streaming(&lines), &chat(true)).await;
    for answer in &answers {
        assert_eq!((answer.header("content-type"), answer.complete), (Some("application/x-ndjson"), true));
        assert_eq!(told(answer), told(&answers[0]), "{}", answer.text());
    }
    assert_eq!((&entry["response"]["content"], &entry["response"]["toolCalls"][0]["name"]), (&json!("Sunny in Oslo."), &json!("f")));
}

#[tokio::test]
async fn completions_replay_whole_and_streamed() {
    let request = |stream: bool| asks("/api/generate", &json!({ "model": "llama3.2", "prompt": "weather", "stream": stream }));
    let line = json!({ "model": "llama3.2", "created_at": "2023-08-04T08:52:19.385406Z", "response": "Sunny.", "done": false });
    let last = done(&json!({ "response": "", "context": [1, 2, 3] }));
    for (script, stream) in [(whole(&done(&json!({ "response": "Sunny." }))), false), (streaming(&[line, last]), true)] {
        let (answers, entry) = three_times(script, &request(stream)).await;
        for answer in &answers {
            assert_eq!(told(answer), told(&answers[0]));
        }
        assert_eq!(entry["response"]["content"], "Sunny.");
    }
}

#[tokio::test]
async fn vectors_and_errors_replay() {
    let body = json!({ "model": "all-minilm", "embeddings": [[0.5, -1.25], [1.5, 2.0]], "total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": 8 });
    let request = asks("/api/embed", &json!({ "model": "all-minilm", "input": ["a", "b"] }));
    for answer in three_times(whole(&body), &request).await.0 {
        assert_eq!(answer.json()["embeddings"], body["embeddings"]);
    }
    let request = asks("/api/embeddings", &json!({ "model": "all-minilm", "prompt": "a" }));
    for answer in three_times(whole(&json!({ "embedding": [0.5, -1.25] })), &request).await.0 {
        assert_eq!(answer.json(), json!({ "embedding": [0.5, -1.25] }));
    }
    let missing = json!({ "error": "model 'llama3.2' not found" });
    let script = vec![answer("404 Not Found", "content-type: application/json; charset=utf-8\r\n", missing.to_string())];
    for answer in three_times(script, &chat(true)).await.0 {
        assert_eq!((answer.status, answer.json()), (404, missing.clone()));
    }
}

/// What Ollama says about itself is answered here, with no fixture at all.
#[tokio::test]
async fn models_and_version_are_told() {
    let fixtures = json!([{ "match": { "model": "llama3.2", "userMessage": "x" }, "response": { "content": "y" } }]);
    let server = start(fixtures).await;
    let tags = server.get("/api/tags").await.json();
    assert_eq!((&tags["models"][0]["model"], tags["models"].as_array().unwrap().len()), (&json!("llama3.2"), 1));
    let loaded = server.get("/api/ps").await.json();
    assert_eq!((&loaded["models"][0]["name"], loaded["models"][0]["expires_at"].is_string()), (&tags["models"][0]["name"], true));
    assert!(server.get("/api/version").await.json()["version"].is_string());
    let show = async |body: Value| server.send(asks("/api/show", &body)).await;
    assert_eq!(show(json!({ "model": "llama3.2:latest" })).await.json()["details"]["format"], "gguf");
    let unknown = show(json!({ "model": "other" })).await;
    assert_eq!((unknown.status, unknown.json()["error"].is_string()), (404, true));
    for body in [json!({}), json!([]), json!({ "model": 5 })] {
        assert_eq!((show(body.clone()).await.status, show(body).await.json()), (400, json!({ "error": "model is required" })));
    }
    assert_eq!(server.send(Request::new("POST", "/api/show").body("{bad")).await.status, 400);
    assert!(server.journal().await.is_empty(), "not journalled");
}
