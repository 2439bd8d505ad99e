//! (a) Chaos, in fixture mode. What needs an upstream is shown where the proxy is.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{STREAMS, WAYS, Way, data, entry, fixture, metric};
use crate::server::clock::Clock;
use crate::server::support::{Request, Response, Running, start, start_with};

const MALFORMED: &str = "{malformed json: <<<chaos>>>";

/// A server with metrics whose one fixture says `a b c d e f` under this chaos.
async fn chaotic(chaos: &Value) -> Running {
    start_with(fixture(&json!({ "content": "a b c d e f" }), &json!({ "chunkSize": 2, "chaos": chaos })), |settings| {
        settings.metrics = true;
    })
    .await
}

/// Asserts the one metric of chaos that was counted, and that it was counted once.
async fn assert_counted(server: &Running, line: &str) {
    let metrics = server.get("/metrics").await.text().to_owned();
    let counted: Vec<&str> = metrics.lines().filter(|line| line.starts_with("aimock_chaos_")).collect();
    assert_eq!(counted, [format!("{line} 1")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_a5_drop_is_a_500_and_names_the_fixture_that_matched() {
    for way in WAYS {
        let server = chaotic(&json!({ "dropRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        way.assert_error(&answer, 500, if way.anthropic { "api_error" } else { "server_error" }, "Chaos: request dropped");
        assert_eq!(answer.json()["error"]["code"], "chaos_drop");
        if !way.anthropic {
            let peers = r#"{"error":{"message":"Chaos: request dropped","type":"server_error","code":"chaos_drop"}}"#;
            assert_eq!(answer.text(), peers);
        }
        let entry = &entry(&server).await["response"];
        assert_eq!((&entry["chaosAction"], &entry["source"], &entry["status"]), (&json!("drop"), &json!("fixture"), &json!(500)));
        assert_eq!(entry["fixture"]["handle"], "suite.json#/fixtures/0");
        let fixtures = server.get("/__aimock/fixtures?include=fixtures").await.json();
        assert_eq!(fixtures["fixtures"][0]["served"], 1);
        assert_counted(&server, r#"aimock_chaos_triggered_total{action="drop",source="fixture"}"#).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_a5_a6_disconnect_sends_no_byte_and_journals_status_0() {
    for way in WAYS {
        let server = chaotic(&json!({ "disconnectRate": 1 })).await;
        assert_eq!(server.send(way.says("hi")).await.raw, b"");
        let entry = &entry(&server).await["response"];
        assert_eq!((&entry["chaosAction"], &entry["status"]), (&json!("disconnect"), &json!(0)));
        assert_eq!(entry["fixture"]["handle"], "suite.json#/fixtures/0");
        let fixtures = server.get("/__aimock/fixtures?include=fixtures").await.json();
        assert_eq!(fixtures["fixtures"][0]["served"], 1);
        assert_counted(&server, r#"aimock_chaos_triggered_total{action="disconnect",source="fixture"}"#).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_rate_limits_say_when_to_come_back_and_a_status_is_the_one_asked_for() {
    for way in WAYS {
        let server = chaotic(&json!({ "rateLimitRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        way.assert_error(&answer, 429, "rate_limit_error", "Chaos: rate limit exceeded");
        assert_eq!((answer.header("retry-after"), &answer.json()["error"]["code"]), (Some("1"), &json!("chaos_ratelimit")));
        assert_eq!(entry(&server).await["response"]["chaosAction"], "rateLimit");

        let server = chaotic(&json!({ "statusRate": 1, "status": 503 })).await;
        let answer = server.send(way.says("hi")).await;
        way.assert_error(&answer, 503, if way.anthropic { "api_error" } else { "server_error" }, "Chaos: status 503");
        assert_eq!(entry(&server).await["response"]["chaosAction"], "status");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_half_and_half_is_a_half_a_quarter_and_a_quarter_and_is_decided_once() {
    for way in WAYS {
        let server = chaotic(&json!({ "dropRate": 0.5, "malformedRate": 0.5 })).await;
        let mut counts = [0; 3];
        for number in 0..400 {
            let answer = server.send(way.says(&format!("question {}", number % 40))).await;
            let kind = match (answer.status, answer.text().contains(MALFORMED)) {
                (500, _) => 0,
                (_, true) => 1,
                (_, false) => 2,
            };
            counts[kind] += 1;
        }
        assert!((160..240).contains(&counts[0]) && (65..135).contains(&counts[1]) && (65..135).contains(&counts[2]), "{counts:?}");
        let journal = server.journal().await;
        let rolled: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["chaos"]["action"]).collect();
        assert_eq!(journal.len(), 400);
        assert_eq!(rolled.iter().filter(|action| **action == "drop").count(), counts[0]);
        assert_eq!(rolled.iter().filter(|action| action.is_null()).count(), counts[2]);
        assert_eq!(server.get("/__aimock/fixtures?include=fixtures").await.json()["fixtures"][0]["served"], 400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_header_then_fixture_then_test_id_then_server() {
    for way in WAYS {
        let fixtures = json!([
            { "match": { "userMessage": "own" }, "response": { "content": "fine" }, "chaos": { "dropRate": 0 } },
            { "match": {}, "response": { "content": "fine" } },
        ]);
        let server = start_with(fixtures, |settings| {
            settings.chaos.set(aimock::fixture::ChaosField::DropRate, Some(1.0));
        })
        .await;
        let status = async |request: Request| server.send(request).await.status;
        assert_eq!(status(way.says("any")).await, 500, "the server's own");
        assert_eq!(status(way.says("own")).await, 200, "the fixture switches it off for itself");
        assert_eq!(status(way.says("own").header("x-aimock-chaos-drop", "1")).await, 500, "the header is stronger");
        assert_eq!(status(way.says("any").header("x-aimock-chaos-drop", "0")).await, 200);
        let of_test = server.post("/__aimock/chaos?testId=t", r#"{"dropRate":0,"rateLimitRate":1}"#).await;
        assert_eq!(of_test.json(), json!({ "chaos": { "dropRate": 0, "rateLimitRate": 1 } }));
        assert_eq!(status(way.says("any").header("x-test-id", "t")).await, 429, "per test id");
        assert_eq!(status(way.says("own").header("x-test-id", "t")).await, 429, "setting by setting");
        assert_eq!(status(way.says("any").header("x-test-id", "other")).await, 500);
        server.post("/__aimock/chaos?testId=t", "{}").await;
        assert_eq!(status(way.says("any").header("x-test-id", "t")).await, 200, "nothing at all");
        let back = server.send(Request::new("DELETE", "/__aimock/chaos?testId=t")).await;
        assert_eq!(back.json(), json!({ "chaos": { "dropRate": 1 } }));
        assert_eq!(status(way.says("any").header("x-test-id", "t")).await, 500, "back to the server's");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a17_a_miss_is_of_the_proxy_with_chaos_or_without() {
    for way in WAYS {
        for (rate, status) in [("0", 404), ("1", 500)] {
            let server = start(json!([])).await;
            let answer = server.send(way.says("hi").header("x-aimock-chaos-drop", rate)).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some("*")));
            let entry = entry(&server).await;
            assert_eq!((&entry["response"]["source"], &entry["response"]["fixture"]), (&json!("proxy"), &Value::Null));
            assert_eq!(entry["response"].get("chaosAction").is_some(), status == 500);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_what_is_applied_is_counted_as_triggered_and_what_is_not_as_bypassed() {
    for way in WAYS {
        let server = chaotic(&json!({ "malformedRate": 1 })).await;
        server.send(way.says("hi")).await;
        server.journal().await;
        assert_counted(&server, r#"aimock_chaos_triggered_total{action="malformed",source="fixture"}"#).await;
        let server = chaotic(&json!({})).await;
        server.send(way.says("hi").header("x-aimock-chaos-drop", "1").header("x-test-id", "miss")).await;
        let empty = start_with(json!([]), |settings| settings.metrics = true).await;
        empty.send(way.says("hi").header("x-aimock-chaos-drop", "1")).await;
        empty.journal().await;
        assert_counted(&empty, r#"aimock_chaos_triggered_total{action="drop",source="proxy"}"#).await;
    }
}

/// Asserts that a body that was asked for as a stream has one broken event and all others intact.
#[track_caller]
fn assert_one_broken(answer: &Response, intact: &Response) {
    let (changed, whole) = (Way::events(answer), Way::events(intact));
    assert_eq!((answer.header("content-type"), changed.len()), (Some("text/event-stream"), whole.len()));
    let broken: Vec<&String> = changed.iter().filter(|event| event.contains(MALFORMED)).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(data(broken[0]), None);
    assert_eq!(
        changed.iter().filter(|event| data(event).is_some()).count(),
        whole.iter().filter(|event| data(event).is_some()).count() - 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a16_malformed_breaks_a_body_or_one_event_of_a_stream() {
    for way in WAYS {
        let server = chaotic(&json!({ "malformedRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!((answer.status, answer.complete), (200, true));
        if way.stream {
            let intact = server.send(way.says("hi").header("x-aimock-chaos-malformed", "0")).await;
            assert_one_broken(&answer, &intact);
            assert_eq!(way.said(&intact), "a b c d e f");
        } else {
            assert_eq!((answer.header("content-type"), answer.text()), (Some("application/json"), "{malformed json: <<<chaos>>>}"));
        }
        let entry = &server.journal().await[0]["response"];
        assert_eq!((&entry["chaosAction"], &entry["fixture"]["index"]), (&json!("malformed"), &json!(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn a9_truncate_stall_and_error_event_act_inside_streams() {
    let clock = Clock::stopped();
    for way in STREAMS {
        let server = chaotic(&json!({ "truncateRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        assert!(!answer.complete && !Way::events(&answer).is_empty(), "{way:?}");
        assert!(Way::events(&answer).iter().all(|event| data(event).is_some() && !way.is_terminator(event)));
        let cut = &entry(&server).await["response"];
        assert_eq!((&cut["chaosAction"], &cut["interruptReason"]), (&json!("truncate"), &json!("chaos truncate")));

        let server = chaotic(&json!({ "stallRate": 1, "stallMs": 80 })).await;
        let answer = server.takes(&clock, Duration::from_millis(80), way.says("hi")).await;
        assert_eq!((answer.complete, way.said(&answer).as_str()), (true, "a b c d e f"));

        let server = chaotic(&json!({ "errorEventRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        let events = Way::events(&answer);
        let last = data(events.last().unwrap()).unwrap();
        assert_eq!((answer.complete, &last["error"]["message"]), (true, &json!("Chaos: error event")));
        assert_eq!(events.last().unwrap().starts_with("event: error"), way.anthropic || way.responses);
        assert_eq!(entry(&server).await["response"]["chaosAction"], "errorEvent");
    }
}

#[tokio::test(start_paused = true)]
async fn a9_truncate_and_stall_act_on_whole_bodies() {
    let clock = Clock::stopped();
    for way in WAYS.into_iter().filter(|way| !way.stream) {
        let server = chaotic(&json!({ "truncateRate": 1 })).await;
        let answer = server.send(way.says("hi")).await;
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert!(!answer.complete && answer.body.len() < length, "{} of {length}", answer.body.len());
        let server = chaotic(&json!({ "stallRate": 1, "stallMs": 60 })).await;
        let answer = server.takes(&clock, Duration::from_millis(60), way.says("hi")).await;
        assert_eq!(way.said(&answer), "a b c d e f");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a13_a_header_that_is_no_rate_is_passed_over_with_one_warning() {
    for way in WAYS {
        for wrong in ["half", "1.5", "-1", "NaN", "1e0", "0x1"] {
            let server = chaotic(&json!({ "dropRate": 1 })).await;
            assert_eq!(server.send(way.says("hi").header("x-aimock-chaos-drop", wrong)).await.status, 500, "the fixture's rate counts");
            server.send(way.says("hi").header("x-aimock-chaos-drop", wrong)).await;
            let log = server.log.lock().unwrap();
            let warnings: Vec<&String> = log.iter().filter(|line| line.contains("x-aimock-chaos-drop")).collect();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("a number between 0 and 1"), "{warnings:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a13_elsewhere_a_wrong_rate_is_an_error_that_names_the_field() {
    let server = start(json!([])).await;
    let check = async |body: &str, message: &str| {
        let answer = server.post("/__aimock/chaos", body).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(message)), "{body}");
    };
    check(r#"{"dropRate":2}"#, "Invalid 'dropRate': must be a number between 0 and 1").await;
    check(r#"{"dropRate":"0.5"}"#, "Invalid 'dropRate': must be a number between 0 and 1").await;
    check(r#"{"latencyMs":1.5}"#, "Invalid 'latencyMs': must be a whole number of ms between 0 and 30000").await;
    check(r#"{"dropRat":1}"#, "Unknown chaos field: 'dropRat'").await;
    let blank = server.send(Request::new("POST", "/__aimock/chaos").header("x-test-id", " ").body("{}")).await;
    assert_eq!(blank.status, 400);
    let posted = json!({ "fixtures": [{ "match": {}, "response": { "content": "x" }, "chaos": { "dropRate": 2 } }] });
    let refused = server.post("/__aimock/fixtures", &posted.to_string()).await;
    assert!(refused.status == 400 && refused.text().contains("dropRate"), "{}", refused.text());
    assert_eq!(server.get("/__aimock/chaos").await.json(), json!({ "chaos": {} }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a15_what_cannot_be_applied_leaves_the_answer_intact_and_is_counted_as_bypassed() {
    for way in WAYS {
        let chaos = json!({ "chaos": { "malformedRate": 1 } });
        let server = start_with(fixture(&json!({ "events": [] }), &chaos), |settings| settings.metrics = true).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!((answer.status, answer.text(), answer.complete), (200, "", true));
        let response = entry(&server).await["response"].clone();
        assert_eq!((response.get("chaosAction"), &response["chaos"]["bypassed"]), (None, &json!("empty_stream")));
        assert_counted(&server, r#"aimock_chaos_bypassed_total{action="malformed",reason="empty_stream",source="fixture"}"#).await;
        let log = server.log.lock().unwrap();
        assert_eq!(log.iter().filter(|line| line.contains("malformed")).count(), 1, "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a15_bypass_leaves_streams_alone() {
    for way in STREAMS {
        let more = json!({ "chaos": { "malformedRate": 1 } });
        let server = start_with(fixture(&json!({ "content": "intact" }), &more), |settings| {
            settings.metrics = true;
            settings.chaos_streams = aimock::engine::ChaosStreams::Bypass;
        })
        .await;
        assert_eq!(way.said(&server.send(way.says("hi")).await), "intact");
        assert_eq!(entry(&server).await["response"].get("chaosAction"), None);
        assert_counted(&server, r#"aimock_chaos_bypassed_total{action="malformed",reason="sse_streamed",source="fixture"}"#).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a15_a_stream_that_was_cut_by_its_client_is_not_claimed_as_chaos() {
    for way in STREAMS {
        // The stall stands behind the first event or later; the client is gone after the first byte.
        let more = json!({ "chunkSize": 2, "latency": 40, "chaos": { "truncateRate": 1 } });
        let server = start_with(fixture(&json!({ "content": "x".repeat(400) }), &more), |settings| settings.metrics = true).await;
        let mut tcp = server.connect().await;
        tokio::io::AsyncWriteExt::write_all(&mut tcp, &way.says("hi").bytes()).await.unwrap();
        tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 1]).await.unwrap();
        drop(tcp);
        let response = entry(&server).await["response"].clone();
        assert_eq!((response.get("chaosAction"), &response["chaos"]["bypassed"]), (None, &json!("client_gone")), "{response}");
        assert_counted(&server, r#"aimock_chaos_bypassed_total{action="truncate",reason="client_gone",source="fixture"}"#).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a17_answers_of_chaos_carry_cors_and_a_preflight_never_meets_it() {
    for way in WAYS {
        for chaos in [json!({ "dropRate": 1 }), json!({ "malformedRate": 1 }), json!({ "rateLimitRate": 1 })] {
            let server = chaotic(&chaos).await;
            assert_eq!(server.send(way.says("hi")).await.header("access-control-allow-origin"), Some("*"));
        }
        let server = start_with(json!([]), |settings| settings.chaos.set(aimock::fixture::ChaosField::DropRate, Some(1.0))).await;
        let preflight = Request::new("OPTIONS", way.path())
            .header("origin", "http://page.test")
            .header("access-control-request-method", "POST")
            .header("x-aimock-chaos-drop", "1");
        assert_eq!(server.send(preflight).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a18_probes_metrics_models_and_the_control_api_are_exempt() {
    let server = start_with(json!([]), |settings| {
        settings.metrics = true;
        settings.chaos.set(aimock::fixture::ChaosField::DropRate, Some(1.0));
    })
    .await;
    for target in
        ["/health", "/ready", "/metrics", "/v1/models", "/v1/_requests", "/__aimock/health", "/__aimock/journal", "/__aimock/chaos"]
    {
        let asked = server.send(Request::new("GET", target).header("x-aimock-chaos-drop", "1")).await;
        assert_eq!(asked.status, 200, "{target}");
    }
    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(metric(metrics.text(), "aimock_fixtures_loaded"), 0);
    assert!(server.journal().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn latency_comes_before_the_answer_and_before_a_drop() {
    let clock = Clock::stopped();
    for way in WAYS {
        for rate in ["0", "1"] {
            let server = chaotic(&json!({ "latencyMs": 70 })).await;
            let request = way.says("hi").header("x-aimock-chaos-drop", rate);
            let answer = server.takes(&clock, Duration::from_millis(70), request).await;
            assert_eq!(answer.status, if rate == "1" { 500 } else { 200 });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_flag_there_are_no_metrics() {
    let server = start(json!([])).await;
    assert_eq!(server.get("/metrics").await.status, 404);
}
