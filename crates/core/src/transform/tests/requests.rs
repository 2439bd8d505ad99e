//! Requests: what is rewritten, what is dropped, and what is left of it.

use serde_json::{Value, json};

use super::list;
use crate::exchange::{EmbeddingInput, Endpoint, Message, Request, Role, ToolCall, ToolOffer};

fn request() -> Request {
    Request {
        provider: "openai",
        endpoint: Some(Endpoint::Chat),
        model: Some("gpt-4o-2024-08-06".to_owned()),
        messages: vec![
            Message::text(Role::System, "It is 2026-03-30"),
            Message::text(Role::System, "13:19:38 in Oslo"),
            Message::text(Role::User, "Event Date: 2026-03-30T13:19:38"),
            Message {
                role: Role::Assistant,
                text: None,
                tool_calls: vec![ToolCall {
                    id: Some("call_Vx3kTq8ZrN2mWb7LpYc4Hd9S".to_owned()),
                    name: "clock".to_owned(),
                    arguments: "{}".to_owned(),
                }],
                tool_call_id: None,
            },
            Message::tool_result("call_Vx3kTq8ZrN2mWb7LpYc4Hd9S", "took 12.34s"),
        ],
        tools: vec![ToolOffer { name: "clock-v17".to_owned(), namespace: Some("n17".to_owned()), parameters: None }],
        response_format: Some("json_schema".to_owned()),
        ..Request::default()
    }
}

#[track_caller]
fn check(items: &[&str], pointer: &str, expected: impl Into<Value>) {
    let rewritten = match list(items).request(&request()) {
        Ok(rewritten) => serde_json::to_value(rewritten).unwrap(),
        Err(error) => panic!("{items:?}: {error}"),
    };
    assert_eq!(rewritten.pointer(pointer).cloned().unwrap_or(Value::Null), expected.into(), "{items:?}: {pointer}");
}

#[test]
fn texts_are_rewritten() {
    check(&["timestamps"], "/messages/2/content", json!("Event Date: <timestamp>"));
    check(&["durations"], "/messages/4/content", json!("took <duration>"));
    check(&["model-dates"], "/model", json!("gpt-4o"));
    check(&["-v[0-9]+ => - in toolName"], "/tools/0/name", json!("clock-"));
    check(&["[0-9]+ => N in toolNamespace"], "/tools/0/namespace", json!("nN"));
    check(&["_schema => <> in responseFormat"], "/response_format", json!("json<>"));
    check(&[], "", serde_json::to_value(request()).unwrap());
}

#[test]
fn several_system_messages_are_one_text() {
    let rewritten = list(&["2026-03-30\n13:19:38 => <now>"]).request(&request()).unwrap();
    assert_eq!(rewritten.system_text().as_deref(), Some("It is <now> in Oslo"));
    assert_eq!(rewritten.messages.len(), 5);
}

#[test]
fn inputs_to_embed_are_one_text() {
    let text = |text: &str| EmbeddingInput::Text(text.to_owned());
    let request = Request { embedding_inputs: vec![text("a "), EmbeddingInput::Tokens(vec![1]), text(" b")], ..Request::default() };
    let rewritten = list(&["whitespace"]).request(&request).unwrap();
    assert_eq!(rewritten.embedding_text().as_deref(), Some("a b"));
    assert_eq!(rewritten.embedding_inputs.len(), 2);
}

#[test]
fn calls_and_their_results_stay_together() {
    check(&["ids"], "/messages/3/tool_calls/0/id", json!("call_aimock2821d299f308"));
    check(&["ids"], "/messages/4/tool_call_id", json!("call_aimock2821d299f308"));
}

#[test]
fn members_are_dropped() {
    check(&["drop /messages/0"], "/messages/0/content", json!("13:19:38 in Oslo"));
    check(&["drop /messages/*/tool_calls"], "/messages/3/tool_calls", Value::Null);
    check(&["drop /tools/*"], "/tools", json!([]));
    check(&["drop /model"], "/model", Value::Null);
    check(&["drop /messages"], "/messages", json!([]));
    check(&["drop /messages/99", "drop /messages/01", "drop /model/x"], "/messages/4/content", json!("took 12.34s"));
    check(&["drop /messages/*"], "/messages", json!([]));
    check(&["drop /*"], "/messages", json!([]));
}

#[test]
fn nothing_left_is_a_request_without_texts() {
    let rewritten = list(&["drop ", "timestamps"]).request(&request()).unwrap();
    assert_eq!(rewritten, Request { provider: "openai", endpoint: Some(Endpoint::Chat), ..Request::default() });
    assert_eq!((rewritten.user_text(), rewritten.system_text(), rewritten.model.as_deref()), (None, None, None));
}

#[test]
fn what_is_no_request_any_more_names_the_step() {
    let fails = |item: &str| list(&["timestamps", item]).request(&request()).unwrap_err().to_string();
    insta::assert_snapshot!(fails("drop /messages/*/role"), @"transform drop #2: what it leaves is no request: missing field `role`");
    insta::assert_snapshot!(fails("drop /tools/0/name"), @"transform drop #2: what it leaves is no request: missing field `name`");
    insta::assert_snapshot!(fails("chat => talk in endpoint"), @"transform replace #2: what it leaves is no request: there is no endpoint `talk`");
    insta::assert_snapshot!(fails(r"(\w+) (\w+) => $2 $1"), @"transform replace #2: it matches what it wrote itself: replacing twice is not the same as replacing once");
}

#[test]
fn the_original_stays() {
    let original = request();
    let _rewritten = list(&["drop /messages", "timestamps"]).request(&original).unwrap();
    assert_eq!(original, request());
}
