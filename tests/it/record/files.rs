//! What lands in files, and how they are named.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::sandbox::Sandbox;
use aimock::exchange::{Block, ErrorOrigin, ErrorReply, Overrides, RawEvent, Reply, Turn};
use aimock::record::NameBy;
use aimock::server::RecordWhen;
use serde_json::json;

use super::{entries, recording, written};
use crate::planted;
use crate::proxy::upstream::{Upstream, answer};
use crate::server::support::{chat, start_with};

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"NUMBER"},"finish_reason":"stop"}]}"#;

/// Says in each answer how many came before.
async fn counting() -> Upstream {
    let count = Arc::new(Mutex::new(0));
    Upstream::playing(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        vec![answer("200 OK", "content-type: application/json\r\n", CHAT.replace("NUMBER", &format!("answer {count}")))]
    })
    .await
}

fn names(folder: &Sandbox) -> Vec<String> {
    written(folder.path()).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn one_file_a_test_and_one_a_match_elsewhere() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    for text in ["one", "two"] {
        server.send(chat(text).header("x-test-id", "Suite › works")).await;
    }
    server.ask("three").await;
    let names = names(&folder);
    assert_eq!((names.len(), names[1].as_str()), (2, "suite--works/openai.json"));
    assert!(names[0].starts_with("openai-") && names[0].len() == "openai-0123456789ab.json".len(), "{names:?}");
    let text = &written(folder.path())[1].1;
    assert!(text.starts_with("{\n  \"fixtures\": [\n    {\n      \"match\": {") && text.ends_with("}\n"), "{text}");
}

#[tokio::test]
async fn recordings_by_time_never_meet() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let settings = recording(upstream.settings(), folder.path(), |all| (all.name_by, all.when) = (NameBy::Time, RecordWhen::Always));
    let server = start_with(json!([]), settings).await;
    server.ask("one").await;
    server.ask("one").await;
    assert_eq!(names(&folder).len(), 2);
    assert!(names(&folder)[0].starts_with("openai-2023-11-14T22-13-20-000Z-"));
}

#[tokio::test]
async fn everything_anew_asks_each_time_and_replaces() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let fixtures = json!([{ "match": { "userMessage": "one" }, "response": { "content": "from the fixture" } }]);
    let server = start_with(fixtures, recording(upstream.settings(), folder.path(), |all| all.when = RecordWhen::Always)).await;
    assert_eq!(server.ask("one").await.said(), "answer 1");
    assert_eq!(server.ask("one").await.said(), "answer 2");
    let entries = entries(folder.path());
    assert_eq!((entries.len(), &entries[0]["response"]["content"]), (1, &json!("answer 2")));
}

/// The server's clock stands at 2023-11-14T22:13:20Z.
#[tokio::test]
async fn old_recordings_are_made_anew_and_others_stay() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let fixture =
        |text: &str, recorded: &str| json!({ "match": { "userMessage": text }, "response": { "content": "old" }, "recordedAt": recorded });
    let by_hand = json!({ "match": { "userMessage": "hand" }, "response": { "content": "old" } });
    let fixtures = json!([fixture("stale", "2023-11-13"), fixture("fresh", "2023-11-14T22:00:00Z"), by_hand]);
    let day = RecordWhen::OlderThan(Duration::from_secs(24 * 3600));
    let server = start_with(fixtures, recording(upstream.settings(), folder.path(), |all| all.when = day)).await;
    assert_eq!(server.ask("fresh").await.said(), "old");
    assert_eq!(server.ask("hand").await.said(), "old");
    assert_eq!(server.ask("stale").await.said(), "answer 1");
    assert_eq!(server.ask("stale").await.said(), "answer 1");
    assert_eq!(upstream.count(), 1);
}

/// Nothing that a request or an upstream's key holds in its headers is found in any file, log or journal; neither are keys
/// that an upstream repeats or a user says.
#[tokio::test]
async fn credentials_reach_no_file_no_log_and_no_journal() {
    let (by_form, by_value, upstreams) = (planted::openai(), planted::presented(), planted::upstreams_own());
    let said = format!("echo {by_form} and {by_value} and {upstreams}");
    let replies = [
        (200, CHAT.replace("NUMBER", &said)),
        (401, json!({ "error": { "message": format!("Incorrect API key provided: {by_value}"), "type": "x" } }).to_string()),
        (200, format!("not JSON at all, {said}")),
    ];
    let folder = Sandbox::new();
    for (status, reply) in replies {
        let upstream = Upstream::start(vec![answer(&format!("{status} X"), "content-type: application/json\r\n", &reply)]).await;
        let mut settings = upstream.settings();
        settings.targets[0].key = Some(upstreams.clone());
        let server = start_with(json!([]), recording(settings, folder.path(), |_| ())).await;
        let request = chat(&format!("my key is {by_form}, status {status}"))
            .header("authorization", &format!("Bearer {by_value}"))
            .header("x-test-id", &format!("test {by_form} {}", reply.len()));
        assert_eq!(server.send(request.clone()).await.text(), reply, "the client gets what the upstream said");
        let replayed = server.send(request).await;
        assert_eq!((upstream.count(), replayed.header("x-aimock-match").is_some_and(|by| by != "proxy")), (1, true));
        let journal = serde_json::to_string(&server.journal().await).unwrap();
        let log = server.log.lock().unwrap().join("\n");
        for (name, text) in written(folder.path()).iter().chain([&("journal".to_owned(), journal), &("log".to_owned(), log)]) {
            for secret in [&by_form, &by_value, &upstreams] {
                let held = text.contains(secret.as_str()) || name.contains(&secret.to_ascii_lowercase());
                assert!(!held, "{name} holds a planted key: {text}");
            }
        }
    }
    assert_eq!(written(folder.path()).len(), 3);
}

/// A reset that keeps fixtures keeps what was recorded since the start, and what could not be written too; what was posted goes.
#[tokio::test]
async fn a_reset_that_keeps_fixtures_keeps_recordings() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    folder.write("bad/openai.json", "no JSON");
    let fixtures = json!([{ "match": { "userMessage": "from a file" }, "response": { "content": "of a file" } }]);
    let server = start_with(fixtures, recording(upstream.settings(), folder.path(), |_| ())).await;
    server.ask("one").await;
    server.send(chat("two").header("x-test-id", "bad")).await;
    let posted = json!({ "fixtures": [{ "match": { "userMessage": "posted" }, "response": { "content": "posted" } }] }).to_string();
    server.post("/__aimock/fixtures", &posted).await;
    assert_eq!(server.ask("posted").await.said(), "posted");
    for _ in 0..2 {
        assert_eq!(server.post("/__aimock/reset?fixtures=keep", "").await.status, 200);
        assert_eq!(server.journal().await.len(), 0);
        assert_eq!(
            (server.ask("from a file").await.said(), server.ask("one").await.said()),
            ("of a file".to_owned(), "answer 1".to_owned())
        );
        let unsaved = server.ask("two").await;
        let handle = unsaved.header("x-aimock-fixture").unwrap();
        assert!(unsaved.said() == "answer 2" && handle.contains("openai.json%20(not%20saved)"), "{handle}");
    }
    assert_eq!(upstream.count(), 2);
    assert_eq!(server.ask("posted").await.said(), "answer 3");
    server.post("/__aimock/reset", "").await;
    assert_eq!(server.get("/__aimock/fixtures").await.json()["count"], 0);
}

#[tokio::test]
async fn a_recording_is_for_the_family_of_models_or_for_the_one_that_was_asked() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let dated =
        |model: &str| crate::server::support::chat_of(&json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] }));
    for (full, model, asked) in [(false, "gpt-4o", 1), (true, "gpt-4o-2024-08-06", 3)] {
        let folder = folder.path().join(model);
        let server = start_with(json!([]), recording(upstream.settings(), &folder, |all| all.full_model = full)).await;
        for name in ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20", "gpt-4o-2024-08-06"] {
            server.send(dated(name)).await;
        }
        let models: Vec<_> = entries(&folder).iter().map(|entry| entry["match"]["model"].clone()).collect();
        assert!(models.contains(&json!(model)) && models.len() == if full { 2 } else { 1 }, "{models:?}");
        assert_eq!(upstream.count(), asked);
    }
}

/// Concurrent requests for one file: none is lost, and every answer is served afterwards.
#[tokio::test]
async fn concurrent_recordings_of_one_file_lose_nothing() {
    let (upstream, folder) = (counting().await, Sandbox::new());
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let texts: Vec<String> = (10..50).map(|number| format!("question {number}")).collect();
    let mut waiting = tokio::task::JoinSet::new();
    for text in &texts {
        let (address, request) = (server.address, chat(text).header("x-test-id", "same"));
        waiting.spawn(async move {
            let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut tcp, &request.bytes()).await.unwrap();
            crate::server::support::Response::read(&mut tcp).await.status
        });
    }
    assert_eq!(waiting.join_all().await, vec![200; 40]);
    assert_eq!((entries(folder.path()).len(), names(&folder)), (40, vec!["same/openai.json".to_owned()]));
    for text in &texts {
        assert_ne!(server.send(chat(text).header("x-test-id", "same")).await.header("x-aimock-match"), Some("proxy"));
    }
}

/// What is written of a reply is read as that reply.
#[track_caller]
fn survives(reply: &Reply) {
    let response = aimock::fixture::response(reply).unwrap();
    let text = json!({ "fixtures": [{ "match": {}, "response": response }] }).to_string();
    let source = Arc::new(aimock::diagnostic::Source::new(aimock::diagnostic::SourceId(0), "x.json", text.clone()));
    let loaded = aimock::fixture::load(&source, aimock::document::Format::Json, &aimock::fixture::LoadOptions::default());
    assert_eq!(&loaded.entries[0].fixture.answers[0].reply, reply, "{text}");
}

#[test]
fn what_is_written_of_a_reply_is_read_as_that_reply() {
    let call = |arguments: &str| Block::ToolCall { name: "f".to_owned(), arguments: arguments.to_owned(), id: Some("call_1".to_owned()) };
    let text = |text: &str| Block::Text(text.to_owned());
    let turn = |blocks: Vec<Block>, ordered: bool| Turn {
        has_text: blocks.iter().any(|block| matches!(block, Block::Text(_))),
        ordered,
        blocks,
        reasoning: Some("hm".to_owned()),
        overrides: Overrides { finish_reason: Some("length".to_owned()), created: Some(1.5), ..Overrides::default() }.into(),
        ..Turn::default()
    };
    for arguments in ["{}", "{\"a\":1}", "{ \"a\" : 1 }", "[1]", "{\"a\":1.0,\"b\":1e3,\"c\":12345678901234567890}", "{\"a\":1,\"a\":2}"] {
        survives(&Reply::Turn(turn(vec![text("x"), call(arguments)], false)));
        survives(&Reply::Turn(turn(vec![call(arguments), text("x")], true)));
    }
    survives(&Reply::Embeddings(vec![vec![0.5, 1.0], vec![-1e-9]]));
    survives(&Reply::Error(ErrorReply { retry_after: Some(17.0), ..ErrorReply::new(ErrorOrigin::Fixture, 429, "slow down") }));
    survives(&Reply::Events(vec![RawEvent { data: Some("[DONE]".to_owned()), ..RawEvent::default() }]));
    let header = |value: &str| ("x-a".to_owned(), value.to_owned());
    survives(&Reply::Http { status: 418, headers: vec![header("1"), header("2")], body: vec![0xff, 0x00].into() });
}
