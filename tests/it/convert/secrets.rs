//! Keys are planted at every place of recordings, and must come out nowhere.

use std::io::Write as _;
use std::sync::Arc;

use aimock::convert::{Conversion, ConvertError, Input, convert, recording};
use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input as LintFile, LoadOptions};
use aimock::lint::{LintInput, Outcome, Selection, run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{samples, shown};

/// What is grepped for: the middle of every key.
const MARK: &str = "q7Zk2Wv9Xb4Nc8Lm3Rt6Yp1Hs5Dg0Jf2";

/// Keys that nobody issued, put together here so that they stand in no file.
fn keys() -> [String; 3] {
    [format!("sk-proj-{MARK}Ka7Qe"), format!("sk-ant-api03-{MARK}"), format!("ghp_{MARK}Ka7Q")]
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(SourceId(0), name, text))
}

/// Everything that is said and written.
fn all(converted: &Result<Conversion, ConvertError>) -> String {
    match converted {
        Ok(conversion) => shown(conversion),
        Err(ConvertError::Unreadable(reasons)) => reasons.iter().flat_map(|reason| [&reason.message, "\n"]).collect(),
        Err(error @ ConvertError::Unknown) => error.to_string(),
    }
}

/// What lint finds in a file, recordings of other tools included.
fn linted(name: &str, text: &str, select: &str) -> Outcome {
    let chosen = Selection { select: vec![select.to_owned()], ..Selection::default() }.resolve().unwrap();
    let inputs = vec![LintFile { format: Format::from_path(name), source: source(name, text) }];
    let options = serde_json::Map::new();
    let load = LoadOptions { recordings: Some(recording), ..LoadOptions::default() };
    run(LintInput { inputs, scopes: vec![(String::new(), vec![0])], shown: None, chosen: &chosen, options: &options, load, parsed: None })
}

/// Rules about secrets that speak of a fixture file.
fn leaks(file: &Value) -> Vec<String> {
    let rules = ["provider-api-key", "cloud-key", "credential-header", "high-entropy-credential", "key-in-url", "jwt", "private-key-block"];
    let found =
        linted("converted.json", &format!("{file:#}"), "secrets").findings.into_iter().filter(|finding| rules.contains(&finding.rule));
    found.map(|finding| format!("{} {} {}", finding.rule, finding.primary.pointer, finding.message)).collect()
}

/// Nothing of a key is said or written, also not in pieces or encoded.
#[track_caller]
fn holds_nothing(what: &str, converted: &Result<Conversion, ConvertError>) {
    let all = all(converted);
    assert!(!all.contains(MARK), "{what}: {all}");
    if let Ok(conversion) = converted {
        let found = leaks(&conversion.file);
        assert!(found.is_empty(), "{what}: {found:?}\n{all}");
    }
}

/// Where something can be put into a text without tearing words or escapes apart.
fn places(text: &str) -> Vec<usize> {
    let before = |letter: char| matches!(letter, ' ' | '"' | '\'' | ':' | '/' | '=' | '>' | '{' | '[' | '\n');
    let pairs = text.char_indices().zip(text.char_indices().skip(1));
    pairs.filter(|((_, a), (_, b))| before(*a) && b.is_ascii_alphanumeric()).map(|(_, (at, _))| at).collect()
}

fn planted(text: &str, at: usize, key: &str, between: &str) -> String {
    let (head, tail) = text.split_at(at);
    format!("{head}{key}{between}{tail}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn planted_keys_come_out_nowhere(at in any::<prop::sample::Index>(), which in 0..3_usize, between in "[ /.,&?]") {
        let key = &keys()[which];
        for sample in samples() {
            let name = sample.name.as_str();
            let text = sample.input.source.text();
            let places = places(text);
            let text = planted(text, places[at.index(places.len())], key, &between);
            let asked = Input { source: source(name, &text), answer: sample.input.answer.clone() };
            holds_nothing(&format!("{name}: {text}"), &convert(&asked, None));
            // The format is named, whatever the key has done to what it is known by.
            let format = aimock::convert::format(&sample.format);
            holds_nothing(&format!("{name}: {text}"), &convert(&asked, format));
            if let Some(answer) = &sample.input.answer {
                let text = planted(answer.text(), places_of(answer.text(), at), key, &between);
                let answered = Input { source: Arc::clone(&sample.input.source), answer: Some(source(answer.name(), &text)) };
                holds_nothing(&format!("{name}: {text}"), &convert(&answered, None));
            }
        }
    }
}

fn places_of(text: &str, at: prop::sample::Index) -> usize {
    let places = places(text);
    places[at.index(places.len())]
}

#[test]
fn most_planted_keys_are_found_and_counted() {
    let [key, ..] = keys();
    let (mut tried, mut read, mut found) = (0, 0, 0);
    for sample in samples() {
        let text = sample.input.source.text();
        let plain = convert(&sample.input, None).unwrap();
        for at in places(text).into_iter().step_by(7) {
            tried += 1;
            let input = Input { source: source(&sample.name, &planted(text, at, &key, " ")), answer: sample.input.answer.clone() };
            let Ok(conversion) = convert(&input, None) else { continue };
            read += usize::from(conversion.lost == plain.lost);
            found += usize::from(conversion.secrets > plain.secrets);
        }
    }
    // Many are planted where nothing is carried: headers, versions, names of formats.
    assert!(read * 2 > tried && found * 6 > read, "{tried} planted, {read} read, {found} found");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Recordings in every format that keeps bodies encoded, of one answer.
fn recordings(url: &str, kind: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let (plain, packed) = (STANDARD.encode(body), STANDARD.encode(gzip(body)));
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap();
    let hex: String = body.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let asked = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let headers = json!({ "Content-Type": [kind] });
    let packed_headers = json!({ "Content-Type": [kind], "Content-Encoding": ["gzip"] });
    let request = json!({ "method": "POST", "uri": url, "url": url, "body": asked, "headers": {} });
    let har = json!({ "log": { "version": "1.2", "entries": [{
        "request": { "method": "POST", "url": url, "headers": [], "postData": { "mimeType": "application/json", "text": asked } },
        "response": { "status": 200, "headers": [{ "name": "content-type", "value": kind }],
            "content": { "size": 1, "mimeType": kind, "text": plain, "encoding": "base64" } },
    }] } });
    let mut polly = har.clone();
    polly["log"]["_recordingName"] = json!("x");
    polly["log"]["entries"][0]["response"]["content"]["text"] = json!(json!([plain]).to_string());
    let vcr = |response: Value| json!({ "version": 1, "interactions": [{ "request": request, "response": response }] }).to_string();
    let ruby = |body: Value| {
        let response = json!({ "status": { "code": 200 }, "headers": headers, "body": body });
        json!({ "http_interactions": [{ "request": request, "response": response }] }).to_string()
    };
    let tagged = |headers: &Value, body: &str| {
        format!(
            "version: 1\ninteractions:\n- request: {request}\n  response:\n    status: {{code: 200}}\n    headers: {headers}\n    body:\n      string: !!binary |\n        {body}\n"
        )
    };
    vec![
        ("vcrpy.json", vcr(json!({ "status": { "code": 200 }, "headers": headers, "body": { "base64_string": plain } }))),
        ("vcrpy-gzip.json", vcr(json!({ "status": { "code": 200 }, "headers": packed_headers, "body": { "base64_string": packed } }))),
        ("vcrpy.yaml", tagged(&headers, &plain)),
        ("vcrpy-gzip.yaml", tagged(&packed_headers, &packed)),
        ("cassetter.json", {
            let response = json!({ "status": 200, "headers": headers, "body": { "type": "binary", "content": hex } });
            json!({ "version": 1, "interactions": [{ "request": { "method": "POST", "uri": url, "headers": {}, "body": { "type": "text", "content": asked } }, "response": response }] }).to_string()
        }),
        ("ruby.json", ruby(json!({ "encoding": "ASCII-8BIT", "base64_string": plain }))),
        ("session.har", har.to_string()),
        ("polly.har", polly.to_string()),
    ]
}

/// A key in the answer of a URL comes out of no format, and is counted.
#[track_caller]
fn check(url: &str, kind: &str, body: &[u8]) {
    for (name, text) in recordings(url, kind, body) {
        let converted = convert(&Input { source: source(name, &text), answer: None }, None);
        holds_nothing(name, &converted);
        let conversion = converted.unwrap();
        assert_eq!((conversion.lost, conversion.interactions), (0, 1), "{name}: {}", shown(&conversion));
        assert_eq!(conversion.secrets, 1, "{name}: {}", shown(&conversion));
    }
}

#[test]
fn encoded_bodies_are_searched_in_every_format() {
    const CHAT: &str = "https://api.openai.com/v1/chat/completions";
    let [key, ..] = keys();
    let (head, rest) = key.split_at(10);
    let (middle, tail) = rest.split_at(12);
    let delta = |member: &str, text: &str| {
        let chunk = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
            "choices": [{ "index": 0, "delta": { member: text }, "finish_reason": null }] });
        format!("data: {chunk}\n\n")
    };
    for member in ["content", "refusal"] {
        let stream: String = [head, middle, tail].into_iter().map(|text| delta(member, text)).collect();
        check(CHAT, "text/event-stream", format!("{stream}data: [DONE]\n\n").as_bytes());
        // Cut, with line ends of its own.
        check(CHAT, "text/event-stream", stream.replace('\n', "\r\n").as_bytes());
    }
    let line = |text: &str| format!("{}\n", json!({ "response": text, "done": false }));
    check("https://other.dev/generate", "application/x-ndjson", format!("{}{}{}", line(head), line(middle), line(tail)).as_bytes());
    check("https://other.dev/image", "image/png", &[b"\x89PNG\x00\xff ", key.as_bytes(), b" \x00"].concat());
    check("https://other.dev/archive", "application/zip", &gzip(format!("{{\"note\":\"{key}\"}}").as_bytes()));
    check("https://other.dev/token", "application/x-www-form-urlencoded", format!("access_token={MARK}&scope=repo").as_bytes());
}

#[test]
fn credentials_that_are_echoed_are_not_carried_out() {
    let text = json!({
        "request": {
            "method": "POST", "url": format!("https://other.dev/v1/run?api_key={MARK}0"), "body": { "password": format!("{MARK}1") },
            "headers": { "Authorization": format!("Bearer {MARK}2"), "Cookie": format!("theme=dark; sid={MARK}3") },
        },
        "response": {
            "status": 401, "headers": { "x-trace": format!("key={MARK}0"), "set-cookie": format!("sid={MARK}4; Path=/") },
            "body": { "error": format!("{MARK}1 is wrong for {MARK}2 ({MARK}3, {MARK}4)") },
        },
    });
    let converted = convert(&Input { source: source("a.json", &text.to_string()), answer: None }, None);
    holds_nothing("a.json", &converted);
    let http = &converted.unwrap().file["fixtures"][0]["response"]["http"];
    assert_eq!(http["headers"]["x-trace"], json!("key=%3Csecret%3E"));
    assert_eq!(http["body"], json!(r#"{"error":"<secret> is wrong for <secret> (<secret>, <secret>)"}"#));
}

#[test]
fn matches_with_secrets_still_take_their_requests() {
    let [key, ..] = keys();
    let one = |path: &str, tools: &str| json!({ "request": { "method": "POST", "url": format!("https://a.dev{path}"), "body": { "auth": key, "tools": tools } }, "response": { "status": 200, "body": tools } });
    let text = format!("{}\n{}\n{}\n", one(&format!("/hooks/{key}/run"), "a"), one("/v1/run", "b"), one("/v1/run", "c"));
    let converted = convert(&Input { source: source("a.jsonl", &text), answer: None }, None);
    holds_nothing("a.jsonl", &converted);
    let conversion = converted.unwrap();
    assert_eq!(conversion.file["fixtures"][0]["match"]["path"], json!({ "regex": "^/hooks/[^/]+/run$" }));
    assert!(!conversion.notes.iter().any(|note| note.rule == "answered-by-another"), "{}", shown(&conversion));
}

#[test]
fn addresses_of_people_stay_as_normalize_leaves_them() {
    let address = ["ada.lovelace", "acme-corp.com"].join("@");
    let text = json!({ "request": { "model": "gpt-4o", "messages": [{ "role": "user", "content": format!("Write to {address}") }] },
        "response": { "id": "chatcmpl-1", "object": "chat.completion", "choices": [{ "index": 0, "message": { "role": "assistant", "content": address }, "finish_reason": "stop" }] } });
    let conversion = convert(&Input { source: source("a.json", &text.to_string()), answer: None }, None).unwrap();
    assert_eq!(conversion.file["fixtures"][0]["match"]["userMessage"], json!(format!("Write to {address}")));
    assert_eq!((conversion.file["fixtures"][0]["response"]["content"].as_str(), conversion.secrets), (Some(address.as_str()), 0));
}

#[test]
fn lint_finds_keys_in_recordings_as_they_are() {
    let [key, ..] = keys();
    let (head, rest) = key.split_at(10);
    let (middle, tail) = rest.split_at(12);
    let line = |text: &str| format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }));
    let lines = |text: &str| format!("{}\n", json!({ "response": text }));
    let bodies =
        [format!("{{\"note\": \"the key is {key}\"}}"), [head, middle, tail].map(line).concat(), [head, middle, tail].map(lines).concat()];
    for body in bodies {
        for (name, text) in recordings("https://api.openai.com/v1/chat/completions", "text/event-stream", body.as_bytes()) {
            if name == "cassetter.json" {
                // Hexadecimal is not looked into.
                continue;
            }
            let outcome = linted(name, &text, "all");
            let found: Vec<_> = outcome.findings.iter().map(|finding| (finding.rule, finding.hide_source)).collect();
            assert_eq!(found, [("provider-api-key", true)], "{name}: {text}");
            let hint = outcome.files[0].skipped.as_deref().unwrap();
            assert!(hint.ends_with(&format!(": `aimock convert {name}` makes fixtures of it")), "{hint}");
        }
    }
}

/// The findings of lint in a recording, with their places.
#[track_caller]
fn check_lint(name: &str, text: &str, expected: &[&str]) {
    let outcome = linted(name, text, "default");
    let found: Vec<String> = outcome
        .findings
        .iter()
        .map(|finding| {
            assert!(finding.hide_source && !finding.message.contains(MARK), "{}", finding.message);
            format!("{}:{} {} {}", finding.position().line, finding.position().column, finding.rule, finding.message)
        })
        .collect();
    assert_eq!(found, expected, "{text}");
    assert!(outcome.files[0].skipped.as_deref().is_some_and(|reason| reason.contains("aimock convert")), "{name}");
}

#[test]
fn lint_names_the_place_in_recordings_of_every_kind() {
    let [key, ..] = keys();
    let cassette = format!(
        "version: 1\ninteractions:\n- request:\n    uri: https://a.dev/x?api_key={MARK}\n    headers:\n      Authorization: [Bearer {MARK}]\n    body: '{{\"client_secret\": \"{MARK}\"}}'\n  response:\n    status: {{code: 200}}\n    headers:\n      set-cookie: ['sid={MARK}; Path=/']\n    body:\n      string: 'Use {key}.'\n"
    );
    let expected = [
        "4:34 key-in-url a key in a URL",
        "6:30 credential-header the recorded header `Authorization` carries a credential that looks real",
        "7:31 high-entropy-credential `client_secret` holds a random value",
        "11:25 credential-header the recorded header `set-cookie` carries a credential that looks real",
        "13:20 provider-api-key an OpenAI project key (begins with `sk-p`)",
    ];
    check_lint("a.yaml", &cassette, &expected);
    let allowed = cassette.replace("    body: '", "    # aimock-allow: high-entropy-credential: made up\n    body: '");
    let moved = [
        expected[0],
        expected[1],
        "12:25 credential-header the recorded header `set-cookie` carries a credential that looks real",
        "14:20 provider-api-key an OpenAI project key (begins with `sk-p`)",
    ];
    check_lint("a.yaml", &allowed, &moved);
    let har = format!(
        "{{\"log\":{{\"entries\":[{{\n\"request\":{{\"headers\":[\n{{\"name\":\"x-api-key\",\"value\":\"{key}\"}},\n{{\"name\":\"Authorization\",\"value\":\"Bearer {MARK}\"}}],\n\"cookies\":[{{\"name\":\"sid\",\"value\":\"{MARK}\"}}]}}}}]}}}}"
    );
    let expected = [
        "3:30 provider-api-key an OpenAI project key (begins with `sk-p`)",
        "4:41 credential-header the recorded header `Authorization` carries a credential that looks real",
        "5:35 credential-header the recorded header `cookie` carries a credential that looks real",
    ];
    check_lint("a.har", &har, &expected);
    check_lint(
        "a.toml",
        &format!("[[interactions]]\n[interactions.request]\nbody_type = \"text\"\nbody_content = \"{key}\"\n"),
        &["4:17 provider-api-key an OpenAI project key (begins with `sk-p`)"],
    );
    check_lint(
        "a.txtar",
        &format!("A test\n-- request --\n{{\"a\": \"{key}\"}}\n"),
        &["3:8 provider-api-key an OpenAI project key (begins with `sk-p`)"],
    );
    check_lint(
        "a.jsonl",
        &format!("{{\"request\":{{\"a\":1}},\"response\":{{\"b\":\"{key}\"}}}}\n{{\"request\":{{\"a\":2}},\"response\":{{}}}}\n"),
        &["1:37 provider-api-key an OpenAI project key (begins with `sk-p`)"],
    );
}

#[test]
fn lint_says_nothing_else_of_recordings() {
    for sample in samples().into_iter().filter(|sample| sample.input.answer.is_none()) {
        let outcome = linted(&sample.name, sample.input.source.text(), "all");
        let found: Vec<String> = outcome.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.message)).collect();
        let personal = ["email-address", "ip-address", "phone-number", "production-url"];
        assert!(found.iter().all(|finding| personal.iter().any(|rule| finding.starts_with(rule))), "{}: {found:?}", sample.name);
        assert!(outcome.files[0].skipped.as_deref().is_some_and(|reason| reason.contains("aimock convert")), "{}", sample.name);
    }
}
