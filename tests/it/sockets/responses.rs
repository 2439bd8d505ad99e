//! OpenAI Responses over WebSocket.

use serde_json::{Value, json};

use super::kit::{Client, RESPONSES, create, joined, types};
use crate::server::support::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_the_stream_of_http_as_messages_and_can_be_asked_for_again() {
    let server =
        start(json!([{ "match": { "userMessage": "hello" }, "response": { "content": "Hello to you, whoever you may be." } }])).await;
    for path in [RESPONSES, "/openai/v1/responses"] {
        let mut client = Client::open(&server, path).await;
        let events = client.respond("hello").await;
        assert_eq!(types(&events)[..2], ["response.created", "response.in_progress"]);
        assert_eq!(joined(&events, "response.output_text.delta"), "Hello to you, whoever you may be.");
        let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        let id = events[0]["response"]["id"].as_str().unwrap();
        let again = server.get(&format!("/v1/responses/{id}")).await;
        assert_eq!((again.status, &again.json()["id"]), (200, &json!(id)));
        let mut next = create("hello");
        next["previous_response_id"] = json!(id);
        client.say(&next).await;
        let events = client.until_type("response.completed").await;
        assert_eq!(events[0]["response"]["previous_response_id"], json!(id));
    }
    let journal = server.journal().await;
    let of_sockets: Vec<&Value> = journal.iter().filter(|entry| entry["method"] == "WS").collect();
    assert_eq!((of_sockets.len(), &of_sockets[0]["body"]), (4, &create("hello")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_events_with_their_status_and_the_socket_stays_open() {
    let error = json!({ "message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded" });
    let fixtures = json!([
        { "match": { "userMessage": "limit" }, "response": { "error": error, "status": 429 } },
        { "match": { "userMessage": "hello" }, "response": { "content": "Hi." } },
    ]);
    let server = start(fixtures).await;
    let mut client = Client::open(&server, RESPONSES).await;
    let [error] = &client.respond("limit").await[..] else { panic!("one event") };
    assert_eq!((&error["type"], &error["status"], &error["error"]["code"]), (&json!("error"), &json!(429), &json!("rate_limit_exceeded")));
    let [error] = &client.respond("nobody").await[..] else { panic!("one event") };
    assert_eq!((&error["status"], &error["error"]["code"]), (&json!(404), &json!("no_fixture_match")));
    assert_eq!(error["error"]["aimock"]["nearest"].as_array().unwrap().len(), 2);
    for (message, code) in [
        ("{", json!("invalid_json")),
        (r#"{"type":"response.steer"}"#, json!("invalid_message_type")),
        (r#"{"type":"response.create","model":"m"}"#, json!("missing_required_parameter")),
        (r#"{"type":"response.create","model":5,"input":"x"}"#, json!("invalid_type")),
    ] {
        client.say_text(message).await;
        let error = client.event().await;
        assert_eq!((&error["type"], &error["status"], &error["error"]["code"]), (&json!("error"), &json!(400), &code), "{message}");
    }
    assert_eq!(joined(&client.respond("hello").await, "response.output_text.delta"), "Hi.");
    let journal = server.journal().await;
    let statuses: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [429, 404, 400, 400, 400, 400, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_are_named_and_preparing_a_turn_asks_no_fixture() {
    let server = start(json!([{ "match": { "userMessage": "hello" }, "response": { "content": "Hi." } }])).await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&json!({ "type": "response.create", "model": "gpt-4o", "input": [], "generate": false, "stream_id": "a" })).await;
    let events = client.until_type("response.completed").await;
    assert_eq!(
        (types(&events), events[2]["response"]["output"].as_array().unwrap().len()),
        (vec!["response.created", "response.in_progress", "response.completed"], 0)
    );
    assert!(events.iter().all(|event| event["stream_id"] == "a"));
    let mut message = create("hello");
    message["stream_id"] = json!("b");
    client.say(&message).await;
    assert!(client.until_type("response.completed").await.iter().all(|event| event["stream_id"] == "b"));
    let mut message = create("nobody");
    message["stream_id"] = json!("c");
    client.say(&message).await;
    assert_eq!(client.event().await["stream_id"], "c");
    assert_eq!(client.respond("hello").await[0].get("stream_id"), None);
    assert_eq!(server.journal().await.len(), 3);
}
