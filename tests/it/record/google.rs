//! Google's APIs, recorded once and replayed: bytes as the vendor documents them.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{entries, recording};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, send, stream_head};
use crate::server::support::{Request, Response, start, start_with};

const GEMINI: &str = "/v1beta/models/gemini-2.5-flash:";
const VERTEX: &str = "/v1beta1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:";
const ANTHROPIC: &str = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/";

fn whole(body: &Value) -> Vec<Act> {
    vec![answer("200 OK", "content-type: application/json; charset=UTF-8\r\n", body.to_string())]
}

/// An answer with thoughts, text and two calls, one of them without an id.
fn content() -> Value {
    json!({
        "candidates": [{
            "content": { "role": "model", "parts": [
                { "text": "They ask for two.", "thought": true },
                { "text": "Let me see." },
                { "functionCall": { "id": "a1b2", "name": "f", "args": { "city": "Oslo" } }, "thoughtSignature": "c2ln" },
                { "functionCall": { "id": "c3d4", "name": "f", "args": { "city": "Rome" } } },
            ] },
            "finishReason": "STOP", "index": 0, "safetyRatings": [{ "category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE" }],
        }],
        "usageMetadata": {
            "promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 19, "thoughtsTokenCount": 6,
            "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 9 }],
        },
        "modelVersion": "gemini-2.5-flash", "responseId": "fixed-id",
    })
}

fn pieces() -> [Value; 3] {
    let piece = |parts: Value, finish: Option<&str>| {
        let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        let usage = json!({ "promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13 });
        json!({ "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r1" })
    };
    [
        piece(json!([{ "text": "Sunny " }]), None),
        piece(json!([{ "text": "in Oslo." }]), None),
        piece(json!([{ "text": "", "thoughtSignature": "c2ln" }]), Some("STOP")),
    ]
}

fn events() -> Vec<Act> {
    let pieces = pieces().map(|piece| chunk(format!("data: {piece}\r\n\r\n")));
    std::iter::once(stream_head()).chain(pieces).chain([last_chunk()]).collect()
}

fn array() -> Vec<Act> {
    let [first, second, third] = pieces();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ntransfer-encoding: chunked\r\n\r\n";
    vec![
        send(head),
        chunk(format!("[{first}\n")),
        chunk(format!(",\r\n{second}\n")),
        chunk(format!(",\r\n{third}\n")),
        chunk("]"),
        last_chunk(),
    ]
}

fn asks(path: &str) -> Request {
    let body = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "weather" }] }],
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "tools": [{ "functionDeclarations": [{ "name": "f", "description": "d", "parameters": { "type": "object" } }] }],
    });
    Request::new("POST", path).header("content-type", "application/json").body(body.to_string())
}

/// Asks twice, then once more after a restart; the upstream hears of the first alone.
async fn three_times(script: Vec<Act>, provider: &str, request: &Request) -> ([Response; 3], Value) {
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    let base = settings.targets[0].base.clone();
    settings.targets = vec![aimock::server::Target { provider: provider.to_owned(), base, key: None }];
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

/// The answer as a client of either form of stream sees it: the chunks.
fn chunks(answer: &Response) -> Vec<Value> {
    if answer.text().starts_with('[') {
        return answer.json().as_array().unwrap().clone();
    }
    let text = answer.text().replace("\r\n", "\n");
    text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn said(chunks: &[Value]) -> String {
    let parts = chunks.iter().flat_map(|chunk| chunk["candidates"][0]["content"]["parts"].as_array().unwrap().clone());
    parts.filter_map(|part| Some(part.get("text")?.as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn content_replays_with_thoughts_calls_and_counts() {
    for (provider, path) in [("gemini", GEMINI), ("vertexai", VERTEX)] {
        let (answers, entry) = three_times(whole(&content()), provider, &asks(&format!("{path}generateContent"))).await;
        for answer in answers {
            let (body, expected) = (answer.json(), content());
            for pointer in ["/candidates/0/content", "/candidates/0/finishReason", "/usageMetadata", "/modelVersion", "/responseId"] {
                assert_eq!(body.pointer(pointer), expected.pointer(pointer), "{pointer} of {provider}");
            }
        }
        assert_eq!((&entry["match"]["model"], &entry["match"]["userMessage"]), (&json!("gemini-2.5-flash"), &json!("weather")));
        assert_eq!(entry["response"]["reasoning"], "They ask for two.");
        assert_eq!(entry["_leftOut"], json!(["safetyRatings"]));
        // As the same prompt and tools are hashed in every other format.
        assert_eq!(entry["metadata"], json!({ "systemHash": "213c22ed", "toolsHash": "f9f6c4cb" }));
    }
}

#[tokio::test]
async fn streams_of_both_forms_replay_in_either() {
    for (script, path) in [(events(), "streamGenerateContent?alt=sse"), (array(), "streamGenerateContent")] {
        let (answers, entry) = three_times(script, "gemini", &asks(&format!("{GEMINI}{path}"))).await;
        for answer in answers {
            let chunks = chunks(&answer);
            assert_eq!((answer.status, said(&chunks).as_str(), answer.complete), (200, "Sunny in Oslo.", true), "{}", answer.text());
            let last = chunks.last().unwrap();
            assert_eq!((&last["candidates"][0]["finishReason"], &last["usageMetadata"]["totalTokenCount"]), (&json!("STOP"), &json!(13)));
        }
        assert_eq!((&entry["response"]["content"], &entry["response"]["reasoningSignature"]), (&json!("Sunny in Oslo."), &json!("c2ln")));
        assert_eq!(entry["recordedTimings"]["interChunkDelaysMs"].as_array().unwrap().len(), 2);
        let server = start(json!([entry])).await;
        let other = if path.ends_with("sse") { "streamGenerateContent" } else { "streamGenerateContent?alt=sse" };
        assert_eq!(said(&chunks(&server.send(asks(&format!("{GEMINI}{other}"))).await)), "Sunny in Oslo.");
    }
}

#[tokio::test]
async fn an_array_that_was_cut_is_no_recording() {
    let mut script = array();
    script.truncate(3);
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    settings.targets[0].provider = "gemini".to_owned();
    let server = start_with(json!([]), recording(settings, folder.path(), |_| ())).await;
    let first = server.send(asks(&format!("{GEMINI}streamGenerateContent"))).await;
    assert!(!first.complete);
    server.journal().await;
    assert!(entries(folder.path()).is_empty());
}

/// As the vendor's guide shows a stream.
fn steps() -> Vec<Act> {
    let interaction = |status: &str| json!({ "id": "v1_1", "object": "interaction", "model": "gemini-2.5-flash", "status": status });
    let mut last = interaction("requires_action");
    last["usage"] = json!({
        "total_tokens": 25, "total_input_tokens": 9, "input_tokens_by_modality": [{ "modality": "text", "tokens": 9 }],
        "total_cached_tokens": 0, "total_output_tokens": 12, "total_tool_use_tokens": 0, "total_thought_tokens": 4,
    });
    let events = [
        json!({ "interaction": interaction("in_progress"), "event_type": "interaction.created" }),
        json!({ "interaction_id": "v1_1", "status": "in_progress", "event_type": "interaction.status_update" }),
        json!({ "index": 0, "step": { "type": "thought" }, "event_type": "step.start" }),
        json!({ "index": 0, "delta": { "signature": "c2ln", "type": "thought_signature" }, "event_type": "step.delta" }),
        json!({ "index": 0, "event_type": "step.stop" }),
        json!({ "index": 1, "step": { "type": "model_output" }, "event_type": "step.start" }),
        json!({ "index": 1, "delta": { "text": "Sunny ", "type": "text" }, "event_type": "step.delta" }),
        json!({ "index": 1, "delta": { "text": "in Oslo.", "type": "text" }, "event_type": "step.delta" }),
        json!({ "index": 1, "event_type": "step.stop" }),
        json!({ "index": 2, "step": { "type": "function_call", "id": "a1", "name": "f", "arguments": {} }, "event_type": "step.start" }),
        json!({ "index": 2, "delta": { "type": "arguments_delta", "arguments": "{\"city\"" }, "event_type": "step.delta" }),
        json!({ "index": 2, "delta": { "type": "arguments_delta", "arguments": ":\"Oslo\"}" }, "event_type": "step.delta" }),
        json!({ "index": 2, "event_type": "step.stop" }),
        json!({ "interaction": last, "event_type": "interaction.completed" }),
    ];
    let chunks = events.iter().map(|event| chunk(format!("event: {}\ndata: {event}\n\n", event["event_type"].as_str().unwrap())));
    std::iter::once(stream_head()).chain(chunks).chain([chunk("event: done\ndata: [DONE]\n\n"), last_chunk()]).collect()
}

#[tokio::test]
async fn interactions_replay_whole_and_streamed() {
    let ask = |stream: bool| {
        let body = json!({ "model": "gemini-2.5-flash", "input": "weather", "stream": stream });
        Request::new("POST", "/v1beta/interactions").body(body.to_string())
    };
    let (answers, entry) = three_times(steps(), "gemini", &ask(true)).await;
    for answer in answers {
        let events: Vec<Value> = answer
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .filter_map(|data| serde_json::from_str(data).ok())
            .collect();
        let join = |pointer: &str| events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect::<String>();
        assert_eq!((join("/delta/text").as_str(), join("/delta/signature").as_str()), ("Sunny in Oslo.", "c2ln"));
        assert_eq!(serde_json::from_str::<Value>(&join("/delta/arguments")).unwrap(), json!({ "city": "Oslo" }));
        let last = &events.last().unwrap()["interaction"];
        assert_eq!((&last["status"], &last["id"], &last["usage"]["total_tokens"]), (&json!("requires_action"), &json!("v1_1"), &json!(25)));
        assert_eq!((&last["usage"]["total_output_tokens"], &last["usage"]["total_thought_tokens"]), (&json!(12), &json!(4)));
        assert!(answer.text().ends_with("event: done\ndata: [DONE]\n\n"));
    }
    assert_eq!((&entry["response"]["content"], &entry["response"]["usage"]["completion_tokens"]), (&json!("Sunny in Oslo."), &json!(16)));
    // What was recorded as a stream answers whole, and that is read back once more.
    let server = start(json!([entry])).await;
    let whole = server.send(ask(false)).await.json();
    assert_eq!(whole["steps"][2], json!({ "type": "function_call", "id": "a1", "name": "f", "arguments": { "city": "Oslo" } }));
    let again = vec![answer("200 OK", "content-type: application/json\r\n", whole.to_string())];
    let (answers, _) = three_times(again, "gemini", &ask(false)).await;
    for answer in answers {
        let answer = answer.json();
        assert_eq!((&answer["steps"], &answer["usage"], &answer["status"]), (&whole["steps"], &whole["usage"], &whole["status"]));
    }
}

#[tokio::test]
async fn embeddings_replay_in_every_form() {
    let forms = [
        (
            "gemini",
            "/v1beta/models/text-embedding-004:embedContent".to_owned(),
            json!({ "content": { "parts": [{ "text": "a" }] } }),
            json!({ "embedding": { "values": [0.5, -1.25] } }),
            "/embedding/values",
        ),
        (
            "gemini",
            "/v1beta/models/text-embedding-004:batchEmbedContents".to_owned(),
            json!({ "requests": [{ "content": { "parts": [{ "text": "a" }] } }, { "content": { "parts": [{ "text": "b" }] } }] }),
            json!({ "embeddings": [{ "values": [0.5, -1.25] }, { "values": [1.5, 2.0] }] }),
            "/embeddings",
        ),
        (
            "vertexai",
            VERTEX.replace("gemini-2.5-flash:", "text-embedding-005:predict"),
            json!({ "instances": [{ "content": "a" }, { "content": "b" }] }),
            json!({ "predictions": [
                { "embeddings": { "values": [0.5], "statistics": { "token_count": 1, "truncated": false } } },
                { "embeddings": { "values": [1.5], "statistics": { "token_count": 1, "truncated": false } } },
            ], "metadata": { "billableCharacterCount": 2 } }),
            "/predictions",
        ),
    ];
    for (provider, path, body, reply, pointer) in forms {
        let (answers, entry) = three_times(whole(&reply), provider, &Request::new("POST", &path).body(body.to_string())).await;
        for answer in answers {
            assert_eq!(answer.json().pointer(pointer), reply.pointer(pointer), "{path}");
        }
        assert_eq!(entry["match"]["endpoint"], "embedding");
    }
}

#[tokio::test]
async fn token_counts_replay_for_their_own_body_alone() {
    let google = json!({ "totalTokens": 31, "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 31 }] });
    let messages = Request::new("POST", "/v1/messages/count_tokens")
        .body(json!({ "model": "claude-x", "messages": [{ "role": "user", "content": "weather" }] }).to_string());
    let cases = [
        ("gemini", asks(&format!("{GEMINI}countTokens")), google.clone()),
        ("vertexai", asks(&format!("{VERTEX}countTokens")), google),
        ("anthropic", messages, json!({ "input_tokens": 31 })),
    ];
    for (provider, request, reply) in cases {
        let (answers, entry) = three_times(whole(&reply), provider, &request).await;
        for answer in answers {
            assert_eq!(answer.json(), reply);
        }
        assert_eq!((&entry["match"]["method"], entry["match"]["body"].is_object()), (&json!("POST"), true));
    }
}

#[tokio::test]
async fn anthropic_models_of_vertex_replay() {
    let message = json!({
        "id": "msg_vrtx_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{ "type": "text", "text": "Sunny in Oslo." }], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 9, "output_tokens": 4 },
    });
    let body = json!({ "anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": [{ "role": "user", "content": "weather" }] });
    let request = Request::new("POST", &format!("{ANTHROPIC}claude-sonnet-4-5@20250929:rawPredict")).body(body.to_string());
    let (answers, entry) = three_times(whole(&message), "vertexai", &request).await;
    for answer in answers {
        let answer = answer.json();
        assert_eq!(
            (&answer["id"], &answer["content"], &answer["stop_reason"]),
            (&message["id"], &message["content"], &message["stop_reason"])
        );
    }
    assert_eq!(entry["match"]["userMessage"], "weather");
}

#[tokio::test]
async fn a_key_in_the_query_gives_way_only_where_it_is_a_placeholder() {
    for (query, own, sent, header) in [
        ("?key=real-one&alt=sse", None, "?key=real-one&alt=sse", None),
        ("?key=real-one", Some("own-key"), "?key=real-one", None),
        ("?alt=sse&key=sk-aimock-x", Some("own-key"), "?alt=sse", Some("own-key")),
        ("", Some("own-key"), "", Some("own-key")),
    ] {
        let upstream = Upstream::start(whole(&content())).await;
        let mut settings = upstream.settings();
        let base = settings.targets[0].base.clone();
        settings.targets = vec![aimock::server::Target { provider: "gemini".to_owned(), base, key: own.map(str::to_owned) }];
        let folder = TempDir::new().unwrap();
        let server = start_with(json!([]), recording(settings, folder.path(), |_| ())).await;
        server.send(asks(&format!("{GEMINI}generateContent{query}"))).await;
        let seen = upstream.request(0);
        assert!(seen.starts_with(&format!("POST {GEMINI}generateContent{sent} HTTP/1.1\r\n")), "{seen}");
        assert_eq!(seen.lines().find_map(|line| line.strip_prefix("x-goog-api-key: ")), header, "{seen}");
    }
}

#[tokio::test]
async fn errors_of_google_are_recorded_with_status_and_delay() {
    let body = json!({ "error": {
        "code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s" }],
    } });
    let upstream = Upstream::start(vec![answer("429 Too Many Requests", "content-type: application/json\r\n", body.to_string())]).await;
    let folder = TempDir::new().unwrap();
    let mut settings = upstream.settings();
    settings.targets[0].provider = "gemini".to_owned();
    let server = start_with(json!([]), recording(settings, folder.path(), |all| all.errors = true)).await;
    let request = asks(&format!("{GEMINI}generateContent"));
    for _ in 0..2 {
        let answer = server.send(request.clone()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (429, &body["error"]));
    }
    assert_eq!((upstream.count(), &entries(folder.path())[0]["response"]["retryAfter"]), (1, &json!(7)));
}
