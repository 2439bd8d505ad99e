//! Recordings that mean harm, and what must not get through.

use std::sync::Arc;

use aimock::convert::{ALL, Conversion, ConvertError, Input, convert};
use aimock::diagnostic::{Source, SourceId};
use proptest::prelude::*;
use serde_json::json;

use super::{answers, samples, shown};

fn converted(name: &str, text: &str) -> Result<Conversion, ConvertError> {
    convert(&Input { source: Arc::new(Source::new(SourceId(0), name, text)), answer: None }, None)
}

/// A key that nobody issued, put together here so that it stands in no file.
fn key(prefix: &str) -> String {
    format!("{prefix}{}", "q7Zk2Wv9Xb4Nc8Lm3Rt6Yp1Hs5Dg0Jf2Ka7Qe")
}

#[test]
fn secrets_become_constants_and_their_requests_still_match() {
    let (openai, github) = (key("sk-proj-"), format!("ghp_{}", "q7Zk2Wv9Xb4Nc8Lm3Rt6Yp1Hs5Dg0Jf2Ka7Q"));
    let random = "q7Zk2Wv9Xb4Nc8Lm3Rt6";
    let text = json!({
        "request": {
            "url": format!("https://api.openai.com/v1/chat/completions?api_key={random}"),
            "headers": { "Authorization": format!("Bearer {openai}"), "Cookie": "a=b" },
            "body": { "model": "gpt-4o", "messages": [{ "role": "user", "content": format!("Is {openai} a good key?") }] },
        },
        "response": {
            "status": 200,
            "headers": { "set-cookie": "session=1" },
            "body": { "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": { "content": format!("Use {github}."), "tool_calls": [
                { "id": "call_1", "type": "function", "function": { "name": "login", "arguments": json!({ "client_secret": random }).to_string() } },
            ] } }] },
        },
    });
    let conversion = converted("a.json", &text.to_string()).unwrap();
    let all = shown(&conversion);
    for secret in [openai.as_str(), github.as_str(), random, "session=1"] {
        assert!(!all.contains(secret), "{all}");
    }
    let fixture = &conversion.file["fixtures"][0];
    assert_eq!(fixture["match"]["userMessage"], json!({ "contains": ["Is ", " a good key?"] }));
    assert_eq!(fixture["response"]["content"], json!("Use <GitHub token>."));
    assert_eq!(fixture["response"]["toolCalls"][0]["arguments"], json!({ "client_secret": "<secret>" }));
    assert!(!conversion.notes.iter().any(|note| note.rule == "answered-by-another"), "{all}");
    // Three headers, and one in each of the question, the answer and the arguments.
    assert_eq!(conversion.secrets, 6);
}

#[test]
fn secrets_in_bodies_that_are_kept_become_constants() {
    let random = "q7Zk2Wv9Xb4Nc8Lm3Rt6";
    let body = json!({ "access_token": random, "note": key("sk-ant-api03-") });
    let text =
        json!({ "request": { "url": "https://example.com/login", "body": {} }, "response": { "status": 200, "body": body.to_string() } });
    let conversion = converted("a.json", &text.to_string()).unwrap();
    let kept = conversion.file["fixtures"][0]["response"]["http"]["body"].as_str().unwrap();
    assert_eq!(kept, r#"{"access_token":"<secret>","note":"<Anthropic key>"}"#);
}

#[test]
fn deep_and_endless_texts_are_refused() {
    for (name, text) in [
        ("a.json", "[".repeat(100_000)),
        ("a.yaml", "[".repeat(100_000)),
        ("a.toml", format!("a = {}", "[".repeat(100_000))),
        (
            "a.yaml",
            "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n".to_owned(),
        ),
    ] {
        assert!(matches!(converted(name, &text), Err(ConvertError::Unreadable(_))), "{name}");
    }
    let lines = format!("{}\n{}\n", r#"{"request":{"a":1},"response":{}}"#, "[".repeat(100_000));
    assert_eq!(converted("a.jsonl", &lines).unwrap().lost, 1);
}

#[test]
fn no_tag_of_a_cassette_is_run() {
    let text = "version: 1\ninteractions:\n- request: {method: GET, uri: 'http://a/b', body: !!python/object/apply:os.system [ls], headers: {}}\n  response: {status: {code: 200}, headers: {}, body: {string: x}}\n";
    let conversion = converted("a.yaml", text).unwrap();
    assert!(conversion.notes.iter().any(|note| note.rule == "yaml-tag"), "{}", shown(&conversion));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A sample with some bytes changed is converted or refused; what it had is in the output or in a note.
    #[test]
    fn damaged_recordings_are_converted_or_refused(edits in prop::collection::vec((any::<prop::sample::Index>(), " -~"), 1..6)) {
        for sample in samples() {
            let mut text: Vec<char> = sample.input.source.text().chars().collect();
            for (at, letter) in &edits {
                let at = at.index(text.len());
                text[at] = letter.chars().next().unwrap();
            }
            let text: String = text.into_iter().collect();
            let input = Input { source: Arc::new(Source::new(SourceId(0), sample.name.as_str(), text)), answer: sample.input.answer };
            if let Ok(conversion) = convert(&input, None) {
                prop_assert_eq!(answers(&conversion.file) + conversion.lost, conversion.interactions);
            }
        }
    }

    #[test]
    fn any_text_is_converted_or_refused(text in any::<String>(), from in 0..ALL.len()) {
        for name in ["a.json", "a.yaml", "a.toml", "a.txtar", "a.jsonl", "<stdin>"] {
            let input = Input { source: Arc::new(Source::new(SourceId(0), name, text.as_str())), answer: None };
            let _either = convert(&input, Some(ALL[from]));
        }
    }
}
