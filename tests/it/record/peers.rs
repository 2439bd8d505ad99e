//! The section `llm.record` of the peer's configuration, and our own keys, from the command line.

use std::process::Command;

use serde_json::json;

use super::entries;
use super::processes::Program;
use crate::planted;
use crate::proxy::upstream::{Upstream, answer};
use crate::sandbox::Sandbox;

const CHAT: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}"#;

/// As the peer has it: that the section is there switches recording on; keys come from it, and paths are relative to the
/// working directory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peers_section_records_as_it_does_there() {
    let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", CHAT)]).await;
    for (proxy_only, recorded) in [(false, 1), (true, 0)] {
        let place = Sandbox::new();
        let record = json!({
            "providers": { "openai": format!("http://{}", upstream.address), "gemini-interactions": "https://gemini.invalid" },
            "providerKeys": { "openai": planted::upstreams_own() },
            "fixturePath": "from/the/peer", "proxyOnly": proxy_only, "recordFullModelVersion": true,
            "upstreamTimeoutMs": 5000, "bodyTimeoutMs": 5000, "maxProxyBufferBytes": 100_000, "maxProxyBufferFrames": 100,
            "fal": { "pollIntervalMs": 1000 },
        });
        place.write("config/aimock.json", json!({ "llm": { "record": record } }).to_string());
        tokio::task::block_in_place(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
            command.args(["serve", "--config", "config/aimock.json", "--log-format", "json"]);
            let program = Program::spawn_as_it_is(command, place.path());
            assert!(program.ask("hi").contains("hello"));
            // A proxy without fixtures has nothing to say of each request.
            if !proxy_only {
                let line: serde_json::Value = serde_json::from_str(&program.says("no fixture matches")).unwrap();
                assert_eq!((&line["level"], line["time"].is_u64()), (&json!("info"), true));
            }
        });
        assert!(upstream.request(usize::from(proxy_only)).contains(&format!("authorization: Bearer {}", planted::upstreams_own())));
        assert_eq!(entries(&place.path().join("from/the/peer")).len(), recorded);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_a_line_of_the_log_when_that_is_wanted() {
    let place = Sandbox::new();
    place.write("fixtures/a.json", r#"{"fixtures":[{"match":{"userMessage":"hi"},"response":{"content":"hello"}}]}"#);
    place.write("aimock.yaml", "serve: { logLevel: debug }\n");
    tokio::task::block_in_place(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.arg("serve");
        let program = Program::spawn_as_it_is(command, place.path());
        program.ask(&format!("hi, my key is {}", planted::openai()));
        let line = program.says("debug: POST /v1/chat/completions");
        assert!(line.contains(": 200 by fixtures/a.json#/fixtures/0 (content), ") && line.contains("test same"), "{line}");
    });
}
