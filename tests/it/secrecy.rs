//! Planted keys come out nowhere: not in a file or its name, not in the log, not in anything that the control API shows.

use std::fmt::Write as _;

use aimock::record::NameBy;
use aimock::server::{Level, RecordSettings};
use aimock::server::{OnMiss, Recorder, Upstreams};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::planted::{self, found_in};
use crate::proxy::upstream::{Act, Upstream, answer, chunk, last_chunk, stream_head};
use crate::record::written;
use crate::sandbox::Sandbox;
use crate::server::support::{Request, start_in};

/// Everything that is planted, in words.
fn said() -> String {
    planted::all().iter().fold("echo".to_owned(), |mut said, key| {
        let _ = write!(said, " «{key}» and");
        said
    })
}

fn whole(content: &str) -> String {
    let message = json!({ "role": "assistant", "content": content, "tool_calls": [
        { "id": "call_1", "type": "function", "function": { "name": "f", "arguments": json!({ "key": content }).to_string() } },
    ] });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "tool_calls" });
    json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [choice] }).to_string()
}

/// A stream that says this in pieces of so many characters.
fn streamed(content: &str, size: usize) -> Vec<Act> {
    let delta = |delta: Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        chunk(format!("data: {}\n\n", json!({ "id": "c", "created": 1, "model": "m", "choices": [choice] })))
    };
    let letters: Vec<char> = content.chars().collect();
    let pieces = letters.chunks(size).map(|piece| delta(json!({ "content": piece.iter().collect::<String>() }), Value::Null));
    let mut script = vec![stream_head(), delta(json!({ "role": "assistant", "content": "" }), Value::Null)];
    script.extend(pieces);
    script.extend([delta(json!({}), json!("stop")), chunk("data: [DONE]\n\n"), last_chunk()]);
    script
}

/// What upstreams say, and whether it can be recorded with its keys taken out.
fn answers() -> Vec<Vec<Act>> {
    let said = said();
    let ok =
        |kind: &str, body: &[u8]| vec![answer("200 OK", &format!("content-type: {kind}\r\nx-repeated: {}\r\n", planted::openai()), body)];
    let binary = [&[0xff, 0x00, 0x80], said.as_bytes(), &[0xfe]].concat();
    let location = format!("content-type: application/json\r\nlocation: https://x.example/?token={}\r\n", planted::presented());
    let error = json!({ "error": { "message": format!("Incorrect API key provided: {said}"), "type": "invalid_request_error" } });
    vec![
        ok("application/json", whole(&said).as_bytes()),
        ok("application/json", format!("not JSON at all: {said}").as_bytes()),
        ok("application/octet-stream", &binary),
        ok("text/plain; charset=utf-8", said.as_bytes()),
        vec![answer("401 Unauthorized", &location, error.to_string())],
        vec![answer("503 Unavailable", &location, error.to_string())],
        streamed(&said, 10_000),
        streamed(&said, 7),
        vec![stream_head(), chunk(format!("data: {said}\n\n"))],
    ]
}

/// A request with keys wherever a client may have put them.
fn request(target: &str, stream: bool) -> Request {
    let said = said();
    let body = json!({
        "model": "gpt-4o", "stream": stream, "user": planted::google(), "metadata": { planted::code_host(): said },
        "tools": [{ "type": "function", "function": { "name": "f", "description": said, "parameters": { "type": "object" } } }],
        "messages": [{ "role": "system", "content": said }, { "role": "user", "content": format!("question: {said}") }],
    });
    Request::new("POST", target)
        .header("content-type", "application/json")
        .header("authorization", &format!("Bearer {}", planted::presented()))
        .header("x-api-key", &planted::anthropic())
        .header("x-test-id", &format!("test {} of {}", planted::openai(), planted::presented()))
        .header("x-aimock-context", &format!("context {}", planted::code_host()))
        .header("x-other", &format!("{} {}", planted::presented(), planted::google()))
        .body(body.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_keys_reach_no_file_no_log_and_nothing_that_is_shown() {
    let shapes = [(false, NameBy::Test), (true, NameBy::Hash), (true, NameBy::Time)];
    let mut recorded = 0;
    for (number, script) in answers().into_iter().enumerate() {
        for (exact, name_by) in shapes {
            let (upstream, folder) = (Upstream::start(script.clone()).await, Sandbox::new());
            let mut upstreams = upstream.settings();
            upstreams.targets.iter_mut().for_each(|target| target.key = Some(planted::upstreams_own()));
            let mut settings = RecordSettings::new(folder.path());
            (settings.exact, settings.name_by, settings.errors) = (exact, name_by, true);
            let mut all = aimock::server::Settings { metrics: true, ..Default::default() };
            all.on_miss = OnMiss::Record(Arc::new(Upstreams::new(upstreams).unwrap()), Arc::new(Recorder::new(settings)));
            let server = start_in(json!([]), all, |world| world.least = Level::Debug).await;
            let key = planted::google();
            for target in ["/v1/chat/completions", &format!("/v1/chat/completions?key={key}"), &format!("/v1/responses?api-key={key}")] {
                server.send(request(target, number >= 6)).await;
                server.send(request(target, number >= 6)).await;
            }
            server.journal().await;
            let mut shown = server.log.lock().unwrap().join("\n");
            for target in ["/__aimock/journal", "/v1/_requests", "/__aimock/fixtures?include=fixtures", "/metrics", "/v1/models"] {
                shown += server.get(target).await.text();
            }
            shown += server.post("/__aimock/verify", r#"{"requests":99,"keys":["k7"],"retryAfter":"respected","text":"x"}"#).await.text();
            assert_eq!(found_in(shown.as_bytes()), [0; 0], "answer {number}, exact {exact}: {shown}");
            assert!(shown.contains("[REDACTED]") && shown.contains("POST /v1/chat/completions"), "{shown}");
            for (name, text) in written(folder.path()) {
                assert_eq!((found_in(name.as_bytes()), found_in(text.as_bytes())), (vec![], vec![]), "answer {number}: {name} {text}");
                recorded += 1;
            }
        }
    }
    assert!(recorded >= 20, "only {recorded} files were looked at");
}

/// Whoever looks for keys must find one.
#[test]
fn a_planted_key_is_found_however_it_stands_there() {
    use base64::Engine as _;
    for (number, key) in planted::all().into_iter().enumerate() {
        assert_eq!(found_in(format!("x{key}y").as_bytes()), [number]);
        assert_eq!(found_in(key.to_ascii_uppercase().as_bytes()), [number]);
        for before in ["", "a", "ab", "abc"] {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{key} and more"));
            assert_eq!(found_in(encoded.as_bytes()), [number], "{before}");
        }
        let without_last: String = key.chars().take(key.len() - 1).collect();
        assert_eq!(found_in(without_last.as_bytes()), [0; 0]);
    }
}

/// Texts are cut where they are shown; a part of a key is no key to whoever takes keys out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_not_cut_within_a_key() {
    for key in [planted::openai(), planted::anthropic(), planted::google(), planted::code_host()] {
        for before in (0..60).step_by(9) {
            // So many characters of the key stand before the edge.
            let said = |edge: usize| {
                let words = "so it is. ".repeat(edge / 10 + 1);
                format!("{}«{key}» and then", &words[..edge - before])
            };
            let fixtures = json!([
                { "match": { "userMessage": "other" }, "response": { "content": "x" } },
                { "match": { "userMessage": { "equals": format!("{}nothing", "so it is. ".repeat(8)) } }, "response": { "content": "x" } },
                { "match": { "userMessage": "tell" }, "response": { "content": said(200) } },
            ]);
            let server = start_in(fixtures, aimock::server::Settings::default(), |world| world.least = Level::Debug).await;
            for text in [said(80), said(104), said(120), "tell".to_owned()] {
                let body = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": text }] });
                server.send(Request::new("POST", "/v1/chat/completions").body(body.to_string())).await;
            }
            let mut shown = server.log.lock().unwrap().join("\n");
            shown += server.get("/__aimock/journal").await.text();
            // The letters that all keys of its kind begin with tell nothing.
            for part in key.as_bytes().windows(10).skip(12) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(!shown.contains(part), "{part} of {key} in {shown}");
            }
            assert!(shown.contains("excerpt") && shown.contains("[REDACTED]"), "{shown}");
        }
    }
}
