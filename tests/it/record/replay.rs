//! Recorded once, second for ever: every codec, streaming and not.

use std::io::Write as _;

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{entries, messages, recording, text_of, written};
use crate::proxy::upstream::{Upstream, answer, chunk, last_chunk, stream_head};
use crate::server::support::{Request, Response, chat, chat_of, chat_stream, start, start_with};

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"Sunny in Oslo.","refusal":null},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13},"service_tier":"default"}"#;
const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","content":[{"type":"text","text":"Sunny in Oslo."},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4}}"#;
/// As OpenAI's API reference shows it, with what an answer repeats of its request.
const RESPONSE: &str = r#"{"id":"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b","object":"response","created_at":1700000000,"status":"completed","background":false,"billing":{"payer":"developer"},"completed_at":1700000001,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"model":"gpt-4o-2024-08-06","output":[{"type":"message","id":"msg_67ccd2bf17f0819081ff3bb2cf6508e60bb6a6b452d3795b","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Sunny in Oslo."}]},{"type":"function_call","id":"fc_1","status":"completed","arguments":"{\"a\":1}","call_id":"call_1","name":"f"}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":true,"temperature":1.0,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":13},"user":null,"metadata":{}}"#;
const COMPLETION: &str = r#"{"id":"cmpl-1","object":"text_completion","created":1700000000,"model":"gpt-3.5-turbo-instruct","choices":[{"text":"Sunny in Oslo.","index":0,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#;
const VECTORS: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1.25]},{"object":"embedding","index":1,"embedding":[1.5,2.0]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}}"#;

fn chat_events() -> Vec<String> {
    let chunk = |delta: Value, finish: Value| {
        let choice = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        json!({ "id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o", "choices": choice })
    };
    let chunks = [
        chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
        chunk(json!({ "content": "Sunny " }), Value::Null),
        chunk(json!({ "content": "in Oslo." }), Value::Null),
        chunk(json!({}), json!("stop")),
    ];
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect()
}

fn message_events() -> Vec<String> {
    let message = json!({ "id": "msg_2", "type": "message", "role": "assistant", "model": "claude-sonnet-4-20250514", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 9, "output_tokens": 1 } });
    let delta = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
        delta("Sunny "),
        delta("in Oslo."),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": 4 } }),
        json!({ "type": "message_stop" }),
    ];
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn streaming(events: &[String]) -> Vec<crate::proxy::upstream::Act> {
    let chunks = events.iter().map(chunk);
    std::iter::once(stream_head()).chain(chunks).chain([last_chunk()]).collect()
}

fn whole(body: &str) -> Vec<crate::proxy::upstream::Act> {
    vec![answer("200 OK", "content-type: application/json\r\n", body)]
}

/// Asks twice, then once more after a restart; the upstream hears of the first alone. Returns the three answers.
async fn three_times(upstream: &Upstream, folder: &Sandbox, request: &Request) -> [Response; 3] {
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let first = server.send(request.clone()).await;
    let second = server.send(request.clone()).await;
    assert_eq!(upstream.count(), 1, "{}", server.log.lock().unwrap().join("\n"));
    assert_eq!((first.header("x-aimock-match"), first.complete), (Some("proxy"), true));
    let journal = server.journal().await;
    assert_eq!(journal[0]["response"]["recorded"], journal[1]["response"]["fixture"]["handle"]);
    let third = start(json!(entries(folder.path()))).await;
    [first, second, third.send(request.clone()).await]
}

async fn says_the_same(script: Vec<crate::proxy::upstream::Act>, request: Request, expected: &str) -> Value {
    let upstream = Upstream::start(script).await;
    let folder = Sandbox::new();
    for answer in three_times(&upstream, &folder, &request).await {
        assert_eq!((answer.status, text_of(answer.text()).as_str(), answer.complete), (200, expected, true), "{}", answer.text());
    }
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1);
    recorded[0].clone()
}

#[tokio::test]
async fn openai_chat_replays() {
    let entry = says_the_same(whole(CHAT), chat("weather"), "Sunny in Oslo.").await;
    let expected = json!({ "endpoint": "chat", "hasToolResult": false, "model": "gpt-4o", "turnIndex": 0, "userMessage": "weather" });
    assert_eq!(sorted(&entry["match"]), sorted(&expected));
    assert_eq!((&entry["response"]["content"], &entry["response"]["finishReason"]), (&json!("Sunny in Oslo."), &json!("length")));
    assert_eq!(entry["response"]["usage"]["total_tokens"], 13);
    assert_eq!((&entry["recordedAt"], &entry["_leftOut"]), (&json!("2023-11-14T22:13:20.000Z"), &json!(["service_tier"])));
}

/// The same members in the order of their names.
fn sorted(value: &Value) -> Vec<(String, Value)> {
    let mut members: Vec<(String, Value)> = value.as_object().unwrap().clone().into_iter().collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

#[tokio::test]
async fn openai_chat_streams_replay_with_their_timing() {
    let entry = says_the_same(streaming(&chat_events()), chat_stream("weather"), "Sunny in Oslo.").await;
    assert_eq!(entry["response"]["content"], "Sunny in Oslo.");
    assert_eq!(entry["recordedTimings"]["interChunkDelaysMs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn azure_replays() {
    let request = Request::new("POST", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-06-01")
        .body(json!({ "messages": [{ "role": "user", "content": "weather" }] }).to_string());
    says_the_same(whole(CHAT), request, "Sunny in Oslo.").await;
}

#[tokio::test]
async fn anthropic_messages_replay_with_their_tools() {
    let upstream = Upstream::start(whole(MESSAGE)).await;
    let folder = Sandbox::new();
    for answer in three_times(&upstream, &folder, &messages("weather", false)).await {
        let content = &answer.json()["content"];
        assert_eq!(content[0]["text"], "Sunny in Oslo.");
        assert_eq!((&content[1]["name"], &content[1]["input"]), (&json!("f"), &json!({ "a": 1 })));
        assert_eq!(answer.json()["usage"]["input_tokens"], 9);
    }
    let entry = &entries(folder.path())[0];
    assert_eq!(entry["match"]["model"], "claude-sonnet-4");
    // What the peer writes for the same request.
    assert_eq!(entry["metadata"], json!({ "systemHash": "213c22ed", "toolsHash": "f9f6c4cb" }));
}

#[tokio::test]
async fn anthropic_streams_replay() {
    says_the_same(streaming(&message_events()), messages("weather", true), "Sunny in Oslo.").await;
}

fn responses(stream: bool) -> Request {
    let tools = json!([{ "type": "function", "name": "f", "description": "d", "parameters": { "type": "object" } }]);
    let body = json!({ "model": "gpt-4o-2024-08-06", "instructions": "Be brief.", "input": "weather", "stream": stream, "tools": tools });
    Request::new("POST", "/v1/responses").body(body.to_string())
}

/// An answer without its ids, which replaying makes up.
fn without_ids(mut response: Value) -> Value {
    for item in response["output"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("id");
    }
    response
}

/// What recording need not keep: times of the vendor's own, and what a request repeats in its answer.
fn told(response: &Value) -> Value {
    let keys = ["id", "created_at", "status", "error", "incomplete_details", "model", "output"];
    let kept = keys.into_iter().map(|key| (key.to_owned(), response[key].clone()));
    without_ids(Value::Object(kept.collect()))
}

#[tokio::test]
async fn responses_replay_as_the_same_object() {
    let upstream = Upstream::start(whole(RESPONSE)).await;
    let folder = Sandbox::new();
    let original: Value = serde_json::from_str(RESPONSE).unwrap();
    for answer in three_times(&upstream, &folder, &responses(false)).await {
        let body = answer.json();
        assert_eq!(told(&body), told(&original));
        assert_eq!((&body["usage"]["total_tokens"], &body["usage"]["input_tokens_details"]["cached_tokens"]), (&json!(13), &json!(4)));
    }
    let entry = &entries(folder.path())[0];
    assert_eq!((&entry["match"]["userMessage"], &entry["match"]["model"]), (&json!("weather"), &json!("gpt-4o")));
    assert_eq!((&entry["response"]["content"], &entry["_leftOut"]), (&json!("Sunny in Oslo."), &json!(["billing"])));
    // What the peer writes for the same request.
    assert_eq!(entry["metadata"], json!({ "systemHash": "213c22ed", "toolsHash": "f9f6c4cb" }));
}

fn response_events() -> Vec<String> {
    let part = |text: &str| json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text });
    let item = |status: &str, content: Value| json!({ "id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": content });
    let reasoning = |summary: Value| json!({ "id": "rs_1", "type": "reasoning", "summary": summary });
    let summary = |text: &str| json!({ "type": "summary_text", "text": text });
    let whole = |status: &str, output: Value| {
        json!({ "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": status, "error": null, "model": "gpt-4o-2024-08-06",
            "incomplete_details": if status == "incomplete" { json!({ "reason": "max_output_tokens" }) } else { Value::Null }, "output": output,
            "usage": if status == "incomplete" { json!({ "input_tokens": 9, "output_tokens": 4, "total_tokens": 13 }) } else { Value::Null } })
    };
    let at = |kind: &str, index: u64, more: Value| {
        let mut event = json!({ "type": kind, "output_index": index, "item_id": if index == 0 { "rs_1" } else { "msg_1" } });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let output = json!([reasoning(json!([summary("Look outside.")])), item("incomplete", json!([part("Sunny in Oslo.")]))]);
    let events = [
        json!({ "type": "response.created", "response": whole("in_progress", json!([])) }),
        json!({ "type": "response.in_progress", "response": whole("in_progress", json!([])) }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": reasoning(json!([])) }),
        at("response.reasoning_summary_part.added", 0, json!({ "summary_index": 0, "part": summary("") })),
        at("response.reasoning_summary_text.delta", 0, json!({ "summary_index": 0, "delta": "Look outside." })),
        at("response.reasoning_summary_text.done", 0, json!({ "summary_index": 0, "text": "Look outside." })),
        at("response.reasoning_summary_part.done", 0, json!({ "summary_index": 0, "part": summary("Look outside.") })),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": output[0] }),
        json!({ "type": "response.output_item.added", "output_index": 1, "item": item("in_progress", json!([])) }),
        at("response.content_part.added", 1, json!({ "content_index": 0, "part": part("") })),
        at("response.output_text.delta", 1, json!({ "content_index": 0, "delta": "Sunny ", "logprobs": [], "obfuscation": "x" })),
        at("response.output_text.delta", 1, json!({ "content_index": 0, "delta": "in Oslo.", "logprobs": [] })),
        at("response.output_text.done", 1, json!({ "content_index": 0, "text": "Sunny in Oslo.", "logprobs": [] })),
        at("response.content_part.done", 1, json!({ "content_index": 0, "part": part("Sunny in Oslo.") })),
        json!({ "type": "response.output_item.done", "output_index": 1, "item": output[1] }),
        json!({ "type": "response.incomplete", "response": whole("incomplete", output.clone()) }),
    ];
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = json!(number);
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    });
    numbered.collect()
}

/// The events of an answer, by name, and the response in the last one.
fn streamed(answer: &Response) -> (Vec<String>, Value) {
    let data: Vec<Value> = answer
        .text()
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.split_once("\ndata: ").unwrap().1).unwrap())
        .collect();
    let names = data.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    (names, told(&data.last().unwrap()["response"]))
}

#[tokio::test]
async fn responses_streams_replay_event_by_event() {
    let upstream = Upstream::start(streaming(&response_events())).await;
    let folder = Sandbox::new();
    let [first, second, third] = three_times(&upstream, &folder, &responses(true)).await;
    assert_eq!(first.text(), response_events().concat());
    let (mut names, whole) = streamed(&first);
    // The vendor's pieces are not kept; ours are longer.
    names.dedup();
    assert_eq!([&streamed(&second), &streamed(&third)], [&(names.clone(), whole.clone()), &(names, whole)]);
    let entry = &entries(folder.path())[0];
    assert_eq!((&entry["response"]["reasoning"], &entry["response"]["finishReason"]), (&json!("Look outside."), &json!("length")));
}

#[tokio::test]
async fn text_completions_replay() {
    let upstream = Upstream::start(whole(COMPLETION)).await;
    let folder = Sandbox::new();
    let request =
        Request::new("POST", "/v1/completions").body(json!({ "model": "gpt-3.5-turbo-instruct", "prompt": "weather" }).to_string());
    for answer in three_times(&upstream, &folder, &request).await {
        assert_eq!(answer.json(), serde_json::from_str::<Value>(COMPLETION).unwrap());
    }
    let chunks: Vec<String> = [("Sunny ", Value::Null), ("in Oslo.", Value::Null), ("", json!("stop"))]
        .into_iter()
        .map(|(text, finish)| {
            let choice = json!({ "text": text, "index": 0, "logprobs": null, "finish_reason": finish });
            format!("data: {}\n\n", json!({ "id": "cmpl-2", "object": "text_completion", "created": 1_700_000_000, "choices": [choice] }))
        })
        .chain(["data: [DONE]\n\n".to_owned()])
        .collect();
    let upstream = Upstream::start(streaming(&chunks)).await;
    let folder = Sandbox::new();
    let request = Request::new("POST", "/v1/completions").body(json!({ "prompt": "weather", "stream": true }).to_string());
    for answer in three_times(&upstream, &folder, &request).await {
        let data = answer.events().into_iter().filter_map(|event| serde_json::from_str::<Value>(&event).ok());
        let said: String = data.map(|chunk| chunk["choices"][0]["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!((said.as_str(), answer.text().ends_with("data: [DONE]\n\n")), ("Sunny in Oslo.", true));
    }
}

#[tokio::test]
async fn embeddings_keep_every_vector() {
    let upstream = Upstream::start(whole(VECTORS)).await;
    let folder = Sandbox::new();
    let request =
        Request::new("POST", "/v1/embeddings").body(json!({ "model": "text-embedding-3-small", "input": ["a", "b"] }).to_string());
    for answer in three_times(&upstream, &folder, &request).await {
        let data = &answer.json()["data"];
        assert_eq!((&data[0]["embedding"], &data[1]["embedding"]), (&json!([0.5, -1.25]), &json!([1.5, 2.0])));
    }
    assert_eq!(entries(folder.path())[0]["match"]["model"], "text-embedding-3-small");
}

#[tokio::test]
async fn errors_that_stay_are_recorded_with_their_status() {
    let body = r#"{"error":{"message":"no such model","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#;
    let upstream = Upstream::start(vec![answer("404 Not Found", "content-type: application/json\r\n", body)]).await;
    let folder = Sandbox::new();
    for answer in three_times(&upstream, &folder, &chat("weather")).await {
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("model_not_found")));
    }
}

#[tokio::test]
async fn what_no_reply_can_hold_is_kept_byte_for_byte() {
    let two = CHAT.replace(
        "\"choices\":[",
        "\"choices\":[{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":\"x\"},\"finish_reason\":\"stop\"},",
    );
    for script in [whole(&two), vec![answer("200 OK", "content-type: audio/mpeg\r\n", [0xff, 0xfb, 0x00, 0x80])]] {
        let upstream = Upstream::start(script).await;
        let folder = Sandbox::new();
        let [first, second, third] = three_times(&upstream, &folder, &chat("weather")).await;
        assert_eq!((&first.body, first.header("content-type")), (&second.body, second.header("content-type")));
        assert_eq!(first.body, third.body);
    }
}

#[tokio::test]
async fn b1_an_empty_stream_is_recorded_as_one() {
    let upstream = Upstream::start(vec![stream_head(), last_chunk()]).await;
    let folder = Sandbox::new();
    for answer in three_times(&upstream, &folder, &chat_stream("weather")).await {
        assert_eq!((answer.status, answer.text(), answer.complete), (200, "", true));
    }
    assert_eq!(entries(folder.path())[0]["response"], json!({ "events": [] }));
}

#[tokio::test]
async fn exact_streams_replay_byte_for_byte() {
    let events = chat_events();
    let upstream = Upstream::start(streaming(&events)).await;
    let folder = Sandbox::new();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |all| all.exact = true)).await;
    let first = server.send(chat_stream("weather")).await;
    let second = server.send(chat_stream("weather")).await;
    assert_eq!((first.text(), upstream.count()), (events.concat().as_str(), 1));
    assert_eq!(first.body, second.body);
    assert_eq!(server.send(chat("weather")).await.header("x-aimock-match"), Some("proxy"));
}

/// No event holds the key, so none could be cleaned: the answer is kept in no vendor's words, in which it is found.
#[tokio::test]
async fn a_key_that_is_spread_over_events_reaches_no_exact_recording() {
    let piece = |text: &str, reason: Value| {
        let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": reason });
        let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": [choice] });
        format!("data: {chunk}\n\n")
    };
    let split = [piece("it is open-ses", Value::Null), piece("ame-123456, yes", json!("stop")), "data: [DONE]\n\n".to_owned()];
    let whole = [piece("it is open-sesame-123456, yes", json!("stop")), "data: [DONE]\n\n".to_owned()];
    for (events, exact) in [(split.as_slice(), false), (whole.as_slice(), true)] {
        let (upstream, folder) = (Upstream::start(streaming(events)).await, Sandbox::new());
        let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |all| all.exact = true)).await;
        server.send(chat_stream("weather").header("authorization", "Bearer open-sesame-123456")).await;
        let kept = &entries(folder.path())[0]["response"];
        assert_eq!(kept.get("events").is_some(), exact, "{kept}");
        assert!(!kept.to_string().contains("ses") && kept.to_string().contains("[REDACTED]"), "{kept}");
    }
}

#[tokio::test]
async fn compressed_answers_are_recorded_plain() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(CHAT.as_bytes()).unwrap();
    let fields = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let upstream = Upstream::start(vec![answer("200 OK", fields, packed.finish().unwrap())]).await;
    for request in [chat("weather"), chat("weather").header("accept-encoding", "gzip")] {
        let folder = Sandbox::new();
        let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
        server.send(request).await;
        assert_eq!(server.ask("weather").await.said(), "Sunny in Oslo.");
        assert_eq!(entries(folder.path())[0]["response"]["content"], "Sunny in Oslo.");
    }
}

/// The second turn of a conversation is recorded beside the first, although its text is the same.
#[tokio::test]
async fn turns_are_recorded_one_by_one() {
    let upstream = Upstream::start(whole(CHAT)).await;
    let folder = Sandbox::new();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let next = json!({ "model": "gpt-4o", "messages": [
        { "role": "user", "content": "weather" }, { "role": "assistant", "content": "where?" }, { "role": "user", "content": "weather" },
    ] });
    server.ask("weather").await;
    server.send(chat_of(&next)).await;
    server.send(chat_of(&next)).await;
    assert_eq!((upstream.count(), written(folder.path()).len()), (2, 2));
}

/// A route that no codec serves yet is relayed to its provider and replays byte for byte.
#[tokio::test]
async fn routes_without_a_codec_are_kept_as_they_came() {
    let upstream = Upstream::start(whole("{\"object\":\"list\"}")).await;
    let folder = Sandbox::new();
    // An answer that OpenAI keeps and we do not is asked for there, and so is never a fixture for anything else.
    let ask = |id: &str| Request::new("GET", &format!("/v1/responses/{id}"));
    for answer in three_times(&upstream, &folder, &ask("weather")).await {
        assert_eq!((answer.status, answer.text()), (200, "{\"object\":\"list\"}"));
    }
    let server = start_with(json!(entries(folder.path())), recording(upstream.settings(), folder.path(), |_| ())).await;
    assert_eq!(server.send(ask("other")).await.header("x-aimock-match"), Some("proxy"));
}
