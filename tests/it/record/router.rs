//! OpenRouter and Mistral, recorded once and replayed: bytes as their API references show them.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{entries, recording};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, stream_head};
use crate::server::support::{Request, Response, start, start_with};

/// Asks twice, then once more after a restart; the upstream hears of the first alone, on this path.
async fn three_times(provider: &str, script: Vec<Act>, request: &Request, path: &str) -> ([Response; 3], Value) {
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    let base = settings.targets[0].base.clone();
    settings.targets = vec![aimock::server::Target { provider: provider.to_owned(), base, key: None }];
    let server = start_with(json!([]), recording(settings, folder.path(), |_| ())).await;
    let first = server.send(request.clone()).await;
    let second = server.send(request.clone()).await;
    assert_eq!(upstream.count(), 1, "{}", server.log.lock().unwrap().join("\n"));
    assert!(upstream.request(0).starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{}", upstream.request(0));
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
    vec![answer("200 OK", "content-type: application/json\r\n", body.to_string())]
}

fn streaming(chunks: &[Value]) -> Vec<Act> {
    let events = chunks.iter().map(|value| chunk(format!("data: {value}\n\n")));
    let begin = [stream_head(), chunk(": OPENROUTER PROCESSING\n\n")];
    begin.into_iter().chain(events).chain([chunk("data: [DONE]\n\n"), last_chunk()]).collect()
}

/// The same object without what is made up anew: ids, and numbers of calls in a whole message.
fn told(answer: &Response) -> Value {
    let mut body = answer.json();
    let members = body.as_object_mut().unwrap();
    members.remove("id");
    body
}

/// What a stream says: pieces of each text joined, calls put together, finish reasons and counts.
fn streamed(answer: &Response) -> Value {
    let events = answer.events();
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    let chunks: Vec<Value> = events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    let joined = |path: &str| chunks.iter().filter_map(|chunk| chunk.pointer(path)?.as_str()).collect::<String>();
    let paths = [
        "/choices/0/delta/content",
        "/choices/0/delta/content/0/thinking/0/text",
        "/choices/0/delta/reasoning",
        "/choices/0/delta/reasoning_details/0/text",
        "/choices/0/delta/reasoning_details/0/signature",
        "/choices/0/delta/tool_calls/0/id",
        "/choices/0/delta/tool_calls/0/function/name",
        "/choices/0/delta/tool_calls/0/function/arguments",
        "/choices/0/finish_reason",
        "/choices/0/native_finish_reason",
    ];
    let last = |key: &str| chunks.iter().rev().map(|chunk| chunk[key].clone()).find(|value| !value.is_null());
    let ended = ["model", "provider", "usage"].map(last);
    json!({ "texts": paths.map(joined), "ended": ended })
}

fn openrouter(stream: bool) -> Request {
    let messages = json!([{ "role": "user", "content": "weather" }]);
    asks(
        "/api/v1/chat/completions",
        &json!({ "model": "anthropic/claude-sonnet-4", "models": ["openai/gpt-5"], "messages": messages, "stream": stream }),
    )
}

fn counts() -> Value {
    json!({ "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "cost": 0.0015,
        "cost_details": { "upstream_inference_cost": 0.0015, "upstream_inference_prompt_cost": 0.001, "upstream_inference_completions_cost": 0.0005 },
        "is_byok": false, "prompt_tokens_details": { "cached_tokens": 2, "audio_tokens": 0 }, "completion_tokens_details": { "reasoning_tokens": 3 } })
}

#[tokio::test]
async fn openrouter_replays_as_the_same_object() {
    let detail =
        json!({ "type": "reasoning.text", "text": "Look outside.", "format": "anthropic-claude-v1", "index": 0, "signature": "c2ln" });
    let call = json!({ "index": 0, "id": "toolu_1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } });
    let message = json!({ "role": "assistant", "content": "Sunny in Oslo.", "refusal": null, "reasoning": "Look outside.", "reasoning_details": [detail], "tool_calls": [call] });
    let original = json!({
        "id": "gen-1700000000-x", "provider": "Amazon Bedrock", "model": "anthropic/claude-sonnet-4", "object": "chat.completion", "created": 1_700_000_000,
        "choices": [{ "logprobs": null, "finish_reason": "tool_calls", "native_finish_reason": "tool_use", "index": 0, "message": message }],
        "system_fingerprint": null, "service_tier": null, "usage": counts(),
    });
    let (answers, entry) = three_times("openrouter", whole(&original), &openrouter(false), "/api/v1/chat/completions").await;
    for answer in &answers {
        assert_eq!(told(answer), told(&answers[0]));
    }
    assert_eq!(told(&answers[1])["choices"], original["choices"]);
    assert_eq!((&entry["response"]["provider"], &entry["response"]["nativeFinishReason"]), (&json!("Amazon Bedrock"), &json!("tool_use")));
    assert!(entry.get("_leftOut").is_none(), "{entry}");
}

#[tokio::test]
async fn openrouter_streams_replay_with_what_was_thought_and_what_it_cost() {
    let base = |more: Value| {
        let mut chunk = json!({ "id": "gen-1", "provider": "Google", "model": "google/gemini-2.5-flash", "object": "chat.completion.chunk", "created": 1_700_000_000 });
        chunk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        chunk
    };
    let piece = |delta: Value, finish: Value, native: Value| {
        base(
            json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": native, "logprobs": null }] }),
        )
    };
    let thought = |text: &str| {
        let detail = json!({ "type": "reasoning.text", "text": text, "format": "google-gemini-v1", "index": 0 });
        piece(json!({ "role": "assistant", "content": "", "reasoning": text, "reasoning_details": [detail] }), Value::Null, Value::Null)
    };
    let text = |text: &str| piece(json!({ "role": "assistant", "content": text }), Value::Null, Value::Null);
    let mut end = base(json!({ "choices": [] }));
    end["usage"] = counts();
    let chunks = [
        thought("Look "),
        thought("outside."),
        text("Sunny "),
        text("in Oslo."),
        piece(json!({ "role": "assistant", "content": "" }), json!("length"), json!("MAX_TOKENS")),
        end,
    ];
    let (answers, _) = three_times("openrouter", streaming(&chunks), &openrouter(true), "/api/v1/chat/completions").await;
    for answer in &answers[1..] {
        assert_eq!(streamed(answer), streamed(&answers[0]));
    }
}

#[tokio::test]
async fn errors_of_openrouter_keep_what_they_say() {
    let original = json!({ "error": { "code": 402, "message": "Insufficient credits.", "metadata": { "reasons": ["empty"] } } });
    let script = vec![answer("402 Payment Required", "content-type: application/json\r\n", original.to_string())];
    let (answers, _) = three_times("openrouter", script, &openrouter(false), "/api/v1/chat/completions").await;
    for answer in &answers {
        assert_eq!((answer.status, answer.json()), (402, original.clone()));
    }
}

#[tokio::test]
async fn embeddings_of_openrouter_and_mistral_replay() {
    for (provider, path, sent) in
        [("openrouter", "/api/v1/embeddings", "/api/v1/embeddings"), ("mistral", "/mistral/v1/embeddings", "/v1/embeddings")]
    {
        let vectors = json!([{ "object": "embedding", "embedding": [0.5, -0.25], "index": 0 }, { "object": "embedding", "embedding": [1.0, 0.0], "index": 1 }]);
        let original =
            json!({ "id": "embd-1", "object": "list", "data": vectors, "model": "m", "usage": { "prompt_tokens": 1, "total_tokens": 1 } });
        let request = asks(path, &json!({ "model": "m", "input": ["a", "b"] }));
        let (answers, _) = three_times(provider, whole(&original), &request, sent).await;
        for answer in &answers {
            let said: Vec<Value> = answer.json()["data"].as_array().unwrap().iter().map(|item| item["embedding"].clone()).collect();
            assert_eq!((said, answer.json()["id"].is_string()), (vec![json!([0.5, -0.25]), json!([1.0, 0.0])], true));
        }
    }
}

fn mistral(path: &str, stream: bool) -> Request {
    let messages = json!([{ "role": "user", "content": "weather" }]);
    asks(path, &json!({ "model": "magistral-small", "prompt": "weather", "messages": messages, "stream": stream }))
}

#[tokio::test]
async fn mistral_replays_as_the_same_object_without_the_prefix() {
    let thought = json!({ "type": "thinking", "thinking": [{ "type": "text", "text": "Look outside." }] });
    let call = json!({ "id": "D681PevKs", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" }, "index": 0 });
    let message = json!({ "role": "assistant", "tool_calls": [call], "content": [thought, { "type": "text", "text": "Sunny in Oslo." }] });
    let original = json!({
        "id": "cmpl-e5cc70bb28c444948073e77776eb30ef", "object": "chat.completion", "created": 1_700_000_000, "model": "magistral-small",
        "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 },
    });
    for (path, sent) in [("/mistral/v1/chat/completions", "/v1/chat/completions"), ("/v1/fim/completions", "/v1/fim/completions")] {
        let (answers, _) = three_times("mistral", whole(&original), &mistral(path, false), sent).await;
        for answer in &answers {
            assert_eq!(told(answer), told(&answers[0]));
        }
    }
}

#[tokio::test]
async fn mistral_streams_replay() {
    let piece = |delta: Value, finish: Value| json!({ "id": "1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "magistral-small", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    let thought =
        |text: &str| piece(json!({ "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": text }] }] }), Value::Null);
    let mut end = piece(json!({ "content": "" }), json!("length"));
    end["usage"] = json!({ "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 });
    let chunks = [
        piece(json!({ "role": "assistant", "content": "" }), Value::Null),
        thought("Look "),
        thought("outside."),
        piece(json!({ "content": "Sunny in Oslo." }), Value::Null),
        end,
    ];
    let (answers, _) =
        three_times("mistral", streaming(&chunks), &mistral("/mistral/v1/chat/completions", true), "/v1/chat/completions").await;
    for answer in &answers[1..] {
        assert_eq!(streamed(answer), streamed(&answers[0]));
    }
}

#[tokio::test]
async fn errors_of_mistral_keep_what_they_say() {
    let object = json!({ "object": "error", "message": "Invalid model: x", "type": "invalid_model", "param": null, "code": "1500", "raw_status_code": 400 });
    let detail =
        json!({ "detail": [{ "type": "missing", "loc": ["body", "messages", 0, "content"], "msg": "Field required", "input": null }] });
    for (status, original) in [("400 Bad Request", object), ("422 Unprocessable Entity", detail)] {
        let script = vec![answer(status, "content-type: application/json\r\n", original.to_string())];
        let (answers, _) = three_times("mistral", script, &mistral("/mistral/v1/chat/completions", false), "/v1/chat/completions").await;
        for answer in &answers {
            assert_eq!(answer.json(), original);
        }
    }
}
