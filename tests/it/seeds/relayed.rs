//! (a) and (b) where an upstream is asked: chaos never changes what is recorded, and is only claimed where it was met.

use std::sync::Arc;
use std::time::Duration;

use crate::sandbox::Sandbox;
use aimock::engine::ChaosStreams;
use aimock::fixture::ChaosField;
use aimock::server::{OnMiss, RecordSettings, Recorder, Settings, UpstreamSettings, Upstreams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::kit::{STREAMS, WAYS, Way, entry, fixture, metric};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, proxy, send, stream_head};
use crate::record::entries;
use crate::server::clock::Clock;
use crate::server::support::{Response, Running, moment, start_with};

const MALFORMED: &str = "{malformed json: <<<chaos>>>";
const TRIGGERED: &str = "aimock_chaos_triggered_total";
const BYPASSED: &str = "aimock_chaos_bypassed_total";

/// The events of a true answer.
fn events(way: Way) -> Vec<String> {
    if way.anthropic {
        let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 9, "output_tokens": 1 } });
        let delta = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
        let events = [
            json!({ "type": "message_start", "message": message }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            delta("Sunny "),
            delta("in "),
            delta("Oslo."),
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": 4 } }),
            json!({ "type": "message_stop" }),
        ];
        return events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect();
    }
    if way.responses {
        let item = json!({ "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
            "content": [{ "type": "output_text", "text": "Sunny in Oslo.", "annotations": [], "logprobs": [] }] });
        let begun = json!({ "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": "in_progress", "model": "m", "output": [] });
        let delta = |number: u64, text: &str| {
            json!({ "type": "response.output_text.delta", "sequence_number": number, "item_id": "msg_1",
            "output_index": 0, "content_index": 0, "delta": text, "logprobs": [] })
        };
        let whole: Value = serde_json::from_str(&body(way)).unwrap();
        let events = [
            json!({ "type": "response.created", "sequence_number": 0, "response": begun }),
            json!({ "type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item }),
            delta(2, "Sunny "),
            delta(3, "in "),
            delta(4, "Oslo."),
            json!({ "type": "response.output_item.done", "sequence_number": 5, "output_index": 0, "item": item }),
            json!({ "type": "response.completed", "sequence_number": 6, "response": whole }),
        ];
        return events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect();
    }
    let chunk = |delta: Value, finish: Value| {
        let choice = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        json!({ "id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o", "choices": choice })
    };
    let chunks = [
        chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
        chunk(json!({ "content": "Sunny " }), Value::Null),
        chunk(json!({ "content": "in " }), Value::Null),
        chunk(json!({ "content": "Oslo." }), Value::Null),
        chunk(json!({}), json!("stop")),
    ];
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect()
}

/// A true answer that is one body.
fn body(way: Way) -> String {
    if way.responses {
        return json!({ "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": "completed", "error": null,
            "incomplete_details": null, "model": "m", "output": [{ "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                "content": [{ "type": "output_text", "text": "Sunny in Oslo.", "annotations": [], "logprobs": [] }] }],
            "usage": { "input_tokens": 9, "output_tokens": 4, "total_tokens": 13 } })
        .to_string();
    }
    if way.anthropic {
        return json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{ "type": "text", "text": "Sunny in Oslo." }],
            "stop_reason": "end_turn", "stop_sequence": null, "usage": { "input_tokens": 9, "output_tokens": 4 } })
        .to_string();
    }
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": "Sunny in Oslo." }, "finish_reason": "stop" });
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [choice] }).to_string()
}

fn script(way: Way) -> Vec<Act> {
    if way.stream {
        return std::iter::once(stream_head()).chain(events(way).iter().map(chunk)).chain([last_chunk()]).collect();
    }
    vec![answer("200 OK", "content-type: application/json\r\n", body(way))]
}

/// Chaos of the server, and metrics.
fn with(chaos: &[(ChaosField, f64)], more: impl FnOnce(&mut Settings)) -> impl FnOnce(&mut Settings) {
    let chaos = chaos.to_vec();
    move |settings| {
        for (field, value) in &chaos {
            settings.chaos.set(*field, Some(*value));
        }
        settings.metrics = true;
        more(settings);
    }
}

/// A proxy before an upstream, under chaos.
async fn proxied(upstream: UpstreamSettings, chaos: &[(ChaosField, f64)]) -> Running {
    start_with(json!([]), with(chaos, proxy(upstream))).await
}

/// The same, recording.
async fn recorded(upstream: &Upstream, folder: &Sandbox, chaos: &[(ChaosField, f64)]) -> Running {
    let upstreams = Arc::new(Upstreams::new(upstream.settings()).unwrap());
    let recorder = Arc::new(Recorder::new(RecordSettings::new(folder.path())));
    start_with(json!([]), with(chaos, |settings| settings.on_miss = OnMiss::Record(upstreams, recorder))).await
}

/// Asserts the one count of chaos.
async fn assert_counted(server: &Running, name: &str, labels: &str) {
    let metrics = server.get("/metrics").await.text().to_owned();
    let counted: Vec<&str> = metrics.lines().filter(|line| line.starts_with("aimock_chaos_")).collect();
    assert_eq!(counted, [format!("{name}{{{labels}}} 1")]);
}

async fn assert_triggered(server: &Running, action: &str) {
    assert_eq!(entry(server).await["response"]["chaosAction"], action);
    assert_counted(server, TRIGGERED, &format!(r#"action="{action}",source="proxy""#)).await;
}

async fn assert_bypassed(server: &Running, action: &str, reason: &str) {
    let response = entry(server).await["response"].clone();
    assert_eq!((response.get("chaosAction"), &response["chaos"]["bypassed"]), (None, &json!(reason)), "{response}");
    assert_counted(server, BYPASSED, &format!(r#"action="{action}",reason="{reason}",source="proxy""#)).await;
}

#[tokio::test]
async fn a1_a19_what_stands_in_for_an_answer_asks_no_upstream_and_records_nothing() {
    let actions = [
        (ChaosField::DropRate, "drop", 500),
        (ChaosField::RateLimitRate, "rateLimit", 429),
        (ChaosField::StatusRate, "status", 500),
        (ChaosField::DisconnectRate, "disconnect", 0),
    ];
    for way in WAYS {
        for (field, name, status) in actions {
            let (upstream, folder) = (Upstream::start(script(way)).await, Sandbox::new());
            for server in [proxied(upstream.settings(), &[(field, 1.0)]).await, recorded(&upstream, &folder, &[(field, 1.0)]).await] {
                let got = server.send(way.says("hi")).await;
                assert_eq!((got.status, got.raw.is_empty()), (status, status == 0));
                let response = entry(&server).await["response"].clone();
                assert_eq!(
                    (&response["status"], &response["source"], &response["fixture"]),
                    (&json!(status), &json!("proxy"), &Value::Null)
                );
                assert_triggered(&server, name).await;
            }
            assert_eq!((upstream.count(), entries(folder.path()).len()), (0, 0), "{name}");
        }
    }
}

#[tokio::test]
async fn a2_a10_a_malformed_body_was_asked_for_once_and_keeps_its_status() {
    for way in WAYS {
        for status in ["200 OK", "404 Not Found", "429 Too Many Requests"] {
            let upstream = Upstream::start(vec![answer(status, "content-type: application/json; charset=utf-8\r\n", body(way))]).await;
            let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
            let got = server.send(way.says("hi")).await;
            assert_eq!(got.status.to_string(), status[..3]);
            assert!(serde_json::from_slice::<Value>(&got.body).is_err(), "{}", got.text());
            assert_eq!((got.header("content-type"), got.header("access-control-allow-origin")), (Some("application/json"), Some("*")));
            assert_eq!((got.complete, upstream.count()), (true, 1));
            assert_eq!(entry(&server).await["response"]["status"], got.status);
            assert_triggered(&server, "malformed").await;
        }
    }
}

#[tokio::test]
async fn a2_a_body_that_is_no_json_keeps_its_type_and_has_its_bytes_broken() {
    let bytes: Vec<u8> = (0..64).collect();
    for way in WAYS {
        let upstream = Upstream::start(vec![answer("200 OK", "content-type: audio/mpeg\r\n", &bytes)]).await;
        let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
        let got = server.send(way.says("hi")).await;
        assert_eq!((got.header("content-type"), got.body.len()), (Some("audio/mpeg"), bytes.len()));
        assert!(got.body[..16] != bytes[..16] && got.body[16..] == bytes[16..]);
        assert_triggered(&server, "malformed").await;
    }
}

#[tokio::test]
async fn a2_a_compressed_answer_is_broken_as_what_it_says() {
    use std::io::Write as _;
    for way in STREAMS {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(events(way).concat().as_bytes()).unwrap();
        let fields = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n";
        let upstream = Upstream::start(vec![answer("200 OK", fields, packed.finish().unwrap())]).await;
        let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
        let got = server.send(way.says("hi").header("accept-encoding", "gzip")).await;
        assert_eq!(got.header("content-encoding"), None);
        assert_eq!(got.text().replace(MALFORMED, ""), events(way).concat());
        assert_triggered(&server, "malformed").await;
    }
    let upstream = Upstream::start(vec![answer("200 OK", "content-type: text/event-stream\r\ncontent-encoding: zstd\r\n", "?")]).await;
    let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
    assert_eq!(server.send(STREAMS[0].says("hi")).await.text(), "?");
    assert_bypassed(&server, "malformed", "binary_streamed").await;
}

#[tokio::test]
async fn a7_chaos_is_not_claimed_where_the_upstream_gave_no_answer() {
    // A port that was free a moment ago.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = Upstream::start(vec![Act::Silence]).await;
    for way in WAYS {
        for (address, status) in [(gone, 502), (silent.address, 504)] {
            let mut settings = UpstreamSettings { first_byte: Duration::from_millis(40), ..silent.settings() };
            settings.targets.iter_mut().for_each(|target| target.base = format!("http://{address}"));
            let server = proxied(settings, &[(ChaosField::MalformedRate, 1.0)]).await;
            let got = server.send(way.says("hi")).await;
            assert_eq!((got.status, got.header("access-control-allow-origin")), (status, Some("*")));
            let response = entry(&server).await["response"].clone();
            assert_eq!((&response["status"], &response["fixture"], &response["source"]), (&json!(status), &Value::Null, &json!("proxy")));
            assert_bypassed(&server, "malformed", "no_answer").await;
        }
    }
}

#[tokio::test]
async fn a9_one_event_is_broken_in_flight_and_the_rest_is_intact() {
    for way in STREAMS {
        let upstream = Upstream::start(script(way)).await;
        let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
        let got = server.send(way.says("hi")).await;
        assert_eq!((got.status, got.complete), (200, true));
        assert_eq!(got.header("content-type"), Some("text/event-stream; charset=utf-8"));
        let (sent, came) = (events(way), Way::events(&got));
        let broken: Vec<usize> = (0..sent.len()).filter(|index| came[*index] != sent[*index].trim_end()).collect();
        assert_eq!((came.len(), broken.len()), (sent.len(), 1), "{}", got.text());
        assert_eq!(came[broken[0]].replace(MALFORMED, ""), sent[broken[0]].trim_end());
        assert_triggered(&server, "malformed").await;
        let stream = entry(&server).await["stream"].clone();
        assert_eq!((&stream["events"], &stream["bytes"], &stream["unparsed"]), (&json!(sent.len()), &json!(got.body.len()), &json!(1)));
    }
}

#[tokio::test]
async fn a9_events_pass_before_the_upstream_has_sent_its_last_under_chaos_too() {
    for way in STREAMS {
        let gate = Arc::new(Notify::new());
        let mut script = script(way);
        script.insert(2, Act::Wait(gate.clone()));
        let upstream = Upstream::start(script).await;
        let server = proxied(upstream.settings(), &[(ChaosField::MalformedRate, 1.0)]).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&way.says("hi").bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).replace("\r\n", "").contains("}\n\n") {
            let mut piece = [0; 1024];
            let count = tcp.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "the first event never came");
            seen.extend_from_slice(&piece[..count]);
        }
        gate.notify_one();
        tcp.read_to_end(&mut seen).await.unwrap();
        assert_eq!(Response::parse(seen).text().replace(MALFORMED, ""), events(way).concat());
    }
}

#[tokio::test(start_paused = true)]
async fn a9_truncate_stall_and_error_event_act_in_flight() {
    let clock = Clock::stopped();
    for way in STREAMS {
        let upstream = Upstream::start(script(way)).await;
        let whole = events(way).concat();

        let server = proxied(upstream.settings(), &[(ChaosField::TruncateRate, 1.0)]).await;
        let got = server.send(way.says("hi")).await;
        assert!(!got.complete && whole.starts_with(got.text()) && got.text().ends_with("\n\n") && got.text().len() < whole.len());
        assert!(!Way::events(&got).iter().any(|event| way.is_terminator(event)));
        assert_eq!(entry(&server).await["response"]["interruptReason"], "chaos truncate");
        assert_triggered(&server, "truncate").await;

        let server = proxied(upstream.settings(), &[(ChaosField::StallRate, 1.0), (ChaosField::StallMs, 80.0)]).await;
        let (got, taken) = clock.run(server.send(way.says("hi"))).await;
        assert_eq!((got.text(), got.complete), (whole.as_str(), true));
        assert!(taken >= Duration::from_millis(80), "{taken:?}");
        assert_triggered(&server, "stall").await;

        let server = proxied(upstream.settings(), &[(ChaosField::ErrorEventRate, 1.0)]).await;
        let got = server.send(way.says("hi")).await;
        let (came, sent) = (Way::events(&got), events(way));
        let (last, before) = came.split_last().unwrap();
        assert!(got.complete && last.contains("Chaos: error event"), "{}", got.text());
        assert_eq!(last.starts_with("event: error\n"), way.anthropic || way.responses);
        assert!(!before.is_empty() && before.iter().zip(&sent).all(|(came, sent)| came == sent.trim_end()));
        assert_triggered(&server, "errorEvent").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a9_truncate_and_stall_act_on_relayed_bodies() {
    let clock = Clock::stopped();
    for way in WAYS.into_iter().filter(|way| !way.stream) {
        let upstream = Upstream::start(script(way)).await;
        let server = proxied(upstream.settings(), &[(ChaosField::TruncateRate, 1.0)]).await;
        let got = server.send(way.says("hi")).await;
        assert!(!got.complete && body(way).starts_with(got.text()) && got.text().len() < body(way).len());
        assert_triggered(&server, "truncate").await;
        let server = proxied(upstream.settings(), &[(ChaosField::StallRate, 1.0), (ChaosField::StallMs, 80.0)]).await;
        let (got, taken) = clock.run(server.send(way.says("hi"))).await;
        assert_eq!(got.text(), body(way));
        assert!(taken >= Duration::from_millis(80), "{taken:?}");
        assert_triggered(&server, "stall").await;
    }
}

#[tokio::test]
async fn a10_what_is_recorded_is_what_the_upstream_said_whatever_the_client_got() {
    let actions = [
        (ChaosField::MalformedRate, 1.0),
        (ChaosField::TruncateRate, 1.0),
        (ChaosField::StallRate, 1.0),
        (ChaosField::ErrorEventRate, 1.0),
        (ChaosField::DropRate, 0.0),
    ];
    for way in WAYS {
        let mut said = Vec::new();
        for action in actions {
            let (upstream, folder) = (Upstream::start(script(way)).await, Sandbox::new());
            let server = recorded(&upstream, &folder, &[action, (ChaosField::StallMs, 1.0)]).await;
            server.send(way.says("hi")).await;
            // The client's connection may end before the upstream's answer does.
            for _ in 0..2000 {
                if !entries(folder.path()).is_empty() {
                    break;
                }
                moment().await;
            }
            let mut found = entries(folder.path());
            assert_eq!((found.len(), upstream.count()), (1, 1), "{action:?}");
            // Also where chaos had ended the client's answer before it was recorded.
            let recorded = loop {
                let entry = entry(&server).await;
                if let Some(handle) = entry["response"]["recorded"].as_str() {
                    break handle.to_owned();
                }
                moment().await;
            };
            assert!(recorded.ends_with(".json#/fixtures/0"), "{recorded}");
            said.push((found[0]["match"].take(), found[0]["response"].take()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
        assert_eq!(said[0].1["content"], "Sunny in Oslo.");
    }
}

#[tokio::test]
async fn a11_arbitrary_bytes_are_captured_as_they_came() {
    let bytes = [0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x80];
    for way in WAYS {
        let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/x-odd\r\n", bytes)]).await;
        let folder = Sandbox::new();
        let server = recorded(&upstream, &folder, &[]).await;
        for source in ["proxy", "fixture"] {
            let got = server.send(way.says("hi")).await;
            assert_eq!((got.body.as_slice(), got.header("content-type")), (&bytes[..], Some("application/x-odd")));
            assert_eq!(server.journal().await.last().unwrap()["response"]["source"], source);
        }
        assert_eq!((upstream.count(), entries(folder.path()).len()), (1, 1));
    }
}

#[tokio::test]
async fn a14_the_same_seed_gives_the_same_faults_to_relayed_requests() {
    let upstream = Upstream::playing(|request| {
        let text = String::from_utf8_lossy(request);
        script(Way {
            anthropic: text.starts_with("POST /v1/messages"),
            responses: text.starts_with("POST /v1/responses"),
            stream: text.contains(r#""stream":true"#),
        })
    })
    .await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let chaos = [(ChaosField::DropRate, 0.3), (ChaosField::MalformedRate, 0.3), (ChaosField::TruncateRate, 0.3)];
        let server = Arc::new(proxied(upstream.settings(), &chaos).await);
        let requests = (0..40).map(|number| (WAYS[number % 4], format!("question {}", number % 12)));
        let tasks: Vec<_> = requests
            .map(|(way, text)| {
                let server = server.clone();
                tokio::spawn(async move { server.send(way.says(&text)).await.raw.len() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let journal = server.journal().await;
        let mut met: Vec<String> = journal.iter().map(|entry| format!("{} {}", entry["body"], entry["response"]["chaosAction"])).collect();
        met.sort();
        assert!(["\"drop\"", "\"malformed\"", "\"truncate\"", "null"].iter().all(|action| met.iter().any(|line| line.ends_with(action))));
        runs.push(met);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a15_what_cannot_be_applied_passes_intact_and_is_counted_once() {
    let head = |kind: &str| format!("content-type: {kind}\r\n");
    let cases = [
        (vec![stream_head(), last_chunk()], ChaosField::MalformedRate, "malformed", "empty_stream"),
        (vec![answer("200 OK", &head("application/json"), "")], ChaosField::MalformedRate, "malformed", "empty_body"),
        (vec![answer("200 OK", &head("application/json"), "{}")], ChaosField::ErrorEventRate, "errorEvent", "not_a_stream"),
        (vec![stream_head(), chunk("data: [DONE]\n\n"), last_chunk()], ChaosField::MalformedRate, "malformed", "stream_ended"),
        (vec![answer("200 OK", &head("application/vnd.amazon.eventstream"), "x")], ChaosField::TruncateRate, "truncate", "empty_stream"),
        (
            vec![answer("200 OK", &head("text/event-stream\r\ncontent-encoding: x-odd"), "data: {}\n\n")],
            ChaosField::TruncateRate,
            "truncate",
            "binary_streamed",
        ),
    ];
    for way in WAYS {
        for (script, field, action, reason) in cases.clone() {
            let upstream = Upstream::start(script.clone()).await;
            let plain = proxied(upstream.settings(), &[]).await.send(way.says("hi")).await;
            let server = proxied(upstream.settings(), &[(field, 1.0)]).await;
            let got = server.send(way.says("hi")).await;
            assert_eq!((got.status, &got.body, got.complete), (plain.status, &plain.body, true), "{reason}");
            assert_eq!(got.header("content-type"), plain.header("content-type"));
            assert_bypassed(&server, action, reason).await;
            let log = server.log.lock().unwrap();
            assert_eq!(log.iter().filter(|line| line.starts_with("chaos: ")).count(), 1, "{log:?}");
        }
    }
}

#[tokio::test]
async fn a15_bypass_relays_streams_untouched() {
    let lines = answer("200 OK", "content-type: application/x-ndjson\r\n", "{\"a\":1}\n");
    for (way, script, reason) in [
        (STREAMS[0], script(STREAMS[0]), "sse_streamed"),
        (STREAMS[1], script(STREAMS[1]), "sse_streamed"),
        (STREAMS[0], vec![lines], "ndjson_streamed"),
    ] {
        let upstream = Upstream::start(script).await;
        let plain = proxied(upstream.settings(), &[]).await.send(way.says("hi")).await;
        let proxied = proxy(upstream.settings());
        let server = start_with(
            json!([]),
            with(&[(ChaosField::MalformedRate, 1.0)], |settings| {
                settings.chaos_streams = ChaosStreams::Bypass;
                proxied(settings);
            }),
        )
        .await;
        assert_eq!(server.send(way.says("hi")).await.body, plain.body);
        assert_bypassed(&server, "malformed", reason).await;
    }
}

#[tokio::test]
async fn a15_a_client_that_leaves_before_the_place_has_met_no_chaos() {
    for way in STREAMS {
        let upstream = Upstream::start(vec![stream_head(), chunk(": hello\n\n"), Act::Silence]).await;
        let server = proxied(upstream.settings(), &[(ChaosField::TruncateRate, 1.0)]).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&way.says("hi").bytes()).await.unwrap();
        tcp.read_exact(&mut [0; 1]).await.unwrap();
        drop(tcp);
        assert_bypassed(&server, "truncate", "client_gone").await;
    }
}

#[tokio::test]
async fn a16_chaos_on_a_fixture_asks_no_upstream() {
    for way in WAYS {
        let upstream = Upstream::start(script(way)).await;
        let fixtures = fixture(&json!({ "content": "from a file" }), &json!({}));
        let server = start_with(fixtures, with(&[(ChaosField::MalformedRate, 1.0)], proxy(upstream.settings()))).await;
        assert!(server.send(way.says("hi")).await.text().contains(MALFORMED));
        let response = entry(&server).await["response"].clone();
        assert_eq!((&response["source"], &response["fixture"]["handle"]), (&json!("fixture"), &json!("suite.json#/fixtures/0")));
        assert_counted(&server, TRIGGERED, r#"action="malformed",source="fixture""#).await;
        assert_eq!(upstream.count(), 0);
    }
}

#[tokio::test]
async fn a17_relayed_answers_under_chaos_carry_cors() {
    let fields = [ChaosField::DropRate, ChaosField::RateLimitRate, ChaosField::MalformedRate, ChaosField::ErrorEventRate];
    for way in WAYS {
        let upstream = Upstream::start(script(way)).await;
        for field in fields {
            let server = proxied(upstream.settings(), &[(field, 1.0)]).await;
            assert_eq!(server.send(way.says("hi")).await.header("access-control-allow-origin"), Some("*"), "{field:?}");
        }
    }
}

#[tokio::test]
async fn a19_a_malformed_answer_is_recorded_as_it_was_and_replays() {
    for way in WAYS {
        let (upstream, folder) = (Upstream::start(script(way)).await, Sandbox::new());
        let server = recorded(&upstream, &folder, &[]).await;
        let first = server.send(way.says("hi").header("x-aimock-chaos-malformed", "1")).await;
        assert!(first.text().contains(MALFORMED), "{}", first.text());
        let second = server.send(way.says("hi")).await;
        assert_eq!((way.said(&second).as_str(), upstream.count()), ("Sunny in Oslo.", 1));
        let sources: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["source"].clone()).collect();
        assert_eq!(sources, ["proxy", "fixture"]);
    }
}

#[tokio::test]
async fn latency_comes_before_the_upstream_is_asked() {
    for way in WAYS {
        let upstream = Upstream::start(script(way)).await;
        let server = proxied(upstream.settings(), &[(ChaosField::LatencyMs, 30_000.0)]).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&way.says("hi").bytes()).await.unwrap();
        // Decided, so there is an entry; and nobody was asked.
        while server.get("/__aimock/journal").await.json() == json!([]) {
            moment().await;
        }
        assert_eq!(upstream.count(), 0);
    }
}

#[tokio::test]
async fn b12_every_way_out_of_a_relay_is_counted_once() {
    let hasty = |upstream: &Upstream| {
        let wait = Duration::from_millis(40);
        UpstreamSettings { first_byte: wait, body_pause: wait, ..upstream.settings() }
    };
    let none: &[(ChaosField, f64)] = &[];
    let open = vec![stream_head(), chunk("data: 1\n\n")];
    let cases = [
        (vec![stream_head(), chunk("data: 1\n\n"), last_chunk()], none, "200", None),
        (vec![stream_head(), last_chunk()], none, "200", None),
        (open.clone(), none, "200", Some("upstream connection closed")),
        ([open.clone(), vec![Act::Silence]].concat(), none, "200", Some("upstream body timeout")),
        (vec![Act::Silence], none, "504", None),
        (vec![send("SSH-2.0-OpenSSH_9.9\r\n")], none, "502", None),
        (script(STREAMS[0]), &[(ChaosField::TruncateRate, 1.0)], "200", Some("chaos truncate")),
        (script(STREAMS[0]), &[(ChaosField::DisconnectRate, 1.0)], "destroyed", Some("chaos disconnect")),
    ];
    for way in STREAMS {
        for (script, chaos, status, reason) in cases.clone() {
            let upstream = Upstream::start(script).await;
            let server = proxied(hasty(&upstream), chaos).await;
            server.send(way.says("hi")).await;
            let ended = entry(&server).await;
            assert_eq!(ended["response"].get("interruptReason"), reason.map(Value::from).as_ref(), "{ended}");
            let metrics = server.get("/metrics").await.text().to_owned();
            let counted = format!("aimock_requests_total{{method=\"POST\",path=\"{}\",status=\"{status}\"}}", way.path());
            assert_eq!((metric(&metrics, &counted), metric(&metrics, "aimock_requests_in_flight")), (1, 0), "{metrics}");
            let interrupted: Vec<&str> = metrics.lines().filter(|line| line.starts_with("aimock_streams_interrupted_total")).collect();
            let expected = reason.map(|reason| format!("aimock_streams_interrupted_total{{reason=\"{reason}\"}} 1"));
            assert_eq!(interrupted, expected.as_deref().into_iter().collect::<Vec<&str>>());
        }
    }
}
