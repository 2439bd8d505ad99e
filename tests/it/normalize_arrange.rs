//! `aimock normalize --split-by` and `--merge-into`: fixtures move, and every request meets the answer it met before.
#![expect(clippy::disallowed_methods, reason = "tests read and change the files that the program works on")]

use std::fs;
use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::{Format, Limits, Node, parse, to_json, to_yaml};
use aimock::exchange::{Endpoint, Exchange, Message, RawRequest, Request, Role};
use aimock::fixture::{Input, LoadOptions, into_library, load_all};
use aimock::matcher::{Served, Strictness};
use aimock::normalize::{By, merge, split};
use proptest::prelude::*;

use crate::workplace::Workplace;

const TWO: &str = r#"{
  // Both of them
  "fixtures": [
    // the first
    { "match": { "userMessage": "Weather in Oslo?" }, "response": { "content": "Snow." } },
    { "id": "tools", "match": { "userMessage": "b" }, "response": { "content": "hello" } }, // the last
  ],
  "_note": 1
}
"#;

fn input(number: u32, name: &str, text: &str) -> Input {
    Input { source: Arc::new(Source::new(SourceId(number), name, text)), format: Format::from_path(name) }
}

fn names(place: &Workplace) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(place.path("f")).expect("a folder").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn pieces_keep_comments_and_what_stands_around() {
    let pieces = split(&input(0, "a.jsonc", TWO), "a.jsonc", By::Fixture).expect("it can be cut");
    assert_eq!(
        pieces[0].text,
        "{\n  // Both of them\n  \"fixtures\": [\n    // the first\n    { \"match\": { \"userMessage\": \"Weather in Oslo?\" }, \"response\": { \"content\": \"Snow.\" } } // the last\n  ],\n  \"_note\": 1\n}\n"
    );
    assert_eq!((pieces[0].fixtures, pieces[1].fixtures, pieces.len()), (1, 1, 2));
}

#[test]
fn a_dry_run_lists_and_write_writes() {
    let place = Workplace::new(&[("f/a.jsonc", TWO)]);
    let run = place.run(&["normalize", "f", "--split-by", "fixture"]);
    assert_eq!((run.status, names(&place)), (1, vec!["a.jsonc".to_owned()]), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.starts_with("f/a.jsonc becomes 2 files\n") && run.stderr.contains("`--write` does it"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    let run = place.run(&["normalize", "f", "--split-by", "fixture", "--write"]);
    let pieces = names(&place);
    assert!(run.status == 0 && pieces.len() == 2 && pieces[0].starts_with("a.10-weather-in-oslo-"), "{pieces:?} {}", run.stderr);
    assert!(pieces[1].starts_with("a.20-tools-"), "{pieces:?}");
    let run = place.run(&["normalize", "f", "--split-by", "fixture", "--write"]);
    assert_eq!((run.status, names(&place)), (0, pieces));
}

/// Stopped between writing and removing, both are there; the same command again removes what was left.
#[test]
fn what_was_stopped_is_finished() {
    let place = Workplace::new(&[("f/a.jsonc", TWO)]);
    place.run(&["normalize", "f", "--split-by", "fixture", "--write"]);
    let pieces = names(&place);
    fs::write(place.path("f/a.jsonc"), TWO).expect("written");
    let run = place.run(&["normalize", "f", "--split-by", "fixture", "--write"]);
    assert_eq!((run.status, names(&place)), (0, pieces.clone()), "{}", run.stderr);
    let run = place.run(&["normalize", "f", "--merge-into", "f/all.jsonc", "--write"]);
    assert_eq!((run.status, names(&place)), (0, vec!["all.jsonc".to_owned()]), "{}", run.stderr);
    let whole = fs::read_to_string(place.path("f/all.jsonc")).expect("it is there");
    place.run(&["normalize", "f", "--split-by", "fixture", "--write"]);
    fs::write(place.path("f/all.jsonc"), &whole).expect("written");
    let run = place.run(&["normalize", "f", "--merge-into", "f/all.jsonc", "--write"]);
    assert_eq!((run.status, names(&place)), (0, vec!["all.jsonc".to_owned()]), "{}", run.stderr);
    assert_eq!(fs::read_to_string(place.path("f/all.jsonc")).expect("it is there"), whole);
}

#[test]
fn nothing_else_is_overwritten() {
    let place = Workplace::new(&[("f/a.jsonc", TWO), ("f/b.jsonc", TWO), ("g/all.jsonc", "mine")]);
    let run = place.run(&["normalize", "f", "--merge-into", "g/all.jsonc", "--write"]);
    assert!(run.status == 2 && run.stderr.contains("one folder"), "{}", run.stderr);
    place.run(&["normalize", "f/a.jsonc", "--split-by", "fixture", "--write"]);
    let pieces = names(&place);
    fs::write(place.path("f/a.jsonc"), TWO).expect("written");
    fs::write(place.path(&format!("f/{}", pieces[0])), "{ \"fixtures\": [] }").expect("written");
    let run = place.run(&["normalize", "f/a.jsonc", "--split-by", "fixture", "--write"]);
    assert!(run.status == 2 && run.stderr.contains("holds something else; nothing was moved"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(place.path("f/a.jsonc")).expect("it is there"), TWO);
}

#[test]
fn a_file_between_keeps_its_place() {
    let place = Workplace::new(&[("f/a.jsonc", TWO), ("f/a.b.jsonc", TWO), ("f/c.jsonc", TWO)]);
    let run = place.run(&["normalize", "f/a.jsonc", "f/c.jsonc", "f/a.b.jsonc", "--split-by", "fixture"]);
    assert!(run.stderr.contains("f/a.jsonc stays one file: f/a.b.jsonc would be loaded in another order"), "{}", run.stderr);
}

#[test]
fn yaml_is_cut_between_its_lines() {
    let text = "# head\nfixtures:\n  # one\n  - match: { userMessage: a }\n    response: { content: x }\n  # two\n  - match: { userMessage: b }\n    response: { content: y }\n_n: 1\n";
    let pieces = split(&input(0, "a.yaml", text), "a.yaml", By::Fixture).expect("it can be cut");
    let second = &pieces[1].text;
    assert_eq!(second, "# head\nfixtures:\n  # two\n  - match: { userMessage: b }\n    response: { content: y }\n_n: 1\n");
    let inputs: Vec<Input> = (0..).zip(&pieces).map(|(number, piece)| input(number, &piece.name, &piece.text)).collect();
    assert_eq!(merge(&inputs).expect("they fit").text, text);
    let anchored =
        "fixtures:\n  - match: { userMessage: a }\n    response: &r { content: x }\n  - match: { userMessage: b }\n    response: *r\n";
    assert!(split(&input(0, "a.yaml", anchored), "a.yaml", By::Fixture).is_err());
}

fn files() -> impl Strategy<Value = serde_json::Value> {
    let text = || proptest::sample::select(vec!["a", "ab", "b", "abc"]);
    let model = proptest::option::of(proptest::sample::select(vec!["gpt-4o", "gpt-4o-2024-08-06", "gpt-4", "claude"]));
    let endpoint = proptest::option::of(proptest::sample::select(vec!["chat", "embedding"]));
    let entry = (text(), model, endpoint).prop_map(|(text, model, endpoint)| {
        let mut matches = serde_json::json!({ "userMessage": { "contains": text } });
        if let Some(model) = model {
            matches["model"] = model.into();
        }
        if let Some(endpoint) = endpoint {
            matches["endpoint"] = endpoint.into();
        }
        matches
    });
    proptest::collection::vec(entry, 1..8).prop_map(|entries| {
        let numbered = entries.into_iter().enumerate();
        let entries: Vec<_> = numbered
            .map(|(number, matches)| serde_json::json!({ "match": matches, "response": { "content": format!("{number}") } }))
            .collect();
        serde_json::json!({ "fixtures": entries, "_n": 1 })
    })
}

/// What requests of every kind are answered, by the text of the answer.
fn answers(inputs: Vec<Input>) -> Vec<Option<String>> {
    let contents: Vec<serde_json::Value> = inputs
        .iter()
        .flat_map(|input| {
            let parsed = parse(input.source.text(), input.format, &Limits::default()).expect("it is readable");
            let list: Vec<_> = parsed.root.get("fixtures").map_or(&[][..], Node::items).iter().map(|entry| to_json(entry)).collect();
            list
        })
        .collect();
    let library = into_library(load_all(inputs, &LoadOptions::default()));
    let mut answers = Vec::new();
    for endpoint in [Endpoint::Chat, Endpoint::Embedding] {
        for model in ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4", "claude", "other"] {
            for text in ["a", "ab", "b", "abc"] {
                let messages = vec![Message::text(Role::User, text.to_owned())];
                let request = Request { endpoint: Some(endpoint), model: Some(model.to_owned()), messages, ..Request::default() };
                let exchange = Exchange { request, raw: RawRequest::default() };
                let row = library.table.select(&exchange, &Served::default(), Strictness::default()).row();
                answers.push(row.map(|row| contents[row]["response"]["content"].to_string()));
            }
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_same_requests_meet_the_same_answers(file in files(), yaml in any::<bool>()) {
        let (name, text) = if yaml { ("a.yaml", to_yaml(&file)) } else { ("a.json", format!("{file:#}\n")) };
        let before = answers(vec![input(0, name, &text)]);
        for by in [By::Fixture, By::Model, By::Endpoint] {
            let pieces = split(&input(0, name, &text), name, by).expect("it can be cut");
            if pieces.is_empty() {
                continue;
            }
            prop_assert!(pieces.windows(2).all(|pair| pair[0].name < pair[1].name));
            let inputs: Vec<Input> = (0..).zip(&pieces).map(|(number, piece)| input(number, &piece.name, &piece.text)).collect();
            prop_assert_eq!(&before, &answers(inputs.clone()), "{:?} of\n{}", by, text);
            let merged = merge(&inputs).expect("what was one fits together");
            prop_assert_eq!(&before, &answers(vec![input(0, name, &merged.text)]));
            if by == By::Fixture {
                prop_assert_eq!(&merged.text, &text);
            }
        }
    }
}
