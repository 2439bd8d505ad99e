//! OpenAI Responses over WebSocket. The upstream's messages are those of OpenAI's guide "WebSocket mode" and of its API
//! reference, "Responses", "Streaming events".

use serde_json::{Value, json};

use super::upstream::{Act, Play, Scripted};
use crate::proxy::upstream::proxy;
use crate::record::{entries, written};
use crate::server::support::start_with;
use crate::sockets::kit::{Client, RESPONSES, create, joined, types};

/// A response as OpenAI streams it, whose text is this.
pub(super) fn response(id: &str, text: &str) -> Vec<Act> {
    let (front, back) = text.split_at(text.len() / 2);
    let message = json!({
        "id": format!("msg_{id}"), "type": "message", "status": "completed", "role": "assistant",
        "content": [{ "type": "output_text", "text": text, "annotations": [] }],
    });
    let shell = |status: &str, output: Value| {
        json!({
            "id": format!("resp_{id}"), "object": "response", "created_at": 1_741_487_325, "status": status, "error": null,
            "incomplete_details": null, "model": "gpt-4o-2024-08-06", "output": output,
            "usage": { "input_tokens": 37, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 11,
                       "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 48 },
        })
    };
    let spot = json!({ "item_id": format!("msg_{id}"), "output_index": 0, "content_index": 0 });
    let with = |kind: &str, more: Value| {
        let mut event = json!({ "type": kind });
        for part in [&spot, &more] {
            event.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        event
    };
    let mut open = message.clone();
    (open["status"], open["content"]) = (json!("in_progress"), json!([]));
    [
        json!({ "type": "response.created", "response": shell("in_progress", json!([])) }),
        json!({ "type": "response.in_progress", "response": shell("in_progress", json!([])) }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": open }),
        with("response.content_part.added", json!({ "part": { "type": "output_text", "text": "", "annotations": [] } })),
        with("response.output_text.delta", json!({ "delta": front })),
        with("response.output_text.delta", json!({ "delta": back })),
        with("response.output_text.done", json!({ "text": text })),
        with("response.content_part.done", json!({ "part": { "type": "output_text", "text": text, "annotations": [] } })),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": message }),
        json!({ "type": "response.completed", "response": shell("completed", json!([message])) }),
    ]
    .into_iter()
    .map(Act::Say)
    .collect()
}

fn asked() -> Vec<Act> {
    [vec![Act::Hear("response.create")], response("1", "Hello there."), vec![Act::Hear("response.create")], response("2", "Goodbye.")]
        .concat()
}

/// What a client makes of a turn: the text, and the counts.
fn said(events: &[Value]) -> (String, Value) {
    let last = events.last().unwrap();
    (joined(events, "response.output_text.delta"), last["response"]["usage"]["total_tokens"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_are_relayed_as_they_come_recorded_and_replayed() {
    let upstream = Scripted::start(asked()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, &format!("{RESPONSES}?a=b")).await;
    let first = client.respond("hello").await;
    let expected: Vec<Value> =
        response("1", "Hello there.").into_iter().filter_map(|act| if let Act::Say(event) = act { Some(event) } else { None }).collect();
    assert_eq!(first, expected, "not one byte is changed");
    assert_eq!(said(&client.respond("bye").await).0, "Goodbye.");
    assert_eq!(upstream.heard(), [create("hello"), create("bye")]);
    assert_eq!(upstream.head(0).0, "/v1/responses?a=b");
    let journal = server.journal().await;
    let told: Vec<_> = journal.iter().map(|entry| (&entry["method"], &entry["response"]["source"], &entry["response"]["status"])).collect();
    let (ws, proxied, ok) = (json!("WS"), json!("proxy"), json!(200));
    assert_eq!(told, [(&ws, &proxied, &ok), (&ws, &proxied, &ok)]);
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 2, "{recorded:?}");
    let hello = recorded.iter().find(|entry| entry["match"]["userMessage"] == "hello").unwrap();
    assert_eq!(hello["response"]["content"], "Hello there.");
    assert_eq!(hello["recordedTimings"]["interChunkDelaysMs"].as_array().unwrap().len(), 9);

    // At once, on a new connection, and after a restart without an upstream.
    let mut again = Client::open(&server, RESPONSES).await;
    assert_eq!(said(&again.respond("hello").await), said(&first));
    assert_eq!(upstream.connections(), 1);
    let restarted = start_with(json!(recorded), |_| ()).await;
    let mut client = Client::open(&restarted, RESPONSES).await;
    let replayed = client.respond("hello").await;
    assert_eq!(said(&replayed), said(&first));
    assert_eq!(types(&replayed).first(), types(&first).first());
    assert_eq!(replayed.last().unwrap()["response"]["id"], "resp_1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fixtures_answer_is_answered_here_and_the_rest_there() {
    let upstream = Scripted::start(asked()).await;
    let fixtures = json!([{ "match": { "userMessage": "known" }, "response": { "content": "From here." } }]);
    let server = start_with(fixtures, proxy(upstream.settings())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    assert_eq!(said(&client.respond("known").await).0, "From here.");
    assert_eq!(upstream.connections(), 0, "the upstream is asked when it is needed");
    assert_eq!(said(&client.respond("hello").await).0, "Hello there.");
    assert_eq!(said(&client.respond("known").await).0, "From here.");
    // Said together, answered one after the other.
    client.say(&create("bye")).await;
    client.say(&create("known")).await;
    assert_eq!(said(&client.until_type("response.completed").await).0, "Goodbye.");
    assert_eq!(said(&client.until_type("response.completed").await).0, "From here.");
    assert_eq!(upstream.heard(), [create("hello"), create("bye")]);
    let sources: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["source"].clone()).collect();
    assert_eq!(sources, ["fixture", "proxy", "fixture", "proxy", "fixture"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_messages_are_kept_where_that_is_wanted() {
    let upstream = Scripted::start(asked()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |settings| settings.exact = true)).await;
    let mut client = Client::open(&server, RESPONSES).await;
    let first = client.respond("hello").await;
    let recorded = entries(folder.path());
    assert_eq!(recorded[0]["response"]["events"].as_array().unwrap().len(), first.len());
    let replay = start_with(json!(recorded), |_| ()).await;
    let mut client = Client::open(&replay, RESPONSES).await;
    assert_eq!(client.respond("hello").await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_recorded_as_over_http() {
    let error = |status: u16, code: &str| {
        let error = json!({ "type": "invalid_request_error", "code": code, "message": format!("refused: {code}"), "param": "previous_response_id" });
        Act::Say(json!({ "type": "error", "status": status, "error": error }))
    };
    let acts = vec![
        Act::Hear("response.create"),
        error(400, "previous_response_not_found"),
        Act::Hear("response.create"),
        error(429, "rate_limit_exceeded"),
    ];
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    let refused = client.respond("old").await;
    assert_eq!((&refused[0]["status"], &refused[0]["error"]["code"]), (&json!(400), &json!("previous_response_not_found")));
    assert_eq!(client.respond("busy").await[0]["status"], 429);
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1, "what says more about the moment is not kept: {recorded:?}");
    assert_eq!(recorded[0]["response"]["error"]["code"], "previous_response_not_found");
    let statuses: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["status"].clone()).collect();
    assert_eq!(statuses, [400, 429]);
    let replay = start_with(json!(recorded), |_| ()).await;
    let mut client = Client::open(&replay, RESPONSES).await;
    let again = client.respond("old").await;
    assert_eq!((&again[0]["status"], &again[0]["error"]), (&refused[0]["status"], &refused[0]["error"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_for_no_answer_passes_and_proxies_write_nothing() {
    let prepared = json!({ "type": "response.create", "model": "gpt-4o", "input": "setup", "generate": false });
    let acts = [vec![Act::Hear("generate")], response("0", ""), asked()].concat();
    let upstream = Scripted::playing(move |_| Play::Acts(acts.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&prepared).await;
    assert_eq!(client.until_type("response.completed").await.last().unwrap()["response"]["id"], "resp_0");
    assert_eq!(said(&client.respond("hello").await).0, "Hello there.");
    assert_eq!(written(folder.path()), []);
    assert_eq!(server.journal().await.len(), 1, "only what asks for an answer is a turn");
}
