//! Bodies that a vendor refuses: always its own 4xx, never a panic, whatever the body.

use aimock::exchange::{Body, Emission, ErrorOrigin};
use aimock::provider::{ALL, Provider};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Asked, MOMENT, ask, replies, samples};

/// The JSON of an error answer, which must be in the vendor's envelope.
fn envelope(codec: &dyn Provider, emission: &Emission) -> Value {
    let Body::Whole(bytes) = &emission.body else { panic!("an error is never a stream") };
    let body: Value = serde_json::from_slice(bytes).unwrap();
    let is_right = match codec.provider() {
        "gemini" => body["error"]["message"].is_string() && body["error"]["status"].is_string() && body["error"]["code"].is_u64(),
        "openrouter" => body["error"]["message"].is_string() && body["error"]["code"].is_u64(),
        "grok" => body["error"].is_string() && body["code"].is_string(),
        "elevenlabs" => body["detail"]["message"].is_string() && body["detail"]["status"].is_string(),
        "tavily" => body["detail"]["error"].is_string(),
        "fal" => body["detail"].is_string(),
        _ => body["error"]["message"].is_string() && body["error"]["type"].is_string(),
    };
    assert!(is_right, "{}: {body}", codec.name());
    if matches!(codec.provider(), "gemini" | "openrouter" | "grok" | "elevenlabs" | "tavily" | "fal") {
        return body;
    }
    if codec.provider() == "anthropic" {
        assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(MOMENT.request_id)));
    } else {
        let members: Vec<&String> = body["error"].as_object().unwrap().keys().take(4).collect();
        assert_eq!(members, ["message", "type", "param", "code"]);
    }
    body
}

fn refused(asked: &Asked) -> Option<Value> {
    let error = asked.decoded.as_ref().err()?;
    assert_eq!((error.origin, error.status), (ErrorOrigin::Request, 400));
    let emission = asked.codec.encode_error(error, MOMENT);
    assert_eq!(emission.status, 400, "{}", asked.codec.name());
    Some(envelope(asked.codec, &emission))
}

/// `message | param | code`
#[track_caller]
fn check(path: &str, body: &str, expected: &str) {
    let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("{path} takes {body}"));
    let error = &answer["error"];
    assert_eq!(error["type"], "invalid_request_error");
    let text = |key: &str| error[key].as_str().unwrap_or("-").to_owned();
    assert_eq!(format!("{} | {} | {}", text("message"), text("param"), text("code")), expected, "{path} {body}");
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const EMBEDDINGS: &str = "/v1/embeddings";

#[test]
fn chat_refuses_as_openai_does() {
    check(CHAT, "{bad", "Malformed JSON: key must be a string at line 1 column 2 | - | invalid_json");
    check(CHAT, "", "Malformed JSON: EOF while parsing a value at line 1 column 0 | - | invalid_json");
    for body in ["null", "[]", "5", r#""x""#] {
        check(CHAT, body, "Request body must be a JSON object | - | -");
    }
    for body in ["{}", r#"{"messages":null}"#, r#"{"messages":"x"}"#, r#"{"messages":{}}"#] {
        check(CHAT, body, "Missing required parameter: 'messages' | messages | missing_required_parameter");
    }
    let wrong = |body: &str, path: &str, wanted: &str, got: &str| {
        check(CHAT, body, &format!("Invalid type for '{path}': expected {wanted}, but got {got} instead. | {path} | invalid_type"));
    };
    wrong(r#"{"messages":[null]}"#, "messages[0]", "an object", "null");
    wrong(r#"{"messages":["x"]}"#, "messages[0]", "an object", "a string");
    wrong(r#"{"messages":[{"role":5}]}"#, "messages[0].role", "a string", "an integer");
    wrong(r#"{"messages":[{"content":5}]}"#, "messages[0].content", "a string or an array of objects", "an integer");
    wrong(r#"{"messages":[{},{"content":[null]}]}"#, "messages[1].content[0]", "an object", "null");
    wrong(r#"{"messages":[{"content":[{"type":"text","text":[]}]}]}"#, "messages[0].content[0].text", "a string", "an array");
    wrong(r#"{"messages":[{"tool_calls":[null]}]}"#, "messages[0].tool_calls[0]", "an object", "null");
    wrong(r#"{"messages":[],"tools":"x"}"#, "tools", "an array of objects", "a string");
    wrong(r#"{"messages":[],"tools":[null]}"#, "tools[0]", "an object", "null");
    wrong(r#"{"messages":[],"tools":[{"function":[]}]}"#, "tools[0].function", "an object", "an array");
    wrong(r#"{"messages":[],"model":5}"#, "model", "a string", "an integer");
    wrong(r#"{"messages":[],"stream":"yes"}"#, "stream", "a boolean", "a string");
    wrong(r#"{"messages":[],"response_format":"json"}"#, "response_format", "an object", "a string");
}

#[test]
fn messages_refuses_as_anthropic_does() {
    check(MESSAGES, "{bad", "Malformed JSON: key must be a string at line 1 column 2 | - | -");
    check(MESSAGES, "[]", "Request body must be a JSON object | - | -");
    check(MESSAGES, "{}", "messages: Field required | - | -");
    check(MESSAGES, r#"{"messages":"x"}"#, "messages: Input should be an array of objects, not a string | - | -");
    check(MESSAGES, r#"{"messages":[null]}"#, "messages.0: Input should be an object, not null | - | -");
    check(
        MESSAGES,
        r#"{"messages":[{"role":"user","content":5}]}"#,
        "messages.0.content: Input should be a string or a list of blocks, not an integer | - | -",
    );
    check(
        MESSAGES,
        r#"{"messages":[{"role":"user","content":[null]}]}"#,
        "messages.0.content.0: Input should be an object, not null | - | -",
    );
    check(MESSAGES, r#"{"messages":[],"tools":"x"}"#, "tools: Input should be an array of objects, not a string | - | -");
    check(MESSAGES, r#"{"messages":[],"tools":[null]}"#, "tools.0: Input should be an object, not null | - | -");
    check(MESSAGES, r#"{"messages":[],"system":5}"#, "system: Input should be a string or a list of blocks, not an integer | - | -");
}

#[test]
fn embeddings_refuse_what_is_no_input() {
    check(EMBEDDINGS, "{bad", "Malformed JSON body: key must be a string at line 1 column 2 | - | invalid_json");
    for body in ["{}", r#"{"input":null}"#] {
        check(EMBEDDINGS, body, "Missing required parameter: 'input' | input | missing_required_parameter");
    }
    for input in ["5", "{}", "[null]", "[1.5]", "[-1]", r#"["a",1]"#, r#"["a",[1]]"#, r#"[[1],"a"]"#, "[[1],2]"] {
        let expected = "Invalid parameter: 'input' must be a string, an array of strings, or an array of tokens | - | -";
        check(EMBEDDINGS, &format!(r#"{{"input":{input}}}"#), expected);
    }
    for dimensions in ["0", "-1", "1.5", "100001", r#""3""#] {
        let expected = "Invalid parameter: 'dimensions' must be an integer between 1 and 100000 | - | -";
        check(EMBEDDINGS, &format!(r#"{{"input":"a","dimensions":{dimensions}}}"#), expected);
    }
    let expected = "Invalid parameter: 'encoding_format' must be 'float' or 'base64' | - | -";
    check(EMBEDDINGS, r#"{"input":"a","encoding_format":"int8"}"#, expected);
    let flood = json!({ "input": vec!["a"; 1000], "dimensions": 100_000 }).to_string();
    check(EMBEDDINGS, &flood, "Invalid parameter: 'input' and 'dimensions' together ask for more than 8388608 numbers | - | -");
    let many = json!({ "input": vec![""; 2049] }).to_string();
    check(EMBEDDINGS, &many, "Invalid parameter: 'input' must have at most 2048 items | - | -");
}

#[test]
fn what_is_merely_unknown_is_taken() {
    for (path, body) in [
        (CHAT, r#"{"messages":[],"tools":[{}],"model":null,"stream":null,"extra":[1]}"#),
        (CHAT, r#"{"messages":[{}, {"role":"narrator","content":null,"tool_calls":[{}]}]}"#),
        (MESSAGES, r#"{"messages":[{},{"role":"system","content":"x"},{"role":"user"}],"tools":[{}]}"#),
        (EMBEDDINGS, r#"{"input":[],"dimensions":null}"#),
    ] {
        assert!(ask(path, body).decoded.is_ok(), "{path} {body}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(r#"{{"messages":{}"#, "[".repeat(200_000));
    for path in [CHAT, MESSAGES, EMBEDDINGS] {
        assert!(refused(&ask(path, deep.as_str())).is_some());
    }
}

#[test]
fn broken_thinking_is_found() {
    let audit = |first: Value, answer: &str| {
        let body = json!({
            "thinking": { "type": "enabled", "budget_tokens": 1 },
            "messages": [
                { "role": "user", "content": "x" },
                { "role": "assistant", "content": [first, { "type": "tool_use", "id": "t", "name": "n", "input": {} }] },
                { "role": "user", "content": [{ "type": answer, "tool_use_id": "t" }] },
            ],
        });
        let asked = ask(MESSAGES, body.to_string());
        asked.codec.audit(&asked.raw, asked.request()).join("\n")
    };
    let must_begin = "messages.1.content.0: when `thinking` is enabled, a tool-loop continuation assistant turn must begin with a \
                      `thinking` block; got `text`.";
    assert_eq!(audit(json!({ "type": "text", "text": "x" }), "tool_result"), must_begin);
    let unsigned = "messages.1.content.0: the leading `thinking` block is missing a non-empty `signature`.";
    assert_eq!(audit(json!({ "type": "thinking", "thinking": "x" }), "tool_result"), unsigned);
    assert_eq!(audit(json!({ "type": "thinking", "thinking": "x", "signature": "" }), "tool_result"), unsigned);
    let no_data = "messages.1.content.0: the leading `redacted_thinking` block must preserve its `data`.";
    assert_eq!(audit(json!({ "type": "redacted_thinking" }), "tool_result"), no_data);
    assert_eq!(audit(json!({ "type": "redacted_thinking", "data": "x" }), "tool_result"), "");
    assert_eq!(audit(json!({ "type": "thinking", "thinking": "x", "signature": "s" }), "tool_result"), "");
    assert_eq!(audit(json!({ "type": "text", "text": "x" }), "text"), "");
}

/// Every value below a value, by pointer.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), all)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_body_is_answered_or_refused(
        pick in any::<prop::sample::Index>(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        with in prop::sample::select(vec![
            json!(null), json!(true), json!(-1), json!(1.5), json!(u64::MAX), json!(1e300), json!(""), json!("x"), json!("text"),
            json!([]), json!([null]), json!([[1]]), json!({}), json!({ "type": "text" }), json!({ "type": "tool_use", "input": [] }),
        ]),
    ) {
        let all: Vec<_> = ALL.iter().flat_map(|codec| samples(codec.name())).collect();
        let (_, sample) = &all[pick.index(all.len())];
        let mut body = sample.body.clone();
        for place in places {
            let mut here = Vec::new();
            pointers(&body, "", &mut here);
            let pointer = &here[place.index(here.len())];
            *body.pointer_mut(pointer).unwrap() = with.clone();
        }
        let asked = sample.ask_for(&body);
        if refused(&asked).is_none() {
            for name in replies::NAMES {
                let emission = asked.answer(&replies::reply(name), 7);
                let is_json = emission.headers.contains(&("content-type", "application/json".to_owned()));
                if let (Body::Whole(bytes), true) = (&emission.body, is_json) {
                    prop_assert!(serde_json::from_slice::<Value>(bytes).is_ok());
                }
            }
            asked.with_context(7, true, |context| asked.codec.fallback(context));
            asked.codec.audit(&asked.raw, asked.request());
        }
    }

    #[test]
    fn any_bytes_are_answered_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for path in [CHAT, MESSAGES, EMBEDDINGS] {
            refused(&ask(path, bytes.clone()));
        }
    }
}
