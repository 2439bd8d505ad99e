//! Models that Bedrock invokes with bodies of their makers' own (Llama, Mistral, Titan Text), over real sockets: in the journal,
//! recorded from the bytes that the user guide shows, and counted.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use aimock::wire::event_stream::{Decoder, Message, encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bedrock::{streaming, three_times};
use crate::proxy::upstream::answer;
use crate::server::support::{Request, Response, start};

const LLAMA: &str = "meta.llama3-1-8b-instruct-v1%3A0";
const MISTRAL: &str = "mistral.mistral-7b-instruct-v0%3A2";
const LARGE: &str = "mistral.mistral-large-2402-v1%3A0";
const TITAN: &str = "amazon.titan-text-express-v1";

/// A request to a model, whole or streamed, in its maker's words.
fn ask(model: &str, stream: bool, text: &str) -> Request {
    let body = match model {
        LLAMA => json!({ "prompt": text, "max_gen_len": 64 }),
        MISTRAL => json!({ "prompt": text, "max_tokens": 64 }),
        TITAN => json!({ "inputText": text, "textGenerationConfig": { "maxTokenCount": 64 } }),
        _ => json!({ "messages": [{ "role": "user", "content": text }], "max_tokens": 64 }),
    };
    let operation = if stream { "invoke-with-response-stream" } else { "invoke" };
    Request::new("POST", &format!("/model/{model}/{operation}")).header("content-type", "application/json").body(body.to_string())
}

/// The events inside the chunks of a stream.
fn events(answer: &Response) -> Vec<Value> {
    let messages = Decoder::new(1 << 20).feed(&answer.body).unwrap();
    let inner = |message: &Message| {
        let payload: Value = serde_json::from_slice(&message.payload).unwrap();
        serde_json::from_slice(&STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap()).unwrap()
    };
    messages.iter().map(inner).collect()
}

/// Where each model's text and reason to stop stand, whole and in an event.
fn places(model: &str, stream: bool) -> [&'static str; 2] {
    match (model, stream) {
        (LLAMA, _) => ["/generation", "/stop_reason"],
        (MISTRAL, _) => ["/outputs/0/text", "/outputs/0/stop_reason"],
        (TITAN, false) => ["/results/0/outputText", "/results/0/completionReason"],
        (TITAN, true) => ["/outputText", "/completionReason"],
        _ => ["/choices/0/message/content", "/choices/0/stop_reason"],
    }
}

/// What an answer says and why it ends, put together as a client does.
fn told(model: &str, stream: bool, answer: &Response) -> (String, Value) {
    let [text, stop] = places(model, stream);
    let events = if stream { events(answer) } else { vec![answer.json()] };
    let said = events.iter().filter_map(|event| event.pointer(text).and_then(Value::as_str)).collect();
    (said, events.last().unwrap().pointer(stop).cloned().unwrap())
}

#[tokio::test]
async fn each_model_answers_in_its_makers_words_and_the_journal_reads_them() {
    let server = start(json!([
        { "match": { "userMessage": "cut" }, "response": { "content": "Sunny in Oslo.", "finishReason": "length" } },
        { "match": {}, "response": { "content": "Sunny in Oslo.", "usage": { "input_tokens": 7, "output_tokens": 5 } } },
    ]))
    .await;
    for model in [LLAMA, MISTRAL, LARGE, TITAN] {
        for stream in [false, true] {
            let natural = if model == TITAN { ["FINISHED", "LENGTH"] } else { ["stop", "length"] };
            for (text, stop) in [("weather", natural[0]), ("cut", natural[1])] {
                let answer = server.send(ask(model, stream, text)).await;
                assert_eq!(told(model, stream, &answer), ("Sunny in Oslo.".to_owned(), json!(stop)), "{model} {stream}");
            }
        }
        let entry = &server.journal().await.pop().unwrap();
        let stream = &entry["stream"];
        assert_eq!((&stream["text"]["excerpt"], &stream["terminated"]), (&json!("Sunny in Oslo."), &json!(true)), "{model}: {stream}");
    }
    let counted = server.journal().await.into_iter().filter(|entry| entry["stream"]["usage"]["inputTokens"] == 7).count();
    assert_eq!(counted, 4);
}

#[tokio::test]
async fn calls_reach_mistrals_chat_and_are_refused_where_no_body_holds_them() {
    let call = json!({ "toolCalls": [{ "name": "f", "arguments": { "a": 1 }, "id": "c1" }, { "name": "g", "arguments": {} }] });
    let server = start(json!([{ "match": {}, "response": call }])).await;
    let whole = server.send(ask(LARGE, false, "x")).await.json();
    let calls = &whole["choices"][0]["message"]["tool_calls"];
    assert_eq!((&calls[0]["id"], &calls[0]["function"]), (&json!("c1"), &json!({ "name": "f", "arguments": "{\"a\":1}" })));
    assert_eq!((calls.as_array().unwrap().len(), &whole["choices"][0]["stop_reason"]), (2, &json!("tool_calls")));
    let streamed = events(&server.send(ask(LARGE, true, "x")).await);
    let names = streamed.iter().filter_map(|event| event.pointer("/choices/0/message/tool_calls/0/function/name"));
    assert_eq!(names.collect::<Vec<_>>(), [&json!("f"), &json!("g")]);
    for model in [LLAMA, MISTRAL, TITAN] {
        let answer = server.send(ask(model, false, "x")).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (500, Some("InternalServerException")), "{model}");
    }
}

/// What the user guide shows for each model, whole and as the events of a stream.
fn documented(model: &str) -> (Value, Vec<Value>) {
    let metrics = json!({ "inputTokenCount": 9, "outputTokenCount": 4, "invocationLatency": 812, "firstByteLatency": 301 });
    let (whole, mut events) = match model {
        LLAMA => {
            let event = |text: &str, prompt: Value, count: u8, stop: Value| json!({ "generation": text, "prompt_token_count": prompt, "generation_token_count": count, "stop_reason": stop });
            let events = vec![
                event("", json!(9), 1, Value::Null),
                event("Sunny ", Value::Null, 2, Value::Null),
                event("in Oslo.", Value::Null, 3, Value::Null),
                event("", Value::Null, 4, json!("stop")),
            ];
            (event("Sunny in Oslo.", json!(9), 4, json!("stop")), events)
        }
        MISTRAL => {
            let event = |text: &str, stop: Value| json!({ "outputs": [{ "text": text, "stop_reason": stop }] });
            let events = vec![event("Sunny ", Value::Null), event("in Oslo.", Value::Null), event("", json!("stop"))];
            (event("Sunny in Oslo.", json!("stop")), events)
        }
        TITAN => {
            let result = json!({ "tokenCount": 4, "outputText": "Sunny in Oslo.", "completionReason": "FINISHED" });
            let event = json!({ "outputText": "Sunny in Oslo.", "index": 0, "totalOutputTextTokenCount": 4, "completionReason": "FINISHED",
                "inputTextTokenCount": 9 });
            (json!({ "inputTextTokenCount": 9, "results": [result] }), vec![event])
        }
        _ => {
            let event = |text: &str, stop: Value| json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "stop_reason": stop }] });
            let events = vec![event("Sunny ", Value::Null), event("in Oslo.", Value::Null), event("", json!("stop"))];
            (event("Sunny in Oslo.", json!("stop")), events)
        }
    };
    events.last_mut().unwrap()["amazon-bedrock-invocationMetrics"] = metrics;
    (whole, events)
}

#[tokio::test]
async fn what_the_user_guide_shows_is_recorded_and_replayed_as_the_same_object() {
    for model in [LLAMA, MISTRAL, LARGE, TITAN] {
        let (whole, stream) = documented(model);
        let head = "content-type: application/json\r\nx-amzn-bedrock-input-token-count: 9\r\nx-amzn-bedrock-output-token-count: 4\r\n";
        let (answers, entry) = three_times(vec![answer("200 OK", head, whole.to_string())], &ask(model, false, "weather")).await;
        for answer in &answers {
            assert_eq!(answer.json(), whole, "{model}");
        }
        assert_eq!(
            (&entry["response"]["content"], &entry["response"]["usage"]["completion_tokens"]),
            (&json!("Sunny in Oslo."), &json!(4))
        );
        let frame =
            |event: &Value| encode(&Message::event("chunk", json!({ "bytes": STANDARD.encode(event.to_string()) }).to_string())).to_vec();
        let frames: Vec<Vec<u8>> = stream.iter().map(frame).collect();
        let (answers, entry) = three_times(streaming(&frames), &ask(model, true, "weather")).await;
        for answer in &answers {
            assert_eq!(told(model, true, answer), told(model, true, &answers[0]), "{model}");
            let metrics = events(answer).pop().unwrap()["amazon-bedrock-invocationMetrics"].clone();
            assert_eq!((&metrics["inputTokenCount"], &metrics["outputTokenCount"]), (&json!(9), &json!(4)), "{model}");
        }
        assert_eq!(entry["response"]["content"], "Sunny in Oslo.", "{model}");
    }
}

#[tokio::test]
async fn tokens_are_counted_for_both_kinds_of_body() {
    let server = start(json!([{ "match": { "userMessage": "Hello" }, "response": { "content": "never" } }])).await;
    let count = async |input: Value| {
        let body = json!({ "input": input }).to_string();
        server.post("/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens", &body).await
    };
    let converse = json!({ "messages": [{ "role": "user", "content": [{ "text": "Hello, how are you today?" }] }] });
    let counted = count(json!({ "converse": converse })).await;
    assert_eq!((counted.status, counted.json()), (200, json!({ "inputTokens": 7 })));
    let body = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": [{ "role": "user", "content": "Hello, how are you today?" }] });
    let counted = count(json!({ "invokeModel": { "body": STANDARD.encode(body.to_string()) } })).await;
    assert_eq!((counted.status, counted.json()), (200, json!({ "inputTokens": 7 })));
    for wrong in [json!({}), json!({ "converse": {} }), json!({ "invokeModel": {} }), json!({ "invokeModel": { "body": "*" } }), json!(5)] {
        let refused = count(wrong.clone()).await;
        assert_eq!((refused.status, refused.header("x-amzn-errortype")), (400, Some("ValidationException")), "{wrong}");
    }
}
