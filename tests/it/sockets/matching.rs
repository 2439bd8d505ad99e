//! The same matching, counting, transforms and control as over HTTP.

use aimock::matcher::Matching;
use aimock::transform::Spec;
use serde_json::{Value, json};

use super::kit::{Client, LIVE, Next, REALTIME, RESPONSES, joined, live, realtime, told};
use crate::server::support::{Request, start, start_under_with, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequences_are_counted_per_test_id_of_header_or_query() {
    let fixtures = json!([
        { "match": { "userMessage": "next" }, "responses": [{ "content": "first" }, { "content": "second" }] },
    ]);
    let server = start(fixtures).await;
    let mut one = Client::open_with(&server, RESPONSES, &[("x-test-id", "one")]).await;
    let mut two = Client::open(&server, &format!("{RESPONSES}?testId=two")).await;
    let mut said = Vec::new();
    for client in [0, 0, 1, 0] {
        let client = if client == 0 { &mut one } else { &mut two };
        said.push(joined(&client.respond("next").await, "response.output_text.delta"));
    }
    assert_eq!(said, ["first", "second", "first", "second"]);
    let entries = server.get("/__aimock/journal?testId=two").await.json();
    assert_eq!(entries.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_misses_close_with_the_message_as_reason() {
    let server = start_with(json!([]), |settings| settings.policy.strict = true).await;
    let strict = "Strict mode: no fixture matched".to_owned();
    let mut client = realtime(&server).await;
    client.say(&json!({ "type": "response.create" })).await;
    assert_eq!(client.next().await, Next::Closed(1008, strict.clone()));
    let mut client = live(&server).await;
    client.say(&super::kit::content("hi")).await;
    assert_eq!(client.next().await, Next::Closed(1008, strict.clone()));
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&super::kit::create("hi")).await;
    assert_eq!(client.next().await, Next::Closed(1008, strict));
    // A client may say otherwise for itself.
    let mut client = Client::open_with(&server, RESPONSES, &[("x-aimock-strict", "false")]).await;
    assert_eq!(client.respond("hi").await[0]["error"]["code"], "no_fixture_match");
    let journal = server.journal().await;
    let statuses: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [503, 503, 503, 404]);
}

fn timestamps() -> Vec<Spec> {
    vec![Spec::BuiltIn { name: "timestamps".to_owned(), label: None }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_messages_of_a_socket_go_through_the_same_transform() {
    let fixtures = json!([{ "match": { "userMessage": "it is 2024-01-01T10:00:00Z" }, "response": { "content": "Time flies." } }]);
    let server = start_under_with(&timestamps(), Matching::Exact, fixtures, |_| ()).await;
    let asked = "it is 2026-11-21T12:30:00Z";
    let mut client = Client::open(&server, RESPONSES).await;
    assert_eq!(joined(&client.respond(asked).await, "response.output_text.delta"), "Time flies.");
    let mut client = realtime(&server).await;
    assert_eq!(joined(&client.converse(asked).await, "response.output_text.delta"), "Time flies.");
    let mut client = live(&server).await;
    assert_eq!(told(&client.live(asked).await), "Time flies.");
    let journal = server.journal().await;
    assert!(journal.iter().all(|entry| entry["body"].to_string().contains("12:30")), "the original is what is journalled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c8_a_failing_transform_is_an_error_event_and_the_socket_stays_open() {
    // What has a second message cannot be rewritten.
    let breaker = Spec::Drop { pointer: "/messages/1/role".to_owned(), label: Some("breaker".to_owned()) };
    let fixtures = json!([{ "match": { "userMessage": "hello" }, "response": { "content": "Hi." } }]);
    let server = start_under_with(&[breaker], Matching::Contains, fixtures, |_| ()).await;
    let mut client = Client::open(&server, RESPONSES).await;
    let two = json!([{ "role": "user", "content": "one" }, { "role": "user", "content": "two" }]);
    client.say(&json!({ "type": "response.create", "model": "m", "input": two })).await;
    let error = client.event().await;
    assert_eq!((&error["type"], &error["status"], &error["error"]["code"]), (&json!("error"), &json!(500), &json!("transform_failed")));
    assert_eq!(joined(&client.respond("hello").await, "response.output_text.delta"), "Hi.");
    let mut client = realtime(&server).await;
    client.say(&super::kit::item("one")).await;
    client.until_type("conversation.item.done").await;
    let events = client.converse("two").await;
    assert_eq!((&events[0]["type"], &events[0]["error"]["code"]), (&json!("error"), &json!("transform_failed")));
    client.say(&json!({ "type": "response.create", "response": { "input": [super::kit::item("hello")["item"]] } })).await;
    assert_eq!(joined(&client.until_type("response.done").await, "response.output_text.delta"), "Hi.");
    let mut client = live(&server).await;
    let turns = json!([{ "role": "user", "parts": [{ "text": "one" }] }, { "role": "user", "parts": [{ "text": "two" }] }]);
    client.say(&json!({ "clientContent": { "turns": turns, "turnComplete": true } })).await;
    let messages = client.turn().await;
    assert_eq!((&messages[0]["error"]["code"], &messages[0]["error"]["aimock"]["code"]), (&json!(13), &json!("transform_failed")));
    assert_eq!(told(&client.live("hello").await), "Hi.");
    let journal = server.journal().await;
    let statuses: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [500, 200, 500, 200, 500, 200]);
    assert!(journal[0]["response"]["error"].as_str().unwrap().contains("breaker"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_count_in_metrics_and_as_matches() {
    let fixtures = json!([{ "id": "hi", "match": { "userMessage": "hello" }, "response": { "content": "Hi." } }]);
    let server = start_with(fixtures, |settings| settings.metrics = true).await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.respond("hello").await;
    client.respond("nobody").await;
    server.journal().await;
    let metrics = server.get("/metrics").await;
    let line = |part: &str| metrics.text().lines().find(|line| line.contains(part)).map(str::to_owned);
    assert!(line(r#"method="WS""#).is_some_and(|line| line.contains("/v1/responses")), "{}", metrics.text());
    assert!(line("aimock_misses_total 1").is_some() || metrics.text().contains("miss"), "{}", metrics.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_for_no_socket_is_told_how() {
    let fixtures = json!([{ "match": { "path": "/v1/realtime", "method": "GET", "headers": { "x-plain": "yes" } }, "response": { "http": { "status": 200, "body": "plain" } } }]);
    let server = start(fixtures).await;
    for target in [REALTIME, RESPONSES, LIVE] {
        let answer = server.get(target).await;
        assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")), "{target}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("Upgrade: websocket"));
    }
    let plain = server.send(Request::new("GET", "/v1/realtime").header("x-plain", "yes")).await;
    assert_eq!((plain.status, plain.text()), (200, "plain"));
    assert_eq!(server.post("/v1/realtime", "{}").await.status, 405);
    let unknown = Client::try_open(&server, "/v1/nowhere", &[]).await;
    assert!(unknown.is_err_and(|error| error.to_string().contains("404")));
    let routes = server.get("/__aimock/routes").await.json();
    let sockets: Vec<&Value> = routes["routes"].as_array().unwrap().iter().filter(|route| route["upgrade"] == "websocket").collect();
    assert_eq!(sockets.len(), 5);
}
