//! Converted recordings, served: each recorded request gets what was recorded, over a real socket.

use std::sync::Arc;

use aimock::convert::{Input, convert};
use aimock::diagnostic::{Source, SourceId};
use aimock::exchange::{Captured, Headers, RawRequest};
use aimock::fixture;
use aimock::provider::route::{Lookup, lookup};
use serde_json::Value;

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
    let mut response = fixture::response(&codec.collapse(&request, &captured).unwrap().reply).unwrap();
    let members = response.as_object_mut().unwrap();
    for made_up in ["id", "created", "usage", "retryAfter"] {
        members.remove(made_up);
    }
    response.to_string()
}

async fn check(file: &str, recorded: Vec<Recorded>) {
    assert!(recorded.len() > 3, "{file}: only {} exchanges", recorded.len());
    let source = Arc::new(Source::new(SourceId(0), file, read(file)));
    let conversion = convert(&Input { source, answer: None }, None).unwrap();
    let server = start(conversion.file["fixtures"].clone()).await;
    for one in recorded {
        let response = server.post(&one.path, &one.body).await;
        let kind = response.header("content-type").unwrap_or_default().to_owned();
        let expected = said(&one, one.status, &one.kind, &one.answer);
        assert_eq!(said(&one, response.status, &kind, response.text().as_bytes()), expected, "{file} {} {}", one.path, one.body);
    }
}

fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url[url.find(":8000").unwrap() + 5..].to_owned()
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
