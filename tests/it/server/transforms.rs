//! What the server does under transforms, on every way in. Letters and numbers in names are those of the seed behaviours.

use aimock::exchange::{Endpoint, Headers, RawRequest};
use aimock::matcher::Matching;
use aimock::provider::route::{Lookup, lookup};
use aimock::transform::Spec;
use serde_json::{Value, json};

use super::support::{Request, Response, Running, chat, chat_of, chat_stream, start_under};

/// A day, and another.
const THEN: &str = "2026-03-30T13:19:38";
const NOW: &str = "2027-01-02T03:04:05";

fn named(name: &str) -> Spec {
    Spec::BuiltIn { name: name.to_owned(), label: None }
}

fn replace(pattern: &str, with: &str) -> Spec {
    Spec::Replace { pattern: pattern.to_owned(), with: with.to_owned(), within: Vec::new(), label: None }
}

fn drop_at(pointer: &str) -> Spec {
    Spec::Drop { pointer: pointer.to_owned(), label: None }
}

async fn exact(list: &[Spec], fixtures: Value) -> Running {
    start_under(list, Matching::Exact, fixtures).await
}

/// One fixture, which answers `Yes.`
fn one(matches: &Value) -> Value {
    json!([{ "match": matches, "response": { "content": "Yes." } }])
}

/// `POST /v1/messages` with a user who says this.
fn messages(text: &str, stream: bool) -> Request {
    let body = json!({ "model": "claude-sonnet-4", "max_tokens": 64, "stream": stream, "messages": [{ "role": "user", "content": text }] });
    Request::new("POST", "/v1/messages").header("content-type", "application/json").body(body.to_string())
}

/// The same question in both vendors' words, streaming and not.
fn every_way(text: &str) -> [Request; 4] {
    [chat(text), chat_stream(text), messages(text, false), messages(text, true)]
}

/// The same question under a system prompt.
fn with_system(system: &str) -> Vec<Request> {
    let user = json!({ "role": "user", "content": "x" });
    let mut requests = Vec::new();
    for stream in [false, true] {
        requests.push(chat_of(&json!({ "model": "m", "stream": stream, "messages": [{ "role": "system", "content": system }, user] })));
        let body = json!({ "model": "m", "max_tokens": 9, "stream": stream, "system": system, "messages": [user] });
        requests.push(Request::new("POST", "/v1/messages").body(body.to_string()));
    }
    requests
}

/// Whether all of these are answered.
async fn all_checked(server: &Running, asked: &str, requests: impl IntoIterator<Item = Request>, expected: bool) {
    for request in requests {
        checked(asked, &server.send(request).await, expected);
    }
}

fn is_answered(response: &Response) -> bool {
    assert!([200, 404].contains(&response.status), "{}", response.text());
    response.status == 200 && response.text().contains("Yes.")
}

/// Whether each request is answered.
#[track_caller]
fn checked(asked: &str, response: &Response, expected: bool) {
    assert_eq!(is_answered(response), expected, "{asked}: {}", response.text());
}

/// The incumbent, given a `requestTransform` that writes `<timestamp>` for ISO times and a key that is written so, answers
/// these four requests alike; a key with a time in it never matches there, since it does not rewrite fixtures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_an_event_of_one_date_answers_on_any_other_and_a_shared_prefix_does_not() {
    for written in [THEN, "<timestamp>"] {
        let key = json!({ "userMessage": format!("Event Date: {written}\nWhat next?") });
        let server = exact(&[named("timestamps")], one(&key)).await;
        for (text, expected) in [
            (format!("Event Date: {THEN}\nWhat next?"), true),
            (format!("Event Date: {NOW}\nWhat next?"), true),
            (format!("Event Date: {NOW}\nWhat next? And then?"), false),
            ("Event Date: 2027".to_owned(), false),
        ] {
            for request in every_way(&text) {
                checked(&text, &server.send(request).await, expected);
            }
        }
    }
}

/// As in the incumbent: plain strings of three keys become equalities, lists and `toolResultContains` do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_plain_strings_are_exact_and_lists_stay_substrings() {
    let time = [named("timestamps")];
    let server = exact(&time, one(&json!({ "systemMessage": format!("It is {THEN}.") }))).await;
    all_checked(&server, "equal", with_system(&format!("It is {NOW}.")), true).await;
    all_checked(&server, "longer", with_system(&format!("It is {NOW}. Really.")), false).await;
    let server = exact(&time, one(&json!({ "systemMessage": ["terse", THEN] }))).await;
    all_checked(&server, "list", with_system(&format!("Be terse and kind. {NOW}")), true).await;
    let server = exact(&time, one(&json!({ "toolResultContains": format!("at {THEN}") }))).await;
    let result = json!({ "model": "m", "messages": [
        { "role": "user", "content": "x" },
        { "role": "assistant", "content": null, "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "c", "content": format!("done at {NOW}, all well") },
    ] });
    checked("tool result", &server.send(chat_of(&result)).await, true);
    let embedding = json!([{ "match": { "inputText": format!("log {THEN}") }, "response": { "embedding": [0.5] } }]);
    let server = exact(&time, embedding).await;
    for (input, by) in [(format!("log {NOW}"), "content"), (format!("log {NOW} more"), "fallback")] {
        let response = server.post("/v1/embeddings", &json!({ "model": "e", "input": input }).to_string()).await;
        assert_eq!(response.header("x-aimock-match"), Some(by), "{input}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_matching_contains_leaves_plain_strings_as_they_were() {
    let fixtures = one(&json!({ "userMessage": format!("Date: {THEN}") }));
    let server = start_under(&[named("timestamps")], Matching::Contains, fixtures).await;
    all_checked(&server, "part", every_way(&format!("On Date: {NOW} it rained")), true).await;
    all_checked(&server, "none", every_way("On Date: it rained"), false).await;
    // A transform that changes nothing leaves everything as it is without.
    let nothing = [replace("a text that nobody says", "nothing")];
    let server = start_under(&nothing, Matching::Contains, one(&json!({ "userMessage": "Date" }))).await;
    all_checked(&server, "identity", every_way("On this Date it rained"), true).await;
}

/// As in the incumbent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_regexes_see_the_rewritten_text_and_headers_and_body_the_original() {
    let body = json!({ "messages": [{ "role": "user", "content": format!("Date {NOW} and more") }] });
    for (matches, expected) in [
        (json!({ "userMessage": { "regex": "^Date <timestamp> and" } }), true),
        (json!({ "userMessage": { "regex": "[0-9]{4}-[0-9]{2}" } }), false),
        (json!({ "userMessage": { "glob": "Date <timestamp>*" } }), true),
        (json!({ "headers": { "x-at": NOW } }), true),
        (json!({ "headers": { "x-at": "<timestamp>" } }), false),
        (json!({ "body": body }), true),
        (json!({ "body": { "messages": [{ "role": "user", "content": "Date <timestamp> and more" }] } }), false),
    ] {
        let server = exact(&[named("timestamps")], one(&matches)).await;
        let asked = every_way(&format!("Date {NOW} and more")).map(|request| request.header("x-at", NOW));
        all_checked(&server, &matches.to_string(), asked, expected).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_the_journal_and_the_answer_hold_the_original() {
    let server = exact(&[replace("gpt-4o|claude.*|secret plan", "other")], one(&json!({ "userMessage": "other?" }))).await;
    for (number, (request, model)) in every_way("secret plan?").into_iter().zip(["gpt-4o", "gpt-4o", "claude-", "claude-"]).enumerate() {
        let response = server.send(request).await;
        assert!(response.text().contains(&format!("\"model\":\"{model}")), "{}", response.text());
        let entry = server.journal().await[number].clone();
        assert_eq!(entry["body"]["messages"][0]["content"], "secret plan?");
        assert_eq!(entry["response"]["fixture"]["match"]["userMessage"], json!({ "equals": "other?" }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miss_shows_the_rewritten_text_and_says_so() {
    let server = exact(&[named("timestamps")], one(&json!({ "userMessage": format!("Date: {THEN}") }))).await;
    let error = server.ask(&format!("Date: {NOW}, noon")).await.json()["error"].clone();
    assert_eq!(error["message"], "No fixture matched");
    assert_eq!(error["aimock"]["transforms"], json!(["timestamps"]));
    let failed = json!({ "key": "userMessage", "expected": "equals `Date: <timestamp>`", "actual": "\"Date: <timestamp>, noon\"" });
    assert_eq!(error["aimock"]["nearest"][0]["failed"], failed);
    let entry = server.journal().await[0].clone();
    assert_eq!((&entry["transforms"], &entry["nearest"][0]["failed"]), (&json!(["timestamps"]), &failed));
    let log = server.log.lock().unwrap().join("\n");
    assert!(log.starts_with("No fixture matched for POST /v1/chat/completions (after transforms: timestamps)\n  near: "), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequences_count_requests_that_differ_only_in_what_is_rewritten() {
    let step = |index: u32, text: &str| json!({ "match": { "userMessage": format!("Date: {THEN}"), "sequenceIndex": index }, "response": { "content": text } });
    let server = exact(&[named("timestamps")], json!([step(0, "first"), step(1, "second")])).await;
    for (time, expected) in [(THEN, "first"), (NOW, "second")] {
        assert_eq!(server.ask(&format!("Date: {time}")).await.said(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixtures_that_are_posted_are_rewritten_as_well() {
    let server = exact(&[named("timestamps")], json!([])).await;
    let body = json!({ "fixtures": one(&json!({ "userMessage": format!("Date: {THEN}") })) });
    assert_eq!(server.post("/__aimock/fixtures", &body.to_string()).await.json(), json!({ "added": 1 }));
    checked("posted", &server.ask(&format!("Date: {NOW}")).await, true);
    checked("posted, a part", &server.ask(&format!("Date: {NOW}, noon")).await, false);
}

/// Every route of every codec, with each of its samples whose question stands in one piece.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_every_route_of_every_provider_is_rewritten() {
    let routes = aimock::provider::ALL.iter().flat_map(|codec| codec.routes()).filter(|route| route.method == "POST");
    let mut routes: Vec<&str> = routes.map(|route| route.path).collect();
    for (name, text) in crate::repository::texts("tests/wire", &["json"]) {
        let sample: Value = serde_json::from_str(&text).unwrap();
        let (Some(path), Some(body)) = (sample["path"].as_str(), sample.get("body")) else { continue };
        let Some((route, endpoint, question)) = question(&sample, path, body) else { continue };
        // Where tokens are only counted, no text is matched.
        let Some(endpoint) = endpoint else {
            routes.retain(|known| *known != route);
            continue;
        };
        let asked = body.to_string().replace(&json!(question).to_string(), &json!(format!("{question} at {NOW}")).to_string());
        let key = if endpoint == Endpoint::Embedding { "inputText" } else { "userMessage" };
        let mut matches = json!({ key: format!("{question} at {THEN}") });
        if !matches!(endpoint, Endpoint::Chat | Endpoint::Embedding) {
            matches["endpoint"] = endpoint.name().into();
        }
        let fixtures = json!([{ "match": matches, "response": answer(endpoint, route) }]);
        let mut request = Request::new("POST", path);
        for (name, value) in headers(&sample).iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        let response = exact(&[named("timestamps")], fixtures).await.send(request.body(bytes(&sample, &asked))).await;
        let seen = (response.status / 100, response.header("x-aimock-match"));
        assert_eq!(seen, (2, Some("content")), "{}: {}", name.display(), String::from_utf8_lossy(&response.body));
        routes.retain(|known| *known != route);
    }
    assert!(routes.is_empty(), "no sample asks a question on {routes:?}");
}

/// What an endpoint can send.
fn answer(endpoint: Endpoint, route: &str) -> Value {
    match endpoint {
        Endpoint::Embedding => json!({ "embedding": [0.5] }),
        Endpoint::Image => json!({ "image": { "b64Json": "AAAA" } }),
        Endpoint::AudioGen if route.ends_with("/plan") => json!({ "json": {} }),
        Endpoint::Speech | Endpoint::ElevenlabsTts | Endpoint::AudioGen | Endpoint::FalAudio => json!({ "audio": "AAAA" }),
        Endpoint::Transcription | Endpoint::Translation => json!({ "transcription": { "text": "Yes." } }),
        Endpoint::Video => json!({ "video": { "status": "completed" } }),
        Endpoint::Fal | Endpoint::Moderation | Endpoint::Search | Endpoint::Rerank => json!({ "json": {} }),
        _ => json!({ "content": "Yes." }),
    }
}

/// The header fields of a sample.
fn headers(sample: &Value) -> Headers {
    let given = sample["headers"].as_object().into_iter().flatten();
    let mut headers: Headers = given.map(|(name, value)| (name, value.as_str().unwrap())).collect();
    if sample["form"] == true {
        headers.push("content-type", "multipart/form-data; boundary=next");
    }
    headers
}

/// The body of a sample as it is sent.
fn bytes(sample: &Value, body: &str) -> Vec<u8> {
    if sample["form"] == true { crate::codecs::form(&serde_json::from_str(body).unwrap()) } else { body.as_bytes().to_vec() }
}

/// The route of a sample, its endpoint and its question; `None` where it has none in one piece.
fn question(sample: &Value, path: &str, body: &Value) -> Option<(&'static str, Option<Endpoint>, String)> {
    let raw = RawRequest::new("POST", path, headers(sample), bytes(sample, &body.to_string()));
    let Lookup::Found { codec, route, params, path_used: _ } = lookup("POST", &raw.path) else { return None };
    let request = codec.decode(&raw, route, &params).ok()?;
    let Some(endpoint) = request.endpoint else { return Some((route.path, None, String::new())) };
    let question = if endpoint == Endpoint::Embedding { request.embedding_text()? } else { request.user_text()?.to_owned() };
    let stands = !question.is_empty() && body.to_string().contains(&json!(question).to_string());
    stands.then_some((route.path, Some(endpoint), question))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c9_the_order_of_the_list_decides() {
    let (day, month) = (replace("[0-9]{4}-[0-9]{2}-[0-9]{2}", "<day>"), replace("[0-9]{4}-[0-9]{2}", "<month>"));
    let asked = "Report of 2026-03-30";
    for (list, seen) in [([day.clone(), month.clone()], "Report of <day>"), ([month, day], "Report of <month>-30")] {
        let server = exact(&list, one(&json!({ "userMessage": { "regex": format!("^{seen}$") } }))).await;
        all_checked(&server, seen, every_way(asked), true).await;
    }
}

/// What people must know about transforms stands where they look for it.
#[test]
fn c10_the_docs_and_the_schema_say_what_is_affected() {
    let page = crate::repository::read("docs/transforms.md").to_lowercase();
    let schema: Value = serde_json::from_str(&crate::repository::read("schemas/config.schema.json")).unwrap();
    let schema = schema["properties"]["transforms"]["description"].as_str().unwrap().to_lowercase();
    for (said, words) in [(&page, ["recording", "exact", "regular expressions"]), (&schema, ["recordings", "exact", "regular expressions"])]
    {
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains("see the rewritten text") && said.contains("original"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_what_a_transform_takes_away_text_keys_do_not_match_and_other_keys_still_do() {
    let fixtures = json!([
        { "match": { "userMessage": "hi" }, "response": { "content": "text" } },
        { "match": { "systemMessage": "be kind" }, "response": { "content": "system" } },
        { "match": { "model": "gpt-4o" }, "response": { "content": "model" } },
        { "match": { "headers": { "x-who": "me" } }, "response": { "content": "header" } },
        { "match": { "endpoint": "chat" }, "response": { "content": "endpoint" } },
    ]);
    for (pointer, expected) in [("/messages", "model"), ("/model", "text"), ("", "header")] {
        let server = exact(&[drop_at(pointer)], fixtures.clone()).await;
        for (request, model) in every_way("hi").into_iter().zip(["gpt-4o", "gpt-4o", "claude-sonnet-4", "claude-sonnet-4"]) {
            let response = server.send(request.header("x-who", "me")).await;
            // `model` asks for OpenAI's; the others have an answer all the same.
            let expected = if expected == "model" && model != "gpt-4o" { "header" } else { expected };
            assert!(response.text().contains(&format!("\"{expected}\"")), "{pointer} {}", response.text());
            // The answer is made for the request that came.
            assert!(response.text().contains(&format!("\"model\":\"{model}\"")), "{pointer} {}", response.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_a_transform_that_fails_is_an_error_in_the_providers_words_and_the_server_goes_on() {
    let roleless = Spec::Drop { pointer: "/messages/*/role".to_owned(), label: Some("no roles".to_owned()) };
    let server = exact(&[roleless], one(&json!({ "endpoint": "chat" }))).await;
    for (number, request) in every_way("hi").into_iter().enumerate() {
        let response = server.send(request).await;
        let body = response.json();
        assert_eq!((response.status, response.header("x-should-retry")), (500, Some("false")), "{body}");
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("transform `no roles` cannot rewrite this request: ") && message.contains("role"), "{message}");
        assert_eq!(body["error"]["aimock"]["code"], "transform_failed");
        match number {
            0 | 1 => assert_eq!((&body["error"]["type"], &body["error"]["code"]), (&json!("server_error"), &json!("transform_failed"))),
            _ => assert_eq!((&body["type"], body["error"]["type"].is_string()), (&json!("error"), true)),
        }
        let entries = server.journal().await;
        assert_eq!(entries.len(), number + 1);
        assert_eq!((&entries[number]["response"]["error"], &entries[number]["response"]["status"]), (&json!(message), &json!(500)));
        let log = server.log.lock().unwrap().clone();
        assert!(log.len() == number + 1 && log[number].ends_with(&message) && log[number].starts_with("POST /v1/"), "{log:?}");
    }
    // A request without messages has none without a role.
    let response = server.post("/v1/embeddings", r#"{"model":"e","input":"x"}"#).await;
    assert_eq!(response.status, 200, "{}", response.text());
}
