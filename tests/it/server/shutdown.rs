//! The end of a server: what is under way is finished, what is idle is closed, the second signal waits for nobody.

use std::time::Duration;

use aimock::server::{Ended, Stage};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::clock::Clock;
use super::support::{Response, Running, chat_stream, start_with};

/// A server with a stream of about half a second.
async fn slow(drain: Duration) -> Running {
    let fixture = json!({ "match": {}, "response": { "content": "x".repeat(200) }, "chunkSize": 10, "latency": 25 });
    start_with(json!([fixture]), |settings| settings.limits.drain = drain).await
}

/// A stream that has begun.
async fn begin(server: &Running) -> (TcpStream, Vec<u8>) {
    let mut tcp = server.connect().await;
    tcp.write_all(&chat_stream("hi").bytes()).await.unwrap();
    let mut first = vec![0; 1];
    tcp.read_exact(&mut first).await.unwrap();
    (tcp, first)
}

async fn rest((mut tcp, mut all): (TcpStream, Vec<u8>)) -> Response {
    let _ = timeout(Duration::from_secs(10), tcp.read_to_end(&mut all)).await.expect("the connection hangs");
    Response::parse(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_signal_lets_answers_finish_and_closes_the_idle() {
    let server = slow(Duration::from_secs(30)).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    let stream = begin(&server).await;
    let address = server.address;
    server.signal(Stage::Drain);
    let response = rest(stream).await;
    assert_eq!((response.complete, response.said().len()), (true, 200));
    timeout(Duration::from_secs(5), idle.read_to_end(&mut Vec::new())).await.expect("idle connections stay open").unwrap();
    assert_eq!(server.ended().await, Ended::Drained);
    assert!(TcpStream::connect(address).await.is_err(), "still listening");
}

#[tokio::test(start_paused = true)]
async fn without_work_it_ends_at_once() {
    let clock = Clock::stopped();
    let server = slow(Duration::from_secs(30)).await;
    server.signal(Stage::Drain);
    assert_eq!(server.ended().await, Ended::Drained);
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_has_its_limit() {
    let server = slow(Duration::from_millis(80)).await;
    let stream = begin(&server).await;
    server.signal(Stage::Drain);
    assert_eq!(server.ended().await, Ended::Aborted);
    assert!(!rest(stream).await.complete);
}

#[tokio::test(start_paused = true)]
async fn b12_the_second_signal_ends_everything() {
    let clock = Clock::stopped();
    let server = slow(Duration::from_secs(30)).await;
    let (stream, _) = clock.run(begin(&server)).await;
    let begun = clock.elapsed();
    server.signal(Stage::Drain);
    server.signal(Stage::Abort);
    assert_eq!(server.ended().await, Ended::Aborted);
    assert!(!rest(stream).await.complete);
    assert_eq!(clock.elapsed(), begun);
}
