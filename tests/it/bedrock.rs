//! Amazon Bedrock over real sockets: its four operations, whose streams are binary messages, with faults and chaos, in
//! the journal, recorded and relayed.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use aimock::server::{Target, UpstreamSettings};
use aimock::wire::event_stream::{Decoder, Message, encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, proxy, send};
use crate::record::{entries, recording};
use crate::server::support::{Request, Response, start, start_with};

const MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0";
const BINARY: &str = "application/vnd.amazon.eventstream";

/// An operation: its name in the path.
const OPERATIONS: [&str; 4] = ["converse", "converse-stream", "invoke", "invoke-with-response-stream"];
const STREAMS: [&str; 2] = ["converse-stream", "invoke-with-response-stream"];

fn says(operation: &str, text: &str) -> Request {
    let body = if operation.starts_with("converse") {
        json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }] })
    } else {
        json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{ "role": "user", "content": text }] })
    };
    request(operation, &body.to_string())
}

fn request(operation: &str, body: &str) -> Request {
    Request::new("POST", &format!("/model/{MODEL}/{operation}")).header("content-type", "application/json").body(body)
}

/// The messages of a stream; those of a model that was invoked are unpacked, under the name of their type.
fn events(response: &Response) -> Vec<(String, Value)> {
    assert_eq!(response.header("content-type"), Some(BINARY));
    Decoder::new(1 << 20).feed(&response.body).unwrap().iter().map(event).collect()
}

fn event(message: &Message) -> (String, Value) {
    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    match payload["bytes"].as_str() {
        Some(bytes) => {
            let event: Value = serde_json::from_slice(&STANDARD.decode(bytes).unwrap()).unwrap();
            (event["type"].as_str().unwrap().to_owned(), event)
        }
        None => (message.name().unwrap().to_owned(), payload),
    }
}

fn is_terminator(name: &str) -> bool {
    matches!(name, "metadata" | "message_stop")
}

/// The text that an answer says, whole or streamed.
fn said(response: &Response) -> String {
    let at = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    if response.header("content-type") == Some(BINARY) {
        return events(response).iter().filter_map(|(_, event)| at(event, "/delta/text")).collect();
    }
    let body = response.json();
    at(&body, "/output/message/content/0/text").or_else(|| at(&body, "/content/0/text")).unwrap_or_else(|| panic!("{body}"))
}

fn fixture(more: &Value) -> Value {
    let mut fixture = json!({ "match": {}, "chunkSize": 10, "response": { "content": "0123456789".repeat(4) } });
    fixture.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    json!([fixture])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_a_frame_is_an_event_and_the_last_one_is_not_counted() {
    for operation in STREAMS {
        let server = start(fixture(&json!({}))).await;
        let all = events(&server.send(says(operation, "hi")).await);
        let total = all.len() - 1;
        assert!(is_terminator(&all[total].0) && all[..total].iter().all(|(name, _)| !is_terminator(name)));
        for after in [0, 1, 2, total] {
            let server = start(fixture(&json!({ "disconnectAfterEvents": after }))).await;
            let answer = server.send(says(operation, "hi")).await;
            assert_eq!((answer.status, answer.complete), (200, false), "{operation} after {after}");
            let names: Vec<String> = events(&answer).into_iter().map(|(name, _)| name).collect();
            let expected: Vec<String> = all[..after].iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(names, expected);
            let entry = server.journal().await.pop().unwrap();
            assert_eq!(
                (&entry["response"]["interruptReason"], &entry["stream"]["events"]),
                (&json!("disconnectAfterEvents"), &json!(after))
            );
        }
        let server = start(fixture(&json!({ "disconnectAfterEvents": total + 1 }))).await;
        assert!(server.send(says(operation, "hi")).await.complete);
        let reason = format!("the stream has only {total} events");
        let faults = json!([{ "fault": "disconnectAfterEvents", "fired": false, "reason": reason }]);
        assert_eq!(server.journal().await[0]["response"]["faults"], faults);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_inside_a_stream_is_an_exception_frame_and_the_end() {
    let table = [
        (json!({ "message": "m", "type": "ThrottlingException" }), "throttlingException", json!({ "message": "m" })),
        (json!({ "message": "m" }), "internalServerException", json!({ "message": "m" })),
        (
            json!({ "message": "m", "type": "ModelStreamErrorException" }),
            "modelStreamErrorException",
            json!({ "message": "m", "originalStatusCode": 500, "originalMessage": "m" }),
        ),
    ];
    let table = table.into_iter().chain([(
        json!({ "message": "m", "type": "rate_limit_error" }),
        "throttlingException",
        json!({ "message": "m" }),
    )]);
    for (error, name, payload) in table {
        for operation in STREAMS {
            let server = start(fixture(&json!({ "errorAfterEvents": { "events": 2, "error": error } }))).await;
            let answer = server.send(says(operation, "hi")).await;
            let messages = Decoder::new(1 << 20).feed(&answer.body).unwrap();
            let last = messages.last().unwrap();
            assert_eq!((messages.len(), answer.complete), (3, true));
            assert_eq!((last.header(":message-type"), last.header(":exception-type")), (Some("exception"), Some(name)));
            assert_eq!(serde_json::from_slice::<Value>(&last.payload).unwrap(), payload);
        }
    }
}

#[tokio::test]
async fn a_model_may_be_written_encoded_as_in_the_path_or_plainly() {
    for model in ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", MODEL, "us.anthropic.claude-sonnet-4-5"] {
        let server = start(json!([{ "match": { "model": model }, "response": { "content": "yes" } }])).await;
        for operation in OPERATIONS {
            assert_eq!(said(&server.send(says(operation, "hi")).await), "yes", "{model} {operation}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_breaks_cuts_and_fails_binary_streams() {
    for operation in STREAMS {
        let chaotic = async |chaos: Value| {
            let server = start(fixture(&json!({ "chaos": chaos }))).await;
            let answer = server.send(says(operation, "hi")).await;
            let entry = server.journal().await.pop().unwrap();
            (answer, entry["response"]["chaosAction"].clone())
        };
        let (broken, action) = chaotic(json!({ "malformedRate": 1 })).await;
        assert_eq!((broken.status, broken.complete, action), (200, true, json!("malformed")));
        assert!(Decoder::new(1 << 20).feed(&broken.body).unwrap_err().to_string().contains("damaged"));
        let (cut, action) = chaotic(json!({ "truncateRate": 1 })).await;
        assert_eq!((cut.complete, action), (false, json!("truncate")));
        assert!(events(&cut).iter().all(|(name, _)| !is_terminator(name)));
        let (failed, action) = chaotic(json!({ "errorEventRate": 1 })).await;
        let messages = Decoder::new(1 << 20).feed(&failed.body).unwrap();
        assert_eq!((messages.last().unwrap().is_exception(), failed.complete, action), (true, true, json!("errorEvent")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_instead_of_an_answer_is_amazons_error() {
    for operation in OPERATIONS {
        for (chaos, status, kind, message) in [
            (json!({ "dropRate": 1 }), 500, "InternalServerException", "Chaos: request dropped"),
            (json!({ "rateLimitRate": 1 }), 429, "ThrottlingException", "Chaos: rate limit exceeded"),
            (json!({ "statusRate": 1, "status": 503 }), 503, "ServiceUnavailableException", "Chaos: status 503"),
        ] {
            let server = start(fixture(&json!({ "chaos": chaos }))).await;
            let answer = server.send(says(operation, "hi")).await;
            assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, Some(kind)), "{operation}");
            assert_eq!(answer.json()["message"], message);
            assert_eq!(answer.header("retry-after").is_some(), status == 429);
        }
    }
}

#[tokio::test]
async fn the_journal_reads_binary_streams() {
    for operation in STREAMS {
        let server =
            start(json!([{ "match": {}, "response": { "content": "Hello", "usage": { "input_tokens": 7, "output_tokens": 5 } } }])).await;
        server.send(says(operation, "hi")).await;
        let stream = &server.journal().await[0]["stream"];
        assert_eq!((&stream["usage"], &stream["terminated"]), (&json!({ "inputTokens": 7, "outputTokens": 5 }), &json!(true)), "{stream}");
        assert_eq!(stream["text"]["excerpt"], "Hello", "{stream}");
    }
}

#[tokio::test]
async fn bodies_that_mean_harm_get_amazons_own_400() {
    let server = start(fixture(&json!({}))).await;
    let mut count = 0;
    for operation in OPERATIONS {
        let deep = format!(r#"{{"messages":{}"#, "[".repeat(100_000));
        let bodies =
            ["", "{", "null", "5", "[]", "{}", r#"{"messages":5}"#, r#"{"messages":[[]]}"#, r#"{"messages":[{"role":1}]}"#, deep.as_str()];
        for body in bodies {
            let answer = server.send(request(operation, body)).await;
            assert_eq!((answer.status, answer.header("x-amzn-errortype")), (400, Some("ValidationException")), "{operation} {body:.40}");
            assert!(answer.json()["message"].as_str().unwrap().starts_with("Malformed input request: "));
            assert!(answer.header("x-amzn-requestid").is_some());
            count += 1;
        }
        let latin = Request::new("POST", &format!("/model/{MODEL}/{operation}")).header("content-type", "application/json; charset=latin1");
        let answer = server.send(latin.body([b"{\"messages\":[{\"content\":\"".as_slice(), &[0xe9], b"\"}]}"].concat())).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (400, Some("ValidationException")));
        count += 1;
    }
    assert_eq!(server.journal().await.len(), count);
    let server = start_with(fixture(&json!({})), |settings| settings.limits.body_bytes = 1000).await;
    for operation in OPERATIONS {
        let answer = server.send(says(operation, &"x".repeat(2000))).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (413, Some("ValidationException")));
    }
}

/// The signature of nobody, as Amazon's clients send it.
fn signed(request: Request, signature: &str) -> Request {
    let scope = "Credential=not-a-real-key/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date";
    request
        .header("authorization", &format!("AWS4-HMAC-SHA256 {scope}, Signature={signature}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("x-amz-security-token", "not-a-real-token")
}

#[tokio::test]
async fn signatures_are_never_shown_and_one_signer_is_one_credential() {
    let server = start(fixture(&json!({}))).await;
    for signature in ["aaaa1111", "bbbb2222"] {
        server.send(signed(says("converse", "hi"), signature)).await;
    }
    let journal = server.journal().await;
    let text = json!(journal).to_string();
    assert!(!["aaaa1111", "bbbb2222", "not-a-real-key", "not-a-real-token"].iter().any(|secret| text.contains(secret)), "{text}");
    assert_eq!(journal[0]["credential"], journal[1]["credential"]);
    assert_eq!(journal[0]["credential"]["header"], "authorization");
}

#[tokio::test]
async fn a_signature_for_this_server_gives_way_to_the_upstreams_key() {
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Sunny."}]}},"stopReason":"end_turn"}"#;
    let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", body)]).await;
    let target = |key: Option<&str>| Target {
        provider: "bedrock".to_owned(),
        base: format!("http://{}", upstream.address),
        key: key.map(str::to_owned),
    };
    for (index, key) in [None, Some("upstream-key")].into_iter().enumerate() {
        let settings = UpstreamSettings { targets: vec![target(key)], ..UpstreamSettings::default() };
        let server = start_with(json!([]), proxy(settings)).await;
        assert_eq!(said(&server.send(signed(says("converse", "hi"), "aaaa1111")).await), "Sunny.");
        let head = upstream.request(index).to_ascii_lowercase();
        assert!(head.starts_with(&format!("post /model/{}/converse ", MODEL.to_ascii_lowercase())), "{head}");
        assert_eq!(head.contains("signature=aaaa1111"), key.is_none(), "{head}");
        assert_eq!(head.contains("x-amz-date"), key.is_none(), "{head}");
        assert_eq!(head.contains("authorization: bearer upstream-key"), key.is_some(), "{head}");
    }
}

/// What Amazon sends, padding and all.
fn converse_frames() -> Vec<Vec<u8>> {
    let events = [
        ("messageStart", json!({ "p": "abcdefg", "role": "assistant" })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 0, "delta": { "reasoningContent": { "text": "Hm." } }, "p": "ab" })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 0, "delta": { "reasoningContent": { "signature": "c2ln" } }, "p": "ab" })),
        ("contentBlockStop", json!({ "contentBlockIndex": 0, "p": "abc" })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 1, "delta": { "text": "Sunny " }, "p": "abcd" })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 1, "delta": { "text": "in Oslo." }, "p": "abcd" })),
        ("contentBlockStop", json!({ "contentBlockIndex": 1, "p": "abc" })),
        ("contentBlockStart", json!({ "contentBlockIndex": 2, "start": { "toolUse": { "name": "f", "toolUseId": "tooluse_1" } } })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 2, "delta": { "toolUse": { "input": "{\"a\":" } } })),
        ("contentBlockDelta", json!({ "contentBlockIndex": 2, "delta": { "toolUse": { "input": "1}" } } })),
        ("contentBlockStop", json!({ "contentBlockIndex": 2, "p": "abc" })),
        ("messageStop", json!({ "p": "a", "stopReason": "tool_use" })),
        (
            "metadata",
            json!({ "metrics": { "latencyMs": 812 }, "p": "a", "usage": { "inputTokens": 9, "outputTokens": 4, "totalTokens": 13, "cacheReadInputTokens": 3, "cacheReadInputTokenCount": 3 } }),
        ),
    ];
    events.iter().map(|(name, payload)| encode(&Message::event(name, payload.to_string())).to_vec()).collect()
}

fn invoke_frames() -> Vec<Vec<u8>> {
    let message = json!({ "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 9, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1 } });
    let delta = |index: u8, delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
    let call = json!({ "type": "tool_use", "id": "tooluse_1", "name": "f", "input": {} });
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        delta(0, json!({ "type": "text_delta", "text": "Sunny in Oslo." })),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": call }),
        delta(1, json!({ "type": "input_json_delta", "partial_json": "{\"a\":1}" })),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use", "stop_sequence": null }, "usage": { "output_tokens": 4 } }),
        json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": { "inputTokenCount": 9, "outputTokenCount": 4, "invocationLatency": 812, "firstByteLatency": 301 } }),
    ];
    let frame = |event: &Value| {
        encode(&Message::event("chunk", json!({ "bytes": STANDARD.encode(event.to_string()), "p": "abcdefgh" }).to_string())).to_vec()
    };
    events.iter().map(frame).collect()
}

pub(crate) fn streaming(frames: &[Vec<u8>]) -> Vec<Act> {
    let head = send(format!("HTTP/1.1 200 OK\r\ncontent-type: {BINARY}\r\ntransfer-encoding: chunked\r\n\r\n"));
    std::iter::once(head).chain(frames.iter().map(chunk)).chain([last_chunk()]).collect()
}

/// Asks three times: relayed, replayed at once, replayed after a restart. The upstream hears of the first alone.
pub(crate) async fn three_times(script: Vec<Act>, request: &Request) -> ([Response; 3], Value) {
    let upstream = Upstream::start(script).await;
    let folder = TempDir::new().unwrap();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let first = server.send(request.clone()).await;
    let second = server.send(request.clone()).await;
    assert_eq!(upstream.count(), 1, "{}", server.log.lock().unwrap().join("\n"));
    assert_eq!((first.header("x-aimock-match"), first.complete), (Some("proxy"), true));
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1);
    let third = start(json!(recorded)).await.send(request.clone()).await;
    ([first, second, third], recorded[0].clone())
}

/// What a client puts together from the events of a stream, block by block, in the words of a whole answer.
fn put_together(operation: &str, answer: &Response) -> Value {
    let (headers, body) = ([("content-type", BINARY)], answer.body.clone());
    let codec = aimock::provider::named(if operation.starts_with("converse") { "bedrock_converse" } else { "bedrock_invoke" }).unwrap();
    let captured = aimock::exchange::Captured::whole(200, headers.into_iter().collect(), body);
    let collapsed = codec.collapse(&aimock::exchange::Request::default(), &captured).unwrap();
    aimock::fixture::response(&collapsed.reply).unwrap()
}

#[tokio::test]
async fn streams_are_recorded_and_replayed_as_the_same_object() {
    for (operation, frames) in [("converse-stream", converse_frames()), ("invoke-with-response-stream", invoke_frames())] {
        let (answers, entry) = three_times(streaming(&frames), &says(operation, "weather")).await;
        let objects: Vec<Value> = answers.iter().map(|answer| put_together(operation, answer)).collect();
        assert_eq!((&objects[0], &objects[0]), (&objects[1], &objects[2]), "{operation}");
        assert_eq!(said(&answers[2]), "Sunny in Oslo.");
        let call = json!([{ "name": "f", "arguments": { "a": 1 }, "id": "tooluse_1" }]);
        assert_eq!((&entry["response"]["content"], &entry["response"]["toolCalls"]), (&json!("Sunny in Oslo."), &call), "{entry}");
        assert_eq!((&entry["response"]["usage"]["input_tokens"], &entry["response"]["usage"]["output_tokens"]), (&json!(9), &json!(4)));
        assert_eq!(entry["match"]["model"], "us.anthropic.claude-sonnet-4-5");
        assert_eq!(entry["recordedTimings"]["interChunkDelaysMs"].as_array().unwrap().len(), frames.len() - 1);
        assert_eq!(entry.get("_leftOut"), None);
    }
    let (_, entry) = three_times(streaming(&converse_frames()), &says("converse-stream", "weather")).await;
    assert_eq!((&entry["response"]["reasoning"], &entry["response"]["reasoningSignature"]), (&json!("Hm."), &json!("c2ln")));
    assert_eq!(entry["response"]["usage"]["cache_read_input_tokens"], 3);
}

#[tokio::test]
async fn whole_answers_are_recorded_and_answer_streams_too() {
    let converse = json!({
        "metrics": { "latencyMs": 551 }, "output": { "message": { "content": [{ "text": "Sunny in Oslo." }], "role": "assistant" } },
        "stopReason": "max_tokens", "usage": { "inputTokens": 9, "outputTokens": 4, "totalTokens": 13 },
    });
    let invoke = json!({
        "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{ "type": "text", "text": "Sunny in Oslo." }], "stop_reason": "max_tokens", "stop_sequence": null,
        "usage": { "input_tokens": 9, "output_tokens": 4 },
    });
    for (operation, streamed, body) in [("converse", "converse-stream", converse), ("invoke", "invoke-with-response-stream", invoke)] {
        let script = vec![answer("200 OK", "content-type: application/json\r\n", body.to_string())];
        let (answers, entry) = three_times(script, &says(operation, "weather")).await;
        assert!(answers.iter().all(|answer| said(answer) == "Sunny in Oslo."));
        let stop = |answer: &Response| answer.json().get("stopReason").or(answer.json().get("stop_reason")).cloned();
        assert_eq!((stop(&answers[0]), stop(&answers[0])), (stop(&answers[1]), stop(&answers[2])));
        let again = start(json!([entry])).await.send(says(streamed, "weather")).await;
        assert_eq!(said(&again), "Sunny in Oslo.");
    }
}

#[tokio::test]
async fn errors_are_recorded_under_amazons_name_and_replayed_so() {
    let fields = "content-type: application/json\r\nx-amzn-ErrorType: ModelErrorException:http://internal.amazon.com/coral/\r\n";
    let body = r#"{"message":"the model failed","originalStatusCode":400}"#;
    for operation in OPERATIONS {
        let (answers, entry) = three_times(vec![answer("424 Failed Dependency", fields, body)], &says(operation, "weather")).await;
        for answer in answers {
            assert_eq!((answer.status, &answer.json()["message"]), (424, &json!("the model failed")));
            assert!(answer.header("x-amzn-errortype").unwrap().starts_with("ModelErrorException"));
        }
        assert_eq!(entry["response"]["status"], 424);
    }
}

/// It is no success, so it is kept byte for byte, exception and all.
#[tokio::test]
async fn a_stream_that_failed_replays_its_failure() {
    for (operation, frames) in [("converse-stream", converse_frames()), ("invoke-with-response-stream", invoke_frames())] {
        let mut frames = frames[..3].to_vec();
        frames.push(encode(&Message::exception("modelStreamErrorException", r#"{"message":"lost"}"#)).to_vec());
        let (answers, _) = three_times(streaming(&frames), &says(operation, "weather")).await;
        assert!(answers.iter().all(|answer| answer.body == frames.concat() && answer.complete), "{operation}");
    }
}
