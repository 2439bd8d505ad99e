//! Dates, names, places in files, and what becomes of credentials.

use serde_json::{Value, json};

use super::date::{iso, seconds};
use super::{NameBy, Naming, OnEqual, SinkError, file_name, insert, stamp};
use crate::exchange::{Endpoint, Exchange, Message, RawRequest, Request, Role};
use crate::matcher::CRITERIA;
use crate::secrets::Redactor;

#[track_caller]
fn date(text: &str, expected: Option<u64>) {
    assert_eq!(seconds(text), expected, "{text}");
}

#[test]
fn dates_are_read_as_people_write_them() {
    date("1970-01-01", Some(0));
    date("2026-01-31", Some(1_769_817_600));
    date("2026-01-31T12:34:56Z", Some(1_769_862_896));
    date("2026-01-31T12:34:56.789+02:00", Some(1_769_855_696));
    date("2026-01-31 12:34", Some(1_769_862_840));
    date("2024-02-29T00:00:00-0130", Some(1_709_170_200));
    for text in ["", "soon", "2026-13-01", "2026-01", "2026-01-31T99:00", "20260131", "1969-12-31", "2026-01-31Tx"] {
        date(text, None);
    }
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_again(millis in 0_u64..253_402_300_800_000) {
        proptest::prop_assert_eq!(seconds(&iso(millis)), Some(millis / 1000));
    }
}

#[track_caller]
fn name(by: NameBy, test_id: Option<&str>, context: Option<&str>, expected: &str) {
    let matches = json!({ "userMessage": "hi" });
    let Value::Object(matches) = matches else { unreachable!("an object") };
    let naming = Naming { by, provider: "openai", test_id, context, matches: &matches, now: 1_769_862_896_789, nonce: "req-1" };
    assert_eq!(file_name(&naming), expected);
}

#[test]
fn names_are_plain_and_stable() {
    name(NameBy::Test, Some("Suite › it works!"), None, "suite--it-works/openai.json");
    name(NameBy::Test, Some("tests/a.test.ts › Suite › x"), None, "suite--x/openai.json");
    name(NameBy::Test, Some("../../etc/passwd"), None, "etc-passwd/openai.json");
    name(NameBy::Test, Some("///"), None, "openai-851b787ab800.json");
    name(NameBy::Test, None, Some("a b"), "a-b/openai-851b787ab800.json");
    name(NameBy::Hash, Some("t"), None, "openai-851b787ab800.json");
    name(NameBy::Time, Some("t"), None, "openai-2026-01-31T12-34-56-789Z-9456bdfa.json");
    let long = "x".repeat(300);
    let matches = serde_json::Map::new();
    let naming = Naming { by: NameBy::Test, provider: "openai", test_id: Some(&long), context: None, matches: &matches, now: 0, nonce: "" };
    assert!(file_name(&naming).len() < 120);
}

#[test]
fn recordings_are_added_kept_or_replaced() {
    let entry = |text: &str, content: &str| {
        Redactor::default().json(json!({ "match": { "userMessage": text }, "response": { "content": content } }))
    };
    let first = insert(None, &[&entry("a", "1")], OnEqual::Keep).unwrap();
    let text = first.text.unwrap();
    assert!(text.ends_with("}\n") && first.indexes == [0]);
    let second = insert(Some(&text), &[&entry("b", "2")], OnEqual::Keep).unwrap();
    let text = second.text.unwrap();
    assert_eq!(second.indexes, [1]);
    let kept = insert(Some(&text), &[&entry("a", "new")], OnEqual::Keep).unwrap();
    assert_eq!((kept.text, kept.indexes), (None, vec![0]));
    let replaced = insert(Some(&text), &[&entry("a", "new")], OnEqual::Replace).unwrap();
    let file: Value = serde_json::from_str(&replaced.text.unwrap()).unwrap();
    let said: Vec<&str> = file["fixtures"].as_array().unwrap().iter().map(|entry| entry["response"]["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["new", "2"]);
}

/// Whatever is added by the sheet is what reading the whole file and writing it again would have made of it.
#[test]
fn what_is_added_to_the_end_is_what_a_whole_reading_makes() {
    let entry = |text: &str| {
        Redactor::default().json(json!({ "match": { "userMessage": text, "turnIndex": 0 }, "response": { "content": "\n]\n}\n" } }))
    };
    let mut text = insert(None, &[&entry("first")], OnEqual::Keep).unwrap();
    let (mut held, mut sheet) = (text.text.take().unwrap(), text.sheet.take().unwrap());
    for batch in [vec!["a"], vec!["b", "c", "b"], vec!["a", "first"], vec!["d", "a"]] {
        let entries: Vec<_> = batch.iter().map(|text| entry(text)).collect();
        let entries: Vec<_> = entries.iter().collect();
        let whole = insert(Some(&held), &entries, OnEqual::Keep).unwrap();
        let added = sheet.add(&entries, OnEqual::Keep).unwrap();
        assert_eq!(added.indexes, whole.indexes);
        held.truncate(usize::try_from(added.kept).unwrap());
        held.push_str(std::str::from_utf8(&added.rest).unwrap());
        assert_eq!(whole.text.unwrap_or_else(|| held.clone()), held);
        sheet.follow(added.sheet);
        assert_eq!(Some(&sheet), whole.sheet.as_ref());
    }
    assert_eq!(sheet.add(&[&entry("a")], OnEqual::Replace), None);
}

#[test]
fn only_a_file_whose_end_is_known_is_added_to_without_reading() {
    let entry = Redactor::default().json(json!({ "match": { "userMessage": "x" }, "response": { "content": "" } }));
    let by_hand = [
        r#"{ "fixtures": [{ "match": { "userMessage": "x" } }] }"#,
        "{\n  \"fixtures\": [\n    {\n      \"match\": {\n        \"userMessage\": \"x\"\n      }\n    }\n  ],\n  \"meta\": [\n    {\n    }\n  ]\n}\n",
    ];
    for text in by_hand {
        let kept = insert(Some(text), &[&entry], OnEqual::Keep).unwrap();
        assert_eq!((kept.text, kept.indexes, kept.sheet), (None, vec![0], None), "{text}");
    }
    assert!(insert(Some(r#"{ "fixtures": [] }"#), &[&entry], OnEqual::Keep).unwrap().sheet.is_some());
    assert_eq!(insert(Some(r#"{ "fixtures": [], "meta": 1 }"#), &[&entry], OnEqual::Keep).unwrap().sheet, None);
}

#[test]
fn what_is_no_fixture_file_is_left_alone() {
    let entry = Redactor::default().json(json!({ "match": {} }));
    assert!(matches!(insert(Some("{"), &[&entry], OnEqual::Keep), Err(SinkError::NotJson(_))));
    assert!(matches!(insert(Some("{\"fixtures\": 1}"), &[&entry], OnEqual::Keep), Err(SinkError::NotFixtures)));
    assert_eq!(insert(Some(" \n"), &[&entry], OnEqual::Keep).unwrap().indexes, [0]);
}

#[test]
fn a_credential_in_a_prompt_is_left_out_and_the_match_still_takes_it() {
    let key = format!("sk-{}", &"Qm7Zt2Xv9Lr4Kd8Wp3Nc6Hs1Bf5Jg0TyUrEx4Ma8Vo2Qi6yW"[..48]);
    let said = format!("use {key} and the token open-sesame-123 please");
    let request = Request {
        provider: "openai",
        endpoint: Some(Endpoint::Chat),
        messages: vec![Message::text(Role::User, said)],
        ..Request::default()
    };
    let exchange = Exchange { raw: RawRequest::default(), request };
    let matches = stamp(&exchange, &Redactor::knowing(["open-sesame-123", "short"]));
    assert_eq!(matches["userMessage"], json!({ "contains": ["use ", " and the token ", " please"] }));
    assert_eq!(matches["turnIndex"], 0);
    assert!(CRITERIA.iter().any(|criterion| criterion.key == "userMessage"));
}
