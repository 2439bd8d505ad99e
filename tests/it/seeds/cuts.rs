//! (b) Streams that end badly.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::kit::{STREAMS, WAYS, Way, entry, fixture};
use crate::server::clock::Clock;
use crate::server::support::{Response, moment, start, start_with};

/// Ten characters a chunk, of which there are `chunks`.
fn text(chunks: usize) -> String {
    "0123456789".repeat(chunks)
}

/// How many events the whole stream has, terminator not counted, and its events.
async fn whole(way: Way, response: &Value) -> Vec<String> {
    let server = start(fixture(response, &json!({ "chunkSize": 10 }))).await;
    let answer = server.send(way.says("hi")).await;
    assert!(answer.complete);
    let mut events = Way::events(&answer);
    assert!(way.is_terminator(&events.pop().unwrap()));
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_an_empty_list_of_events_is_an_empty_stream() {
    for way in WAYS {
        let server = start(fixture(&json!({ "events": [] }), &json!({}))).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!((answer.status, answer.header("content-type"), answer.text()), (200, Some("text/event-stream"), ""));
        assert!(answer.complete, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_exactly_so_many_events_then_a_cut_before_the_terminator() {
    let response = json!({ "content": text(4) });
    for way in STREAMS {
        let all = whole(way, &response).await;
        for after in [0, 1, 2, all.len()] {
            let server = start(fixture(&response, &json!({ "chunkSize": 10, "disconnectAfterEvents": after }))).await;
            let answer = server.send(way.says("hi")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
            assert!(!answer.complete, "{way:?} after {after}");
            let events = Way::events(&answer);
            assert_eq!(events, all[..after], "{way:?}");
            let entry = entry(&server).await;
            assert_eq!(entry["response"]["interruptReason"], "disconnectAfterEvents");
            assert_eq!(entry["response"]["faults"], json!([{ "fault": "disconnectAfterEvents", "fired": true }]));
            assert_eq!(entry["stream"]["events"], json!(after));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_more_events_than_there_are_end_the_stream_as_usual() {
    let response = json!({ "content": text(4) });
    for way in STREAMS {
        let total = whole(way, &response).await.len();
        let server = start(fixture(&response, &json!({ "chunkSize": 10, "disconnectAfterEvents": total + 1 }))).await;
        let answer = server.send(way.says("hi")).await;
        assert!(answer.complete && way.is_terminator(Way::events(&answer).last().unwrap()));
        let entry = entry(&server).await;
        assert_eq!(entry["response"].get("interrupted"), None);
        let reason = format!("the stream has only {total} events");
        assert_eq!(entry["response"]["faults"], json!([{ "fault": "disconnectAfterEvents", "fired": false, "reason": reason }]));
    }
}

/// Reads byte by byte, with pauses, as a client under load does.
async fn read_slowly(mut tcp: tokio::net::TcpStream) -> Response {
    let (mut raw, mut buffer) = (Vec::new(), [0; 700]);
    while let Ok(length @ 1..) = tcp.read(&mut buffer).await {
        raw.extend_from_slice(&buffer[..length]);
        if raw.len() < 4000 {
            moment().await;
        }
    }
    Response::parse(raw)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_what_was_sent_can_be_read_by_fast_and_slow_readers() {
    let events: Vec<String> = (0..60).map(|number| json!({ "n": number, "pad": "x".repeat(300) }).to_string()).collect();
    for way in STREAMS {
        for after in [0, 1, 2, 50] {
            let server = start(fixture(&json!({ "events": events }), &json!({ "disconnectAfterEvents": after }))).await;
            let expected = &events[..after];
            let fast = server.send(way.says("hi")).await;
            let mut tcp = server.connect().await;
            tcp.write_all(&way.says("hi").bytes()).await.unwrap();
            let slow = read_slowly(tcp).await;
            for answer in [fast, slow] {
                assert_eq!((answer.status, answer.complete), (200, false));
                assert_eq!(answer.events(), expected);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_a_number_that_is_none_keeps_the_entry_from_answering() {
    for after in [json!(-1), json!(1.5), json!("2"), Value::Null] {
        let server = start(json!([])).await;
        let posted = json!({ "fixtures": [{ "match": {}, "response": { "content": "x" }, "disconnectAfterEvents": after }] });
        let refused = server.post("/__aimock/fixtures", &posted.to_string()).await;
        assert_eq!(refused.status, 400, "{after}");
        assert!(refused.text().contains("disconnectAfterEvents"), "{}", refused.text());
        for way in WAYS {
            assert_eq!(server.send(way.says("hi")).await.status, 404);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b7_a_client_that_leaves_ends_its_answer_within_100_ms_and_disturbs_nobody() {
    let clock = Clock::stopped();
    for way in STREAMS {
        // Far more than 100 ms from one piece to the next: who notices only when it writes is too late.
        let pause = Duration::from_secs(5);
        let server = start(fixture(&json!({ "content": text(20) }), &json!({ "chunkSize": 10, "latency": pause.as_millis() }))).await;
        let mut leaver = server.begin(way.says("leaver")).await;
        let mut stayer = server.begin(way.says("stayer")).await;
        clock.advance(pause).await;
        leaver.read_exact(&mut [0; 1]).await.unwrap();
        let left = clock.elapsed();
        drop(leaver);
        let gone = loop {
            let entry = server.entries().await.swap_remove(0);
            if entry.get("pending").is_none() {
                break entry;
            }
            moment().await;
        };
        assert!(clock.elapsed() < left + Duration::from_millis(100));
        assert_eq!(gone["response"]["interruptReason"], "client disconnected");
        assert!(gone["durationMs"].as_f64().unwrap() < 5100.0, "{gone}");
        clock.advance(pause * 40).await;
        let answer = Response::read(&mut stayer).await;
        assert_eq!((answer.complete, way.said(&answer)), (true, text(20)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_every_item_counts_a_literal_done_too_and_comments_do_not() {
    let items = json!([{ "comment": "one" }, "{\"a\":1}", { "comment": "two" }, "[DONE]", "{\"b\":2}"]);
    for way in WAYS {
        for (after, expected) in [(1, vec!["{\"a\":1}"]), (2, vec!["{\"a\":1}", "[DONE]"]), (3, vec!["{\"a\":1}", "[DONE]", "{\"b\":2}"])] {
            let server = start(fixture(&json!({ "events": items }), &json!({ "disconnectAfterEvents": after }))).await;
            let answer = server.send(way.says("hi")).await;
            assert_eq!((answer.complete, answer.events()), (false, expected.into_iter().map(str::to_owned).collect()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b10_what_is_no_stream_has_no_events_and_the_journal_says_so() {
    let faults = json!({
        "disconnectAfterEvents": 0,
        "errorAfterEvents": { "events": 1, "error": { "message": "x" } },
        "stallAfterEvents": { "events": 0, "ms": 60000 },
    });
    for way in WAYS.into_iter().filter(|way| !way.stream) {
        let server = start(fixture(&json!({ "content": "whole" }), &faults)).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!((answer.complete, way.said(&answer).as_str()), (true, "whole"));
        let entry = entry(&server).await;
        let said = entry["response"]["faults"].as_array().unwrap().clone();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said.iter().all(|fault| fault["fired"] == false && fault["reason"] == "the answer is not a stream"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b12_every_way_out_is_finished_once() {
    let ways_out = [
        json!({}),
        json!({ "disconnectAfterEvents": 1 }),
        json!({ "disconnectAfterMs": 0, "latency": 500 }),
        json!({ "errorAfterEvents": { "events": 1, "error": { "message": "x" } } }),
        json!({ "chaos": { "dropRate": 1 } }),
        json!({ "chaos": { "disconnectRate": 1 } }),
        json!({ "chaos": { "malformedRate": 1 } }),
        json!({ "response": { "events": [] } }),
    ];
    for way in WAYS {
        for more in &ways_out {
            let server = start_with(fixture(&json!({ "content": text(3) }), more), |settings| settings.metrics = true).await;
            server.send(way.says("hi")).await;
            let entry = entry(&server).await;
            assert!(entry["durationMs"].is_number(), "{entry}");
            let metrics = server.get("/metrics").await;
            let counted: Vec<&str> = metrics.text().lines().filter(|line| line.starts_with("aimock_requests_total{")).collect();
            assert_eq!(counted.len(), 1, "{counted:?}");
            assert!(counted[0].ends_with(" 1"), "{counted:?}");
            assert!(metrics.text().contains("\naimock_requests_in_flight 0\n"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_a_deadline_before_the_first_byte_sends_none() {
    for way in STREAMS {
        let more = json!({ "firstByteDelayMs": 3000, "disconnectAfterMs": 0 });
        let server = start(fixture(&json!({ "content": "x" }), &more)).await;
        let answer = server.send(way.says("hi")).await;
        assert_eq!(answer.raw, b"");
        let entry = &entry(&server).await["response"];
        assert_eq!((&entry["status"], &entry["interrupted"]), (&json!(0), &json!(true)));
        assert_eq!(entry["interruptReason"], "disconnectAfterMs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_the_request_is_read_before_it_is_cut_or_refused() {
    let big = "x".repeat(3_000_000);
    for way in WAYS {
        for more in [json!({ "chaos": { "disconnectRate": 1 } }), json!({ "chaos": { "dropRate": 1 } })] {
            let server = start(fixture(&json!({ "content": "x" }), &more)).await;
            let mut tcp = server.connect().await;
            tcp.write_all(&way.says(&big).bytes()).await.expect("the server reads all of it");
            let answer = Response::read(&mut tcp).await;
            assert!(answer.raw.is_empty() || answer.status == 500, "{}", answer.status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_holds_back_what_follows_and_nothing_else() {
    let clock = Clock::stopped();
    for way in STREAMS {
        let more = json!({ "chunkSize": 10, "stallAfterEvents": { "events": 2, "ms": 120 } });
        let server = start(fixture(&json!({ "content": text(4) }), &more)).await;
        let answer = server.takes(&clock, Duration::from_millis(120), way.says("hi")).await;
        assert_eq!((answer.complete, way.said(&answer)), (true, text(4)));
        assert_eq!(entry(&server).await["response"]["faults"], json!([{ "fault": "stallAfterEvents", "fired": true }]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_ends_the_connection_too() {
    for way in STREAMS {
        let more = json!({ "disconnectAfterEvents": 2, "close": "rst" });
        let server = start(fixture(&json!({ "content": text(4) }), &more)).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&way.says("hi").bytes()).await.unwrap();
        let mut raw = Vec::new();
        let ended = tcp.read_to_end(&mut raw).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
        assert_eq!(entry(&server).await["response"]["interruptReason"], "disconnectAfterEvents");
    }
}
