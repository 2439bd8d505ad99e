//! What covers what. `No` is an example that was tried, so these tests only ask that one is found.

use serde_json::{Value, json};

use super::super::Coverage::{self, No, Unknown, Yes};
use super::super::{Plain, Setting};
use super::{matches, text};

#[track_caller]
fn check(mine: &Value, theirs: &Value, expected: Coverage) {
    let (a, b) = (text(mine, Plain::Contains), text(theirs, Plain::Contains));
    assert_eq!(a.covers(&b), expected, "does {mine} cover {theirs}");
}

#[test]
fn literals() {
    check(&json!("weather"), &json!("weather in Oslo"), Yes);
    check(&json!("weather in Oslo"), &json!("weather"), No);
    check(&json!(""), &json!({"regex": "a+"}), Yes);
    check(&json!(""), &json!({"not": "a"}), Yes);
    check(&json!("a"), &json!({"equals": "cat"}), Yes);
    check(&json!({"equals": "cat"}), &json!({"equals": "cat"}), Yes);
    check(&json!({"equals": "cat"}), &json!("cat"), No);
    check(&json!("cat"), &json!({"startsWith": "cats"}), Yes);
    check(&json!({"startsWith": "ca"}), &json!({"startsWith": "cats"}), Yes);
    check(&json!({"startsWith": "ca"}), &json!("cats"), No);
    check(&json!({"endsWith": "ts"}), &json!({"endsWith": "cats"}), Yes);
    check(&json!({"endsWith": "ts"}), &json!({"startsWith": "cats"}), No);
}

#[test]
fn lists() {
    check(&json!(["a"]), &json!(["a", "b"]), Yes);
    check(&json!(["a", "b"]), &json!(["a"]), No);
    check(&json!(["a", "b"]), &json!(["xb", "ya"]), Yes);
    check(&json!("a"), &json!(["b", "ca"]), Yes);
    check(&json!(["a", "b"]), &json!("cab"), Yes);
    check(&json!(["a", "b"]), &json!({"allOf": ["a", "b"]}), Yes);
}

#[test]
fn case() {
    check(&json!({"contains": "WEATHER", "ignoreCase": true}), &json!("the weather"), Yes);
    check(&json!("weather"), &json!({"contains": "weather", "ignoreCase": true}), No);
    check(&json!("42"), &json!({"contains": "no. 42", "ignoreCase": true}), Yes);
    check(&json!({"equals": "A", "ignoreCase": true}), &json!({"equals": "a", "ignoreCase": true}), Yes);
    check(&json!({"equals": "42"}), &json!({"equals": "42", "ignoreCase": true}), Yes);
    check(&json!({"regex": "(?-i:a)", "ignoreCase": true}), &json!("A"), No);
    check(&json!({"regex": "weather", "ignoreCase": true}), &json!("The WEATHER"), Yes);
}

#[test]
fn globs() {
    check(&json!({"glob": "a*"}), &json!({"startsWith": "ab"}), Yes);
    check(&json!({"glob": "*a*b*"}), &json!({"glob": "x*a*y*b"}), Yes);
    check(&json!({"glob": "*ab*"}), &json!({"glob": "a*b"}), No);
    check(&json!("b"), &json!({"glob": "a*b"}), Yes);
    check(&json!({"glob": "cat"}), &json!({"equals": "cat"}), Yes);
    check(&json!({"equals": "cat"}), &json!({"glob": "cat"}), Yes);
    check(&json!({"glob": "a*a"}), &json!({"equals": "a"}), No);
}

#[test]
fn regexes() {
    check(&json!({"regex": "weather"}), &json!("weather in Oslo"), Yes);
    check(&json!("weather"), &json!({"regex": "weather.*Oslo"}), Yes);
    check(&json!("Oslo"), &json!({"regex": "weather.*Oslo"}), Yes);
    check(&json!({"regex": "^wea"}), &json!({"startsWith": "weather"}), Yes);
    check(&json!({"regex": "^wea"}), &json!("weather"), No);
    check(&json!({"regex": r"\d+"}), &json!({"equals": "in 12 days"}), Yes);
    check(&json!({"regex": r"\d+"}), &json!({"equals": "in days"}), No);
    check(&json!({"regex": r"\d+"}), &json!("12"), Unknown);
    check(&json!({"regex": r"\bcat\b"}), &json!("cat"), No);
    check(&json!({"regex": r"a+"}), &json!({"regex": r"a+"}), Yes);
    check(&json!({"regex": r"a+"}), &json!({"regex": r"a{2}"}), Unknown);
    check(&json!("ca"), &json!({"regex": "cat|car"}), Yes);
    check(&json!("a"), &json!({"regex": "bat|hall"}), Yes);
    check(&json!({"regex": "weather.*Oslo"}), &json!({"equals": "weather\nOslo"}), No);
    check(&json!({"regex": "(?s)weather.*Oslo"}), &json!({"glob": "weather*Oslo"}), Yes);
    check(&json!({"regex": "weather.*Oslo"}), &json!({"glob": "weather*Oslo"}), Unknown);
    check(&json!({"equals": ""}), &json!({"regex": "^$"}), Yes);
}

#[test]
fn combinations() {
    check(&json!({"anyOf": ["a", "b"]}), &json!("xb"), Yes);
    check(&json!({"anyOf": ["a", "b"]}), &json!({"anyOf": ["ya", "xb"]}), Yes);
    check(&json!({"anyOf": ["a", "b"]}), &json!({"anyOf": ["a", "c"]}), No);
    check(&json!("a"), &json!({"anyOf": []}), Yes);
    check(&json!({"allOf": ["a", "b"]}), &json!("ab"), Yes);
    check(&json!({"allOf": ["a", "c"]}), &json!("ab"), No);
    check(&json!("a"), &json!({"allOf": ["b", "ca"]}), Yes);
    check(&json!({"not": "b"}), &json!({"equals": "a"}), Yes);
    check(&json!({"not": "b"}), &json!({"contains": "a"}), No);
    check(&json!({"not": {"startsWith": "b"}}), &json!({"startsWith": "a"}), Yes);
    check(&json!({"not": {"endsWith": "b"}}), &json!({"endsWith": "a"}), Yes);
    check(&json!({"not": "ab"}), &json!({"not": "a"}), Yes);
    check(&json!({"not": "a"}), &json!({"not": "ab"}), No);
    check(&json!({"not": {"startsWith": "B", }}), &json!({"startsWith": "b", "ignoreCase": true}), No);
}

#[test]
fn models() {
    check(&json!({"model": "gpt-4o"}), &json!({"model": "gpt-4o"}), Yes);
    check(&json!({"model": "gpt-4"}), &json!({"model": "gpt-4-0613"}), Yes);
    check(&json!({"model": "gpt-4"}), &json!({"model": "gpt-4o"}), No);
    check(&json!({"model": "gpt-4"}), &json!({"equals": "gpt-4-32k"}), Yes);
    check(&json!({"startsWith": "gpt"}), &json!({"model": "gpt-4o"}), Yes);
    check(&json!({"model": "gpt-4"}), &json!({"startsWith": "gpt-4-0"}), Yes);
}

#[track_caller]
fn check_match(mine: &Value, theirs: &Value, expected: Coverage) {
    let (a, b) = (matches(mine), matches(theirs));
    assert_eq!(a.covers(&b), expected, "does {mine} cover {theirs}");
    if let Some(example) = a.counterexample(&b) {
        assert!(b.accepts(&example) && !a.accepts(&example), "{mine} / {theirs}: {example:?}");
    }
}

#[test]
fn whole_matches() {
    check_match(&json!({}), &json!({"userMessage": "a"}), Yes);
    check_match(&json!({"userMessage": "a"}), &json!({}), No);
    check_match(&json!({"userMessage": "a"}), &json!({"userMessage": "ab", "model": "m"}), Yes);
    check_match(&json!({"userMessage": "ab", "model": "m"}), &json!({"userMessage": "ab"}), No);
    check_match(&json!({"hasToolResult": true}), &json!({"toolCallId": "c1"}), Yes);
    check_match(&json!({"hasToolResult": true}), &json!({"toolResultContains": "x"}), Yes);
    check_match(&json!({"hasToolResult": false}), &json!({"toolCallId": "c1"}), No);
    check_match(&json!({"hasToolResult": false}), &json!({}), No);
    check_match(&json!({"hasToolResult": true}), &json!({"userMessage": "a"}), No);
    check_match(&json!({"hasToolResult": true}), &json!({"hasToolResult": false}), No);
    check_match(&json!({"endpoint": "chat"}), &json!({"userMessage": "a"}), No);
    check_match(&json!({"endpoint": "chat"}), &json!({"endpoint": "chat", "model": "m"}), Yes);
    check_match(&json!({"endpoint": "chat"}), &json!({"endpoint": "embedding"}), No);
    check_match(&json!({"provider": "openai"}), &json!({}), No);
    check_match(&json!({"provider": "anthropic"}), &json!({"provider": "anthropic"}), Yes);
    check_match(&json!({"stream": true}), &json!({}), No);
    check_match(&json!({"stream": false}), &json!({}), No);
    check_match(&json!({"systemMessage": ["a"]}), &json!({"systemMessage": "xay"}), Yes);
    check_match(&json!({"systemMessage": []}), &json!({}), Yes);
    check_match(&json!({"toolName": {"startsWith": "get"}}), &json!({"toolName": "get_weather"}), Yes);
}

/// Of two tools one may be the one and the other the other.
#[test]
fn names_are_sets() {
    check_match(&json!({"toolName": {"not": "a"}}), &json!({"toolName": "b"}), Unknown);
    check_match(&json!({"toolName": {"not": "ab"}}), &json!({"toolName": {"not": "a"}}), Yes);
    check_match(&json!({"toolName": {"contains": ["a", "b"]}}), &json!({"toolName": {"allOf": ["a", "b"]}}), Unknown);
    check_match(&json!({"context": {"not": {"equals": "a"}}}), &json!({"context": "b"}), Yes);
}

#[test]
fn raw_facts() {
    check_match(&json!({"headers": {"x-team": "a"}}), &json!({"headers": {"X-Team": "a", "x-user": "b"}}), Yes);
    check_match(&json!({"headers": {"x-team": null}}), &json!({"headers": {"x-team": null}}), Yes);
    check_match(&json!({"headers": {"x-team": "a"}}), &json!({}), No);
    check_match(&json!({"headers": {"x-team": "a"}}), &json!({"headers": {"x-team": null}}), No);
    check_match(&json!({"body": {"a": 1}}), &json!({"body": {"a": 1.0, "b": 2}}), Yes);
    check_match(&json!({"body": {"a": 1}}), &json!({"userMessage": "x"}), Unknown);
    check_match(&json!({"path": "/a"}), &json!({"path": "/a", "method": "GET"}), Yes);
    check_match(&json!({"path": "/a"}), &json!({}), Unknown);
}

#[test]
fn exclusion() {
    #[track_caller]
    fn check(a: &Value, b: &Value, expected: bool) {
        assert_eq!(matches(a).surely_excludes(&matches(b)), expected, "{a} and {b}");
        assert_eq!(matches(b).surely_excludes(&matches(a)), expected, "{b} and {a}");
    }
    check(&json!({"hasToolResult": true}), &json!({"hasToolResult": false}), true);
    check(&json!({"hasToolResult": false}), &json!({"toolCallId": "a"}), true);
    check(&json!({"toolCallId": "a"}), &json!({"toolCallId": "b"}), true);
    check(&json!({"toolName": "a"}), &json!({"toolName": "b"}), false);
    check(&json!({"userMessage": "a"}), &json!({"userMessage": "b"}), false);
    check(&json!({"userMessage": "a"}), &json!({"userMessage": {"equals": "b"}}), true);
    check(&json!({"userMessage": "a"}), &json!({"userMessage": {"not": "a"}}), true);
    check(&json!({"context": "a"}), &json!({"model": "a"}), false);
}

#[test]
fn deep_combinations_end() {
    let mut pattern = json!("a");
    for depth in 0..40 {
        let operator = if depth % 2 == 0 { "anyOf" } else { "allOf" };
        pattern = json!({operator: [pattern, "b", {"not": "c"}]});
    }
    let other = json!({"not": pattern.clone()});
    text(&pattern, Plain::Contains).covers(&text(&other, Plain::Contains));
    text(&other, Plain::Contains).covers(&text(&pattern, Plain::Contains));
}

#[test]
fn the_plainest_request_asks_for_nothing_else() {
    #[track_caller]
    fn check(json: &Value, expected: &str) {
        let exchange = matches(json).plainest().expect("a request");
        let lines: Vec<String> = exchange
            .request
            .messages
            .iter()
            .map(|message| {
                format!("{:?} {} {}", message.role, message.text.as_deref().unwrap_or("-"), message.tool_call_id.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(lines.join("; "), expected, "{json}");
    }
    check(&json!({}), "User - -");
    check(&json!({"userMessage": "hi", "systemMessage": ["be", "kind"]}), "System be kind -; User hi -");
    check(&json!({"toolCallId": "c1"}), "User - -; Assistant - -; Tool - c1");
    check(&json!({"userMessage": {"regex": r"^\d{2} cities$"}}), "User 11 cities -");
    check(&json!({"inputText": "cat"}), "");
    check(&json!({"userMessage": {"not": "hello"}}), "User  -");
}

#[test]
fn a_plainest_request_may_not_exist() {
    assert!(matches(&json!({"hasToolResult": false, "toolCallId": "a"})).plainest().is_none());
    assert!(matches(&json!({"userMessage": {"regex": r"[a&&b]"}})).plainest().is_none());
    assert!(matches(&json!({"userMessage": {"anyOf": []}})).plainest().is_none());
}

#[test]
fn plainest_requests_have_the_turns_asked_for() {
    for json in [json!({}), json!({"toolResultContains": "x"}), json!({"hasToolResult": false})] {
        for assistants in 0..4 {
            let setting = Setting { assistants: Some(assistants), ..Setting::default() };
            let exchange = matches(&json).plainest_in(setting).expect("a request");
            assert_eq!(exchange.request.assistant_count(), assistants, "{json}");
        }
    }
}
