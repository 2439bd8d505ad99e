//! Streams in time: pacing, cuts by fixtures, raw events and raw bodies.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::clock::Clock;
use super::support::{chat, chat_stream, moment, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_delivers_its_chunks_and_cuts() {
    let text = "x".repeat(1000);
    for (chunks, pace) in [(1, 0), (2, 0), (50, 0), (3, 10)] {
        let fixture =
            json!({ "match": {}, "response": { "content": text }, "chunkSize": 10, "latency": pace, "truncateAfterChunks": chunks });
        let server = start(json!([fixture])).await;
        let response = server.send(chat_stream("hi")).await;
        assert_eq!((response.status, response.complete, response.events().len()), (200, false, chunks), "{chunks} at {pace}");
        assert!(response.events().iter().all(|event| serde_json::from_str::<Value>(event).is_ok()));
        let entry = &server.journal().await[0];
        assert_eq!(entry["response"]["interrupted"], true);
        assert_eq!(entry["response"]["interruptReason"], "truncateAfterChunks");
        assert_eq!((&entry["response"]["status"], &entry["stream"]["events"]), (&json!(200), &json!(chunks)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_past_the_end_and_of_whole_answers_does_nothing() {
    let server = start(json!([{ "match": {}, "response": { "content": "short" }, "truncateAfterChunks": 100 }])).await;
    let response = server.send(chat_stream("hi")).await;
    assert_eq!((response.complete, response.said().as_str()), (true, "short"));
    assert_eq!(server.send(chat("hi")).await.said(), "short");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_a_deadline_before_the_first_byte_sends_none() {
    let fixture = json!({ "match": {}, "response": { "content": "x" }, "latency": 2000, "disconnectAfterMs": 0 });
    let server = start(json!([fixture])).await;
    let response = server.send(chat_stream("hi")).await;
    assert_eq!(response.raw, b"");
    let entry = &server.journal().await[0]["response"];
    assert_eq!((&entry["status"], &entry["interruptReason"]), (&json!(0), &json!("disconnectAfterMs")));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_mid_stream_cuts_after_what_was_due() {
    let clock = Clock::stopped();
    let fixture = json!({ "match": {}, "response": { "content": "x".repeat(500) }, "latency": 20, "disconnectAfterMs": 70 });
    let server = start(json!([fixture])).await;
    let response = server.takes(&clock, Duration::from_millis(70), chat_stream("hi")).await;
    assert_eq!((response.complete, response.events().len()), (false, 3));
}

#[tokio::test(start_paused = true)]
async fn paced_streams_keep_their_schedule_and_whole_answers_ignore_it() {
    let clock = Clock::stopped();
    let server = start(json!([{ "match": {}, "response": { "content": "x".repeat(100) }, "chunkSize": 20, "latency": 30 }])).await;
    // The role, five pieces and the finish.
    let response = server.takes(&clock, Duration::from_millis(30) * 7, chat_stream("hi")).await;
    assert_eq!((response.events().len(), response.said().len()), (8, 100));
    let before = clock.elapsed();
    assert_eq!(server.send(chat("hi")).await.said().len(), 100);
    assert_eq!(clock.elapsed(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_client_that_leaves_disturbs_nobody() {
    let server = start(json!([{ "match": {}, "response": { "content": "x".repeat(200) }, "chunkSize": 10, "latency": 15 }])).await;
    let mut leaver = server.connect().await;
    leaver.write_all(&chat_stream("leaver").bytes()).await.unwrap();
    let stayer = server.send(chat_stream("stayer"));
    let leaving = async {
        leaver.read_exact(&mut [0; 1]).await.unwrap();
        drop(leaver);
    };
    let (response, ()) = tokio::join!(stayer, leaving);
    assert_eq!((response.complete, response.said().len()), (true, 200));
    let journal = server.journal().await;
    let reasons: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["interruptReason"]).collect();
    assert_eq!(journal.len(), 2);
    assert!(reasons.contains(&&json!("client disconnected")) && reasons.contains(&&Value::Null), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_before_its_request_is_complete_is_in_the_journal() {
    let server = start(json!([])).await;
    let mut tcp = server.connect().await;
    tcp.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    moment().await;
    drop(tcp);
    let entry = loop {
        if let Some(entry) = server.journal().await.first() {
            break entry.clone();
        }
        moment().await;
    };
    assert_eq!((&entry["response"]["status"], &entry["response"]["interrupted"]), (&json!(0), &json!(true)), "{entry}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_events_are_these_and_nothing_else() {
    let events = json!(["{\"a\":1}", { "event": "ping", "data": "two\nlines", "id": "7" }, { "comment": "quiet" }, "[DONE]"]);
    let server = start(json!([{ "match": {}, "response": { "events": events } }])).await;
    let response = server.send(chat("whole or not, they are sent")).await;
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.text(), "data: {\"a\":1}\n\nevent: ping\nid: 7\ndata: two\ndata: lines\n\n: quiet\n\ndata: [DONE]\n\n");
    assert_eq!(server.journal().await[0]["stream"]["events"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_no_events_are_an_empty_stream() {
    let server = start(json!([{ "match": {}, "response": { "events": [] } }])).await;
    let response = server.send(chat_stream("hi")).await;
    assert_eq!((response.status, response.header("content-type"), response.text()), (200, Some("text/event-stream"), ""));
    assert!(response.complete);
    assert_eq!(server.journal().await[0]["response"].get("interrupted"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_raw_bodies_are_sent_byte_for_byte() {
    let body = "data: one\r\n\r\ndata: two\n\n: odd\r";
    let http = json!({ "status": 207, "headers": { "Content-Type": "text/event-stream", "X-Own": "a" }, "body": body });
    let server = start(json!([{ "match": {}, "response": { "http": http } }])).await;
    let response = server.send(chat_stream("hi")).await;
    assert_eq!((response.status, response.text(), response.header("x-own")), (207, body, Some("a")));
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("x-aimock-fixture"), Some("suite.json#/fixtures/0"));
}
