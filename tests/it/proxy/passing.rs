//! What passes unchanged, and what does not pass.

use std::io::Write as _;
use std::sync::Arc;

use aimock::server::{Target, UpstreamSettings};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::upstream::{Act, Upstream, answer, chunk, last_chunk, proxy, send, stream_head};
use crate::server::support::{Request, chat, chat_stream, start_with};

/// A request for messages of Anthropic.
fn messages(stream: bool) -> Request {
    let body = json!({ "model": "claude-sonnet-4", "max_tokens": 64, "stream": stream, "messages": [{ "role": "user", "content": "hi" }] });
    Request::new("POST", "/v1/messages").header("content-type", "application/json").body(body.to_string())
}

fn everyone() -> [Request; 4] {
    [chat("hi"), chat_stream("hi"), messages(false), messages(true)]
}

#[tokio::test]
async fn a11_status_content_type_and_arbitrary_bytes_survive() {
    let bytes = [0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x80];
    let upstream = Upstream::start(vec![answer("418 I'm a teapot", "content-type: application/x-odd\r\nx-up: 1\r\n", bytes)]).await;
    for request in everyone() {
        let server = start_with(json!([]), proxy(upstream.settings())).await;
        let got = server.send(request).await;
        assert_eq!((got.status, got.body.as_slice(), got.complete), (418, &bytes[..], true));
        assert_eq!((got.header("content-type"), got.header("x-up")), (Some("application/x-odd"), Some("1")));
        assert_eq!((got.header("access-control-allow-origin"), got.header("x-aimock-match")), (Some("*"), Some("proxy")));
        let journal = server.journal().await;
        assert_eq!(journal.len(), 1);
        assert_eq!(journal[0]["response"], json!({ "status": 418, "fixture": null, "source": "proxy", "matchedBy": "proxy" }));
    }
}

#[tokio::test]
async fn a_rate_limit_keeps_its_retry_after() {
    let fields =
        "content-type: application/json\r\nretry-after: 17\r\nx-ratelimit-remaining-requests: 0\r\nset-cookie: a=b\r\nalt-svc: h3\r\n";
    let upstream = Upstream::start(vec![answer("429 Too Many Requests", fields, "{}")]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let got = server.ask("hi").await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("17")));
    assert_eq!(got.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!((got.header("set-cookie"), got.header("alt-svc")), (None, None));
}

#[tokio::test]
async fn a9_events_arrive_before_the_upstream_has_sent_its_last() {
    for request in [chat_stream("hi"), messages(true)] {
        let gate = Arc::new(Notify::new());
        let script = vec![stream_head(), chunk("data: 1\n\n"), Act::Wait(gate.clone()), chunk("data: 2\n\n"), last_chunk()];
        let upstream = Upstream::start(script).await;
        let server = start_with(json!([]), proxy(upstream.settings())).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&request.bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("data: 1\n\n") {
            let mut piece = [0; 256];
            let count = tcp.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "the first event never came");
            seen.extend_from_slice(&piece[..count]);
        }
        gate.notify_one();
        tcp.read_to_end(&mut seen).await.unwrap();
        let got = crate::server::support::Response::parse(seen);
        assert_eq!((got.text(), got.complete), ("data: 1\n\ndata: 2\n\n", true));
        let journal = server.journal().await;
        assert_eq!((&journal[0]["stream"]["events"], &journal[0]["stream"]["bytes"]), (&json!(2), &json!(18)));
        assert!(journal[0]["stream"]["firstByteMs"].as_f64().unwrap() > 0.0);
    }
}

#[tokio::test]
async fn b1_an_empty_stream_is_a_valid_empty_stream() {
    let upstream = Upstream::start(vec![stream_head(), last_chunk()]).await;
    for request in [chat_stream("hi"), messages(true)] {
        let server = start_with(json!([]), proxy(upstream.settings())).await;
        let got = server.send(request).await;
        assert_eq!((got.status, got.text(), got.complete), (200, "", true));
        assert!(got.header("content-type").unwrap().starts_with("text/event-stream"));
        let journal = server.journal().await;
        assert_eq!(journal[0]["stream"]["events"], 0);
        assert_eq!(journal[0]["response"].get("interrupted"), None);
    }
}

#[tokio::test]
async fn fixtures_come_first_and_strict_mode_asks_nobody() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    let fixtures = json!([{ "match": { "userMessage": "known" }, "response": { "content": "from the fixture" } }]);
    let server = start_with(fixtures, proxy(upstream.settings())).await;
    assert_eq!(server.ask("known").await.said(), "from the fixture");
    assert_eq!(server.send(chat("new").header("x-aimock-strict", "1")).await.status, 503);
    assert_eq!(upstream.count(), 0);
    assert_eq!(server.ask("new").await.status, 200);
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_provider_without_an_upstream_is_a_plain_miss() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    let mut settings = upstream.settings();
    settings.targets.retain(|target| target.provider == "openai");
    let server = start_with(json!([]), proxy(settings)).await;
    assert_eq!(server.send(messages(false)).await.status, 404);
    assert!(server.log.lock().unwrap().iter().any(|line| line.contains("no upstream URL is configured for provider \"anthropic\"")));
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn the_request_arrives_as_it_was_sent_without_what_is_ours() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let body = "{ \"model\":\"gpt-4o\",  \"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}]}";
    let request = Request::new("POST", "/v1/chat/completions?a=b%20c")
        .header("x-aimock-context", "ours")
        .header("x-test-id", "t1")
        .header("cookie", "c=1")
        .header("accept-encoding", "gzip")
        .header("x-custom", "kept")
        .body(body);
    server.send(request).await;
    let seen = upstream.request(0);
    assert!(seen.starts_with("POST /v1/chat/completions?a=b%20c HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(&format!("\r\n\r\n{body}")), "{seen}");
    assert!(seen.contains(&format!("host: {}\r\n", upstream.address)) && seen.contains("x-custom: kept\r\n"), "{seen}");
    for name in ["x-aimock-context", "x-test-id", "cookie", "accept-encoding", "connection"] {
        assert!(!seen.contains(&format!("\r\n{name}: ")), "{name} in {seen}");
    }
}

#[tokio::test]
async fn a_base_that_ends_in_v1_is_not_doubled_and_other_paths_stay() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    for (base, path) in [("/v1", "/v1/chat/completions"), ("/proxy/", "/proxy/v1/chat/completions"), ("/a/v1/", "/a/v1/chat/completions")] {
        let mut settings = upstream.settings();
        settings.targets.iter_mut().for_each(|target| target.base.push_str(base));
        let server = start_with(json!([]), proxy(settings)).await;
        server.ask("hi").await;
        let seen = upstream.request(upstream.count() - 1);
        assert!(seen.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{base}: {seen}");
    }
}

/// The upstream sees the provider's key where the client's is missing or a placeholder, else the client's.
#[tokio::test]
async fn keys_are_injected_for_placeholders_only() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    let mut settings = upstream.settings();
    settings.targets.iter_mut().for_each(|target| target.key = Some("the-real-one".to_owned()));
    let server = start_with(json!([]), proxy(settings)).await;
    let cases = [
        (chat("a"), "authorization: Bearer the-real-one"),
        (chat("b").header("authorization", "Bearer sk-aimock-any"), "authorization: Bearer the-real-one"),
        (chat("c").header("authorization", "Bearer mine"), "authorization: Bearer mine"),
        (messages(false), "x-api-key: the-real-one"),
        (messages(false).header("x-api-key", "mine"), "x-api-key: mine"),
    ];
    for (index, (request, expected)) in cases.into_iter().enumerate() {
        server.send(request).await;
        let seen = upstream.request(index);
        assert!(seen.contains(&format!("\r\n{expected}\r\n")), "{expected} not in {seen}");
    }
}

#[tokio::test]
async fn keys_for_this_server_go_no_further() {
    let upstream = Upstream::start(vec![answer("200 OK", "", "{}")]).await;
    let mut settings = UpstreamSettings { keeps_credentials: true, ..upstream.settings() };
    settings.targets[0].key = Some("the-real-one".to_owned());
    let server = start_with(json!([]), proxy(settings)).await;
    server.send(chat("a").header("authorization", "Bearer inbound").header("x-api-key", "inbound")).await;
    assert!(upstream.request(0).contains("authorization: Bearer the-real-one\r\n") && !upstream.request(0).contains("inbound"));
    let refused = server.send(messages(false).header("x-api-key", "inbound")).await;
    assert_eq!((refused.status, refused.json()["error"]["message"].as_str()), (502, Some("No configured provider credential")));
    assert_eq!(upstream.count(), 1);
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(plain).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn compressed_answers_reach_clients_as_they_can_read_them() {
    let packed = gzip(b"data: 1\n\ndata: 2\n\n");
    let fields = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n";
    let upstream = Upstream::start(vec![answer("200 OK", fields, &packed)]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let plain = server.send(chat_stream("a")).await;
    assert_eq!((plain.text(), plain.header("content-encoding"), plain.complete), ("data: 1\n\ndata: 2\n\n", None, true));
    let reader = server.send(chat_stream("b").header("accept-encoding", "br, gzip;q=0.5")).await;
    assert_eq!((reader.body.as_slice(), reader.header("content-encoding"), reader.complete), (&packed[..], Some("gzip"), true));
    let refuser = server.send(chat_stream("c").header("accept-encoding", "gzip;q=0")).await;
    assert_eq!(refuser.header("content-encoding"), None);
    for entry in server.journal().await {
        assert_eq!(entry["stream"]["events"], 2);
    }
}

#[tokio::test]
async fn brotli_is_read_as_well() {
    // What the reference encoder makes of `hello`.
    let packed = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
    let upstream = Upstream::start(vec![answer("200 OK", "content-encoding: br\r\n", packed)]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let got = server.ask("hi").await;
    assert_eq!((got.text(), got.complete), ("hello", true));
}

/// A name that no resolver knows is reached through the proxy of the environment.
#[tokio::test]
async fn proxies_of_the_environment_are_used_for_other_hosts() {
    let gateway = Upstream::start(vec![answer("200 OK", "", "{\"by\":\"proxy\"}")]).await;
    let mut settings = gateway.settings();
    settings.proxies.http = format!("http://{}", gateway.address);
    settings.targets = vec![Target { provider: "openai".to_owned(), base: "http://upstream.invalid".to_owned(), key: None }];
    let server = start_with(json!([]), proxy(settings)).await;
    assert_eq!(server.ask("hi").await.text(), "{\"by\":\"proxy\"}");
    assert!(gateway.request(0).starts_with("POST http://upstream.invalid/v1/chat/completions HTTP/1.1\r\n"), "{}", gateway.request(0));
}

#[tokio::test]
async fn https_upstreams_are_reached_through_a_tunnel() {
    let gateway = Upstream::start(vec![send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")]).await;
    let mut settings = gateway.settings();
    settings.proxies.https = format!("http://user:pass@{}", gateway.address);
    settings.targets = vec![Target { provider: "openai".to_owned(), base: "https://upstream.invalid".to_owned(), key: None }];
    let server = start_with(json!([]), proxy(settings)).await;
    assert_eq!(server.ask("hi").await.status, 502);
    let seen = gateway.request(0).to_ascii_lowercase();
    assert!(seen.starts_with("connect upstream.invalid:443 http/1.1\r\n") && seen.contains("proxy-authorization: basic "), "{seen}");
}

#[tokio::test]
async fn what_a_relayed_answer_said_can_be_asserted() {
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 } });
    let text = json!({ "choices": [{ "index": 0, "delta": { "content": "Sunny." }, "finish_reason": null }] });
    let events = [format!("data: {text}\n\n"), format!("data: {usage}\n\n"), "data: [DONE]\n\n".to_owned()];
    let limited = "content-type: application/json\r\nretry-after: 3\r\n";
    let upstream = Upstream::playing(move |request| {
        let stream = String::from_utf8_lossy(request).contains(r#""stream":true"#);
        let cut = String::from_utf8_lossy(request).contains("cut");
        match (stream, cut) {
            (true, false) => std::iter::once(stream_head()).chain(events.iter().map(chunk)).chain([last_chunk()]).collect(),
            (true, true) => vec![stream_head(), chunk(&events[0])],
            (false, _) => vec![answer("429 Too Many Requests", limited, "{}")],
        }
    })
    .await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    server.send(chat_stream("hi")).await;
    let stream = server.journal().await[0]["stream"].clone();
    assert_eq!((&stream["terminated"], &stream["unparsed"], &stream["usageOnlyChunk"]), (&json!(true), &json!(0), &json!(true)));
    assert_eq!((&stream["usage"]["inputTokens"], &stream["text"]["excerpt"]), (&json!(9), &json!("Sunny.")));
    server.send(chat_stream("cut")).await;
    assert_eq!(server.journal().await[1]["stream"]["terminated"], false);
    server.ask("hi").await;
    server.ask("hi").await;
    let verdict = server.post("/__aimock/verify", r#"{ "retryAfter": "respected" }"#).await;
    assert!(verdict.text().contains("2 answers asked for a pause"), "{}", verdict.text());
}
