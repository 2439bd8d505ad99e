//! (b) What is counted, and what can be asserted, when a stream ends: tokens, events, ways out.

use crate::sandbox::Sandbox;
use aimock::server::{OnMiss, RecordSettings, Recorder, Upstreams};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::kit::{STREAMS, WAYS, Way, entry, fixture, metric};
use crate::proxy::upstream::{Upstream, answer, chunk, last_chunk, proxy, stream_head};
use crate::record::entries;
use crate::server::support::{Request, Running, start_with};

/// Input and output tokens that the metrics have counted.
async fn tokens(server: &Running, source: &str) -> [u64; 2] {
    let metrics = server.get("/metrics").await.text().to_owned();
    ["input", "output"].map(|direction| {
        let line = format!("aimock_tokens_total{{direction=\"{direction}\",source=\"{source}\"}}");
        assert!(metrics.contains(&line), "{line} is not there, not even as 0");
        metric(&metrics, &line)
    })
}

async fn holds(server: &Running, expectations: &Value) -> bool {
    server.journal().await;
    server.post("/__aimock/verify", &expectations.to_string()).await.status == 200
}

/// A request that asks for usage where that must be asked for.
fn asks(way: Way, text: &str) -> Request {
    if way != STREAMS[0] {
        return way.says(text);
    }
    let messages = json!([{ "role": "user", "content": text }]);
    let body = json!({ "model": "gpt-4o", "stream": true, "stream_options": { "include_usage": true }, "messages": messages });
    Request::new("POST", way.path()).header("content-type", "application/json").body(body.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b11_usage_that_was_cut_away_counts_0_tokens_in_metrics_and_expectations() {
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7 });
    for way in WAYS {
        let fixtures = json!([
            { "match": { "userMessage": "cut" }, "response": { "content": "Hello", "usage": usage }, "truncateAfterChunks": 1,
              "chaos": { "truncateRate": i32::from(!way.stream) } },
            { "match": {}, "response": { "content": "Hello", "usage": usage } },
        ]);
        let server = start_with(fixtures, |settings| settings.metrics = true).await;
        assert!(!server.send(asks(way, "cut")).await.complete);
        assert!(holds(&server, &json!({ "requests": 1, "inputTokens": 0, "outputTokens": 0 })).await, "{way:?}");
        assert_eq!(tokens(&server, "fixture").await, [0, 0], "{way:?}");
        assert!(server.send(asks(way, "other")).await.complete);
        assert!(holds(&server, &json!({ "inputTokens": 11, "outputTokens": 7 })).await, "{way:?}");
        assert_eq!(tokens(&server, "fixture").await, [11, 7], "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_b11_a_broken_off_upstream_is_counted_asserted_and_not_recorded() {
    for way in STREAMS {
        let said = if way.anthropic {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Sun" } })
        } else if way.responses {
            json!({ "type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Sun" })
        } else {
            json!({ "choices": [{ "index": 0, "delta": { "content": "Sun" }, "finish_reason": null }] })
        };
        let event = format!("data: {said}\n\n");
        let upstream = Upstream::start(vec![stream_head(), chunk(&event), chunk(&event)]).await;
        let folder = Sandbox::new();
        let on_miss = OnMiss::Record(
            Arc::new(Upstreams::new(upstream.settings()).unwrap()),
            Arc::new(Recorder::new(RecordSettings::new(folder.path()))),
        );
        let server = start_with(json!([]), |settings| {
            settings.metrics = true;
            settings.on_miss = on_miss;
        })
        .await;
        let got = server.send(way.says("hi")).await;
        assert_eq!((got.complete, got.text()), (false, event.repeat(2).as_str()));
        let entry = entry(&server).await;
        assert_eq!((&entry["response"]["interrupted"], &entry["stream"]["events"]), (&json!(true), &json!(2)), "{entry}");
        assert_eq!((entry["response"].get("recorded"), entries(folder.path())), (None, Vec::new()));
        assert_eq!(tokens(&server, "proxy").await, [0, 0]);
        let expected = json!({ "requests": 1, "stream": ["stopsBeforeTerminator", "chunksParse"], "text": "SunSun", "outputTokens": 0 });
        assert!(holds(&server, &expected).await, "{}", server.post("/__aimock/verify", &expected.to_string()).await.text());
        let metrics = server.get("/metrics").await;
        assert_eq!(metric(metrics.text(), "aimock_streams_interrupted_total{reason=\"upstream connection closed\"}"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_usage_and_tool_arguments_can_be_asserted() {
    for way in STREAMS {
        let call = json!({ "toolCalls": [{ "name": "look", "arguments": { "where": "in Oslo, by the harbour" } }] });
        let server = start_with(fixture(&call, &json!({ "chunkSize": 4 })), |_| ()).await;
        server.send(asks(way, "hi")).await;
        assert!(holds(&server, &json!({ "stream": ["complete", "chunksParse", "toolArgumentsParse", "usagePresent"] })).await);
        // Only chat completions have a chunk with usage and nothing else.
        assert_eq!(holds(&server, &json!({ "stream": "usageOnlyChunk" })).await, way == STREAMS[0]);
        assert!(!holds(&server, &json!({ "stream": "stopsBeforeTerminator" })).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_a_line_of_ndjson_is_one_event() {
    for way in WAYS {
        let lines = [chunk("{\"a\":1}\n{\"b\""), chunk(":2}\n"), chunk("{\"c\":3}"), last_chunk()];
        let head =
            crate::proxy::upstream::send("HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n");
        let upstream = Upstream::start(std::iter::once(head).chain(lines).collect()).await;
        let server = start_with(json!([]), proxy(upstream.settings())).await;
        assert_eq!(server.send(way.says("hi")).await.text(), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}");
        assert_eq!(entry(&server).await["stream"]["events"], 3);
    }
}

/// Whoever answers, a client that leaves is one way out, and counted once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b12_a_client_that_leaves_is_counted_once() {
    for way in STREAMS {
        let upstream = Upstream::start(vec![stream_head(), chunk("data: 1\n\n"), crate::proxy::upstream::Act::Silence]).await;
        let slow =
            fixture(&json!({ "content": "one two three" }), &json!({ "chunkSize": 4, "stallAfterEvents": { "events": 1, "ms": 60_000 } }));
        for fixtures in [slow, json!([])] {
            let relay = proxy(upstream.settings());
            let server = start_with(fixtures, |settings| {
                settings.metrics = true;
                relay(settings);
            })
            .await;
            let mut tcp = server.connect().await;
            tcp.write_all(&way.says("hi").bytes()).await.unwrap();
            tcp.read_exact(&mut [0; 1]).await.unwrap();
            drop(tcp);
            assert_eq!(entry(&server).await["response"]["interruptReason"], "client disconnected");
            let metrics = server.get("/metrics").await.text().to_owned();
            let counted = format!("aimock_requests_total{{method=\"POST\",path=\"{}\",status=\"200\"}}", way.path());
            assert_eq!((metric(&metrics, &counted), metric(&metrics, "aimock_requests_in_flight")), (1, 0), "{metrics}");
            assert_eq!(metric(&metrics, "aimock_streams_interrupted_total{reason=\"client disconnected\"}"), 1);
        }
    }
}

/// A whole answer of an upstream counts what it states.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_relayed_answers_are_counted_as_those_of_the_proxy() {
    let body = json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 4 } }).to_string();
    let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", body)]).await;
    let relay = proxy(upstream.settings());
    let server = start_with(json!([]), |settings| {
        settings.metrics = true;
        relay(settings);
    })
    .await;
    server.ask("hi").await;
    server.journal().await;
    assert_eq!(tokens(&server, "proxy").await, [9, 4]);
}
