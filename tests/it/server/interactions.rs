//! Gemini's interactions after they were given: asked for again, streamed from a place on, cancelled, deleted, forgotten.

use serde_json::{Value, json};

use super::support::{Request, Response, Running, start};

const CREATE: &str = "/v1beta/interactions";

async fn server() -> Running {
    let call = json!([{ "name": "f", "arguments": { "city": "Oslo" }, "id": "call_1" }]);
    start(json!([
        { "match": { "userMessage": "call" }, "response": { "reasoning": "Let me see.", "content": "One moment.", "toolCalls": call } },
        { "match": {}, "response": { "content": "Sunny in Oslo, and it will stay so for days." } },
    ]))
    .await
}

async fn ask(server: &Running, body: Value) -> Response {
    server.post(CREATE, &body.to_string()).await
}

/// The data of a stream's events, and whether it came to its end.
fn events(answer: &Response) -> (Vec<Value>, bool) {
    let data = answer.text().split_terminator("\n\n").map(|event| event.split_once("data: ").unwrap().1);
    let (ends, events): (Vec<&str>, Vec<&str>) = data.partition(|data| *data == "[DONE]");
    (events.into_iter().map(|data| serde_json::from_str(data).unwrap()).collect(), ends.len() == 1)
}

/// The interaction of a stream, put together by hand.
fn told(answer: &Response) -> (String, String) {
    let (events, complete) = events(answer);
    assert!(complete, "{events:?}");
    let text: String = events.iter().filter_map(|event| event.pointer("/delta/text").and_then(Value::as_str)).collect();
    (events[0]["interaction"]["id"].as_str().unwrap().to_owned(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interaction_can_be_asked_for_again_whole_and_streamed() {
    let server = server().await;
    for said in ["weather", "call"] {
        let whole = ask(&server, json!({ "model": "gemini-2.5-flash", "input": said })).await.json();
        let streamed = ask(&server, json!({ "model": "gemini-2.5-flash", "input": said, "stream": true })).await;
        let (streamed_id, text) = told(&streamed);
        for id in [whole["id"].as_str().unwrap(), &streamed_id] {
            let path = format!("{CREATE}/{id}");
            let again = server.get(&path).await;
            assert_eq!((again.status, again.header("x-aimock-match")), (200, Some("stored")));
            let again = again.json();
            assert_eq!((&again["id"], &again["steps"], &again["status"]), (&json!(id), &whole["steps"], &whole["status"]), "{said}");
            let stream = server.get(&format!("{path}?stream=true")).await;
            assert_eq!(told(&stream), (id.to_owned(), text.clone()));
            let input = server.get(&format!("{path}?include_input=true")).await.json()["input"].clone();
            assert_eq!((input, again.get("input")), (json!(said), None));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_behind_the_last_event_that_came() {
    let server = server().await;
    let first = ask(&server, json!({ "input": "call", "stream": true })).await;
    let path = format!("{CREATE}/{}?stream=true", told(&first).0);
    let (all, _) = events(&server.get(&path).await);
    assert_eq!(
        all.iter().map(|event| &event["event_id"]).collect::<Vec<_>>(),
        events(&first).0.iter().map(|event| &event["event_id"]).collect::<Vec<_>>()
    );
    for seen in [1, 3, all.len()] {
        let last = all[seen - 1]["event_id"].as_str().unwrap();
        let rest = server.get(&format!("{path}&last_event_id={last}")).await;
        assert_eq!(events(&rest), (all[seen..].to_vec(), true));
    }
    for unknown in ["evt_0", "evt_999", "evt_", "x"] {
        let refused = server.get(&format!("{path}&last_event_id={unknown}")).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("invalid_request")), "{unknown}");
    }
}

#[track_caller]
fn assert_missing(answer: &Response, id: &str) {
    let expected = json!({ "error": { "message": format!("Interaction with id '{id}' not found."), "code": "not_found" } });
    assert_eq!((answer.status, answer.json()), (404, expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_interaction_is_gone_and_one_that_is_not_stored_was_never_there() {
    let server = server().await;
    let id = ask(&server, json!({ "input": "x" })).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{CREATE}/{id}");
    let deleted = server.send(Request::new("DELETE", &path)).await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({})));
    for (method, path) in [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/cancel"))] {
        assert_missing(&server.send(Request::new(method, &path)).await, &id);
    }
    let unstored = ask(&server, json!({ "input": "x", "store": false })).await.json()["id"].as_str().unwrap().to_owned();
    assert_missing(&server.get(&format!("{CREATE}/{unstored}")).await, &unstored);
    let mine = server.send(Request::new("POST", CREATE).header("x-test-id", "mine").body(r#"{"input":"x"}"#)).await.json();
    let mine = mine["id"].as_str().unwrap();
    assert_missing(&server.get(&format!("{CREATE}/{mine}")).await, mine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_background_interactions_are_cancelled() {
    let server = server().await;
    let cancel = async |body: Value| {
        let answer = ask(&server, body).await.json();
        let cancelled = server.post(&format!("{CREATE}/{}/cancel", answer["id"].as_str().unwrap()), "").await;
        (cancelled.status, cancelled.json(), answer)
    };
    let (status, refused, _) = cancel(json!({ "input": "x" })).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("invalid_request")));
    let (status, cancelled, answer) = cancel(json!({ "input": "x", "background": true })).await;
    assert_eq!((status, cancelled), (200, answer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interaction_says_which_one_it_goes_on_with() {
    let server = server().await;
    let next = ask(&server, json!({ "input": "x", "previous_interaction_id": "v1_before" })).await.json();
    assert_eq!(next["previous_interaction_id"], "v1_before");
    assert_eq!(ask(&server, json!({ "input": "x" })).await.json().get("previous_interaction_id"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_answers_that_are_interactions_can_be_asked_for_again() {
    let image = json!({ "type": "model_output", "content": [{ "type": "image", "data": "AAAA", "mime_type": "image/png" }] });
    let interaction = json!({ "id": "v1_raw", "status": "completed", "steps": [image], "usage": { "total_tokens": 3 } });
    let server = start(json!([{ "match": {}, "response": { "http": { "json": interaction } } }])).await;
    ask(&server, json!({ "input": "x" })).await;
    assert_eq!(server.get("/v1beta/interactions/v1_raw").await.json(), interaction);
    let (events, complete) = events(&server.get("/v1beta/interactions/v1_raw?stream=true").await);
    assert_eq!((events.len(), complete, &events[1]["step"]), (4, true, &image));
    assert_eq!(events[3]["interaction"]["usage"], interaction["usage"]);
}
