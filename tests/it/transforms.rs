//! Transforms from outside: keys and requests become the same, the configuration is checked at its place, every built-in
//! has a page.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use aimock::exchange::{EmbeddingInput, Endpoint, Exchange, Message, Request, Role};
use aimock::matcher::{Facet, criteria};
use aimock::transform::{ALL, Spec, Transforms};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::workplace::Workplace;

/// Texts in which several transforms find something.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "foo",
    "bar",
    "foo bar",
    "Event Date: 2026-03-30T13:19:38",
    "2026-03-30",
    "\n13:19:38",
    "created: 1774876778",
    "m.rossi@mailbox.org",
    "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S",
    "3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9",
    "took 5  seconds",
    "é",
    "gpt-4o-2024-08-06",
    "",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_map(|pieces| pieces.concat())
}

fn spec() -> impl Strategy<Value = Spec> {
    let named = prop::sample::select(ALL).prop_map(|builtin| Spec::BuiltIn { name: builtin.name.to_owned(), label: None });
    let replace = prop::sample::select(&[("foo", "F"), ("foo bar", "<x>"), ("[0-9]{4}", "Y"), (r"\s+", "_")][..])
        .prop_map(|(pattern, with)| Spec::Replace { pattern: pattern.to_owned(), with: with.to_owned(), within: Vec::new(), label: None });
    prop_oneof![3 => named, 1 => replace]
}

/// What the criterion of this key reads in the request.
fn read(key: &str, request: &Request) -> Option<String> {
    let exchange = Exchange { request: request.clone(), ..Exchange::default() };
    match (criteria::criterion(key).unwrap().read)(&exchange) {
        Facet::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a key holds and what it reads become the same: an exact key meets the request that it was recorded from.
    #[test]
    fn keys_and_requests_commute(specs in prop::collection::vec(spec(), 0..5), texts in prop::array::uniform5(text())) {
        let transforms = Transforms::compile(&specs).unwrap();
        let [user, first, second, tool, model] = texts;
        let request = Request {
            endpoint: Some(Endpoint::Chat),
            model: Some(model),
            messages: vec![Message::text(Role::System, first.clone()), Message::text(Role::User, user), Message::text(Role::System, second.clone()), Message::tool_result("call_Vx3kTq8ZrN2mWb7LpYc4Hd9S", tool)],
            embedding_inputs: vec![EmbeddingInput::Text(first), EmbeddingInput::Text(second)],
            ..Request::default()
        };
        let Ok(rewritten) = transforms.request(&request) else { return Ok(()) };
        for key in ["userMessage", "systemMessage", "inputText", "toolResultContains", "toolCallId", "model"] {
            let held = read(key, &request).map(|text| transforms.text(key, &text).unwrap().into_owned()).filter(|text| key != "systemMessage" || !text.is_empty());
            prop_assert_eq!(held, read(key, &rewritten), "{}", key);
        }
        prop_assert_eq!(transforms.request(&rewritten), Ok(rewritten), "twice is once");
    }
}

/// What a command says about a configuration.
#[track_caller]
fn complaint(transforms: &str) -> String {
    let place = Workplace::new(&[
        ("aimock.yaml", &format!("include: fixtures\ntransforms:\n{transforms}")),
        ("fixtures/a.json", r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello." } }] }"#),
    ]);
    let run = place.run(&["lint"]);
    assert_eq!(run.status, 2, "{}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn the_configuration_is_checked_at_its_place() {
    assert_snapshot!(complaint("  - timestamp\n"), @r"
    error: the configuration aimock.yaml cannot be used:
      aimock.yaml:3:5: there is no transform `timestamp`; did you mean `timestamps`?
    ");
    assert_snapshot!(complaint("  - timestamps\n  - replace: 'a('\n    with: b\n"), @r"
    error: the configuration aimock.yaml cannot be used:
      aimock.yaml:4:14: `a(` is no regular expression: unclosed group; the syntax is that of Rust's `regex` crate: no look-around, no back-references
    ");
    assert_snapshot!(complaint("  - replace: a\n    with: b\n    in: [userMesage]\n"), @r"
    error: the configuration aimock.yaml cannot be used:
      aimock.yaml:5:9: there is no match key `userMesage` whose text can be rewritten; did you mean `userMessage`?
    ");
    assert_snapshot!(complaint("  - replace: a\n"), @r"
    error: the configuration aimock.yaml cannot be used:
      aimock.yaml:3:5: `replace` without `with`; write `replace` and `with`, or `drop`
    ");
    assert_snapshot!(complaint("  - drop: /message\n    name: no messages\n"), @r"
    error: the configuration aimock.yaml cannot be used:
      aimock.yaml:3:11: a request has no member `message`; did you mean `messages`?
    ");
}

#[test]
fn a_list_that_can_be_used_is_silent() {
    let place = Workplace::new(&[
        (
            "aimock.yaml",
            "include: fixtures\nmatching: exact\ntransforms: [timestamps, { replace: 'a+', with: '<x>', in: [model], name: x }, { drop: '' }]\n",
        ),
        ("fixtures/a.json", r#"{ "fixtures": [{ "match": { "userMessage": "hello there" }, "response": { "content": "Hello." } }] }"#),
    ]);
    let run = place.run(&["validate"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn every_transform_has_a_page() {
    let place = Workplace::new(&[]);
    let list = place.run(&["explain"]).stdout;
    for builtin in ALL {
        let page = place.run(&["explain", builtin.name]).stdout;
        assert!(page.starts_with(&format!("## {}\n", builtin.name)) && page.contains("normalized:"), "{page}");
        assert!(list.lines().any(|line| line.trim_start().starts_with(&format!("{} ", builtin.name))), "{} is not listed", builtin.name);
    }
    let unknown = place.run(&["explain", "timestamp"]);
    assert!(unknown.status == 2 && unknown.stderr.contains("did you mean `timestamps`?"), "{}", unknown.stderr);
}
