//! What loading makes of the texts of match keys.

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::matcher::Matching::{Contains, Exact};
use aimock::transform::Spec;
use serde_json::{Value, json};

use super::{compiled, loaded, named, options, replace};

const TIME: &str = "2026-03-30T13:19:38";

/// What the clause of a match says once it is loaded, in words.
#[track_caller]
fn check(list: &[Spec], matches: &Value, expected: &str) {
    let file = loaded(std::slice::from_ref(matches), &options(&compiled(list), Exact));
    assert!(file.problems.is_empty(), "{:#?}", file.problems);
    let clauses: Vec<String> = file.entries[0].fixture.matches.clauses().iter().map(|clause| clause.pattern.to_string()).collect();
    assert_eq!(clauses, [expected], "{matches}");
}

#[test]
fn every_literal_of_a_text_key_is_rewritten() {
    let time = [named("timestamps")];
    check(&time, &json!({ "userMessage": format!("It is {TIME}.") }), "equals `It is <timestamp>.`");
    check(&time, &json!({ "systemMessage": [TIME, "b"] }), "contains `<timestamp>` and `b`");
    check(&time, &json!({ "inputText": { "contains": TIME } }), "contains `<timestamp>`");
    check(&time, &json!({ "userMessage": { "contains": [TIME, "b"] } }), "contains `<timestamp>` and `b`");
    check(&time, &json!({ "userMessage": { "equals": TIME, "ignoreCase": true } }), "equals `<timestamp>`, ignoring case");
    check(&time, &json!({ "userMessage": { "startsWith": TIME } }), "starts with `<timestamp>`");
    check(&time, &json!({ "userMessage": { "endsWith": TIME } }), "ends with `<timestamp>`");
    check(&time, &json!({ "userMessage": { "not": { "anyOf": [TIME] } } }), "not (any of (equals `<timestamp>`))");
    check(&time, &json!({ "toolResultContains": TIME }), "contains `<timestamp>`");
}

#[test]
fn patterns_and_what_is_compared_with_the_original_stay() {
    let time = [named("timestamps")];
    check(&time, &json!({ "userMessage": { "regex": TIME } }), &format!("matches the regex `{TIME}`"));
    check(&time, &json!({ "userMessage": { "glob": TIME } }), &format!("matches the glob `{TIME}`"));
    check(&time, &json!({ "headers": { "x-at": TIME } }), &format!("x-at equals `{TIME}`"));
    check(&time, &json!({ "body": { "at": TIME } }), &format!("holds `{{\"at\":\"{TIME}\"}}`"));
    // A name is not prose.
    check(&time, &json!({ "toolName": TIME }), &format!("equals `{TIME}`"));
}

#[test]
fn keys_of_names_are_rewritten_where_a_replace_names_them() {
    check(&[replace("gpt-4o-mini", "gpt-4o", &["model"])], &json!({ "model": "gpt-4o-mini" }), "is `gpt-4o` or a dated version of it");
    check(&[replace("blue", "red", &["context"])], &json!({ "context": "blue" }), "equals `red`");
    check(&[replace("speech", "audio-gen", &["endpoint"])], &json!({ "endpoint": "speech" }), "equals `audio-gen`");
    check(&[replace("gpt-4o-mini", "gpt-4o", &[])], &json!({ "model": "gpt-4o-mini" }), "is `gpt-4o-mini` or a dated version of it");
}

/// The finding of a match that never matches, as `POINTER message`.
#[track_caller]
fn check_failed(list: &[Spec], matching: aimock::matcher::Matching, matches: &Value, expected: &str) {
    let file = loaded(std::slice::from_ref(matches), &options(&compiled(list), matching));
    let found: Vec<String> =
        file.problems.iter().map(|found| format!("{} {} {}", found.rule, found.primary.pointer, found.message)).collect();
    assert!(found.len() == 1 && found[0].starts_with(&format!("transform-failed /fixtures/0/match/{expected}")), "{found:#?}");
    assert!(file.entries[0].fixture.dead, "{matches}");
}

#[test]
fn a_text_that_cannot_be_rewritten_is_an_error_at_its_place() {
    let twice = replace("(a)b", "$1", &[]);
    check_failed(&[twice], Exact, &json!({ "userMessage": { "anyOf": ["x", "abb"] } }), "userMessage/anyOf/1 transform `replace #1`");
    let unknown = replace("speech", "singing", &["endpoint"]);
    check_failed(&[unknown], Exact, &json!({ "endpoint": "speech" }), "endpoint the transforms make `singing` of `speech`");
}

#[test]
fn a_part_of_which_nothing_is_left_does_not_become_a_catch_all() {
    let gone = [replace("noise", "", &[])];
    check_failed(&gone, Contains, &json!({ "userMessage": "noise" }), "userMessage the transforms leave nothing of \"noise\"");
    check_failed(&gone, Exact, &json!({ "systemMessage": ["noise"] }), "systemMessage/0 the transforms leave nothing");
    check_failed(&gone, Exact, &json!({ "userMessage": { "startsWith": "noise" } }), "userMessage/startsWith the transforms leave");
    check(&gone, &json!({ "userMessage": "noise" }), "equals ``");
}

#[test]
fn plain_texts_that_matching_decides_about_are_counted() {
    let matches = [
        json!({ "userMessage": "a", "systemMessage": "b", "model": "m" }),
        json!({ "inputText": { "anyOf": ["c", "d"] } }),
        json!({ "userMessage": { "contains": "e" }, "toolResultContains": "f", "systemMessage": ["g"], "headers": { "h": "i" } }),
    ];
    assert_eq!(loaded(&matches, &options(&compiled(&[]), Contains)).plain_texts, 4);
}

#[test]
fn an_item_of_the_list_that_cannot_be_used_is_reported_at_its_place() {
    let source = Arc::new(Source::new(SourceId(0), "aimock.yaml", "matching: exact\ntransforms:\n  - uuids\n  - timestamp\n"));
    let problems = aimock::config::parse(&source, Format::Yaml).unwrap_err();
    let found: Vec<_> = problems.iter().map(|found| (found.rule, found.position().line, found.help.contains("timestamps"))).collect();
    assert_eq!(found, [("invalid-transform", 4, true)]);
}
