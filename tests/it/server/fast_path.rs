//! Requests that hyper never sees look as if it had: the fast path beside hyper, byte for byte, and the ways from one to the
//! other.

use std::time::Duration;

use aimock::server::{Ended, Stage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{Request, Response, Running, chat, chat_stream, moment, start, start_with};

/// Answers of every kind.
fn fixtures() -> Value {
    let http = |status: u16, headers: Value, body: &str| json!({ "http": { "status": status, "headers": headers, "body": body } });
    let entry = |text: &str, response: Value| json!({ "match": { "userMessage": text }, "response": response });
    let mut late = entry("late", json!({ "content": "later" }));
    late["latency"] = json!(5);
    let mut cut = entry("cut", json!({ "content": "x".repeat(100) }));
    (cut["chunkSize"], cut["truncateAfterChunks"]) = (json!(10), json!(2));
    json!([
        entry("plain", json!({ "content": "hello", "headers": { "X-Own": "a", "x-request-id": "own" } })),
        entry("kept", json!({ "content": "hello again" })),
        entry("large", json!({ "content": "y".repeat(300_000) })),
        entry("middling", json!({ "content": "z".repeat(9_000) })),
        entry("refused", json!({ "error": { "message": "slow down", "type": "rate_limit_error" }, "status": 429, "retryAfter": 3 })),
        entry("unknown status", http(599, json!({ "content-type": "text/plain" }), "?")),
        entry("nothing", http(204, json!({}), "")),
        entry("empty", http(200, json!({}), "")),
        entry("unchanged", http(304, json!({}), "")),
        entry("dated", http(200, json!({ "Date": "Sun, 06 Nov 1994 08:49:37 GMT" }), "old")),
        entry("events", http(200, json!({ "content-type": "text/event-stream" }), "data: a\n\ndata: b\n\n")),
        entry("many events", http(200, json!({ "content-type": "text/event-stream" }), &"data: abcdefgh\n\n".repeat(10_000))),
        entry("no events", http(200, json!({ "content-type": "text/event-stream" }), "")),
        entry("closing", http(200, json!({ "Connection": "close" }), "bye")),
        late,
        cut,
        entry("", json!({ "content": "anything" })),
    ])
}

fn requests() -> Vec<Request> {
    let texts = [
        "plain",
        "kept",
        "kept",
        "kept",
        "large",
        "middling",
        "refused",
        "unknown status",
        "nothing",
        "empty",
        "unchanged",
        "dated",
        "closing",
        "late",
        "cut",
        "else",
    ];
    let mut requests: Vec<Request> = texts.iter().flat_map(|text| [chat(text), chat_stream(text)]).collect();
    let messages = json!({ "model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{ "role": "user", "content": "kept" }] });
    let long = "l".repeat(70_000);
    requests.extend([
        Request::new("POST", "/v1/messages").header("anthropic-version", "2023-06-01").body(messages.to_string()),
        Request::new("POST", "/v1/messages?beta=true&x=%20%2f").header("X-Request-Id", "mine-1").body(messages.to_string()),
        Request::new("POST", "/v1/messages")
            .header("x-request-id", "not valid")
            .header("x-request-id", "second")
            .body(messages.to_string()),
        Request::new("POST", "/v1/chat/completions").body("{ not json"),
        Request::new("POST", "/v1/chat/completions").body(""),
        Request::new("POST", "/v1/chat/completions"),
        Request::new("POST", "/v1/chat/completions").header("content-length", "2").header("content-length", "2").body("{}"),
        Request::new("POST", "/v1/chat/completions").header("content-length", "+2"),
        Request::new("POST", "/v1/chat/completions").header("content-length", "99999999999999999999"),
        Request::new("POST", "/v1/chat/completions").header("transfer-encoding", "gzip").body("{}"),
        Request::new("GET", "/v1/models"),
        Request::new("GET", "/no/such/path?q=1"),
        Request::new("HEAD", "/v1/models"),
        Request::new("PUT", "/v1/chat/completions").body("{}"),
        Request::new("OPTIONS", "/v1/chat/completions"),
        Request::new("POST", "http://elsewhere/v1/chat/completions").body("{}"),
        Request::new("POST", "/v1/chat/completions#part").body("{}"),
        Request::new("POST", "*").body("{}"),
        Request::new("GET", "/health"),
        chat(&long).header("x-empty", "").header("x-twice", "a").header("y", "\u{e9}").header("X-Twice", "b"),
        chat("plain").header("x-aimock-strict", "true").header("x-test-id", "t"),
        chat("kept").header("expect", "100-continue"),
    ]);
    requests
}

/// The same request, which hyper reads: it says twice how the connection goes on.
fn for_hyper(request: &Request) -> Vec<u8> {
    replaced(&request.bytes(), b"connection: close\r\n", b"connection: te, close\r\n")
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let place = bytes.windows(old.len()).position(|window| window == old).expect("it is there");
    [&bytes[..place], new, &bytes[place + old.len()..]].concat()
}

/// All bytes of a response but those of its date, and the id that the server drew for it.
fn undated(response: &Response) -> String {
    let text = without_ids(&String::from_utf8_lossy(&response.raw));
    let Some((before, rest)) = text.split_once("\r\ndate: ") else { return text };
    format!("{before}\r\ndate: ...{}", &rest["Sun, 06 Nov 1994 08:49:37 GMT".len()..])
}

fn without_ids(text: &str) -> String {
    let mut parts = text.split("req-");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        text + "req-..." + part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    })
}

async fn exchange(server: &Running, bytes: &[u8]) -> Response {
    let mut tcp = server.connect().await;
    let _ = tcp.write_all(bytes).await;
    Response::read(&mut tcp).await
}

/// The journal without what the clock says and without the field that differs.
async fn told(server: &Running) -> Vec<String> {
    let mut entries = server.journal().await;
    for entry in &mut entries {
        entry["headers"]["connection"] = Value::Null;
        entry["stream"]["firstByteMs"] = Value::Null;
        for timing in ["durationMs", "ttfbMs"] {
            entry["response"][timing] = Value::Null;
            entry[timing] = Value::Null;
        }
    }
    entries.iter().map(|entry| without_ids(&entry.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hyper_never_sees_is_answered_as_hyper_would() {
    let (ours, hypers) = (start(fixtures()).await, start(fixtures()).await);
    for request in requests() {
        let fast = exchange(&ours, &request.bytes()).await;
        let slow = exchange(&hypers, &for_hyper(&request)).await;
        let head: String = String::from_utf8_lossy(&request.bytes()).chars().take(400).collect();
        assert_eq!(undated(&fast), undated(&slow), "{head}");
    }
    let (fast, slow) = (told(&ours).await, told(&hypers).await);
    assert_eq!(fast.len(), slow.len());
    for (fast, slow) in fast.iter().zip(&slow) {
        assert_eq!(fast, slow);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_come_in_pieces() {
    let server = start(fixtures()).await;
    let bytes = chat("kept").bytes();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    for cut in [1, 5, 30, head, head + 2, head + 4, head + 5, bytes.len() - 1] {
        let mut tcp = server.connect().await;
        for piece in [&bytes[..cut], &bytes[cut..]] {
            tcp.set_nodelay(true).unwrap();
            tcp.write_all(piece).await.unwrap();
            moment().await;
        }
        assert_eq!(Response::read(&mut tcp).await.said(), "hello again", "cut at {cut}");
    }
    // Slower than the fast path waits.
    let mut tcp = server.connect().await;
    tcp.write_all(&bytes[..head + 6]).await.unwrap();
    pause(Duration::from_millis(300)).await;
    tcp.write_all(&bytes[head + 6..]).await.unwrap();
    assert_eq!(Response::read(&mut tcp).await.said(), "hello again");
    assert!(server.journal().await.iter().all(|entry| entry["response"]["status"] == 200));
}

/// At least so long.
async fn pause(length: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < length {
        moment().await;
    }
}

/// The request with a connection that goes on.
fn kept_alive(request: &Request) -> Vec<u8> {
    replaced(&request.bytes(), b"connection: close\r\n", b"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_all_kinds_on_one_connection_are_answered_in_order() {
    let server = start(fixtures()).await;
    let texts = ["kept", "plain", "large", "middling", "kept", "late", "kept", "refused"];
    for streamed_at in 0..=texts.len() {
        let mut all = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            all.extend(kept_alive(&if index == streamed_at { chat_stream(text) } else { chat(text) }));
        }
        all.extend(chat("else").bytes());
        let raw = exchange(&server, &all).await.raw;
        let text = String::from_utf8_lossy(&raw);
        let heads = text.matches("HTTP/1.1 ").count();
        assert_eq!(heads, texts.len() + 1, "streamed at {streamed_at}: {}", &text[..text.len().min(3000)]);
        let mut from = 0;
        for said in ["hello again", "hello", "yyyyyyyy", "zzzzzzzz", "hello again", "later", "hello again", "slow down", "anything"] {
            // A streamed text may come in several events.
            let start = &said[..4];
            let place = text[from..].find(start).unwrap_or_else(|| panic!("{said} is missing, streamed at {streamed_at}"));
            from += place + text[from + place..].find("HTTP/1.1 ").unwrap_or(0);
        }
    }
}

/// Answers of 300 kB that nobody reads for a while.
async fn unread(server: &Running, count: usize) -> TcpStream {
    let mut tcp = server.connect().await;
    for _ in 1..count {
        tcp.write_all(&kept_alive(&chat("large"))).await.unwrap();
    }
    tcp.write_all(&chat("large").bytes()).await.unwrap();
    pause(Duration::from_millis(100)).await;
    tcp
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_slowly_gets_everything_even_while_the_server_drains() {
    let server = start(fixtures()).await;
    let mut tcp = unread(&server, 40).await;
    server.signal(Stage::Drain);
    let mut raw = Vec::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        moment().await;
        match timeout(Duration::from_secs(20), tcp.read(&mut piece)).await.expect("the connection hangs").unwrap() {
            0 => break,
            length => raw.extend_from_slice(&piece[..length]),
        }
    }
    // What was not begun when the server began to drain may be left.
    let heads = raw.windows(9).filter(|window| *window == b"HTTP/1.1 ").count();
    let bodies = raw.iter().map(|byte| usize::from(*byte == b'y')).sum::<usize>() / 300_000;
    assert!(heads >= 1 && bodies == heads, "{heads} heads, {bodies} bodies");
    assert_eq!(server.ended().await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_does_not_hold_the_server() {
    let server = start_with(fixtures(), |settings| settings.limits.idle = Duration::from_millis(200)).await;
    let _stuck = unread(&server, 40).await;
    server.signal(Stage::Drain);
    // Idle for too long: not even draining waits for it.
    assert_eq!(server.ended().await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_end_when_the_server_does_and_begun_requests_are_finished() {
    let server = start(fixtures()).await;
    let (mut idle, mut begun) = (server.connect().await, server.connect().await);
    let mut first = vec![0; 64];
    for tcp in [&mut idle, &mut begun] {
        tcp.write_all(&kept_alive(&chat("kept"))).await.unwrap();
        tcp.read_exact(&mut first).await.unwrap();
    }
    let next = chat("plain").bytes();
    begun.write_all(&next[..next.len() - 3]).await.unwrap();
    moment().await;
    server.signal(Stage::Drain);
    let mut rest = Vec::new();
    timeout(Duration::from_secs(10), idle.read_to_end(&mut rest)).await.expect("idle connections stay open").unwrap();
    begun.write_all(&next[next.len() - 3..]).await.unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(10), begun.read_to_end(&mut rest)).await.expect("the connection hangs").unwrap();
    assert!(String::from_utf8_lossy(&rest).contains(r#""content":"hello""#), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(server.ended().await, Ended::Drained);
}
