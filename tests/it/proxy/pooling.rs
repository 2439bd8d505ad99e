//! Connections that are used again, and those that cannot be.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::upstream::{Act, Upstream, chunk, kept_answer, last_chunk, proxy, send, stream_head};
use crate::server::support::{chat_stream, start_with};

#[tokio::test]
async fn one_connection_carries_answers_one_after_the_other() {
    let stream = [stream_head(), chunk("data: 1\n\n"), chunk("data: 2\n\n"), last_chunk()];
    let script = [vec![kept_answer("{}"), Act::Read], stream.to_vec(), vec![Act::Read, kept_answer("[]"), Act::Silence]].concat();
    let upstream = Upstream::start(script).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    assert_eq!(server.ask("first").await.text(), "{}");
    // A second connection would begin the script again.
    assert_eq!(server.send(chat_stream("second")).await.text(), "data: 1\n\ndata: 2\n\n");
    assert_eq!(server.ask("third").await.text(), "[]");
    assert!(upstream.request(2).contains("third"));
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_rested_is_replaced() {
    let mut upstream = Upstream::start(vec![kept_answer("{}")]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    for count in 1..=5 {
        let got = server.ask("hi").await;
        assert_eq!((got.status, got.text()), (200, "{}"));
        upstream.ended(count).await;
    }
    assert_eq!(upstream.count(), 5);
}

#[tokio::test]
async fn a_connection_that_nobody_needs_is_closed() {
    let mut upstream = Upstream::start(vec![kept_answer("{}"), Act::Silence]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    assert_eq!(server.ask("hi").await.status, 200);
    upstream.ended(1).await;
}

#[tokio::test]
async fn what_comes_together_leaves_together() {
    let chunks =
        ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"].map(|text| if let Act::Send(bytes) = chunk(text) { bytes } else { Vec::new() });
    let upstream = Upstream::start(vec![stream_head(), send(chunks.concat()), last_chunk()]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let mut tcp = server.connect().await;
    tcp.write_all(&chat_stream("hi").bytes()).await.unwrap();
    let mut raw = Vec::new();
    tcp.read_to_end(&mut raw).await.unwrap();
    assert!(String::from_utf8_lossy(&raw).contains("data: 1\n\ndata: 2\n\ndata: 3\n\n"), "{}", String::from_utf8_lossy(&raw));
    assert_eq!(server.journal().await[0]["stream"]["events"], 3);
}
