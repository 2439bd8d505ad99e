//! Upstreams that fail, fall silent or break off, and clients that leave.

use std::time::Duration;

use aimock::server::UpstreamSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::upstream::{Act, Upstream, answer, chunk, proxy, send, stream_head};
use crate::server::clock::Clock;
use crate::server::support::{Request, chat, chat_stream, start_with};

fn messages(stream: bool) -> Request {
    let body = json!({ "model": "claude-sonnet-4", "max_tokens": 64, "stream": stream, "messages": [{ "role": "user", "content": "hi" }] });
    Request::new("POST", "/v1/messages").header("content-type", "application/json").body(body.to_string())
}

fn everyone() -> [Request; 4] {
    [chat("hi"), chat_stream("hi"), messages(false), messages(true)]
}

/// Little patience, so that the tests need none.
fn hasty(upstream: &Upstream) -> UpstreamSettings {
    let wait = Duration::from_millis(40);
    UpstreamSettings { first_byte: wait, body_pause: wait, ..upstream.settings() }
}

#[tokio::test]
async fn a7_an_unreachable_upstream_is_502_and_one_entry() {
    // A port that was free a moment ago.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for request in everyone() {
        let nowhere = Upstream::start(Vec::new()).await;
        let mut settings = nowhere.settings();
        settings.targets.iter_mut().for_each(|target| target.base = format!("http://{gone}"));
        let server = start_with(json!([]), proxy(settings)).await;
        let got = server.send(request).await;
        assert_eq!((got.status, got.header("access-control-allow-origin")), (502, Some("*")));
        assert_eq!(got.json()["error"]["type"], "proxy_error");
        let journal = server.journal().await;
        assert_eq!(journal.len(), 1);
        let response = &journal[0]["response"];
        assert_eq!((&response["status"], &response["fixture"], &response["source"]), (&json!(502), &Value::Null, &json!("proxy")));
        assert_eq!(response.get("chaosAction"), None);
    }
}

#[tokio::test]
async fn b6_silence_before_the_first_byte_is_504() {
    let heads =
        [vec![Act::Silence], vec![stream_head(), Act::Silence], vec![send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), Act::Silence]];
    for script in heads {
        let mut upstream = Upstream::start(script).await;
        for request in everyone() {
            let server = start_with(json!([]), proxy(hasty(&upstream))).await;
            let got = server.send(request).await;
            let code = got.json().pointer("/error/code").cloned();
            assert_eq!((got.status, code), (504, Some(json!("request_timeout"))), "{}", got.text());
            assert_eq!(got.header("access-control-allow-origin"), Some("*"));
            let journal = server.journal().await;
            assert_eq!((journal.len(), &journal[0]["response"]["status"]), (1, &json!(504)));
            // On a busy machine patience may end before the request is out.
            upstream.ended(upstream.count()).await;
        }
    }
}

#[tokio::test]
async fn b6_silence_after_the_first_byte_cuts_the_stream_and_says_why() {
    for request in [chat_stream("hi"), messages(true)] {
        let mut upstream = Upstream::start(vec![stream_head(), chunk("data: 1\n\n"), Act::Silence]).await;
        let server = start_with(json!([]), proxy(hasty(&upstream))).await;
        let got = server.send(request).await;
        assert_eq!((got.status, got.text(), got.complete), (200, "data: 1\n\n", false));
        let entry = &server.journal().await[0];
        assert_eq!(entry["response"]["interrupted"], true);
        assert_eq!(entry["response"]["interruptReason"], "upstream body timeout");
        upstream.ended(1).await;
    }
}

#[tokio::test]
async fn b5_an_upstream_cut_after_two_events_is_a_cut_after_two_events() {
    for end in [None, Some(Act::Reset)] {
        for request in [chat_stream("hi"), messages(true)] {
            let mut script = vec![stream_head(), chunk("data: 1\n\n"), chunk("data: 2\n\n")];
            script.extend(end.clone());
            let upstream = Upstream::start(script).await;
            let server = start_with(json!([]), proxy(upstream.settings())).await;
            let got = server.send(request).await;
            if end.is_none() {
                assert_eq!(got.text(), "data: 1\n\ndata: 2\n\n");
            }
            assert!(!got.complete && !got.text().contains("DONE"));
            let journal = server.journal().await;
            assert_eq!(journal.len(), 1);
            assert_eq!(journal[0]["response"]["interrupted"], true);
            assert!(journal[0]["durationMs"].as_f64().unwrap() > 0.0);
        }
    }
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_a_cut() {
    let upstream = Upstream::start(vec![send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let got = server.ask("hi").await;
    assert_eq!((got.text(), got.complete), ("abc", false));
    assert_eq!(server.journal().await[0]["response"]["interruptReason"], "upstream connection closed");
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_502() {
    let upstream = Upstream::start(vec![send("SSH-2.0-OpenSSH_9.9\r\n")]).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    assert_eq!(server.ask("hi").await.status, 502);
}

#[tokio::test(start_paused = true)]
async fn b7_a_client_that_leaves_closes_the_upstream_within_100_ms_and_disturbs_nobody() {
    let clock = Clock::stopped();
    let Act::Send(event) = chunk("data: 0123456789\n\n") else { unreachable!("a chunk is sent") };
    for silent in [false, true] {
        let rest = if silent { Act::Silence } else { Act::Forever(event.clone()) };
        let mut upstream = Upstream::start(vec![stream_head(), chunk("data: 1\n\n"), rest]).await;
        let server = start_with(json!([]), proxy(upstream.settings())).await;
        let mut leaving = server.connect().await;
        leaving.write_all(&chat_stream("hi").bytes()).await.unwrap();
        let mut staying = server.connect().await;
        staying.write_all(&messages(true).bytes()).await.unwrap();
        for client in [&mut leaving, &mut staying] {
            let mut first = [0; 64];
            assert_ne!(client.read(&mut first).await.unwrap(), 0);
        }
        let left = clock.elapsed();
        drop(leaving);
        upstream.ended(1).await;
        assert!(clock.elapsed() < left + Duration::from_millis(100));
        if !silent {
            let mut more = vec![0; 100_000];
            staying.read_exact(&mut more).await.unwrap();
        }
        drop(staying);
        upstream.ended(2).await;
        let reasons: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["interruptReason"].clone()).collect();
        assert_eq!(reasons, ["client disconnected", "client disconnected"]);
    }
}

#[tokio::test]
async fn b12_every_way_out_is_journalled_once() {
    let mut statuses = Vec::new();
    let scripts = [
        vec![answer("200 OK", "", "{}")],
        vec![stream_head(), chunk("data: 1\n\n")],
        vec![Act::Silence],
        vec![stream_head(), chunk("data: 1\n\n"), Act::Silence],
        Vec::new(),
    ];
    for script in scripts {
        let upstream = Upstream::start(script).await;
        let server = start_with(json!([]), proxy(hasty(&upstream))).await;
        server.send(chat_stream("hi")).await;
        let journal = server.journal().await;
        assert_eq!(journal.len(), 1);
        let response = &journal[0]["response"];
        statuses.push((response["status"].as_u64().unwrap(), response.get("interruptReason").cloned().unwrap_or_default()));
        assert!(journal[0].get("durationMs").is_some());
    }
    let expected = [
        (200, Value::Null),
        (200, json!("upstream connection closed")),
        (504, Value::Null),
        (200, json!("upstream body timeout")),
        (502, Value::Null),
    ];
    assert_eq!(statuses, expected);
}
