//! (d) Scripted upstreams: answers by key, in order, with the headers and the breaks of the real thing.

use serde_json::{Value, json};

use super::kit::{STREAMS, WAYS, Way, data, entry, fixture};
use crate::server::support::{Response, start};

/// An error fixture for one key.
fn refusal(header: &str, key: &str, status: u16, message: &str, retry_after: Option<u64>) -> Value {
    let mut response = json!({ "error": { "message": message }, "status": status });
    if let Some(seconds) = retry_after {
        response["retryAfter"] = json!(seconds);
    }
    json!({ "match": { "headers": { header: key } }, "response": response })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_each_key_has_its_script_and_a_key_without_one_gets_500() {
    for way in WAYS {
        for (header, scheme) in [("x-api-key", ""), ("authorization", "Bearer ")] {
            let value = |key: &str| format!("{scheme}{key}");
            let server = start(json!([
                { "match": { "headers": { header: value("key-a") } }, "response": { "content": "for a" } },
                refusal(header, &value("key-b"), 403, "not you", None),
                { "match": {}, "response": { "error": { "message": "unknown key" }, "status": 500 } },
            ]))
            .await;
            let ask = async |key: &str| server.send(way.says("hi").header(header, &value(key))).await;
            assert_eq!(way.said(&ask("key-a").await), "for a");
            assert_eq!([ask("key-b").await.status, ask("key-c").await.status], [403, 500]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_a_script_is_taken_in_order_of_arrival_across_keys_and_one_more_request_gets_500() {
    for way in WAYS {
        let script: Vec<Value> = (0..50).map(|number| json!({ "content": format!("slot {number}") })).collect();
        let server = start(json!([{ "match": {}, "responses": script, "onExhausted": "error" }])).await;
        let ask = |number: usize| {
            let request = way.says("hi").header("x-api-key", &format!("key-{}", number % 5));
            server.send(request)
        };
        let mut asked: Vec<_> = (0..50).map(|number| Box::pin(ask(number))).collect();
        let mut taken = Vec::new();
        std::future::poll_fn(|cx| {
            asked.retain_mut(|asking| match asking.as_mut().poll(cx) {
                std::task::Poll::Ready(answer) => {
                    taken.push(way.said(&answer));
                    false
                }
                std::task::Poll::Pending => true,
            });
            if asked.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        taken.sort_by_key(|slot| slot.trim_start_matches("slot ").parse::<usize>().unwrap());
        assert_eq!(taken, (0..50).map(|number| format!("slot {number}")).collect::<Vec<_>>());
        assert_eq!(ask(0).await.status, 500);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_rate_limits_keep_their_own_times_and_refusals_the_providers_body() {
    for way in WAYS {
        let server = start(json!([
            refusal("x-api-key", "key-0", 429, "slow down", Some(5)),
            refusal("x-api-key", "key-1", 429, "slow down", Some(3)),
            refusal("x-api-key", "key-2", 429, "slow down", Some(10)),
            refusal("x-api-key", "key-3", 401, "who are you", None),
            refusal("x-api-key", "key-4", 403, "not you", None),
            refusal("x-api-key", "key-5", 500, "broken", None),
        ]))
        .await;
        let ask = async |key: usize| server.send(way.says("hi").header("x-api-key", &format!("key-{key}"))).await;
        for (key, seconds) in [(0, "5"), (1, "3"), (2, "10")] {
            let answer = ask(key).await;
            assert_eq!((answer.status, answer.header("retry-after")), (429, Some(seconds)));
        }
        for (key, status, message) in [(3, 401, "who are you"), (4, 403, "not you"), (5, 500, "broken")] {
            let answer = ask(key).await;
            assert_eq!((answer.status, answer.header("retry-after")), (status, None));
            let body = answer.json();
            assert_eq!((&body["error"]["message"], body.get("type").is_some()), (&json!(message), way.anthropic));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_the_journal_tells_how_many_requests_and_whose_in_which_order() {
    for way in WAYS {
        let server = start(fixture(&json!({ "content": "x" }), &json!({}))).await;
        for key in ["key-a", "key-a", "key-b", "key-a"] {
            server.send(way.says("hi").header("x-api-key", key)).await;
        }
        let journal = server.journal().await;
        let keys: Vec<&str> = journal.iter().map(|entry| entry["credential"]["ordinal"].as_str().unwrap()).collect();
        assert_eq!(keys, ["k0", "k0", "k1", "k0"]);
    }
}

/// What a client sends back after a tool call.
fn continuation(way: Way) -> Value {
    if way.anthropic {
        return json!([
            { "role": "user", "content": "weather?" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "call-1", "name": "weather", "input": { "city": "Oslo" } }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "call-1", "content": "rain" }] },
        ]);
    }
    if way.responses {
        return json!([
            { "role": "user", "content": "weather?" },
            { "type": "function_call", "call_id": "call-1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}" },
            { "type": "function_call_output", "call_id": "call-1", "output": "rain" },
        ]);
    }
    let call = json!({ "id": "call-1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } });
    json!([
        { "role": "user", "content": "weather?" },
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "call-1", "content": "rain" },
    ])
}

#[track_caller]
fn assert_calls_weather(way: Way, answer: &Response) {
    let text = answer.text();
    let kind = match way {
        Way { anthropic: true, .. } => "tool_use",
        Way { responses: true, .. } => "function_call",
        Way { .. } => "tool_calls",
    };
    assert!(text.contains("weather") && text.contains(kind), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_a_tool_call_then_a_text_as_fixtures_and_as_raw_events() {
    for way in WAYS {
        let neutral = json!([
            { "match": { "hasToolResult": true }, "response": { "content": "It rains." } },
            { "match": {}, "response": { "toolCalls": [{ "id": "call-1", "name": "weather", "arguments": { "city": "Oslo" } }] } },
        ]);
        let first = start(neutral.clone()).await.send(way.says("weather?")).await;
        let second = start(neutral.clone()).await.send(way.with(&continuation(way))).await;
        let events = |answer: &Response| json!({ "http": { "headers": { "content-type": answer.header("content-type").unwrap() }, "body": answer.text() } });
        let raw = json!([
            { "match": { "hasToolResult": true }, "response": events(&second) },
            { "match": {}, "response": events(&first) },
        ]);
        for fixtures in [neutral, raw] {
            let server = start(fixtures).await;
            let ask = async |messages: &Value, key: &str| server.send(way.with(messages).header("x-api-key", key)).await;
            let question = json!([{ "role": "user", "content": "weather?" }]);
            assert_calls_weather(way, &ask(&question, "key-a").await);
            assert_eq!(way.said(&ask(&continuation(way), "key-a").await), "It rains.");
            assert_eq!(way.said(&ask(&continuation(way), "key-b").await), "It rains.");
            let journal = server.journal().await;
            let keys: Vec<&str> = journal.iter().map(|entry| entry["credential"]["ordinal"].as_str().unwrap()).collect();
            assert_eq!(keys, ["k0", "k0", "k1"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_an_error_after_the_first_event_is_an_event_and_before_it_a_plain_answer() {
    let more = |events: u64| json!({ "chunkSize": 2, "errorAfterEvents": { "events": events, "error": { "message": "overloaded", "type": "overloaded_error" } } });
    for way in STREAMS {
        let server = start(fixture(&json!({ "content": "a b c" }), &more(2))).await;
        let answer = server.send(way.says("hi")).await;
        let events = Way::events(&answer);
        assert_eq!((answer.status, answer.complete, events.len()), (200, true, 3));
        assert_eq!(events[2].starts_with("event: error\n"), way.anthropic || way.responses);
        let error = data(&events[2]).unwrap();
        assert_eq!(error.get("sequence_number"), way.responses.then_some(&json!(2)));
        assert_eq!((&error["error"]["message"], &error["error"]["type"]), (&json!("overloaded"), &json!("overloaded_error")));
        assert!(!events.iter().any(|event| way.is_terminator(event)));
        let journalled = entry(&server).await;
        assert_eq!(journalled["response"]["faults"], json!([{ "fault": "errorAfterEvents", "fired": true }]));
        assert_eq!(journalled["response"].get("interrupted"), None);

        let server = start(fixture(&json!({ "content": "a b c" }), &more(0))).await;
        let answer = server.send(way.says("hi")).await;
        way.assert_error(&answer, 500, "overloaded_error", "overloaded");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_any_response_header_can_be_scripted() {
    for way in WAYS {
        let headers = json!({ "x-should-retry": "false", "x-own": ["one", "two"] });
        for response in [
            json!({ "content": "x", "headers": headers }),
            json!({ "error": { "message": "x" }, "status": 500, "headers": headers }),
            json!({ "http": { "status": 500, "headers": headers, "body": "x" } }),
        ] {
            let server = start(fixture(&response, &json!({}))).await;
            let answer = server.send(way.says("hi")).await;
            assert_eq!((answer.header("x-should-retry"), answer.header("x-own")), (Some("false"), Some("one")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_a_raw_stream_reaches_the_client_byte_for_byte() {
    let body = "event: a\r\ndata: {\"n\":1}\r\n\r\ndata: two\n\n: odd\r";
    for way in WAYS {
        let http = json!({ "headers": { "content-type": "text/event-stream" }, "body": body });
        let server = start(fixture(&json!({ "http": http }), &json!({}))).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!((answer.header("content-type"), answer.text()), (Some("text/event-stream"), body));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_of_responses_can_break_and_the_next_be_fine() {
    for way in STREAMS {
        let script = json!([{ "response": { "content": "a b c" }, "chunkSize": 2, "disconnectAfterEvents": 2 }, { "content": "fine" }]);
        let server = start(json!([{ "match": {}, "responses": script }])).await;
        let first = server.send(way.says("hi")).await;
        assert_eq!((first.complete, Way::events(&first).len()), (false, 2));
        assert_eq!(way.said(&server.send(way.says("hi")).await), "fine");
    }
}
