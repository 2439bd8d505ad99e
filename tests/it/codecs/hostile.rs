//! Bodies that mean harm, or were cut on their way, on every route of the table, over real sockets: the vendor's own 4xx,
//! one entry in the journal, no panic. What walks here is the registry, so a new codec is covered by itself.

use std::collections::BTreeSet;

use aimock::exchange::{Body, Emission, ErrorOrigin, ErrorReply};
use aimock::provider::{ALL, Moment, Provider};
use serde_json::{Value, json};

use super::{Sample, samples};
use crate::server::support::{Request, Response, Running, start_with};

/// In bytes; what nests too deep is below it.
const LIMIT: usize = 300_000;
const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=next";
/// Found again in the envelope.
const MARK: &str = "what is wrong";

/// A way to a codec, with a body that it takes.
struct Way {
    codec: &'static dyn Provider,
    method: &'static str,
    path: String,
    sample: Option<Sample>,
}

/// Every way that a body can go: a POST with its first sample, any other method, and what is kept.
fn ways(codec: &'static dyn Provider) -> Vec<Way> {
    let filled = |pattern: &str| {
        let parts = pattern.split('/').map(|part| match (part.split_once('{'), part.split_once('}')) {
            (Some((before, _)), Some((_, behind))) => format!("{before}unknown{behind}"),
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let sampled = |pattern: &'static str| {
        let all = samples(codec.name()).into_iter().map(|(_, sample)| sample);
        all.into_iter().find(|sample| sample.ask().route.path == pattern)
    };
    let own = codec.routes().iter().map(|route| {
        let sample = if route.method == "POST" { sampled(route.path) } else { None };
        assert!(sample.is_some() || route.method != "POST", "{}: no sample for {}", codec.name(), route.path);
        let path = sample.as_ref().map_or_else(|| filled(route.path), |sample| sample.path.clone());
        Way { codec, method: route.method, path, sample }
    });
    let kept = codec.stored_routes().iter();
    own.chain(kept.map(|route| Way { codec, method: route.method, path: filled(route.path), sample: None })).collect()
}

impl Way {
    fn request(&self, kind: &str, body: impl AsRef<[u8]>) -> Request {
        let fields = self.sample.iter().flat_map(|sample| &sample.headers);
        let request = fields.fold(Request::new(self.method, &self.path), |request, (name, value)| request.header(name, value));
        request.header("content-type", kind).body(body)
    }

    /// A body that the route takes.
    fn good(&self) -> (&'static str, Vec<u8>) {
        match &self.sample {
            Some(sample) if sample.form => (FORM, super::form(&sample.body)),
            Some(sample) => (JSON, sample.body.to_string().into_bytes()),
            None => (JSON, b"{}".to_vec()),
        }
    }

    fn say(&self, body: &[u8]) -> String {
        let begin = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        format!("{}: {} {} {begin:?}", self.codec.name(), self.method, self.path)
    }
}

/// Asserts that an answer is this codec's own error, by the place where its envelope has the message, and by its header fields.
fn check_envelope(way: &Way, response: &Response, what: &str) {
    let moment = Moment { framing: way.codec.framing(&way.raw()), ..super::MOMENT };
    let expected = way.codec.encode_error(&ErrorReply::new(ErrorOrigin::Request, response.status, MARK), moment);
    let Emission { body: Body::Whole(bytes), headers, .. } = expected else { panic!("an error is never a stream") };
    let envelope: Value = serde_json::from_slice(&bytes).unwrap();
    let mut places = Vec::new();
    message_places(&envelope, "", &mut places);
    let place = places.first().unwrap_or_else(|| panic!("{what}: the envelope has no message: {envelope}"));
    let body = response.json();
    let message = body.pointer(place).and_then(Value::as_str).unwrap_or_default();
    assert!(!message.is_empty(), "{what}: no message at {place}: {body}");
    let keys = |value: &Value| value.as_object().map(|members| members.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
    assert!(keys(&body).is_superset(&keys(&envelope)), "{what}: {body} is not like {envelope}");
    for (name, _) in headers {
        assert!(response.header(name).is_some(), "{what}: no {name}");
    }
    assert!(response.header(way.codec.request_id_header()).is_some(), "{what}: no id");
}

fn message_places(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::String(text) if text == MARK => places.push(at.to_owned()),
        Value::Object(members) => members.iter().for_each(|(key, value)| message_places(value, &format!("{at}/{key}"), places)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| message_places(value, &format!("{at}/{index}"), places)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Way {
    fn raw(&self) -> aimock::exchange::RawRequest {
        let headers = self.sample.iter().flat_map(|sample| sample.headers.iter()).collect();
        aimock::exchange::RawRequest::new(self.method, &self.path, headers, Vec::new())
    }
}

/// A server that answers whatever it understands.
async fn server() -> Running {
    start_with(json!([{ "match": {}, "response": { "content": "x" } }]), |settings| settings.limits.body_bytes = LIMIT).await
}

/// Whether the request was understood: answered, missed, or answered by a fixture of the wrong kind.
fn is_taken(response: &Response) -> bool {
    response.status < 400 || response.status >= 500 || response.header("x-aimock-match") == Some("miss")
}

/// Sends these to one way, and sees that all are refused in the vendor's words and journalled once each.
async fn all_refused(way: &Way, bodies: Vec<(&str, Vec<u8>)>) {
    let server = server().await;
    let mut statuses = Vec::new();
    for (kind, body) in &bodies {
        let response = server.send(way.request(kind, body)).await;
        let what = way.say(body);
        assert!(!is_taken(&response), "{what} is taken: {}", String::from_utf8_lossy(&response.raw));
        check_envelope(way, &response, &what);
        statuses.push((way.path.clone(), json!(response.status)));
    }
    check_journal(&server, &statuses).await;
}

/// One entry for each answer, with its path and status, and nothing that went wrong inside.
async fn check_journal(server: &Running, statuses: &[(String, Value)]) {
    let entries = server.journal().await;
    let seen: Vec<(String, Value)> =
        entries.iter().map(|entry| (entry["path"].as_str().unwrap().to_owned(), entry["response"]["status"].clone())).collect();
    assert_eq!(seen, statuses);
    assert_eq!(server.log.lock().unwrap().iter().find(|line| line.contains(" failed: ")), None);
}

/// What is sent to every route that takes JSON: a name, a content type, and what becomes of a good body.
fn broken(good: &[u8]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let text = String::from_utf8(good.to_vec()).unwrap();
    let utf16 = |mark: &str, unit: fn(u16) -> [u8; 2]| format!("{mark}{text}").encode_utf16().flat_map(unit).collect();
    let accented = |bytes: &[u8]| [br#"{"model":""#, bytes, br#"","#, &good[1..]].concat();
    vec![
        ("empty", JSON, Vec::new()),
        ("malformed", JSON, b"{bad".to_vec()),
        ("truncated", JSON, good[..good.len() / 2].to_vec()),
        ("followed by more", JSON, [good, b"}"].concat()),
        ("null", JSON, b"null".to_vec()),
        ("a number", JSON, b"5".to_vec()),
        ("a text", JSON, br#""x""#.to_vec()),
        ("a list", JSON, b"[]".to_vec()),
        ("not UTF-8", JSON, accented(b"\xff\xfe")),
        ("half a letter", JSON, accented(b"\xc3")),
        ("Latin-1", "application/json; charset=iso-8859-1", accented(b"caf\xe9")),
        ("UTF-16, little end first", "application/json; charset=utf-16", utf16("\u{feff}", u16::to_le_bytes)),
        ("UTF-16, big end first", "application/json; charset=utf-16", utf16("\u{feff}", u16::to_be_bytes)),
        ("UTF-16 without a mark", JSON, utf16("", u16::to_le_bytes)),
        ("zeros", "application/octet-stream", vec![0; 1000]),
        ("lists without end", JSON, [br#"{"messages":"#.as_slice(), "[".repeat(100_000).as_bytes()].concat()),
        ("objects without end", JSON, r#"{"input":"#.repeat(20_000).into_bytes()),
        ("too large", JSON, [good, " ".repeat(LIMIT).as_bytes()].concat()),
    ]
}

/// Bodies that a vendor takes although they look broken, and why.
const UNDERSTOOD: [(&str, &str, &str); 5] = [
    ("fal_queue", "empty", "an app may need no input"),
    ("fal_queue", "null", "an app's input is what the app says"),
    ("fal_queue", "a number", "an app's input is what the app says"),
    ("fal_queue", "a text", "an app's input is what the app says"),
    ("fal_queue", "a list", "an app's input is what the app says"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_json_are_refused_on_every_route() {
    let mut used = BTreeSet::new();
    for codec in ALL {
        for way in ways(*codec).into_iter().filter(|way| way.sample.as_ref().is_some_and(|sample| !sample.form)) {
            let (_, good) = way.good();
            let mut refused = Vec::new();
            for (name, kind, body) in broken(&good) {
                match UNDERSTOOD.iter().find(|(of, what, _)| *of == codec.name() && *what == name) {
                    Some(known) => drop(used.insert(known)),
                    None => refused.push((kind, body)),
                }
            }
            all_refused(&way, refused).await;
        }
    }
    assert_eq!(used.len(), UNDERSTOOD.len(), "a tolerance that nobody needs");
}

/// Forms that are none, or say too little.
fn broken_forms(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let part = |head: &str, text: &[u8]| [b"--next\r\n", head.as_bytes(), b"\r\n\r\n", text, b"\r\n--next--\r\n"].concat();
    let model = r#"content-disposition: form-data; name="model""#;
    let headers = "x-more: y\r\n".repeat(200);
    vec![
        (FORM, Vec::new()),
        (FORM, b"--next--\r\n".to_vec()),
        (FORM, good[..good.len() / 2].to_vec()),
        (FORM, b"--next\r\n\r\n".to_vec()),
        ("multipart/form-data", good.to_vec()),
        ("multipart/form-data; boundary=", good.to_vec()),
        ("multipart/form-data; boundary=other", good.to_vec()),
        ("multipart/form-data; boundary=\"next", b"no form".to_vec()),
        (FORM, part("content-disposition: form-data", b"without a name")),
        (FORM, part("content-type: text/plain", b"without a disposition")),
        (FORM, part(model, b"\xff\xfe")),
        (FORM, part(model, b"only a model")),
        (FORM, part(&format!("{headers}{model}"), b"200 header fields")),
        (FORM, part(&format!("x-long: {}\r\n{model}", "y".repeat(LIMIT / 2)), b"a long header field")),
        (FORM, part(&format!("content-disposition: form-data; name=\"{}\"", "n".repeat(LIMIT / 2)), b"a long name")),
        (FORM, "--next\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(1001).into_bytes()),
        (FORM, [good, &vec![b' '; LIMIT]].concat()),
        (JSON, good.to_vec()),
        (JSON, b"{}".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_are_none_are_refused_on_every_route() {
    let mut forms = 0;
    for codec in ALL {
        for (_, sample) in samples(codec.name()).into_iter().filter(|(_, sample)| sample.form) {
            let way = Way { codec: *codec, method: "POST", path: sample.path.clone(), sample: Some(sample) };
            all_refused(&way, broken_forms(&way.good().1)).await;
            forms += 1;
        }
    }
    assert!(forms > 3, "{forms} samples are forms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_to_what_is_asked_without_a_body_hurts_nobody() {
    for codec in ALL {
        let server = server().await;
        let mut statuses = Vec::new();
        for way in ways(*codec).into_iter().filter(|way| way.sample.is_none()) {
            for body in [&b"{bad"[..], b"\xff\xfe\0", &vec![b'['; LIMIT + 1]] {
                let response = server.send(way.request(JSON, body)).await;
                let what = way.say(body);
                assert!(response.status < 500, "{what}: {}", String::from_utf8_lossy(&response.raw));
                assert_eq!(response.status == 413, body.len() > LIMIT, "{what}");
                if response.status >= 400 {
                    check_envelope(&way, &response, &what);
                }
                statuses.push((way.path.clone(), json!(response.status)));
            }
        }
        check_journal(&server, &statuses).await;
    }
}

/// Another type than a value has.
fn others(value: &Value) -> Vec<Value> {
    let all = [json!(5), json!("x"), json!(true), json!({}), json!([null]), json!([5])];
    let is_like = |other: &Value| std::mem::discriminant(other) == std::mem::discriminant(value);
    let is_list = value.is_array();
    all.into_iter().filter(|other| if is_list { *other != json!(["x"]) } else { !is_like(other) }).collect()
}

const OR_TEXT: &str = "a text is another way to say it";
const OR_ONE: &str = "one is another way to say a list of one";
const OR_TOKENS: &str = "a list of tokens is another way to say it";
const UNREAD: &str = "nobody reads it";
const APP: &str = "an app's input is what the app says";

/// Members that are taken with a value of another type: which codec's, which, with what (nothing: with anything), and why.
const ALSO_TAKEN: &[(&str, &str, &[&str], &str)] = &[
    ("anthropic_messages", "system", &["\"x\""], OR_TEXT),
    ("bedrock_invoke", "system", &["\"x\""], OR_TEXT),
    ("gemini_interactions", "input", &["\"x\"", "{}"], OR_TEXT),
    ("ollama_embed", "input", &["\"x\""], OR_TEXT),
    ("openai_completions", "prompt", &["\"x\"", "[5]"], OR_TEXT),
    ("openai_embeddings", "input", &["\"x\"", "[5]"], OR_TEXT),
    ("mistral_chat", "tool_choice", &["{}"], "a word or an object"),
    ("mistral_embeddings", "input", &["\"x\"", "[5]"], OR_TEXT),
    ("openrouter_embeddings", "input", &["\"x\"", "[5]"], OR_TEXT),
    ("azure_openai", "input", &["[5]"], OR_TOKENS),
    ("openai_moderation", "input", &["\"x\""], OR_TEXT),
    ("openai_responses", "input", &["\"x\""], OR_TEXT),
    ("openai_responses", "previous_response_id", &["\"x\""], OR_TEXT),
    ("tavily", "query", &["\"x\""], OR_TEXT),
    ("tavily", "urls", &["\"x\""], OR_TEXT),
    ("ollama_chat", "keep_alive", &["\"x\"", "5"], OR_TEXT),
    ("ollama_chat", "think", &["\"x\""], OR_TEXT),
    ("gemini_generate", "contents", &["{}"], OR_ONE),
    ("gemini_generate", "tools", &["{}"], OR_ONE),
    ("vertex_generate", "contents", &["{}"], OR_ONE),
    ("gemini_interactions", "response_format", &["{}"], OR_ONE),
    ("ollama_generate", "format", &["{}"], "a schema is an object"),
    ("openai_speech", "voice", &[], "a voice of one's own is an object"),
    ("openai_videos", "seconds", &[], "some clients send a number"),
    ("openai_videos", "video", &[], UNREAD),
    ("openai_images", "images", &[], UNREAD),
    ("openai_responses", "include", &[], UNREAD),
    ("bedrock_invoke", "stop", &[], UNREAD),
    ("bedrock_invoke", "tool_choice", &[], UNREAD),
    ("fal_queue", "input", &[], APP),
    ("fal_queue", "prompt", &[], APP),
    ("fal_queue", "steps", &[], APP),
    ("fal_queue", "text", &[], APP),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_wrong_type_are_refused_on_every_route() {
    let mut taken = BTreeSet::new();
    // Turns on sockets are not refused by a status; the tests of sockets have theirs.
    for codec in ALL.iter().filter(|codec| !codec.routes().is_empty()) {
        for (_, sample) in samples(codec.name()).into_iter().filter(|(_, sample)| !sample.form) {
            let way = Way { codec: *codec, method: "POST", path: sample.path.clone(), sample: Some(sample) };
            let good = way.sample.as_ref().unwrap().body.clone();
            let server = server().await;
            let mut statuses = Vec::new();
            for (member, value) in good.as_object().into_iter().flatten() {
                for other in others(value) {
                    let mut body = good.clone();
                    body[member] = other.clone();
                    let response = server.send(way.request(JSON, body.to_string())).await;
                    let what = format!("{} with {member}: {other}", way.say(b""));
                    if is_taken(&response) {
                        taken.insert((codec.name().to_owned(), member.clone(), other.to_string()));
                    } else {
                        check_envelope(&way, &response, &what);
                    }
                    statuses.push((way.path.clone(), json!(response.status)));
                }
            }
            check_journal(&server, &statuses).await;
        }
    }
    let mut unused: BTreeSet<String> = BTreeSet::new();
    for (codec, member, values, _) in ALSO_TAKEN {
        let before = taken.len();
        taken.retain(|what: &(String, String, String)| {
            let is_listed = values.is_empty() || values.contains(&what.2.as_str());
            !((*codec, *member) == (what.0.as_str(), what.1.as_str()) && is_listed)
        });
        if taken.len() == before {
            unused.insert(format!("{codec} {member}"));
        }
    }
    assert_eq!(taken, BTreeSet::new(), "taken although of a wrong type");
    assert_eq!(unused, BTreeSet::new(), "a tolerance that nobody needs");
}
