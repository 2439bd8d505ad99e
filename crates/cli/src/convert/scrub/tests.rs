//! Where secrets hide in fixtures, and what is left of them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::finder::{Finder, gunzip, gzip};
use super::{Scrubbed, Scrubber};

const RANDOM: &str = "q7Zk2Wv9Xb4Nc8Lm3Rt6";

/// A key that nobody issued, put together here so that it stands in no file.
fn key() -> String {
    ["sk-proj", "-q7Zk2Wv9Xb4Nc8Lm3Rt6Yp1Hs5Dg0Jf2Ka7Qe"].concat()
}

fn scrubbed(mut entry: Value) -> (Value, Scrubbed) {
    let done = Scrubber::default().entry(&mut entry);
    (entry, done)
}

/// `entry` with `KEY` and `RANDOM` filled in becomes `expected`, with this many secrets.
#[track_caller]
fn check(entry: &str, expected: &str, secrets: usize) {
    let entry = entry.replace("KEY", &key()).replace("RANDOM", RANDOM);
    let (entry, done) = scrubbed(serde_json::from_str(&entry).unwrap());
    assert_eq!(entry, serde_json::from_str::<Value>(expected).unwrap());
    assert_eq!(done.secrets, secrets, "{entry}");
}

#[test]
fn strings_and_names_are_cleaned_whatever_they_stand_in() {
    check(r#"{"response":{"content":"use KEY."}}"#, r#"{"response":{"content":"use <OpenAI project key>."}}"#, 1);
    check(r#"{"response":{"json":{"KEY":1}}}"#, r#"{"response":{"json":{"<OpenAI project key>":1}}}"#, 1);
    check(r#"{"response":{"json":{"password":"RANDOM"}}}"#, r#"{"response":{"json":{"password":"<secret>"}}}"#, 1);
    check(r#"{"response":{"json":{"Authorization":"Basic RANDOM"}}}"#, r#"{"response":{"json":{"Authorization":"Basic <secret>"}}}"#, 1);
    check(r#"{"response":{"json":{"Cookie":"sid=RANDOM; a=b"}}}"#, r#"{"response":{"json":{"Cookie":"sid=<secret>; a=b"}}}"#, 1);
    check(r#"{"response":{"json":{"password":"change me"}}}"#, r#"{"response":{"json":{"password":"change me"}}}"#, 0);
    let form = r#"{"response":{"http":{"body":"a=1&access_token=RANDOM&note=KEY"}}}"#;
    check(form, r#"{"response":{"http":{"body":"a=1&access_token=%3Csecret%3E&note=%3COpenAI%20project%20key%3E"}}}"#, 2);
    let header = r#"{"response":{"http":{"headers":{"x-seen-authorization":"Bearer RANDOM"},"body":""}}}"#;
    check(header, r#"{"response":{"http":{"headers":{"x-seen-authorization":"Bearer <secret>"},"body":""}}}"#, 1);
    let location = r#"{"response":{"http":{"headers":{"location":"https://a.dev/?token=RANDOM"},"body":""}}}"#;
    check(location, r#"{"response":{"http":{"headers":{"location":"https://a.dev/?token=<key in a URL>"},"body":""}}}"#, 1);
}

#[test]
fn json_in_strings_keeps_its_form() {
    let body = r#"{"response":{"http":{"body":"{ \"a\" : [1.0, \"KEY\"],\n \"secret\": \"RANDOM\" }"}}}"#;
    let clean = r#"{"response":{"http":{"body":"{ \"a\" : [1.0, \"<OpenAI project key>\"],\n \"secret\": \"<secret>\" }"}}}"#;
    check(body, clean, 2);
    // Escapes hide a key from a search of the text.
    let escaped = json!({ "response": { "content": format!("{{\"a\": \"{}\"}}", key().replacen("sk-", "s\\u006b\\u002d", 1)) } });
    let (entry, done) = scrubbed(escaped);
    assert_eq!((entry["response"]["content"].as_str(), done.secrets), (Some("{\"a\": \"<OpenAI project key>\"}"), 1));
}

/// A stream whose deltas are these, as raw `events`, as lines of a body, and as lines of JSON.
#[track_caller]
fn check_stream(pieces: &[Value], expected: &[Value]) {
    let data: Vec<String> = pieces.iter().map(Value::to_string).collect();
    let clean: Vec<String> = expected.iter().map(Value::to_string).collect();
    let (entry, done) = scrubbed(json!({ "response": { "events": data } }));
    assert_eq!((&entry["response"]["events"], done.secrets), (&json!(clean), 1));
    for end in ["\n", "\r\n", "\r"] {
        let lines = |data: &[String]| data.iter().flat_map(|data| ["event: x", end, "data:", data, end, end]).collect::<String>();
        let (entry, done) = scrubbed(json!({ "response": { "http": { "body": lines(&data) } } }));
        assert_eq!((entry["response"]["http"]["body"].as_str(), done.secrets), (Some(lines(&clean).as_str()), 1));
    }
    let lines = |data: &[String]| data.iter().flat_map(|data| [data, "\n"]).collect::<String>();
    let (entry, done) = scrubbed(json!({ "responses": [{ "http": { "body": lines(&data) } }] }));
    assert_eq!((entry["responses"][0]["http"]["body"].as_str(), done.secrets), (Some(lines(&clean).as_str()), 1));
    let (entry, _) = scrubbed(json!({ "response": { "http": { "body": json!(pieces).to_string() } } }));
    assert_eq!(entry["response"]["http"]["body"], json!(json!(expected).to_string()));
}

#[test]
fn keys_in_several_pieces_of_a_stream_are_cut_out_of_each() {
    let key = key();
    let (a, rest) = key.split_at(5);
    let (b, c) = rest.split_at(20);
    let delta = |text: &str| json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
    let expected = [delta("Use <OpenAI project key>"), delta(""), delta(", please.")];
    check_stream(&[delta(&format!("Use {a}")), delta(b), delta(&format!("{c}, please."))], &expected);
    // Two answers side by side, each with its own number.
    let of = |index: u64, text: &str| json!({ "output_index": index, "delta": text });
    let both = [of(0, a), of(1, "Hel"), of(0, b), of(1, "lo"), of(0, c)];
    check_stream(&both, &[of(0, "<OpenAI project key>"), of(1, "Hel"), of(0, ""), of(1, "lo"), of(0, "")]);
    // Begun in another place.
    let begun = [json!({ "content_block": { "text": a } }), json!({ "delta": { "text": b } }), json!({ "delta": { "text": c } })];
    let clean = [
        json!({ "content_block": { "text": "<OpenAI project key>" } }),
        json!({ "delta": { "text": "" } }),
        json!({ "delta": { "text": "" } }),
    ];
    check_stream(&begun, &clean);
    // The name of a secret in one piece, the secret in others.
    let (head, tail) = RANDOM.split_at(7);
    let arguments = |text: &str| json!({ "index": 1, "delta": { "partial_json": text } });
    let call = [arguments("{\"client_secret\":"), arguments(&format!("\"{head}")), arguments(&format!("{tail}\"}}"))];
    check_stream(&call, &[arguments("{\"client_secret\":"), arguments("\"<secret>"), arguments("\"}")]);
}

#[test]
fn pieces_may_be_text_or_several_lines() {
    let key = key();
    let (head, tail) = key.split_at(9);
    let (entry, done) = scrubbed(json!({ "response": { "events": [{ "data": head }, { "data": tail }, "[DONE]"] } }));
    assert_eq!((&entry["response"]["events"], done.secrets), (&json!([{ "data": "<OpenAI project key>" }, { "data": "" }, "[DONE]"]), 1));
    let body = format!("data: {{\"t\":\ndata: \"{head}\"}}\n\ndata: {{\"t\": \"{tail}\"}}\n\n");
    let (entry, _) = scrubbed(json!({ "response": { "http": { "body": body } } }));
    assert_eq!(entry["response"]["http"]["body"], json!("data: {\"t\":\"<OpenAI project key>\"}\n\ndata: {\"t\":\"\"}\n\n"));
    let blocks = json!([{ "type": "text", "text": head }, { "type": "text", "text": tail }]);
    let (entry, _) = scrubbed(json!({ "response": { "blocks": blocks } }));
    assert_eq!(entry["response"]["blocks"], json!([{ "type": "text", "text": "<OpenAI project key>" }, { "type": "text", "text": "" }]));
}

#[test]
fn bytes_are_decoded_cleaned_and_encoded_again() {
    let with = |text: &str, bytes: &[u8]| [bytes, text.as_bytes(), b"\xff\x00"].concat();
    let (entry, done) = scrubbed(json!({ "response": { "http": { "base64": STANDARD.encode(with(&key(), b"\x89PNG ")) } } }));
    assert_eq!(entry["response"]["http"]["base64"], json!(STANDARD.encode(with("<OpenAI project key>", b"\x89PNG "))));
    assert_eq!((done.secrets, done.remarks.len()), (1, 2));
    let picture = json!({ "response": { "http": { "base64": STANDARD.encode(with("", b"\x89PNG ")) } } });
    let (entry, done) = scrubbed(picture.clone());
    assert_eq!((entry, done.secrets, done.remarks.len()), (picture, 0, 1));
    // Compressed, and not said to be.
    let packed = STANDARD.encode(gzip(format!("{{\"a\":\"{}\"}}", key()).as_bytes()));
    let (entry, done) = scrubbed(json!({ "response": { "http": { "base64": packed } } }));
    let bytes = STANDARD.decode(entry["response"]["http"]["base64"].as_str().unwrap()).unwrap();
    assert_eq!(gunzip(&bytes).as_deref(), Some(b"{\"a\":\"<OpenAI project key>\"}".as_slice()));
    assert_eq!((done.secrets, done.remarks.len()), (1, 0));
    // Base64 inside of a text.
    let wrapped = |text: &str| json!({ "response": { "json": { "file": STANDARD.encode(text) } } });
    let (entry, done) = scrubbed(wrapped(&format!("the key is {} and no other", key())));
    assert_eq!((entry, done.secrets), (wrapped("the key is <OpenAI project key> and no other"), 1));
}

#[test]
fn matches_take_their_request_without_its_secrets() {
    check(r#"{"match":{"userMessage":"Is KEY good?"}}"#, r#"{"match":{"userMessage":{"contains":["Is "," good?"]}}}"#, 1);
    check(r#"{"match":{"userMessage":{"equals":"KEY"}}}"#, r#"{"match":{"userMessage":{"regex":"."}}}"#, 1);
    check(r#"{"match":{"path":"/hooks/KEY/x.y"}}"#, r#"{"match":{"path":{"regex":"^/hooks/[^/]+/x\\.y$"}}}"#, 1);
    check(r#"{"match":{"path":{"regex":"^/a/KEY$"}}}"#, r#"{"match":{"path":{"regex":"^/a/.+$"}}}"#, 1);
    let body = r#"{"match":{"body":{"a":1,"auth":{"token":"KEY","user":"x"},"tools":[{"key":"KEY"}]}}}"#;
    check(body, r#"{"match":{"body":{"a":1,"auth":{"user":"x"}}}}"#, 2);
    check(r#"{"match":{"method":"POST","body":{"KEY":1}}}"#, r#"{"match":{"method":"POST"}}"#, 1);
}

#[test]
fn credentials_of_the_file_are_known_wherever_they_are_echoed() {
    let finder = Finder::knowing(&BTreeSet::from([RANDOM.to_owned()]));
    assert_eq!(finder.clean("", &format!("you sent {RANDOM}.")).0, "you sent <secret>.");
    assert_eq!(finder.clean("", "you sent nothing").1, 0);
}

#[test]
fn a_text_of_many_secrets_is_cleaned_in_one_pass() {
    let text = format!("{} ", key()).repeat(5_000);
    let (clean, count) = (Finder::default().clean("", &text).0.into_owned(), Finder::default().clean("", &text).1);
    assert_eq!((clean, count), ("<OpenAI project key> ".repeat(5_000), 5_000));
    let pieces: Vec<String> = key().repeat(400).chars().map(|letter| letter.to_string()).collect();
    assert_eq!(scrubbed(json!({ "response": { "events": pieces } })).0["response"]["events"].as_array().map(Vec::len), Some(pieces.len()));
}
