//! OpenAI's responses after they were given: asked for again, listed, cancelled, deleted, forgotten.

use serde_json::{Value, json};

use super::support::{Request, Response, Running, start, start_in, start_with};

const TYPES: [&str; 2] = ["application/json", "text/event-stream"];

fn fixtures() -> Value {
    json!([{ "match": {}, "response": { "content": "Sunny in Oslo." } }])
}

async fn ask(server: &Running, body: Value) -> Response {
    server.post("/v1/responses", &body.to_string()).await
}

/// The whole response of an answer, streamed or not.
fn whole(answer: &Response) -> Value {
    if answer.header("content-type") == Some(TYPES[0]) {
        return answer.json();
    }
    events(answer).last().unwrap()["response"].clone()
}

fn events(answer: &Response) -> Vec<Value> {
    let data = answer.text().split_terminator("\n\n").map(|event| event.split_once("\ndata: ").unwrap().1);
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn id(answer: &Response) -> String {
    whole(answer)["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_missing(answer: &Response, id: &str) {
    let expected = json!({ "error": { "message": format!("Response with id '{id}' not found."), "type": "invalid_request_error", "param": null, "code": null } });
    assert_eq!((answer.status, answer.json()), (404, expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_can_be_asked_for_again_whole_and_streamed() {
    let server = start(fixtures()).await;
    for (stream, kind) in [(false, TYPES[0]), (true, TYPES[1])] {
        let answer = ask(&server, json!({ "model": "gpt-4o", "input": "weather", "stream": stream })).await;
        assert_eq!(answer.header("content-type"), Some(kind));
        let path = format!("/v1/responses/{}", id(&answer));
        let again = server.get(&path).await;
        assert_eq!((again.status, again.header("x-aimock-match")), (200, Some("stored")));
        assert_eq!(again.json(), whole(&answer));
        let streamed = events(&server.get(&format!("{path}?stream=true")).await);
        assert_eq!(streamed.last().unwrap()["response"], whole(&answer));
        let rest = events(&server.get(&format!("{path}?stream=true&starting_after=3")).await);
        assert_eq!(rest, streamed[4..]);
        assert_eq!(server.get(&format!("{path}?stream=true&starting_after=99")).await.text(), "");
        assert_eq!(server.get(&format!("{path}?stream=true&starting_after=x")).await.status, 400);
        assert_eq!(server.get(&format!("/openai{path}")).await.json(), whole(&answer));
    }
    let entry = &server.journal().await[1];
    assert_eq!((&entry["response"]["source"], &entry["response"]["matchedBy"]), (&json!("internal"), &json!("stored")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_answers_that_are_responses_can_be_asked_for_again() {
    let response =
        json!({ "id": "resp_raw", "object": "response", "status": "completed", "output": [{ "type": "mcp_call", "id": "mcp_1" }] });
    let last = json!({ "type": "response.completed", "sequence_number": 0, "response": response }).to_string();
    for answer in [
        json!({ "http": { "headers": { "content-type": "application/json" }, "body": response.to_string() } }),
        json!({ "http": { "headers": { "content-type": "text/event-stream" }, "body": format!("data: {{}}\n\ndata: {last}\n\n") } }),
        json!({ "events": ["{}", last] }),
    ] {
        let server = start(json!([{ "match": {}, "response": answer }])).await;
        ask(&server, json!({ "input": "x" })).await;
        assert_eq!(server.get("/v1/responses/resp_raw").await.json(), response, "{answer}");
        let streamed = events(&server.get("/v1/responses/resp_raw?stream=true").await);
        assert_eq!((streamed.len(), &streamed.last().unwrap()["response"]), (5, &response));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_stored_is_kept_and_only_for_its_test() {
    let server = start(fixtures()).await;
    let unstored = id(&ask(&server, json!({ "input": "x", "store": false })).await);
    assert_missing(&server.get(&format!("/v1/responses/{unstored}")).await, &unstored);
    let body = json!({ "input": "x" }).to_string();
    let mine = server.send(Request::new("POST", "/v1/responses").header("x-test-id", "mine").body(&body)).await;
    let path = format!("/v1/responses/{}", id(&mine));
    assert_missing(&server.get(&path).await, &id(&mine));
    assert_eq!(server.send(Request::new("GET", &path).header("x-test-id", "mine")).await.json(), mine.json());
    server.post("/__aimock/reset", "").await;
    assert_missing(&server.send(Request::new("GET", &path).header("x-test-id", "mine")).await, &id(&mine));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_answer_is_gone() {
    let server = start(fixtures()).await;
    let id = id(&ask(&server, json!({ "input": "x" })).await);
    let path = format!("/v1/responses/{id}");
    let deleted = server.send(Request::new("DELETE", &path)).await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({ "id": id, "object": "response", "deleted": true })));
    for (method, path) in
        [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/cancel")), ("GET", format!("{path}/input_items"))]
    {
        assert_missing(&server.send(Request::new(method, &path)).await, &id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_background_answers_are_cancelled() {
    let server = start(fixtures()).await;
    let plain = id(&ask(&server, json!({ "input": "x" })).await);
    let refused = server.post(&format!("/v1/responses/{plain}/cancel"), "").await;
    assert_eq!((refused.status, &refused.json()["error"]["message"]), (400, &json!("Cannot cancel a synchronous response.")));
    let answer = ask(&server, json!({ "input": "x", "background": true })).await;
    let cancelled = server.post(&format!("/v1/responses/{}/cancel", id(&answer)), "").await;
    assert_eq!((cancelled.status, cancelled.json()), (200, answer.json()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_items_come_in_pages_with_ids_that_stay() {
    let server = start(fixtures()).await;
    let one = id(&ask(&server, json!({ "input": "weather?" })).await);
    let list = server.get(&format!("/v1/responses/{one}/input_items")).await.json();
    let item = &list["data"][0];
    let expected = json!({ "id": item["id"], "type": "message", "status": "completed", "role": "user", "content": [{ "type": "input_text", "text": "weather?" }] });
    assert_eq!(*item, expected);
    assert!(item["id"].as_str().unwrap().starts_with("msg_"));
    let page = json!({ "object": "list", "data": [item], "first_id": item["id"], "last_id": item["id"], "has_more": false });
    assert_eq!(list, page);

    let items: Vec<Value> = (0..30).map(|number| json!({ "role": "user", "content": format!("{number}") })).collect();
    let many = id(&ask(&server, json!({ "input": items })).await);
    let path = format!("/v1/responses/{many}/input_items");
    let texts = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|item| item["content"][0]["text"].as_str().unwrap().to_owned()).collect()
    };
    let newest = server.get(&path).await.json();
    assert_eq!((texts(&newest).len(), texts(&newest)[0].as_str(), &newest["has_more"]), (20, "29", &json!(true)));
    let next = server.get(&format!("{path}?after={}", newest["last_id"].as_str().unwrap())).await.json();
    assert_eq!((texts(&next).len(), texts(&next)[0].as_str(), &next["has_more"]), (10, "9", &json!(false)));
    assert_eq!(texts(&server.get(&format!("{path}?order=asc&limit=2")).await.json()), ["0", "1"]);
    for (query, code) in [("limit=0", "integer_below_min_value"), ("limit=101", "integer_above_max_value"), ("limit=x", "invalid_type")] {
        let refused = server.get(&format!("{path}?{query}")).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(code)), "{query}");
    }
    assert_eq!(server.get(&format!("{path}?after=msg_other")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_tokens_are_counted_as_the_answer_counts_them() {
    let server = start(fixtures()).await;
    let body = json!({ "model": "gpt-4o", "instructions": "Be brief.", "input": "What is the weather in Oslo?" });
    let counted = server.post("/v1/responses/input_tokens", &body.to_string()).await.json();
    let answer = ask(&server, body).await.json();
    assert_eq!(counted, json!({ "object": "response.input_tokens", "input_tokens": answer["usage"]["input_tokens"] }));
    assert_eq!(server.post("/v1/responses/input_tokens", "{}").await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_with_the_path_comes_first_and_chaos_reaches_the_rest() {
    let named = json!([{ "match": { "path": "/v1/responses/resp_1" }, "response": { "json": { "id": "resp_1", "status": "queued" } } }]);
    let server = start(named).await;
    let queued = server.get("/v1/responses/resp_1").await;
    assert_eq!((queued.json(), queued.header("x-aimock-match")), (json!({ "id": "resp_1", "status": "queued" }), Some("content")));
    assert_missing(&server.get("/v1/responses/resp_2").await, "resp_2");

    let server = start(fixtures()).await;
    let id = id(&ask(&server, json!({ "input": "x" })).await);
    let chaotic = |rate: &str| Request::new("GET", &format!("/v1/responses/{id}")).header("x-aimock-chaos-ratelimit", rate);
    let limited = server.send(chaotic("1")).await;
    assert_eq!((limited.status, &limited.json()["error"]["code"]), (429, &json!("chaos_ratelimit")));
    assert_eq!(server.send(chaotic("0")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_answers_are_kept_and_no_more() {
    let server = start_with(fixtures(), |settings| settings.seed = 3).await;
    let first = id(&ask(&server, json!({ "input": "0" })).await);
    let mut last = String::new();
    for number in 1..=1000 {
        last = id(&ask(&server, json!({ "input": number.to_string() })).await);
    }
    assert_missing(&server.get(&format!("/v1/responses/{first}")).await, &first);
    assert_eq!(server.get(&format!("/v1/responses/{last}")).await.status, 200);
}

/// A stream that is cut, or that an error ends, leaves an answer that can be asked for; the error is numbered on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_ended_badly_can_be_picked_up() {
    let cut = json!([{ "match": {}, "response": { "id": "resp_cut", "content": "Sunny in Oslo." }, "disconnectAfterEvents": 4 }]);
    let server = start(cut).await;
    let answer = ask(&server, json!({ "input": "x", "stream": true })).await;
    let seen = events(&answer);
    assert_eq!((answer.complete, seen.len()), (false, 4));
    let rest = events(&server.get("/v1/responses/resp_cut?stream=true&starting_after=3").await);
    let numbers: Vec<u64> = seen.iter().chain(&rest).map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(rest.last().unwrap()["type"], "response.completed");

    let error = json!({ "events": 3, "error": { "message": "overloaded", "type": "overloaded_error", "code": "busy" } });
    let server = start(json!([{ "match": {}, "response": { "content": "x" }, "errorAfterEvents": error }])).await;
    let last = events(&ask(&server, json!({ "input": "x", "stream": true })).await).pop().unwrap();
    let nested = json!({ "type": "overloaded_error", "code": "busy", "message": "overloaded", "param": null });
    let expected =
        json!({ "type": "error", "sequence_number": 3, "code": "busy", "message": "overloaded", "param": null, "error": nested });
    assert_eq!(last, expected);
}

/// Ids and times are the only things that a seed decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_the_same_bytes() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let server = start_in(fixtures(), aimock::server::Settings { seed: 5, ..aimock::server::Settings::default() }, |_| ()).await;
        seen.push(ask(&server, json!({ "input": "x", "stream": true })).await.body);
    }
    assert_eq!(seen[0], seen[1]);
}
