//! Chaos, scripted faults and pacing on sockets.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{Client, LIVE, Next, REALTIME, RESPONSES, content, create, item, joined, live, realtime};
use crate::server::support::{start, start_with};

/// Text in pieces of one character: each is one event of Gemini Live.
fn pieces(more: &Value) -> Value {
    let mut fixture = json!({ "match": {}, "response": { "content": "abcdefghij" }, "chunkSize": 1 });
    fixture.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([fixture])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_deliver_exactly_their_events() {
    for key in ["disconnectAfterEvents", "truncateAfterChunks"] {
        for (after, close) in [(0, "fin"), (1, "fin"), (4, "fin"), (4, "rst"), (11, "fin")] {
            if after == 0 && key == "truncateAfterChunks" {
                continue;
            }
            let server = start(pieces(&json!({ key: after, "close": close }))).await;
            let mut client = live(&server).await;
            client.say(&content("hi")).await;
            let (texts, end) = client.rest().await;
            assert_eq!((texts.len(), end), (after, Next::Cut), "{key} {after} {close}");
            let entry = &server.journal().await[0];
            assert_eq!((&entry["response"]["interrupted"], &entry["response"]["interruptReason"]), (&json!(true), &json!(key)));
            assert_eq!(entry["stream"]["events"], json!(after));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_events_is_the_providers_and_the_next_turn_works() {
    let fault = json!({ "events": 2, "error": { "message": "Too much", "type": "server_error", "code": "overloaded" } });
    let fixtures = json!([
        { "match": { "userMessage": "break" }, "response": { "content": "abcdefghij" }, "chunkSize": 1, "errorAfterEvents": fault },
        { "match": { "userMessage": "early" }, "response": { "content": "x" }, "errorAfterEvents": { "events": 0, "error": { "message": "At once" } } },
        { "match": { "userMessage": "hello" }, "response": { "content": "Hi." } },
    ]);
    let server = start(fixtures).await;
    let mut client = live(&server).await;
    let messages = client.live("break").await;
    assert_eq!((messages.len(), &messages[2]["error"]["message"]), (3, &json!("Too much")));
    assert_eq!(client.live("early").await[0]["error"]["message"], "At once");
    assert_eq!(super::kit::told(&client.live("hello").await), "Hi.");
    let mut client = Client::open(&server, RESPONSES).await;
    let events = client.respond("break").await;
    assert_eq!((events.len(), &events[2]["error"]["code"]), (3, &json!("overloaded")));
    assert_eq!(joined(&client.respond("hello").await, "response.output_text.delta"), "Hi.");
    // Whoever waits for the end of a response gets it.
    let mut client = realtime(&server).await;
    let events = client.converse("break").await;
    let [.., error, done] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&error["type"], &done["response"]["status"]), (&json!("error"), &json!("failed")));
    assert_eq!(done["response"]["id"], events[0]["response"]["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_events_and_bodies_are_messages_as_they_are() {
    let fixtures = json!([
        { "match": { "userMessage": "events" }, "response": { "events": ["{\"type\":\"response.done\", \"own\": 1}", { "comment": "quiet" }, "no json"] } },
        { "match": { "userMessage": "body" }, "response": { "http": { "status": 200, "body": "{\"type\":\"own\"}" } } },
        { "match": { "userMessage": "bytes" }, "response": { "http": { "status": 200, "base64": "//4A" } } },
    ]);
    let server = start(fixtures).await;
    let mut client = realtime(&server).await;
    let mut ask = async |text: &str| {
        let input = json!([item(text)["item"]]);
        client.say(&json!({ "type": "response.create", "response": { "input": input } })).await;
        client.next().await
    };
    assert_eq!(ask("body").await, Next::Text(r#"{"type":"own"}"#.to_owned()));
    assert_eq!(ask("bytes").await, Next::Binary(vec![0xff, 0xfe, 0]));
    assert_eq!(ask("events").await, Next::Text(r#"{"type":"response.done", "own": 1}"#.to_owned()));
    assert_eq!(client.next().await, Next::Text("no json".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn turns_are_paced_and_stall() {
    let clock = crate::server::clock::Clock::stopped();
    for (more, expected) in [
        (json!({ "latency": 10 }), 110),
        (json!({ "streamingProfile": { "ttft": 100, "tps": 100 } }), 200),
        (json!({ "recordedTimings": { "ttftMs": 50, "interChunkDelaysMs": [10, 10], "totalDurationMs": 70 }, "replaySpeed": 2 }), 75),
        (json!({ "firstByteDelayMs": 40 }), 40),
        (json!({ "stallAfterEvents": { "events": 3, "ms": 500 } }), 500),
    ] {
        let server = start(pieces(&more)).await;
        let mut client = live(&server).await;
        client.say(&content("hi")).await;
        let (messages, took) = clock.run(client.turn()).await;
        assert_eq!(messages.len(), 12, "{more}");
        assert!(took >= Duration::from_millis(expected), "{more}: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_cuts_a_turn() {
    let server = start(pieces(&json!({ "latency": 2000, "disconnectAfterMs": 0 }))).await;
    let mut client = live(&server).await;
    client.say(&content("hi")).await;
    assert_eq!(client.next().await, Next::Cut);
    let entry = &server.journal().await[0]["response"];
    assert_eq!((&entry["status"], &entry["interruptReason"]), (&json!(0), &json!("disconnectAfterMs")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_cancelled_and_the_next_one_is_told() {
    let fixtures = json!([
        { "match": { "userMessage": "long" }, "response": { "content": "x".repeat(1000) }, "latency": 20, "chunkSize": 1 },
        { "match": { "userMessage": "hello" }, "response": { "content": "Hi." } },
    ]);
    let server = start(fixtures).await;
    let mut client = realtime(&server).await;
    client.say(&json!({ "type": "response.cancel" })).await;
    assert_eq!(client.event().await["error"]["code"], "response_cancel_not_active");
    client.say(&json!({ "type": "response.create", "response": { "input": [item("long")["item"]] } })).await;
    client.until_type("response.output_text.delta").await;
    client.say(&json!({ "type": "response.cancel" })).await;
    let done = client.until_type("response.done").await.pop().unwrap();
    let details = json!({ "type": "cancelled", "reason": "client_cancelled" });
    assert_eq!((&done["response"]["status"], &done["response"]["status_details"]), (&json!("cancelled"), &details));
    let events = client.converse("hello").await;
    assert_eq!(joined(&events, "response.output_text.delta"), "Hi.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_pre_empts_a_turn_and_the_fixture_stays_named() {
    let fixtures = json!([{ "id": "one", "match": {}, "response": { "content": "Hi." } }]);
    let server = start(fixtures).await;
    let mut client = Client::open_with(&server, RESPONSES, &[("x-aimock-chaos-drop", "1")]).await;
    let error = client.respond("hi").await[0].clone();
    assert_eq!((&error["type"], &error["status"], &error["error"]["code"]), (&json!("error"), &json!(500), &json!("chaos_drop")));
    let mut client = Client::open_with(&server, REALTIME, &[("x-aimock-chaos-ratelimit", "1")]).await;
    client.event().await;
    let events = client.converse("hi").await;
    assert_eq!(events.last().unwrap()["response"]["status_details"]["error"]["code"], "chaos_ratelimit");
    let mut client = Client::open_with(&server, RESPONSES, &[("x-aimock-chaos-disconnect", "1")]).await;
    client.say(&create("hi")).await;
    assert_eq!(client.next().await, Next::Cut);
    let journal = server.journal().await;
    let seen: Vec<_> = journal.iter().map(|entry| (&entry["response"]["status"], &entry["response"]["chaosAction"])).collect();
    assert_eq!(seen, [(&json!(500), &json!("drop")), (&json!(429), &json!("rateLimit")), (&json!(0), &json!("disconnect"))]);
    assert!(journal.iter().all(|entry| entry["response"]["fixture"]["handle"] == "one"), "{journal:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_breaks_one_message_and_what_cannot_be_changed_is_counted() {
    let fixtures = json!([
        { "match": { "userMessage": "nothing" }, "response": { "events": [] } },
        { "match": {}, "response": { "content": "abcdefghij" }, "chunkSize": 1 },
    ]);
    let server = start_with(fixtures, |settings| settings.metrics = true).await;
    let mut client = Client::open_with(&server, LIVE, &[("x-aimock-chaos-malformed", "1")]).await;
    client.say(&json!({ "setup": {} })).await;
    client.event().await;
    client.say(&content("hi")).await;
    let mut broken = 0;
    for _ in 0..12 {
        let Next::Text(text) = client.next().await else { panic!("a message") };
        broken += usize::from(serde_json::from_str::<Value>(&text).is_err());
    }
    assert_eq!(broken, 1);
    client.say(&content("nothing")).await;
    // Nothing is sent, and the next turn works.
    client.say(&content("hi")).await;
    assert!(matches!(client.next().await, Next::Text(_)));
    let journal = loop {
        let journal = server.journal().await;
        if journal.len() == 3 {
            break journal;
        }
    };
    assert_eq!(journal[0]["response"]["chaosAction"], "malformed");
    assert_eq!(journal[1]["response"].get("chaosAction"), None);
    let metrics = server.get("/metrics").await;
    let bypassed = r#"aimock_chaos_bypassed_total{action="malformed",reason="empty_stream",source="fixture"} 1"#;
    assert!(metrics.text().contains(bypassed), "{}", metrics.text());
}
