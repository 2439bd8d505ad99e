//! Laws of matching under transforms, over texts made of pieces that transforms are about.

use std::collections::BTreeSet;
use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::exchange::{EmbeddingInput, Endpoint, Exchange, Headers, Message, RawRequest, Request, Role};
use aimock::fixture::{Input, Library, into_library};
use aimock::lint::{LintInput, Selection, run};
use aimock::matcher::criteria::criterion;
use aimock::matcher::{Matching, Served, Strictness};
use aimock::transform::{Spec, Transforms};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{compiled, loaded, named, options, replace, text_of};

const KEYS: [&str; 3] = ["userMessage", "systemMessage", "inputText"];

fn piece() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "2026-03-30T13:19:38",
            "2027-01-02T03:04:05Z",
            "2026-03-30",
            "T13:19:38",
            "<timestamp>",
            "weather",
            "Oslo",
            " ",
            "\n",
            "a",
            "ab",
            "x9",
            "",
        ][..],
    )
}

fn prose() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..5).prop_map(|pieces| pieces.concat())
}

/// Lists of transforms, whose order matters.
fn list() -> impl Strategy<Value = Vec<Spec>> {
    let all = vec![
        named("timestamps"),
        replace("[0-9]+", "#", &[]),
        replace("Oslo|Rome", "town", &["userMessage"]),
        replace("^\\s+|\\s+$", "", &[]),
    ];
    subsequence(all, 0..=4).prop_shuffle()
}

fn request(user: &str, system: &str, input: Option<&str>) -> Request {
    Request {
        provider: "openai",
        endpoint: Some(if input.is_some() { Endpoint::Embedding } else { Endpoint::Chat }),
        model: Some("gpt-4o".to_owned()),
        messages: vec![Message::text(Role::System, system), Message::text(Role::User, user)],
        embedding_inputs: input.map(|text| EmbeddingInput::Text(text.to_owned())).into_iter().collect(),
        ..Request::default()
    }
}

fn exchange(request: Request) -> Exchange {
    Exchange { raw: RawRequest::new("POST", "/v1/chat/completions", Headers::new(), ""), request }
}

fn library(matches: &[Value], transforms: &Transforms, matching: Matching) -> Library {
    into_library(vec![loaded(matches, &options(transforms, matching))])
}

fn one_match() -> impl Strategy<Value = Value> {
    let operator = select(&["contains", "equals", "startsWith", "endsWith"][..]);
    let regex = select(&["[0-9]{4}", "<timestamp>", "^a", "#", "town|Rome"][..]);
    let text = prop_oneof![
        4 => prose().prop_map(Value::from),
        2 => (operator, prose()).prop_map(|(operator, text)| json!({ operator: text })),
        1 => regex.prop_map(|regex| json!({ "regex": regex })),
        1 => prose().prop_map(|text| json!({ "not": text })),
    ];
    let key = select(&["userMessage", "systemMessage"][..]);
    let turn = prop::option::of(0..3_u64);
    prop_oneof![
        8 => (key, text).prop_map(|(key, text)| json!({ key: text })),
        1 => turn.prop_map(|turn| turn.map_or_else(|| json!({}), |turn| json!({ "turnIndex": turn }))),
        1 => Just(json!({ "model": "gpt-4o" })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rewriting_commutes_with_matching_for_exact_keys(list in list(), written in prose(), asked in prose()) {
        let transforms = compiled(&list);
        for key in KEYS {
            let rewritten = |text: &str| transforms.text(key, text).unwrap().into_owned();
            let wanted = json!({ key: written });
            let file = loaded(&[wanted], &options(&transforms, Matching::Exact));
            let original = exchange(match key {
                "userMessage" => request(&asked, "", None),
                "systemMessage" => request("x", &asked, None),
                _ => request("x", "", Some(&asked)),
            });
            let seen = transforms.exchange(&original).unwrap();
            // An empty system prompt counts as none.
            let is_there = key != "systemMessage" || !rewritten(&asked).is_empty();
            let expected = is_there && rewritten(&written) == rewritten(&asked);
            prop_assert_eq!(file.entries[0].fixture.matches.accepts(&seen), expected, "{} {:?} {:?}", key, written, asked);
        }
    }

    #[test]
    fn a_stub_answers_the_request_it_was_made_from(list in list(), asked in prose()) {
        let transforms = compiled(&list);
        let original = exchange(request(&asked, "be kind", None));
        let seen = transforms.exchange(&original).unwrap().into_owned();
        let user = criterion("userMessage").unwrap();
        let stamped = user.stamp(&(user.read)(&seen)).unwrap();
        for matching in [Matching::Exact, Matching::Contains] {
            let file = loaded(&[json!({ "userMessage": stamped })], &options(&transforms, matching));
            prop_assert!(file.entries[0].fixture.matches.accepts(&seen), "{:?} {}", asked, stamped);
        }
    }

    #[test]
    fn an_identity_under_contains_changes_nothing(matches in prop::collection::vec(one_match(), 1..6), user in prose(), system in prose()) {
        let identity = compiled(&[replace("never to be met", "nor this", &[])]);
        prop_assert!(!identity.is_empty());
        let original = exchange(request(&user, &system, None));
        let seen = identity.exchange(&original).unwrap();
        prop_assert_eq!(&seen.request, &original.request);
        let (with, without) = (library(&matches, &identity, Matching::Contains), library(&matches, &Transforms::default(), Matching::Contains));
        prop_assert_eq!(&with.fixtures, &without.fixtures);
        let answers = |library: &Library, exchange| library.table.select(exchange, &Served::default(), Strictness::default());
        prop_assert_eq!(answers(&with, &seen), answers(&without, &original));
    }

    #[test]
    fn the_index_finds_what_trying_every_row_finds(list in list(), matches in prop::collection::vec(one_match(), 32..60), user in prose()) {
        let transforms = compiled(&list);
        let library = library(&matches, &transforms, Matching::Exact);
        let original = exchange(request(&user, "weather", None));
        let seen = transforms.exchange(&original).unwrap();
        let found: Vec<usize> = library.table.candidates(&seen).map(|(row, _)| row).collect();
        let plainly: Vec<usize> = library.table.candidates_plainly(&seen).map(|(row, _)| row).collect();
        prop_assert_eq!(found, plainly);
    }

    #[test]
    fn witnesses_of_lint_hold_when_they_are_asked(list in list(), matches in prop::collection::vec(one_match(), 2..10)) {
        let transforms = compiled(&list);
        let library = library(&matches, &transforms, Matching::Contains);
        let source = Arc::new(Source::new(SourceId(0), "f.json", text_of(&matches)));
        let chosen = Selection { select: vec!["all".to_owned()], ..Selection::default() }.resolve().unwrap();
        let outcome = run(LintInput {
            inputs: vec![Input { source, format: Format::Json }],
            scopes: vec![(String::new(), vec![0])],
            shown: None,
            chosen: &chosen,
            options: &serde_json::Map::new(),
            load: options(&transforms, Matching::Contains),
            parsed: None,        });
        let dead: BTreeSet<&str> = ["duplicate-match", "shadowed-fixture"].into();
        for finding in &outcome.findings {
            let Some(witness) = &finding.witness else { continue };
            let asked = exchange(Request::from_neutral(&witness["request"]).unwrap());
            let seen = transforms.exchange(&asked).unwrap();
            let winner = library.table.select(&seen, &Served::default(), Strictness::default()).row();
            let handle = winner.map(|row| format!("f.json#{row}"));
            prop_assert_eq!(handle.as_deref(), witness["answeredBy"].as_str(), "{:#?}", finding);
            if dead.contains(finding.rule) {
                let own: usize = finding.primary.pointer.split('/').nth(2).unwrap().parse().unwrap();
                prop_assert!(library.fixtures[own].matches.accepts(&seen) && winner != Some(own), "{:#?}", finding);
            }
        }
    }
}
