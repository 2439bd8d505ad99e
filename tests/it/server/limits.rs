//! What keeps a client from taking all of the machine.

use std::time::Duration;

use aimock::exchange::{self, Captured, Collapsed, Emission, Endpoint, ErrorReply, RawRequest, Reply, Unsayable};
use aimock::provider::route::Lookup;
use aimock::provider::{Context, Moment, Params, Provider, Route};
use aimock::server::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::clock::Clock;
use super::support::{Request, Response, chat, moment, start, start_in, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused_in_the_vendors_words() {
    let server = start_with(json!([{ "match": {}, "response": { "content": "x" } }]), |settings| settings.limits.body_bytes = 1000).await;
    for (length, status) in [(10, 200), (1200, 413), (100_000, 413)] {
        let response = server.send(chat(&"x".repeat(length))).await;
        assert_eq!(response.status, status, "{length}: {}", String::from_utf8_lossy(&response.raw));
        if status == 413 {
            let error = &response.json()["error"];
            assert!(error["message"].as_str().unwrap().contains("larger than 1000 bytes: raise --max-body-bytes"), "{error}");
        }
    }
    let body = json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "x".repeat(1200) }] });
    let response = server.post("/v1/messages", &body.to_string()).await;
    assert_eq!((response.status, &response.json()["type"]), (413, &json!("error")));
    assert_eq!(server.journal().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_in_pieces_are_read_whole() {
    let server = start(json!([{ "match": { "userMessage": "pieces" }, "response": { "content": "x" } }])).await;
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": format!("{}pieces", "y".repeat(200_000)) }] }).to_string();
    let mut request = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.as_bytes().chunks(7000) {
        request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        request.extend_from_slice(piece);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let mut tcp = server.connect().await;
    tcp.write_all(&request).await.unwrap();
    assert_eq!(Response::read(&mut tcp).await.said(), "x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stands_still_is_given_up() {
    let server = start_with(json!([]), |settings| settings.limits.body_pause = Duration::from_millis(50)).await;
    let mut tcp = server.connect().await;
    tcp.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    let response = Response::read(&mut tcp).await;
    assert_eq!(response.status, 408);
    assert_eq!(server.journal().await[0]["response"]["status"], 408);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_with_broken_framing_is_refused() {
    let server = start(json!([])).await;
    let mut tcp = server.connect().await;
    tcp.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await.unwrap();
    let response = Response::read(&mut tcp).await;
    assert_eq!(response.status, 400, "{}", String::from_utf8_lossy(&response.raw));
    assert!(response.json()["error"]["message"].as_str().unwrap().starts_with("the request body cannot be read: "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_over_the_limit_is_refused() {
    let server = start_with(json!([]), |settings| settings.limits.header_bytes = 16 * 1024).await;
    let response = server.send(Request::new("GET", "/health").header("x-long", &"x".repeat(40_000))).await;
    assert_eq!(response.status, 431);
    assert_eq!(server.send(Request::new("GET", "/health").header("x-long", &"x".repeat(8_000))).await.status, 200);
}

/// Who sends large bodies is read in larger pieces, which may hold a longer head.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_over_the_limit_is_refused_after_a_large_body_too() {
    let fixtures = json!([{ "match": { "userMessage": "hi" }, "response": { "content": "Hello." } }]);
    let server = start_with(fixtures, |settings| settings.limits.header_bytes = 16 * 1024).await;
    let mut tcp = server.connect().await;
    let messages = json!([{ "role": "system", "content": "x".repeat(1 << 20) }, { "role": "user", "content": "hi" }]);
    let body = json!({ "model": "gpt-4o", "messages": messages }).to_string();
    // One behind the other. The last one is refused by its head alone, and with it the connection ends.
    for (padding, body) in [(10, body.as_str()), (8_000, body.as_str()), (40_000, "")] {
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-long: {}\r\ncontent-length: {}\r\n\r\n{body}",
            "x".repeat(padding),
            body.len().max(1)
        );
        tcp.write_all(head.as_bytes()).await.unwrap();
    }
    let answers = Response::read(&mut tcp).await.raw;
    let answers = String::from_utf8_lossy(&answers);
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "200", "431"], "{answers}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_and_slow_heads_are_closed() {
    let server = start_with(json!([]), |settings| {
        settings.limits.idle = Duration::from_millis(60);
        settings.limits.header_time = Duration::from_millis(200);
    })
    .await;
    for begun in [&b""[..], b"PRI * HTT", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut tcp = server.connect().await;
        tcp.write_all(begun).await.unwrap();
        let mut all = Vec::new();
        timeout(Duration::from_secs(5), tcp.read_to_end(&mut all)).await.expect("the connection stays open").unwrap();
        assert_eq!(all.starts_with(b"HTTP/1.1 200"), begun.starts_with(b"GET"), "{}", String::from_utf8_lossy(&all));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn further_connections_wait_for_a_free_place() {
    let server = start_with(json!([]), |settings| settings.limits.connections = 2).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    third.write_all(&Request::new("GET", "/health").bytes()).await.unwrap();
    let early = timeout(Duration::from_millis(100), third.read_u8()).await;
    assert!(early.is_err(), "the third connection is served beyond the limit");
    drop(first);
    assert_eq!(Response::read(&mut third).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_on_the_wire_hurts_nobody() {
    let server = start(json!([])).await;
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense frames follow here and more",
    ] {
        let mut tcp = server.connect().await;
        tcp.write_all(nonsense).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut all = Vec::new();
        let _ = timeout(Duration::from_secs(5), tcp.read_to_end(&mut all)).await.expect("the connection hangs");
    }
    assert_eq!(server.get("/health").await.status, 200);
}

/// A codec with a bug.
struct Broken;

static BROKEN: Broken = Broken;
static ROUTE: Route = Route { method: "POST", path: "/broken", endpoint: Endpoint::Chat };

impl Provider for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }
    fn provider(&self) -> &'static str {
        "broken"
    }
    fn summary(&self) -> &'static str {
        "panics"
    }
    fn routes(&self) -> &'static [Route] {
        std::slice::from_ref(&ROUTE)
    }
    fn decode(&self, _: &RawRequest, _: &Route, _: &Params) -> Result<exchange::Request, Box<ErrorReply>> {
        panic!("a bug in a codec")
    }
    fn encode(&self, _: &mut Context<'_>, _: &Reply) -> Emission {
        panic!("a bug in a codec")
    }
    fn collapse(&self, _: &exchange::Request, _: &Captured) -> Result<Collapsed, Unsayable> {
        panic!("a bug in a codec")
    }
    fn encode_error(&self, error: &ErrorReply, _: Moment<'_>) -> Emission {
        Emission { status: error.status, headers: Vec::new(), body: exchange::Body::Whole(error.message.clone().into()) }
    }
    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

fn broken<'a>(_: &str, path: &'a str) -> Lookup<'a> {
    Lookup::Found { codec: &BROKEN, route: &ROUTE, params: Params::default(), path_used: path.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    let server = start_in(json!([]), Settings::default(), |world| world.lookup = broken).await;
    for _ in 0..2 {
        let response = server.post("/broken", "{}").await;
        assert_eq!((response.status, response.text().starts_with("internal error")), (500, true));
    }
    assert_eq!(server.journal().await.len(), 2);
    assert!(server.log.lock().unwrap()[0].ends_with("POST /broken failed: a bug in a codec"));
}

/// A journal of several megabytes, taken a piece at a time: far longer than a connection may be idle, and never idle.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_long_answer_is_not_idle() {
    let clock = Clock::stopped();
    let server = start_with(json!([]), |settings| settings.limits.idle = Duration::from_secs(60)).await;
    let text = "x".repeat(60_000);
    for _ in 0..250 {
        server.ask(&text).await;
    }
    let mut tcp = server.connect().await;
    tcp.write_all(&Request::new("GET", "/__aimock/journal").bytes()).await.unwrap();
    let mut raw = Vec::new();
    loop {
        let mut piece = vec![0; 1_000_000];
        let read = tcp.read(&mut piece).await.unwrap();
        if read == 0 {
            break;
        }
        raw.extend_from_slice(&piece[..read]);
        if raw.len() / 1_000_000 > (raw.len() - read) / 1_000_000 {
            // What was read makes room, and the server writes again.
            moment().await;
            clock.advance(Duration::from_secs(6)).await;
        }
    }
    let response = Response::parse(raw);
    assert!(response.complete, "{} bytes", response.body.len());
    assert_eq!(response.json().as_array().unwrap().len(), 250);
}
