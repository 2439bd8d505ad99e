//! What normalize does to texts: every form of writing, what stays, and how files hang together.

use std::sync::Arc;

use super::*;
use crate::diagnostic::{Source, SourceId};
use crate::document::{self, Format, Limits};
use crate::fixture::Input;
use crate::transform::{Spec, Transforms};

fn named(name: &str, text: &str) -> Input {
    Input { source: Arc::new(Source::new(SourceId(0), name, text)), format: Format::from_path(name) }
}

fn normalized(name: &str, text: &str, options: &Options<'_>) -> Outcome {
    let outcome = run(&[named(name, text)], options).remove(0);
    assert!(outcome.problems.is_empty(), "{:#?}", outcome.problems);
    outcome
}

/// A file becomes another one, and that one stays.
#[track_caller]
fn becomes(name: &str, before: &str, after: &str) {
    let outcome = normalized(name, before, &Options::default());
    assert_eq!(outcome.text.as_deref().unwrap_or(before), after, "{before}");
    assert_eq!(normalized(name, after, &Options::default()).text, None, "not at rest: {after}");
    assert!(document::parse(after, Format::from_path(name), &Limits::default()).is_ok(), "{after}");
}

#[track_caller]
fn stays(name: &str, text: &str) {
    becomes(name, text, text);
}

fn response(inner: &str) -> String {
    format!("{{ \"fixtures\": [{{ \"match\": {{ \"userMessage\": \"x\" }}, \"response\": {inner} }}] }}")
}

#[track_caller]
fn response_becomes(before: &str, after: &str) {
    becomes("a.json", &response(before), &response(after));
}

#[test]
fn json_keeps_its_escapes_and_layout() {
    response_becomes(r#"{ "content" : "at 2026-03-30T13:19:38Z" }"#, r#"{ "content" : "at 2000-01-01T00:00:00Z" }"#);
    response_becomes(r#"{ "content": "\u00e9\n\"2026-03-30T13:19:38Z\"\/" }"#, r#"{ "content": "\u00e9\n\"2000-01-01T00:00:00Z\"\/" }"#);
    response_becomes(
        r#"{ "content": "😀\ud83d\ude00 2026-03-30T13:19:38Z é" }"#,
        r#"{ "content": "😀\ud83d\ude00 2000-01-01T00:00:00Z é" }"#,
    );
    response_becomes(r#"{ "content": "\u0032026-03-30T13:19:38Z" }"#, r#"{ "content": "2000-01-01T00:00:00Z" }"#);
    response_becomes(
        r#"{ "content": "2026-03-30T13:19:38Z, 2026-03-31T13:19:39Z" }"#,
        r#"{ "content": "2000-01-01T00:00:00Z, 2000-01-01T00:00:00Z" }"#,
    );
}

#[test]
fn arguments_are_read_as_text_and_as_json() {
    response_becomes(
        r#"{ "toolCalls": [{ "name": "a", "arguments": "{\"at\":\"2026-03-30T13:19:38Z\"}" }] }"#,
        r#"{ "toolCalls": [{ "name": "a", "arguments": "{\"at\":\"2000-01-01T00:00:00Z\"}" }] }"#,
    );
    response_becomes(
        r#"{ "toolCalls": [{ "name": "a", "arguments": { "at": ["2026-03-30T13:19:38Z"] } }] }"#,
        r#"{ "toolCalls": [{ "name": "a", "arguments": { "at": ["2000-01-01T00:00:00Z"] } }] }"#,
    );
}

#[test]
fn jsonc_keeps_comments_and_commas() {
    becomes(
        "a.jsonc",
        "// 2026-03-30T13:19:38Z\n{\r\n\t\"fixtures\": [ { \"match\": {}, /* c */ \"response\": { \"content\": \"2026-03-30T13:19:38Z\", }, }, ], // x\n}",
        "// 2026-03-30T13:19:38Z\n{\r\n\t\"fixtures\": [ { \"match\": {}, /* c */ \"response\": { \"content\": \"2000-01-01T00:00:00Z\", }, }, ], // x\n}",
    );
}

/// A YAML file around a value, and the same around another one.
#[track_caller]
fn yaml(before: &str, after: &str) {
    let file = |value: &str| {
        format!(
            "# c\nfixtures:\n  - match: {{ userMessage: x }}\n    response:\n      content: {value}\n      # d\n      finishReason: stop\n"
        )
    };
    becomes("a.yaml", &file(before), &file(after));
}

#[test]
fn yaml_keeps_its_forms() {
    yaml("at 2026-03-30T13:19:38Z", "at 2000-01-01T00:00:00Z");
    yaml("'it''s 2026-03-30T13:19:38Z'", "'it''s 2000-01-01T00:00:00Z'");
    yaml(r#""\tat 2026-03-30T13:19:38Z\u00e9""#, r#""\tat 2000-01-01T00:00:00Z\u00e9""#);
    yaml("|\n        one\n        2026-03-30T13:19:38Z\n\n        two", "|\n        one\n        2000-01-01T00:00:00Z\n\n        two");
    yaml(">-\n        one 2026-03-30T13:19:38Z\n        two", ">-\n        one 2000-01-01T00:00:00Z\n        two");
    yaml("2026-03-30T13:19:38Z and\n        2026-03-31T13:19:38Z", "2000-01-01T00:00:00Z and\n        2000-01-01T00:00:00Z");
}

#[test]
fn yaml_that_cannot_be_rewritten_in_place_is_quoted() {
    yaml(r#""2026\x2d03-30T13:19:38Z""#, r#""2000-01-01T00:00:00Z""#);
    yaml("at 2026-03-30\n        13:19:38", "\"at 2000-01-01 00:00:00\"");
}

#[test]
fn yaml_aliases_follow_their_anchors() {
    becomes(
        "a.yaml",
        "fixtures:\n  - match: { userMessage: a }\n    response: &r { content: \"2026-03-30T13:19:38Z\" }\n  - match: { userMessage: b }\n    response: *r\n",
        "fixtures:\n  - match: { userMessage: a }\n    response: &r { content: \"2000-01-01T00:00:00Z\" }\n  - match: { userMessage: b }\n    response: *r\n",
    );
}

#[test]
fn what_an_author_wrote_stays() {
    let stamp = "2026-03-30T13:19:38Z";
    stays("a.json", &response(r#"{ "content": "2026-03-30T12:00:00Z on 2026-03-30" }"#));
    for text in [
        format!(r#"{{ "meta": "{stamp}", "_c": "{stamp}", "fixtures": [] }}"#),
        format!(
            r#"{{ "fixtures": [{{ "description": "{stamp}", "tags": ["{stamp}"], "recordedAt": "{stamp}", "match": {{}}, "response": {{ "content": "a" }} }}] }}"#
        ),
        format!(
            r#"{{ "fixtures": [{{ "match": {{ "body": {{ "a": "{stamp}" }}, "headers": {{ "a": "{stamp}" }} }}, "response": {{ "content": "a" }} }}] }}"#
        ),
        format!(
            r#"{{ "fixtures": [{{ "match": {{}}, "response": {{ "content": "a", "reasoning": "b", "reasoningSignature": "{stamp}", "_c": "{stamp}" }} }}] }}"#
        ),
    ] {
        stays("a.json", &text);
    }
}

#[test]
fn what_the_request_says_stays_in_the_answer() {
    let text = r#"{ "fixtures": [{ "match": { "userMessage": "since 2026-03-30T13:19:38Z" }, "response": { "content": "since 2026-03-30T13:19:38Z, now 2026-03-31T13:19:39Z" } }] }"#;
    let outcome = normalized("a.json", text, &Options::default());
    assert_eq!(outcome.text, Some(text.replace("2026-03-31T13:19:39Z", "2000-01-01T00:00:00Z")));
    assert_eq!(outcome.left_in_keys.get("timestamps"), Some(&1));
}

fn transforms(names: &[&str]) -> Transforms {
    let specs: Vec<Spec> = names.iter().map(|name| Spec::BuiltIn { name: (*name).to_owned(), label: None }).collect();
    Transforms::compile(&specs).expect("names of built-ins")
}

#[test]
fn match_keys_go_through_the_transforms_in_force() {
    let text = r#"{ "fixtures": [{ "match": { "userMessage": { "anyOf": ["\u00e9 2026-03-30T13:19:38Z", { "regex": "2026-03-30T13:19:38Z" }] }, "model": "2026-03-30T13:19:38Z" }, "response": { "content": "a" } }] }"#;
    let options = Options { transforms: transforms(&["timestamps"]), ..Options::default() };
    let outcome = normalized("a.json", text, &options);
    assert_eq!(outcome.text, Some(text.replacen("2026-03-30T13:19:38Z", "<timestamp>", 1)));
    assert!(outcome.left_in_keys.is_empty(), "{:?}", outcome.left_in_keys);
}

/// A call with a drawn id, with this in its entry, and this behind it.
fn call(entry: &str, behind: &str) -> String {
    format!(
        r#"{{ "fixtures": [{{ "match": {{ "userMessage": "x" }}, "response": {{ "toolCalls": [{{ "id": "{CALL}", "name": "f", "arguments": {{}} }}] }}{entry} }}{behind}] }}"#
    )
}

const CALL: &str = "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S";
const STABLE: &str = "call_aimock2821d299f308";

#[test]
fn ids_of_tool_calls_stay_where_nothing_refers_to_them() {
    stays("a.json", &call("", ""));
    stays("a.json", &call(r#", "metadata": { "owner": "us" }, "_comment": "Recorded once""#, ""));
    stays("a.json", &call("", r#", { "match": { "toolCallId": "call_1" }, "response": { "content": "b" } }"#));
}

#[test]
fn ids_of_tool_calls_go_where_something_refers_to_them() {
    for behind in [
        format!(r#", {{ "match": {{ "toolCallId": "{CALL}" }}, "response": {{ "content": "b" }} }}"#),
        format!(r#", {{ "match": {{ "userMessage": "result of {CALL}" }}, "response": {{ "content": "b" }} }}"#),
        format!(r#", {{ "match": {{ "userMessage": "b" }}, "response": {{ "content": "the result of {CALL}" }} }}"#),
    ] {
        let text = call("", &behind);
        becomes("a.json", &text, &text.replace(CALL, STABLE));
    }
}

#[test]
fn ids_of_tool_calls_go_where_a_recorder_wrote_them() {
    for entry in [
        r#", "recordedTimings": { "ttftMs": 1 }"#,
        r#", "recordedAt": "2026-01-31""#,
        r#", "metadata": { "toolsHash": "0f1e2d3c" }"#,
        r#", "_recordedBy": "a proxy""#,
    ] {
        let text = call(entry, "");
        becomes("a.json", &text, &text.replace(CALL, STABLE));
    }
    let text = call("", "").replacen('{', r#"{ "_warning": "the stream was cut","#, 1);
    becomes("a.json", &text, &text.replace(CALL, STABLE));
}

#[test]
fn ids_are_one_in_all_files() {
    let asks = named("a.json", &call("", ""));
    let waits =
        named("b.json", &format!(r#"{{ "fixtures": [{{ "match": {{ "toolCallId": "{CALL}" }}, "response": {{ "content": "b" }} }}] }}"#));
    let texts = |inputs: &[Input], others: &[Input]| -> Vec<Option<String>> {
        run(inputs, &Options { others, ..Options::default() }).into_iter().map(|outcome| outcome.text).collect()
    };
    let changed = |input: &Input| Some(input.source.text().replace(CALL, STABLE));
    assert_eq!(texts(&[asks.clone(), waits.clone()], &[]), [changed(&asks), changed(&waits)]);
    assert_eq!(texts(&[waits.clone(), asks.clone()], &[]), [changed(&waits), changed(&asks)]);
    // What another file holds stays, whichever of the two was named.
    assert_eq!(texts(std::slice::from_ref(&asks), std::slice::from_ref(&waits)), [None]);
    assert_eq!(texts(std::slice::from_ref(&waits), std::slice::from_ref(&asks)), [None]);
}

#[test]
fn packed_bodies_become_readable() {
    let body = |encoding: &str, base64: &str| {
        response(&format!(r#"{{ "http": {{ "headers": {{ "content-encoding": "{encoding}", "x": "y" }}, "base64": "{base64}" }} }}"#))
    };
    let decode = Options { passes: vec![pass("decode").expect("the pass exists")], ..Options::default() };
    let text = normalized("a.json", &body("br", "CwKAaGVsbG8D"), &decode).text;
    assert_eq!(text, Some(response(r#"{ "http": { "headers": { "x": "y" }, "body": "hello" } }"#)));
    // What is cut, or packed in a way nobody knows, stays.
    assert_eq!(normalized("a.json", &body("br", "CwKAaGVs"), &decode).text, None);
    assert_eq!(normalized("a.json", &body("zip", "CwKAaGVsbG8D"), &decode).text, None);
}

#[test]
fn files_that_are_no_fixtures_are_passed_over() {
    let outcome = normalized("package.json", r#"{ "at": "2026-03-30T13:19:38Z" }"#, &Options::default());
    assert!(outcome.text.is_none() && outcome.skipped.is_some());
}

#[test]
fn broken_files_are_said_and_left() {
    let outcome = run(&[named("a.json", "{ \"fixtures\": [")], &Options::default()).remove(0);
    assert!(outcome.text.is_none() && !outcome.problems.is_empty());
}

#[test]
fn the_limit_of_values_grows_with_the_text() {
    assert_eq!(run::limits("{}"), Limits::default());
    // Two bytes a value are the fewest: `0,`.
    let text = "0,".repeat(Limits::default().nodes + 10);
    assert!(run::limits(&text).nodes > Limits::default().nodes + 10);
}

#[test]
fn names_and_groups_select_passes() {
    let names = |select: &[&str], ignore: &[&str]| -> Vec<&'static str> {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        resolve(&own(select), &own(ignore)).expect("the names exist").iter().map(|pass| pass.name).collect()
    };
    assert_eq!(names(&["timings", "secrets"], &[]), ["secrets", "timings"]);
    assert_eq!(names(&[], &["secrets", "timings"]).first(), Some(&"timestamps"));
    assert_eq!(names(&["all"], &[]).len(), ALL.len());
    assert_eq!(names(&["default", "key-order"], &["scrubbing"]), ["key-order"]);
    let error = resolve(&["timestamp".to_owned()], &[]).expect_err("no such pass");
    assert_eq!(error.to_string(), "there is no normalize pass or group `timestamp`; did you mean `timestamps`?");
}

#[test]
fn dates_of_timings_stay_consistent() {
    let timings = |text: &str| {
        format!("{{ \"fixtures\": [{{ \"match\": {{}}, \"response\": {{ \"content\": \"a\" }}, \"recordedTimings\": {text} }}] }}")
    };
    becomes(
        "a.json",
        &timings(r#"{ "ttftMs": 13, "interChunkDelaysMs": [13, 13, 13], "totalDurationMs": 52 }"#),
        &timings(r#"{ "ttftMs": 15, "interChunkDelaysMs": [15, 15, 15], "totalDurationMs": 60 }"#),
    );
    stays("a.json", &timings(r#"{ "ttftMs": 150, "interChunkDelaysMs": [5, 20, -3], "totalDurationMs": 1250 }"#));
    stays("a.json", &timings(r#"{ "ttftMs": "x", "totalDurationMs": 1e300 }"#));
}

#[test]
fn timings_are_one_edit_that_keeps_what_stands_between() {
    let texts = [
        (
            "{ \"ttftMs\": 412.36, \"interChunkDelaysMs\": [3.2,\n\t47.91], \"totalDurationMs\": 463.47 }",
            "{ \"ttftMs\": 400, \"interChunkDelaysMs\": [3,\n\t50], \"totalDurationMs\": 475 }",
        ),
        (
            "{ \"ttftMs\": 412.36, // 47.91 is left\n \"totalDurationMs\": 463.47 }",
            "{ \"ttftMs\": 400, // 47.91 is left\n \"totalDurationMs\": 475 }",
        ),
        ("{ \"totalDurationMs\": 463.47, \"ttftMs\": 412.36 }", "{ \"totalDurationMs\": 475, \"ttftMs\": 400 }"),
    ];
    for (before, after) in texts {
        let file = |timings: &str| {
            format!(
                "{{ \"fixtures\": [{{ \"match\": {{ \"userMessage\": \"a\" }}, \"response\": {{ \"content\": \"b\" }}, \"recordedTimings\": {timings} }}] }}"
            )
        };
        assert_eq!(normalized("a.jsonc", &file(before), &Options::default()).text, Some(file(after)));
    }
}
