//! Clients that mean harm, or do not know better; servers that stop.

use aimock::server::{Ended, Stage};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::kit::{Client, LIVE, Next, REALTIME, RESPONSES, content, create, joined, live, realtime, told};
use crate::server::support::{moment, start, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused_in_the_providers_words_and_journalled() {
    let server = start(json!([{ "match": { "userMessage": "hello" }, "response": { "content": "Hi." } }])).await;
    let messages = ["", "{", "null", "5", "[]", "\"x\"", "{}", r#"{"type":5}"#, r#"{"type":"nonsense"}"#, "\u{0}"];
    let deep = "[".repeat(100_000);
    for target in [REALTIME, RESPONSES, LIVE] {
        let mut client = Client::open(&server, target).await;
        if target == REALTIME {
            client.event().await;
        }
        for message in messages.into_iter().chain([deep.as_str()]) {
            client.say_text(message).await;
            let error = client.event().await;
            assert!(error["error"]["message"].is_string(), "{target} {message:.50}: {error}");
        }
        client.send(Message::Binary(Bytes::from_static(b"\xff\xfe"))).await;
        assert!(client.event().await["error"]["message"].as_str().unwrap().contains("binary"));
    }
    let journal = server.journal().await;
    assert_eq!(journal.len(), 3 * (messages.len() + 2));
    assert!(journal.iter().all(|entry| entry["response"]["status"] == 400 && entry["response"]["source"] == "internal"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_types_are_refused_and_the_conversation_goes_on() {
    let server = start(json!([{ "match": { "userMessage": "hello" }, "response": { "content": "Hi." } }])).await;
    let mut client = realtime(&server).await;
    for message in [
        json!({ "type": "session.update" }),
        json!({ "type": "session.update", "session": "x" }),
        json!({ "type": "session.update", "session": { "nonsense": 1 } }),
        json!({ "type": "session.update", "session": { "tools": [null] } }),
        json!({ "type": "session.update", "session": { "type": "other" } }),
        json!({ "type": "conversation.item.create" }),
        json!({ "type": "conversation.item.create", "item": { "type": "message", "content": "x" } }),
        json!({ "type": "conversation.item.create", "item": { "type": "function_call_output" } }),
        json!({ "type": "conversation.item.create", "previous_item_id": "none", "item": { "type": "message", "role": "user", "content": [] } }),
        json!({ "type": "conversation.item.retrieve" }),
        json!({ "type": "input_audio_buffer.append" }),
        json!({ "type": "input_audio_buffer.append", "audio": "?" }),
        json!({ "type": "response.create", "response": 5 }),
        json!({ "type": "response.create", "response": { "input": [null] } }),
        json!({ "type": "response.create", "response": { "tools": "x" } }),
        json!({ "type": "response.create", "response": { "instructions": [] } }),
    ] {
        client.say(&message).await;
        let error = client.event().await;
        assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!("invalid_request_error")), "{message}");
        if message["type"] == "response.create" {
            client.until_type("response.done").await;
        }
    }
    assert_eq!(joined(&client.converse("hello").await, "response.output_text.delta"), "Hi.");
    let mut client = live(&server).await;
    for message in [
        json!({ "setup": 5 }),
        json!({ "clientContent": 5 }),
        json!({ "clientContent": { "turns": 5 } }),
        json!({ "clientContent": { "turns": [5] } }),
        json!({ "clientContent": { "turns": [{ "parts": "x" }] } }),
        json!({ "toolResponse": {} }),
        json!({ "toolResponse": { "functionResponses": [null] } }),
        json!({ "realtimeInput": { "text": 5 } }),
        json!({ "realtimeInput": {} }),
    ] {
        client.say(&message).await;
        assert_eq!(client.event().await["error"]["status"], "INVALID_ARGUMENT", "{message}");
    }
    assert_eq!(told(&client.live("hello").await), "Hi.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_closes_the_socket() {
    let server = start_with(json!([]), |settings| settings.limits.body_bytes = 1000).await;
    for target in [REALTIME, RESPONSES, LIVE] {
        let mut client = Client::open(&server, target).await;
        // The server may close before all is written.
        let _ = client.socket.send(Message::text("x".repeat(2000))).await;
        let (texts, end) = client.rest().await;
        assert_eq!(end, Next::Closed(1009, "message too big".to_owned()), "{target}");
        let last: Value = serde_json::from_str(texts.last().unwrap()).unwrap();
        assert!(last["error"]["message"].as_str().unwrap().contains("--max-body-bytes"), "{last}");
    }
    let journal = server.journal().await;
    assert!(journal.len() == 3 && journal.iter().all(|entry| entry["response"]["status"] == 413), "{journal:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_break_the_protocol_close_the_socket() {
    let server = start(json!([])).await;
    for (frame, code) in [
        // Not masked; a reserved bit; text that is no UTF-8, masked with zeros.
        (&b"\x81\x02{}"[..], 1002),
        (b"\xf1\x80\0\0\0\0", 1002),
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),
    ] {
        let mut client = Client::open(&server, RESPONSES).await;
        client.socket.get_mut().write_all(frame).await.unwrap();
        let (_, end) = client.rest().await;
        assert!(matches!(end, Next::Closed(found, _) if found == code), "{frame:?}: {end:?}");
    }
    assert_eq!(server.journal().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_pings_and_messages_are_taken_in_order() {
    let fixture = json!({ "match": {}, "response": { "content": "abc" }, "chunkSize": 1, "latency": 1 });
    let server = start(json!([fixture])).await;
    let mut client = live(&server).await;
    for _ in 0..2000 {
        client.socket.feed(Message::Ping(Bytes::from_static(b"x"))).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    while !matches!(client.next().await, Next::Pong(_)) {}
    // More than wait at once: the rest waits in the connection.
    let mut client = Client::open(&server, RESPONSES).await;
    for number in 0..600 {
        let mut message = create("hi");
        message["stream_id"] = json!(number.to_string());
        client.socket.feed(Message::text(message.to_string())).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    for number in 0..600 {
        let last = client.until_type("response.completed").await.pop().unwrap();
        assert_eq!(last["stream_id"], json!(number.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_client_that_leaves_ends_its_turn_at_once() {
    let fixture = json!({ "match": {}, "response": { "content": "x".repeat(1000) }, "latency": 100_000 });
    let server = start(json!([fixture])).await;
    let mut client = live(&server).await;
    client.say(&content("hi")).await;
    while server.entries().await.is_empty() {
        moment().await;
    }
    drop(client);
    let entry = &server.journal().await[0]["response"];
    assert_eq!((&entry["interrupted"], &entry["interruptReason"]), (&json!(true), &json!("client disconnected")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_client_is_let_go() {
    let server = start_with(json!([]), |settings| settings.limits.idle = std::time::Duration::from_millis(30)).await;
    let mut silent = server.connect().await;
    let head = "GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    silent.write_all(head.as_bytes()).await.unwrap();
    // It answers no ping, so the connection ends.
    let mut all = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut all).await.unwrap();
    assert!(all.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&all));
    assert!(String::from_utf8_lossy(&all).contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the key of RFC 6455");
    assert!(all.ends_with(b"\x89\x00"), "a ping came last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_closes_sockets_once_their_turn_is_told() {
    let fixture = json!({ "match": {}, "response": { "content": "abc" }, "chunkSize": 1, "latency": 30 });
    let server = start(json!([fixture])).await;
    let mut idle = realtime(&server).await;
    let mut busy = live(&server).await;
    busy.say(&content("hi")).await;
    busy.event().await;
    server.signal(Stage::Drain);
    assert_eq!(idle.next().await, Next::Closed(1001, "Server shutting down".to_owned()));
    assert_eq!(busy.turn().await.len(), 4);
    assert_eq!(busy.next().await, Next::Closed(1001, "Server shutting down".to_owned()));
    assert_eq!(idle.next().await, Next::Cut);
    assert_eq!(busy.next().await, Next::Cut);
    assert_eq!(server.ended().await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_without_end_does_not_hold_the_server() {
    let fixture = json!({ "match": {}, "response": { "content": "abc" }, "latency": 1_000_000 });
    let server = start(json!([fixture])).await;
    let mut busy = live(&server).await;
    busy.say(&content("hi")).await;
    while server.entries().await.is_empty() {
        moment().await;
    }
    server.signal(Stage::Drain);
    server.signal(Stage::Abort);
    assert_eq!(busy.next().await, Next::Cut);
    assert_eq!(server.ended().await, Ended::Aborted);
}
