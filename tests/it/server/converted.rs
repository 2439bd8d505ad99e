//! Converted recordings, served: each recorded request gets what was recorded, over a real socket.

use std::sync::Arc;

use aimock::convert::{Input, convert};
use aimock::diagnostic::{Source, SourceId};
use aimock::exchange::{Captured, Headers, RawRequest};
use aimock::fixture;
use aimock::provider::route::{Lookup, lookup};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::support::start;
use crate::repository::read;

/// A recorded exchange: path, request body, status, content type, response body.
struct Recorded {
    path: String,
    body: String,
    status: u16,
    kind: String,
    answer: Vec<u8>,
}

/// What an answer says: the response that a fixture would hold, without ids and times; for other URLs its bytes.
fn said(recorded: &Recorded, status: u16, kind: &str, body: &[u8]) -> String {
    let raw = RawRequest::new("POST", &recorded.path, Headers::new(), recorded.body.clone());
    let Lookup::Found { codec, route, params, path_used: _ } = lookup("POST", &raw.path) else {
        return format!("{status} {:?}", String::from_utf8_lossy(body));
    };
    let request = codec.decode(&raw, route, &params).unwrap();
    let captured = Captured::whole(status, [("content-type", kind)].into_iter().collect(), body.to_vec());
    // What no neutral response holds is kept as it is.
    let Ok(collapsed) = codec.collapse(&request, &captured) else { return format!("{status} {:?}", String::from_utf8_lossy(body)) };
    let mut response = fixture::response(&collapsed.reply).unwrap();
    let members = response.as_object_mut().unwrap();
    for made_up in ["id", "created", "usage", "retryAfter"] {
        members.remove(made_up);
    }
    response.sort_all_objects();
    response.to_string()
}

async fn check(file: &str, recorded: Vec<Recorded>) {
    check_pair(file, None, recorded).await;
}

async fn check_pair(file: &str, answer: Option<&str>, recorded: Vec<Recorded>) {
    assert!(!recorded.is_empty(), "{file}");
    let source = |file: &str| Arc::new(Source::new(SourceId(0), file, read(file)));
    let conversion = convert(&Input { source: source(file), answer: answer.map(source) }, None).unwrap();
    let server = start(conversion.file["fixtures"].clone()).await;
    for one in recorded {
        let response = server.post(&one.path, &one.body).await;
        let kind = response.header("content-type").unwrap_or_default().to_owned();
        let expected = said(&one, one.status, &one.kind, &one.answer);
        assert_eq!(said(&one, response.status, &kind, response.text().as_bytes()), expected, "{file} {} {}", one.path, one.body);
    }
}

fn path_of(url: &Value) -> String {
    let (_, behind_scheme) = url.as_str().unwrap().split_once("://").unwrap();
    behind_scheme[behind_scheme.find('/').unwrap()..].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cassette_of_vcrpy_answers_as_it_was_recorded() {
    let file = "tests/convert/vcrpy/plain.json";
    let cassette: Value = serde_json::from_str(&read(file)).unwrap();
    let one = |interaction: &Value| {
        let (asked, answered) = (&interaction["request"], &interaction["response"]);
        Recorded {
            path: path_of(&asked["uri"]),
            body: asked["body"].as_str().unwrap().to_owned(),
            status: u16::try_from(answered["status"]["code"].as_u64().unwrap()).unwrap(),
            kind: answered["headers"]["Content-Type"][0].as_str().unwrap().to_owned(),
            answer: answered["body"]["string"].as_str().unwrap().as_bytes().to_vec(),
        }
    };
    check(file, cassette["interactions"].as_array().unwrap().iter().map(one).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_of_polly_answers_as_it_was_recorded() {
    let file = "tests/convert/polly/recording.har";
    let archive: Value = serde_json::from_str(&read(file)).unwrap();
    let mut entries: Vec<&Value> = archive["log"]["entries"].as_array().unwrap().iter().collect();
    entries.sort_by_key(|entry| entry["_order"].as_u64());
    // What is stored encoded is read in the tests of converting.
    let plain = entries.into_iter().filter(|entry| entry["response"]["content"]["encoding"].is_null());
    let one = |entry: &Value| {
        let content = &entry["response"]["content"];
        Recorded {
            path: path_of(&entry["request"]["url"]),
            body: entry["request"]["postData"]["text"].as_str().unwrap().to_owned(),
            status: u16::try_from(entry["response"]["status"].as_u64().unwrap()).unwrap(),
            kind: content["mimeType"].as_str().unwrap().to_owned(),
            answer: content["text"].as_str().unwrap().as_bytes().to_vec(),
        }
    };
    check(file, plain.map(one).collect()).await;
}

/// YAML as JSON; what is tagged as bytes is left in base64.
fn yaml(file: &str) -> Value {
    serde_yaml::from_str(&read(file).replace("!binary ", "").replace("!!binary ", "")).unwrap()
}

fn recorded(path: &str, body: &str, kind: &str, answer: &str) -> Recorded {
    Recorded { path: path.to_owned(), body: body.to_owned(), status: 200, kind: kind.to_owned(), answer: answer.as_bytes().to_vec() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cassette_of_go_vcr_answers_as_it_was_recorded() {
    let file = "tests/convert/go-vcr/chat.yaml";
    let one = |interaction: &Value| {
        let (asked, answered) = (&interaction["request"], &interaction["response"]);
        let kind = answered["headers"]["Content-Type"][0].as_str().unwrap();
        recorded(&path_of(&asked["url"]), asked["body"].as_str().unwrap(), kind, answered["body"].as_str().unwrap())
    };
    check(file, yaml(file)["interactions"].as_array().unwrap().iter().map(one).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cassette_of_rubys_vcr_answers_as_it_was_recorded() {
    let file = "tests/convert/ruby-vcr/chat.yml";
    let one = |interaction: &Value| {
        let (asked, answered) = (&interaction["request"], &interaction["response"]);
        let answer = STANDARD.decode(answered["body"]["string"].as_str().unwrap()).unwrap();
        let body = asked["body"]["string"].as_str().unwrap();
        recorded(&path_of(&asked["uri"]), body, "application/json", std::str::from_utf8(&answer).unwrap())
    };
    check(file, yaml(file)["http_interactions"].as_array().unwrap().iter().map(one).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cassette_of_cassetter_answers_as_it_was_recorded() {
    let file = "tests/convert/cassetter/sample.yaml";
    let cassette = yaml(file);
    let text = |body: &Value| match body["type"].as_str() {
        Some("json") => Some(body["content"].to_string()),
        Some("text") => Some(body["content"].as_str().unwrap().to_owned()),
        // Hexadecimal is read in the tests of converting.
        _ => None,
    };
    let one = |interaction: &Value| {
        let (asked, answered) = (&interaction["request"], &interaction["response"]);
        let (body, answer) = (text(&asked["body"])?, text(&answered["body"])?);
        let kind = answered["headers"]["content-type"][0].as_str().unwrap();
        let status = u16::try_from(answered["status"].as_u64().unwrap()).unwrap();
        Some(Recorded { status, ..recorded(&path_of(&asked["uri"]), &body, kind, &answer) })
    };
    let all: Vec<Recorded> = cassette["interactions"].as_array().unwrap().iter().filter_map(one).collect();
    assert!(all.len() > 3, "only {} exchanges", all.len());
    check(file, all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_of_a_browser_answers_as_it_was_recorded() {
    let file = "tests/convert/har/browser.har";
    let archive: Value = serde_json::from_str(&read(file)).unwrap();
    let one = |entry: &Value| {
        let content = &entry["response"]["content"];
        let written = content["text"].as_str()?;
        let answer = if content["encoding"] == "base64" { STANDARD.decode(written).unwrap() } else { written.as_bytes().to_vec() };
        let (path, body) = (path_of(&entry["request"]["url"]), entry["request"]["postData"]["text"].as_str()?);
        Some(Recorded { answer, ..recorded(&path, body, content["mimeType"].as_str().unwrap(), "") })
    };
    let all: Vec<Recorded> = archive["log"]["entries"].as_array().unwrap().iter().filter_map(one).collect();
    assert_eq!(all.len(), 2);
    check(file, all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_txtar_archive_answers_as_it_was_recorded() {
    let file = "tests/convert/txtar/tool.txtar";
    let text = read(file);
    let section = |name: &str| {
        let (_, rest) = text.split_once(&format!("-- {name} --\n")).unwrap();
        rest.split("\n-- ").next().unwrap().to_owned()
    };
    let mut asked: Value = serde_json::from_str(&section("request")).unwrap();
    let path = "/v1/messages";
    let first = recorded(path, &asked.to_string(), "application/json", &section("non-streaming"));
    let mut streaming = asked.clone();
    streaming["stream"] = true.into();
    let stream = recorded(path, &streaming.to_string(), "text/event-stream", &format!("{}\n\n", section("streaming").trim_end()));
    let messages = asked["messages"].as_array_mut().unwrap();
    messages.push(
        json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "toolu_sample3", "name": "list_workspaces", "input": {} }] }),
    );
    messages.push(json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "toolu_sample3", "content": "one" }] }));
    let second = recorded(path, &asked.to_string(), "application/json", &section("non-streaming/tool-call"));
    check(file, vec![first, stream, second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_answers_as_it_was_recorded() {
    let (file, answer) = ("tests/convert/pair/weather.request.json", "tests/convert/pair/weather.response.sse");
    let one = recorded("/v1/chat/completions", &read(file), "text/event-stream", &read(answer));
    check_pair(file, Some(answer), vec![one]).await;
}
