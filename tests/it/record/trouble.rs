//! Folders and sizes that refuse.

use crate::sandbox::Sandbox;
use serde_json::json;

use super::{entries, recording, written};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, stream_head};
use crate::server::support::{chat, chat_stream, start_with};

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}"#;

fn ok(body: &str) -> Vec<Act> {
    vec![answer("200 OK", "content-type: application/json\r\n", body)]
}

/// A folder that cannot be made, because a file has its name: the answer is relayed, the header, the log (once) and the
/// journal say what failed, and this server replays it all the same.
#[tokio::test]
async fn a_folder_that_refuses_costs_no_answer() {
    let (upstream, folder) = (Upstream::start(ok(CHAT)).await, Sandbox::new());
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let server = start_with(json!([]), recording(upstream.settings(), &file, |_| ())).await;
    for text in ["one", "two"] {
        let got = server.ask(text).await;
        assert_eq!((got.status, got.said().as_str()), (200, "hello"));
        assert!(got.header("x-aimock-record-error").unwrap().contains("cannot be written"));
    }
    assert_eq!(server.ask("one").await.header("x-aimock-match"), Some("turnIndex"));
    let log = server.log.lock().unwrap().clone();
    assert_eq!(log.iter().filter(|line| line.contains("answers cannot be recorded")).count(), 1, "{log:?}");
    assert!(server.journal().await[0]["response"]["error"].as_str().unwrap().contains("not recorded"));
}

#[tokio::test]
async fn a_file_that_is_no_fixture_file_is_left_alone() {
    let (upstream, folder) = (Upstream::start(ok(CHAT)).await, Sandbox::new());
    std::fs::create_dir(folder.path().join("t")).unwrap();
    std::fs::write(folder.path().join("t/openai.json"), "{ broken").unwrap();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let got = server.send(chat("hi").header("x-test-id", "t")).await;
    assert!(got.header("x-aimock-record-error").unwrap().contains("it is no JSON"));
    assert_eq!(written(folder.path()), [("t/openai.json".to_owned(), "{ broken".to_owned())]);
}

#[tokio::test]
async fn transient_errors_are_relayed_and_only_saved_when_asked() {
    for (status, saved) in [("429 Too Many", 0), ("503 Unavailable", 0), ("408 T", 0), ("409 C", 0), ("400 Bad", 1)] {
        let upstream = Upstream::start(vec![answer(status, "content-type: application/json\r\n", "{\"error\":{\"message\":\"m\"}}")]).await;
        for errors in [false, true] {
            let folder = Sandbox::new();
            let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |all| all.errors = errors)).await;
            assert_eq!(server.ask("hi").await.status, status[..3].parse::<u16>().unwrap());
            assert_eq!(entries(folder.path()).len(), saved.max(usize::from(errors)), "{status}");
        }
    }
}

#[tokio::test]
async fn b5_a_stream_that_breaks_off_is_not_recorded() {
    for end in [None, Some(Act::Reset)] {
        let mut script = vec![stream_head(), chunk("data: 1\n\n"), chunk("data: [DONE]\n\n")];
        script.extend(end);
        let (upstream, folder) = (Upstream::start(script).await, Sandbox::new());
        let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
        assert!(!server.send(chat_stream("hi")).await.complete);
        assert_eq!(server.journal().await[0]["response"]["interrupted"], true);
        assert_eq!(written(folder.path()), []);
    }
}

#[tokio::test]
async fn answers_over_the_limit_are_relayed_and_not_recorded() {
    let body = CHAT.replace("hello", &"x".repeat(100_000));
    let (upstream, folder) = (Upstream::start(ok(&body)).await, Sandbox::new());
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |all| all.most_bytes = 50_000)).await;
    for _ in 0..2 {
        assert_eq!(server.ask("hi").await.text(), body);
    }
    assert_eq!((upstream.count(), written(folder.path())), (2, Vec::new()));
    let log = server.log.lock().unwrap().clone();
    assert_eq!(log.iter().filter(|line| line.contains("more than 50000 bytes")).count(), 1, "{log:?}");
}

/// Many clients close as soon as they have read the terminator, before the upstream has ended its side.
#[tokio::test]
async fn a_client_that_leaves_after_the_terminator_has_its_answer_recorded() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let event = |delta: serde_json::Value, finish: serde_json::Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        chunk(format!("data: {}\n\n", json!({ "id": "c", "created": 1, "model": "m", "choices": [choice] })))
    };
    let first = event(json!({ "role": "assistant", "content": "hello" }), serde_json::Value::Null);
    let whole = vec![stream_head(), first.clone(), event(json!({}), json!("stop")), chunk("data: [DONE]\n\n"), Act::Silence];
    let half = vec![stream_head(), first, Act::Silence];
    for (script, until, recorded) in [(whole, "[DONE]", 1), (half, "hello", 0)] {
        let (mut upstream, folder) = (Upstream::start(script).await, Sandbox::new());
        let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&chat_stream("hi").bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(until) {
            let mut piece = [0; 4096];
            let count = tcp.read(&mut piece).await.unwrap();
            assert_ne!(count, 0);
            seen.extend_from_slice(&piece[..count]);
        }
        drop(tcp);
        upstream.ended(1).await;
        server.journal().await;
        for _ in 0..500 {
            if entries(folder.path()).len() == recorded {
                break;
            }
            crate::server::support::moment().await;
        }
        assert_eq!(entries(folder.path()).len(), recorded);
    }
}
