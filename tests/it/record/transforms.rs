//! Recording under transforms: keys are those that matching sees, and what cannot be rewritten is kept as it came.

use crate::sandbox::Sandbox;
use aimock::matcher::Matching;
use aimock::transform::Spec;
use serde_json::json;

use super::{entries, messages, recording, text_of, written};
use crate::proxy::upstream::{Act, Upstream, answer};
use crate::server::support::{Request, Running, chat, chat_stream, start_under_with};

const CHAT: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Sunny."},"finish_reason":"stop"}]}"#;
const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Sunny."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4}}"#;

fn script(request: &[u8]) -> Vec<Act> {
    let body = if request.starts_with(b"POST /v1/messages") { MESSAGE } else { CHAT };
    vec![answer("200 OK", "content-type: application/json\r\n", body)]
}

fn every_way(text: &str) -> [Request; 4] {
    [chat(text), chat_stream(text), messages(text, false), messages(text, true)]
}

async fn recorder(transform: Spec, upstream: &Upstream, folder: &Sandbox) -> Running {
    let change = recording(upstream.settings(), folder.path(), |_| ());
    start_under_with(&[transform], Matching::Exact, json!([]), change).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_a_recording_holds_the_transformed_key_and_answers_on_any_other_date() {
    for (number, request) in every_way("Today is 2026-01-31T10:00:00Z. Weather?").into_iter().enumerate() {
        let (upstream, folder) = (Upstream::playing(script).await, Sandbox::new());
        let server = recorder(Spec::BuiltIn { name: "timestamps".to_owned(), label: None }, &upstream, &folder).await;
        assert_eq!(text_of(server.send(request).await.text()), "Sunny.");
        let files = written(folder.path());
        assert!(!files[0].1.contains("2026-01-31T10"), "{}", files[0].1);
        let entry = &entries(folder.path())[0];
        assert_eq!(entry["match"]["userMessage"], "Today is <timestamp>. Weather?");
        assert_eq!(entry["metadata"]["transforms"], json!(["timestamps"]));
        assert_eq!(entry.get("_warning"), None);
        // The upstream was asked what the client asked.
        assert!(upstream.request(0).contains("2026-01-31T10:00:00Z"));

        let later = every_way("Today is 2027-12-01T23:59:59Z. Weather?")[number].clone();
        let answer = server.send(later.clone()).await;
        assert_eq!(text_of(answer.text()), "Sunny.");
        assert_eq!(upstream.count(), 1);
        let fixtures = json!(entries(folder.path()));
        let again =
            start_under_with(&[Spec::BuiltIn { name: "timestamps".to_owned(), label: None }], Matching::Exact, fixtures, |_| ()).await;
        assert_eq!(text_of(again.send(later).await.text()), "Sunny.");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_a_transform_that_fails_while_recording_keeps_the_answer_under_the_request_as_it_came() {
    let text = "Today is 2026-01-31T10:00:00Z.";
    for request in every_way(text) {
        let (upstream, folder) = (Upstream::playing(script).await, Sandbox::new());
        let roleless = Spec::Drop { pointer: "/messages/*/role".to_owned(), label: Some("no roles".to_owned()) };
        let server = recorder(roleless, &upstream, &folder).await;
        let answer = server.send(request).await;
        assert_eq!((answer.status, text_of(answer.text()).as_str(), upstream.count()), (200, "Sunny.", 1));
        let entry = &entries(folder.path())[0];
        assert_eq!((&entry["match"]["userMessage"], entry.pointer("/metadata/transforms")), (&json!(text), None));
        let warning = entry["_warning"].as_str().unwrap();
        assert!(warning.starts_with("transform `no roles` cannot rewrite this request: ") && warning.contains("role"), "{warning}");
        let journal = server.journal().await;
        let response = &journal[0]["response"];
        assert_eq!((journal.len(), &response["status"], &response["source"]), (1, &json!(200), &json!("proxy")));
        assert!(response["error"].as_str().unwrap().starts_with("transform `no roles`"), "{response}");
    }
}
