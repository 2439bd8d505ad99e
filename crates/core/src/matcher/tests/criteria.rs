//! What match keys read, side by side with what the incumbent reads.

use serde_json::{Value, json};

use super::super::criteria::{CRITERIA, criterion};
use super::super::{Facet, Shape};
use super::{asks, chat, matches, to};
use crate::exchange::{EmbeddingInput, Endpoint, Exchange, Headers, RawRequest, ToolOffer};

#[track_caller]
fn check(wanted: &Value, exchange: &Exchange, expected: bool) {
    assert_eq!(matches(wanted).accepts(exchange), expected, "{wanted} on {:?}", exchange.request);
}

#[test]
fn the_registry_is_in_order_and_named_uniquely() {
    for criterion in CRITERIA {
        assert_eq!(CRITERIA.iter().filter(|other| other.key == criterion.key).count(), 1, "{}", criterion.key);
        assert!(!criterion.summary.is_empty() && !criterion.summary.ends_with('.'), "{}", criterion.key);
        assert_eq!(super::super::criteria::criterion(criterion.key), Some(*criterion));
    }
    assert!(criterion("userMesage").is_none());
    let Shape::OneOf(names) = criterion("endpoint").unwrap().shape else { panic!("endpoints are a closed set") };
    assert_eq!(names, Endpoint::ALL.map(Endpoint::name));
}

#[test]
fn an_empty_match_takes_everything() {
    check(&json!({}), &Exchange::default(), true);
    check(&json!({"systemMessage": [], "headers": {}}), &Exchange::default(), true);
}

#[test]
fn user_message_reads_the_last_user_text() {
    check(&json!({"userMessage": "first"}), &chat(&["user: first", "assistant: x", "user: second"]), false);
    check(&json!({"userMessage": "describe"}), &chat(&["user: describe this", "user"]), true);
    check(&json!({"userMessage": "describe"}), &chat(&["user: describe this", "user: "]), false);
    check(&json!({"userMessage": ""}), &chat(&["user: "]), true);
    check(&json!({"userMessage": ""}), &chat(&["user"]), false);
    check(&json!({"userMessage": ".*"}), &asks("anything"), false);
    check(&json!({"userMessage": "hi"}), &asks("the architecture"), true);
}

#[test]
fn system_message_joins_with_newlines_and_passes_over_developers() {
    let two = chat(&["system: one", "system: two", "user: x"]);
    check(&json!({"systemMessage": "one\ntwo"}), &two, true);
    check(&json!({"systemMessage": ["two", "one"]}), &two, true);
    check(&json!({"systemMessage": ["two", "three"]}), &two, false);
    check(&json!({"systemMessage": ""}), &asks("x"), false);
    check(&json!({"systemMessage": ""}), &chat(&["system: ", "user: x"]), false);
    check(&json!({"systemMessage": ""}), &chat(&["system: ", "system: "]), true);
    check(&json!({"systemMessage": "rules"}), &chat(&["developer: rules", "user: x"]), false);
    check(&json!({"systemMessage": {"not": "x"}}), &asks("x"), false);
}

#[test]
fn texts_in_one_piece_are_not_copied() {
    let exchange = chat(&["system: one", "user: x"]);
    for key in ["systemMessage", "userMessage"] {
        let facet = (criterion(key).unwrap().read)(&exchange);
        assert!(matches!(facet, Facet::Text(std::borrow::Cow::Borrowed(_))), "{key}");
    }
}

#[test]
fn tool_results_count_in_the_current_turn_only() {
    let answered = chat(&["user: x", "assistant: ", "tool(call_1): sunny"]);
    check(&json!({"toolCallId": "call_1", "toolResultContains": "sun", "hasToolResult": true}), &answered, true);
    check(&json!({"toolCallId": "call_"}), &answered, false);
    let asked_on = chat(&["user: x", "assistant: ", "tool(call_1): sunny", "user: and Rome?"]);
    check(&json!({"toolCallId": "call_1"}), &asked_on, false);
    check(&json!({"hasToolResult": false}), &asked_on, true);
    let followed = chat(&["user: x", "tool(call_1): sunny", "assistant: so"]);
    check(&json!({"hasToolResult": true}), &followed, true);
    check(&json!({"toolResultContains": "sun"}), &followed, false);
    check(&json!({"hasToolResult": true}), &chat(&["tool(a): x"]), true);
    check(&json!({"toolResultContains": ""}), &chat(&["tool(a)"]), false);
}

#[test]
fn tools_on_offer() {
    let mut exchange = asks("x");
    exchange.request.tools = vec![ToolOffer { name: "search".into(), namespace: Some("web".into()), parameters: None }];
    check(&json!({"toolName": "search"}), &exchange, true);
    check(&json!({"toolName": "sear"}), &exchange, false);
    check(&json!({"toolName": {"startsWith": "sea"}}), &exchange, true);
    check(&json!({"toolNamespace": "web"}), &exchange, true);
    check(&json!({"toolNamespace": {"not": "web"}}), &exchange, false);
    check(&json!({"toolName": {"not": "web"}}), &asks("x"), false);
}

#[test]
fn embedding_inputs() {
    let mut exchange = to(Endpoint::Embedding);
    check(&json!({"inputText": ""}), &exchange, false);
    exchange.request.embedding_inputs = vec![EmbeddingInput::Text("one".into()), EmbeddingInput::Text("two".into())];
    check(&json!({"inputText": "one two"}), &exchange, true);
    exchange.request.embedding_inputs = vec![EmbeddingInput::Tokens(vec![1, 2])];
    check(&json!({"inputText": ""}), &exchange, true);
    check(&json!({"inputText": "1"}), &exchange, false);
}

#[test]
fn small_keys() {
    let mut exchange = asks("x");
    exchange.request.model = Some("gpt-4o-2024-08-06".into());
    exchange.request.response_format = Some("json_schema".into());
    exchange.request.context = Some("team-a".into());
    exchange.request.stream = true;
    check(&json!({"model": "gpt-4o"}), &exchange, true);
    check(&json!({"model": {"glob": "gpt-*-06"}}), &exchange, true);
    check(&json!({"model": "gpt-4o"}), &asks("x"), false);
    check(&json!({"responseFormat": "json_schema"}), &exchange, true);
    check(&json!({"responseFormat": "json"}), &exchange, false);
    check(&json!({"context": "team-a"}), &exchange, true);
    check(&json!({"context": "team"}), &exchange, false);
    check(&json!({"stream": true}), &exchange, true);
    check(&json!({"stream": false}), &exchange, false);
    check(&json!({"provider": "openai"}), &exchange, true);
    check(&json!({"provider": {"not": "openai"}}), &Exchange::default(), false);
    check(&json!({"endpoint": "chat"}), &exchange, true);
    check(&json!({"endpoint": "image"}), &exchange, false);
}

#[test]
fn the_request_as_it_arrived() {
    let headers: Headers = [("X-Api-Key", "team-a"), ("Accept", "a"), ("Accept", "b")].into_iter().collect();
    let raw = RawRequest::new("POST", "/v1/x?y=1", headers, r#"{"temperature": 1.0, "messages": []}"#);
    let exchange = Exchange { raw, ..Exchange::default() };
    check(&json!({"method": "POST", "path": "/v1/x"}), &exchange, true);
    check(&json!({"method": "GET"}), &exchange, false);
    check(&json!({"path": "/v1"}), &exchange, false);
    check(&json!({"headers": {"x-API-key": "team-a"}}), &exchange, true);
    check(&json!({"headers": {"x-api-key": "team"}}), &exchange, false);
    check(&json!({"headers": {"accept": "b"}}), &exchange, true);
    check(&json!({"headers": {"accept": {"not": {"equals": "b"}}}}), &exchange, false);
    check(&json!({"headers": {"authorization": null}}), &exchange, true);
    check(&json!({"headers": {"accept": null}}), &exchange, false);
    check(&json!({"headers": {"authorization": {"not": "x"}}}), &exchange, false);
    check(&json!({"body": {"temperature": 1}}), &exchange, true);
    check(&json!({"body": {"temperature": 0}}), &exchange, false);
    check(&json!({"body": {}}), &Exchange::default(), false);
}
