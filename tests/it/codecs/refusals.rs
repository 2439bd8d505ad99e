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
    let body = if let Value::Array(items) = &body { items[0].clone() } else { body };
    if speaks_as_google(codec) {
        let members: Vec<&String> = body["error"].as_object().unwrap().keys().take(3).collect();
        assert_eq!(members, ["code", "message", "status"]);
        assert_eq!((&body["error"]["code"], body["error"]["message"].is_string()), (&json!(emission.status), true));
        return body;
    }
    if codec.name() == "gemini_live" {
        assert!(body["error"]["message"].is_string() && body["error"]["code"].is_u64(), "{body}");
        assert_eq!(body["code"], emission.status);
        return body;
    }
    if codec.name() == "gemini_interactions" {
        assert!(body["error"]["message"].is_string() && body["error"]["code"].is_string(), "{body}");
        return body;
    }
    if codec.provider() == "bedrock" {
        let kind = emission.headers.iter().find(|(name, _)| *name == "x-amzn-errortype").map(|(_, kind)| kind.as_str());
        assert!(body["message"].is_string() && kind.is_some_and(|kind| kind.ends_with("Exception")), "{}: {body} {kind:?}", codec.name());
        return json!({ "error": { "message": body["message"], "type": kind } });
    }
    let is_right = match codec.provider() {
        "mistral" if emission.status == 422 => {
            let first = &body["detail"][0];
            first["msg"].is_string() && first["type"].is_string() && first["loc"][0] == "body"
        }
        "mistral" => body["object"] == "error" && body["message"].is_string() && body["raw_status_code"] == emission.status,
        "openrouter" => body["error"]["message"].is_string() && body["error"]["code"].is_u64(),
        "grok" => body["error"].is_string() && body["code"].is_string(),
        "elevenlabs" => body["detail"]["message"].is_string() && body["detail"]["status"].is_string(),
        "tavily" => body["detail"]["error"].is_string(),
        "fal" => body["detail"].is_string(),
        "ollama" => body["error"].is_string(),
        "cohere" => body["message"].is_string() && body["id"] == MOMENT.request_id,
        _ => body["error"]["message"].is_string() && body["error"]["type"].is_string(),
    };
    assert!(is_right, "{}: {body}", codec.name());
    if matches!(codec.provider(), "openrouter" | "mistral" | "grok" | "elevenlabs" | "tavily" | "fal" | "ollama" | "cohere") {
        return body;
    }
    if codec.name().contains("anthropic") {
        assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(MOMENT.request_id)));
    } else {
        let members: Vec<&String> = body["error"].as_object().unwrap().keys().take(4).collect();
        assert_eq!(members, ["message", "type", "param", "code"]);
    }
    body
}

fn speaks_as_google(codec: &dyn Provider) -> bool {
    ["gemini_generate", "gemini_embed", "vertex_generate", "vertex_embed", "google_imagen", "google_veo"].contains(&codec.name())
}

fn refused(asked: &Asked) -> Option<Value> {
    let error = asked.decoded.as_ref().err()?;
    let status = if asked.codec.provider() == "mistral" { 422 } else { 400 };
    assert_eq!((error.origin, error.status), (ErrorOrigin::Request, status));
    let emission = asked.codec.encode_error(error, MOMENT);
    assert_eq!(emission.status, status, "{}", asked.codec.name());
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

/// `message | status | field`
#[track_caller]
fn check_google(path: &str, body: &str, expected: &str) {
    let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("{path} takes {body}"));
    let error = &answer["error"];
    let field = error.pointer("/details/0/fieldViolations/0/field").and_then(Value::as_str).unwrap_or("-");
    let text = |key: &str| error[key].as_str().unwrap_or("-").to_owned();
    assert_eq!(format!("{} | {} | {field}", text("message"), text("status")), expected, "{path} {body}");
}

const OPENROUTER: &str = "/api/v1/chat/completions";
const MISTRAL: &str = "/mistral/v1/chat/completions";
const GENERATE: &str = "/v1beta/models/m:generateContent";

#[test]
fn gemini_refuses_as_google_does() {
    let malformed = "Invalid JSON payload received. key must be a string at line 1 column 2 | INVALID_ARGUMENT | -";
    for path in [GENERATE, "/v1beta/models/m:countTokens", "/v1beta/models/m:embedContent", "/v1beta/models/m:streamGenerateContent"] {
        check_google(path, "{bad", malformed);
        check_google(path, "[]", "Invalid JSON payload received. Request body must be a JSON object | INVALID_ARGUMENT | -");
    }
    check_google(GENERATE, "{}", "* contents: contents is not specified | INVALID_ARGUMENT | contents");
    let wrong = |body: &str, path: &str, wanted: &str, got: &str| {
        let expected = format!("Invalid value at '{path}': expected {wanted}, but got {got} | INVALID_ARGUMENT | {path}");
        check_google(GENERATE, body, &expected);
    };
    wrong(r#"{"contents":"x"}"#, "contents", "an array of objects", "a string");
    wrong(r#"{"contents":[null]}"#, "contents[0]", "an object", "null");
    wrong(r#"{"contents":[{"role":5}]}"#, "contents[0].role", "a string", "an integer");
    wrong(r#"{"contents":[{"parts":"x"}]}"#, "contents[0].parts", "an array of objects", "a string");
    wrong(r#"{"contents":[{"parts":[5]}]}"#, "contents[0].parts[0]", "an object", "an integer");
    wrong(r#"{"contents":{"parts":{"text":[]}}}"#, "contents.parts.text", "a string", "an array");
    wrong(r#"{"contents":[{"parts":[{"function_call":[]}]}]}"#, "contents[0].parts[0].function_call", "an object", "an array");
    wrong(r#"{"contents":[{"parts":[{"functionCall":{"args":"x"}}]}]}"#, "contents[0].parts[0].functionCall.args", "an object", "a string");
    wrong(r#"{"contents":[],"systemInstruction":"x"}"#, "systemInstruction", "an object", "a string");
    wrong(r#"{"contents":[],"tools":[null]}"#, "tools[0]", "an object", "null");
    wrong(r#"{"contents":[],"tools":[{"functionDeclarations":"x"}]}"#, "tools[0].functionDeclarations", "an array of objects", "a string");
    wrong(r#"{"contents":[],"generation_config":[]}"#, "generation_config", "an object", "an array");
    check_google("/v1beta/models/m:embedContent", "{}", "* content: content is not specified | INVALID_ARGUMENT | content");
    check_google("/v1beta/models/m:batchEmbedContents", "{}", "* requests: requests is not specified | INVALID_ARGUMENT | requests");
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/m:predict";
    check_google(vertex, "{}", "* instances: instances is not specified | INVALID_ARGUMENT | instances");
    let express = "/v1beta1/publishers/google/models/m:predict";
    check_google(express, "{}", "* instances: instances is not specified | INVALID_ARGUMENT | instances");
    let no_text = "instances must have `content` (text embeddings) or `prompt` (images) | INVALID_ARGUMENT | -";
    check_google(vertex, r#"{"instances":[{"image":"a cat"}]}"#, no_text);
    let dimensions = "outputDimensionality must be an integer between 1 and 100000 | INVALID_ARGUMENT | -";
    check_google("/v1beta/models/m:embedContent", r#"{"content":{},"outputDimensionality":0}"#, dimensions);
    let many = json!({ "requests": vec![json!({ "content": {} }); 2049] }).to_string();
    check_google("/v1beta/models/m:batchEmbedContents", &many, "at most 2048 requests can be in one batch | INVALID_ARGUMENT | -");
    let flood = json!({ "requests": vec![json!({ "content": {}, "outputDimensionality": 100_000 }); 100] }).to_string();
    let too_many = "the requests and their outputDimensionality together ask for more than 8388608 numbers | INVALID_ARGUMENT | -";
    check_google("/v1beta/models/m:batchEmbedContents", &flood, too_many);
}

/// `message | code`
#[track_caller]
fn check_interactions(body: &str, expected: &str) {
    let answer = refused(&ask("/v1beta/interactions", body)).unwrap_or_else(|| panic!("taken: {body}"));
    let text = |key: &str| answer["error"][key].as_str().unwrap_or("-").to_owned();
    assert_eq!(format!("{} | {}", text("message"), text("code")), expected, "{body}");
}

#[test]
fn interactions_refuse_what_is_no_input() {
    check_interactions("{bad", "Invalid JSON payload received. key must be a string at line 1 column 2 | invalid_request");
    check_interactions("{}", "* input: input is not specified | invalid_request");
    let wrong = |body: &str, path: &str, wanted: &str, got: &str| {
        check_interactions(body, &format!("Invalid value at '{path}': expected {wanted}, but got {got} | invalid_request"));
    };
    wrong(r#"{"input":5}"#, "input", "a string, an object or an array of objects", "an integer");
    wrong(r#"{"input":[null]}"#, "input[0]", "an object", "null");
    wrong(r#"{"input":[{"type":5}]}"#, "input[0].type", "a string", "an integer");
    wrong(r#"{"input":[{"type":"user_input","content":5}]}"#, "input[0].content", "a string or an array of objects", "an integer");
    wrong(r#"{"input":{"type":"function_call","arguments":"x"}}"#, "input.arguments", "an object", "a string");
    wrong(r#"{"input":"x","stream":"yes"}"#, "stream", "a boolean", "a string");
    wrong(r#"{"input":"x","tools":[null]}"#, "tools[0]", "an object", "null");
    wrong(r#"{"input":"x","system_instruction":{}}"#, "system_instruction", "a string", "an object");
    wrong(r#"{"input":"x","response_format":"json"}"#, "response_format", "an object", "a string");
    assert!(ask("/v1beta/interactions", r#"{"previous_interaction_id":"v1_x","tools":[{}]}"#).decoded.is_ok());
}

#[test]
fn a_stream_as_an_array_is_refused_in_an_array() {
    let asked = ask("/v1beta/models/m:streamGenerateContent", "{}");
    let framing = asked.codec.framing(&asked.raw);
    let emission = asked.codec.encode_error(asked.decoded.as_ref().unwrap_err(), aimock::provider::Moment { framing, ..MOMENT });
    let Body::Whole(bytes) = &emission.body else { panic!("an error is never a stream") };
    let body: Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!((emission.status, &body[0]["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
}

#[test]
fn strict_mode_refuses_speakers_that_gemini_does_not_know() {
    let asked = ask(GENERATE, r#"{"contents":[{"role":"user"},{"role":"assistant"},{"role":"model"}]}"#);
    assert_eq!(asked.codec.audit(&asked.raw, asked.request()), ["Please use a valid role: user, model. Got `assistant`."]);
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const EMBEDDINGS: &str = "/v1/embeddings";
const RESPONSES: &str = "/v1/responses";
const COMPLETIONS: &str = "/v1/completions";
const INVOKE: &str = "/model/anthropic.claude-v2%3A0/invoke";
const INVOKE_STREAM: &str = "/model/anthropic.claude-v2%3A0/invoke-with-response-stream";
const OLLAMA: &str = "/api/chat";
const COHERE: &str = "/v2/chat";
const CONVERSE: &str = "/model/anthropic.claude-v2%3A0/converse";
const CONVERSE_STREAM: &str = "/model/anthropic.claude-v2%3A0/converse-stream";

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
fn responses_refuse_as_openai_does() {
    check(RESPONSES, "{bad", "Malformed JSON: key must be a string at line 1 column 2 | - | invalid_json");
    check(RESPONSES, "[]", "Request body must be a JSON object | - | -");
    for body in ["{}", r#"{"input":null}"#] {
        check(RESPONSES, body, "Missing required parameter: 'input' | input | missing_required_parameter");
    }
    let wrong = |body: &str, path: &str, wanted: &str, got: &str| {
        check(RESPONSES, body, &format!("Invalid type for '{path}': expected {wanted}, but got {got} instead. | {path} | invalid_type"));
    };
    for (input, got) in [("5", "an integer"), ("{}", "an object"), ("true", "a boolean")] {
        wrong(&format!(r#"{{"input":{input}}}"#), "input", "a string or an array of objects", got);
    }
    wrong(r#"{"input":[null]}"#, "input[0]", "an object", "null");
    wrong(r#"{"input":["x"]}"#, "input[0]", "an object", "a string");
    wrong(r#"{"input":[{"role":5}]}"#, "input[0].role", "a string", "an integer");
    wrong(r#"{"input":[{"role":"user","content":5}]}"#, "input[0].content", "a string or an array of objects", "an integer");
    wrong(r#"{"input":[{"role":"other","content":[null]}]}"#, "input[0].content[0]", "an object", "null");
    wrong(r#"{"input":[{"type":"function_call","arguments":{}}]}"#, "input[0].arguments", "a string", "an object");
    wrong(r#"{"input":[{"type":"function_call_output","output":{}}]}"#, "input[0].output", "a string or an array of objects", "an object");
    wrong(r#"{"input":"x","tools":"x"}"#, "tools", "an array of objects", "a string");
    wrong(r#"{"input":"x","tools":[{"type":"function","name":{}}]}"#, "tools[0].name", "a string", "an object");
    wrong(r#"{"input":"x","instructions":5}"#, "instructions", "a string", "an integer");
    wrong(r#"{"input":"x","text":"json"}"#, "text", "an object", "a string");
    wrong(r#"{"input":"x","text":{"format":"json"}}"#, "text.format", "an object", "a string");
    wrong(r#"{"input":"x","temperature":"hot"}"#, "temperature", "a number", "a string");
    wrong(r#"{"input":"x","include":"all"}"#, "include", "an array of strings", "a string");
    wrong(r#"{"input":"x","tool_choice":1}"#, "tool_choice", "a string or an object", "an integer");
    wrong(r#"{"input":"x","store":"no"}"#, "store", "a boolean", "a string");
}

#[test]
fn completions_refuse_what_is_no_prompt() {
    check(COMPLETIONS, "{}", "Missing required parameter: 'prompt' | prompt | missing_required_parameter");
    for (prompt, got) in [("5", "an integer"), ("[]", "an array"), (r#"["a",1]"#, "an array"), ("[[1],\"a\"]", "an array")] {
        let expected = format!(
            "Invalid type for 'prompt': expected a string, an array of strings, or an array of tokens, but got {got} instead. | prompt | invalid_type"
        );
        check(COMPLETIONS, &format!(r#"{{"prompt":{prompt}}}"#), &expected);
    }
    let many = "Invalid request: 'n' and 'prompt' together ask for more than 128 choices | - | -";
    check(COMPLETIONS, r#"{"prompt":["a","b"],"n":65}"#, many);
    check(COMPLETIONS, r#"{"prompt":"a","n":18446744073709551615}"#, many);
}

#[test]
fn what_is_left_of_chat_completions_is_found() {
    let audit = |body: Value| {
        let asked = ask(RESPONSES, body.to_string());
        asked.codec.audit(&asked.raw, asked.request()).join("\n")
    };
    let tools = json!([{ "type": "function", "function": { "name": "f" } }, { "type": "web_search" }]);
    assert_eq!(audit(json!({ "input": "x", "tools": tools })), "Missing required parameter: 'tools[0].name'.");
    let parts = json!([{ "role": "user", "content": [{ "type": "input_text", "text": "x" }, { "type": "text", "text": "x" }] }]);
    let wrong_part = "Invalid value: 'text'. Supported values are: 'input_text'. (input[0].content[1].type)";
    assert_eq!(audit(json!({ "input": parts })), wrong_part);
    let call = json!({ "type": "function_call", "call_id": "a", "name": "f", "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "b", "output": "x" });
    assert_eq!(audit(json!({ "input": [call] })), "No tool output found for function call a.");
    assert_eq!(audit(json!({ "input": [output] })), "No tool call found for function call output with call_id b.");
    assert_eq!(audit(json!({ "input": [output], "previous_response_id": "resp_1" })), "");
    let answered = json!({ "type": "function_call_output", "call_id": "a", "output": "x" });
    assert_eq!(audit(json!({ "input": [call, answered] })), "");
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
fn ollama_refuses_in_one_text() {
    let wrong = |path: &str, body: &str, expected: &str| {
        let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("{path} takes {body}"));
        assert_eq!(answer, json!({ "error": expected }), "{path} {body}");
    };
    for path in [OLLAMA, "/api/generate", "/api/embed", "/api/embeddings"] {
        wrong(path, "", "missing request body");
        wrong(path, "{bad", "key must be a string at line 1 column 2");
        wrong(path, "[]", "json: the request body must be an object");
        wrong(path, "{}", "model is required");
        wrong(path, r#"{"model":""}"#, "model is required");
        wrong(path, r#"{"model":5}"#, "json: cannot unmarshal an integer into field model: expected a string");
    }
    let cannot = |path: &str, members: &str, what: &str| {
        wrong(path, &format!(r#"{{"model":"m",{members}}}"#), &format!("json: cannot unmarshal {what}"));
    };
    cannot(OLLAMA, r#""messages":"x""#, "a string into field messages: expected an array of objects");
    cannot(OLLAMA, r#""messages":[null]"#, "null into field messages.0: expected an object");
    cannot(OLLAMA, r#""messages":[{"content":[]}]"#, "an array into field messages.0.content: expected a string");
    let arguments = r#""messages":[{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]"#;
    cannot(OLLAMA, arguments, "a string into field messages.0.tool_calls.0.function.arguments: expected an object");
    cannot(OLLAMA, r#""stream":"no""#, "a string into field stream: expected a boolean");
    cannot(OLLAMA, r#""format":"yaml""#, "a string into field format: expected \"json\" or a JSON schema");
    cannot("/api/generate", r#""prompt":[]"#, "an array into field prompt: expected a string");
    wrong("/api/embed", r#"{"model":"m","input":[1]}"#, "invalid input type");
    wrong("/api/embed", r#"{"model":"m","input":"x","dimensions":-1}"#, "dimensions must be an integer between 1 and 100000");
    let flood = json!({ "model": "m", "input": vec!["a"; 1000], "dimensions": 100_000 }).to_string();
    wrong("/api/embed", &flood, "at most 2048 inputs, and 8388608 numbers in all, can be asked for at once");
}

#[test]
fn cohere_refuses_in_one_message() {
    #[track_caller]
    fn wrong(path: &str, body: &str, expected: &str) {
        let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("{path} takes {body}"));
        assert_eq!(answer["message"], expected, "{path} {body}");
    }
    let (embed, rerank) = ("/v2/embed", "/v2/rerank");
    for path in [COHERE, embed, rerank] {
        wrong(path, "{bad", "invalid json syntax: key must be a string at line 1 column 2");
        wrong(path, "[]", "invalid json syntax: the request body must be an object");
        for body in ["{}", r#"{"model":""}"#] {
            wrong(path, body, "a model parameter is required for this endpoint.");
        }
        wrong(path, r#"{"model":5}"#, "invalid type: parameter model is an integer but should be a string.");
    }
    wrong(COHERE, r#"{"model":"m"}"#, "invalid request: required 'messages' param is missing or empty.");
    let typed = |member: &str, path: &str, got: &str, wanted: &str| {
        let expected = format!("invalid type: parameter {path} is {got} but should be {wanted}.");
        wrong(COHERE, &format!(r#"{{"model":"m","messages":[],{member}}}"#), &expected);
    };
    typed(r#""messages":"x""#, "messages", "a string", "an array of objects");
    typed(r#""messages":[null]"#, "messages[0]", "null", "an object");
    typed(r#""messages":[{"content":5}]"#, "messages[0].content", "an integer", "a string or an array of objects");
    typed(r#""messages":[{"content":[{"type":"text","text":[]}]}]"#, "messages[0].content[0].text", "an array", "a string");
    typed(
        r#""messages":[{"tool_calls":[{"function":{"arguments":{}}}]}]"#,
        "messages[0].tool_calls[0].function.arguments",
        "an object",
        "a string",
    );
    typed(r#""tools":[null]"#, "tools[0]", "null", "an object");
    typed(r#""tools":[{"function":{"parameters":"x"}}]"#, "tools[0].function.parameters", "a string", "an object");
    typed(r#""stream":"no""#, "stream", "a string", "a boolean");
    typed(r#""strict_tools":1"#, "strict_tools", "an integer", "a boolean");
    typed(r#""response_format":"json""#, "response_format", "a string", "an object");
    typed(r#""thinking":true"#, "thinking", "a boolean", "an object");
    typed(r#""documents":"x""#, "documents", "a string", "an array of documents");
    let documents = "invalid type: every item of documents must be a string or an object with data.";
    wrong(COHERE, r#"{"model":"m","messages":[],"documents":[7]}"#, documents);
    cohere_refuses_vectors_and_rankings(wrong, embed, rerank);
}

fn cohere_refuses_vectors_and_rankings(wrong: fn(&str, &str, &str), embed: &str, rerank: &str) {
    let vectors = |members: &str, expected: &str| wrong(embed, &format!(r#"{{"model":"m",{members}}}"#), expected);
    let nothing = "invalid request: one of texts, images or inputs must be provided.";
    for members in [r#""texts":null"#, r#""texts":[]"#, r#""images":[]"#, r#""inputs":[]"#] {
        vectors(members, nothing);
    }
    vectors(r#""texts":["a"],"images":["b"]"#, "invalid request: only one of texts, images or inputs can be provided.");
    vectors(r#""texts":[5]"#, "invalid type: texts and images must be arrays of strings.");
    vectors(r#""inputs":[null]"#, "invalid type: parameter inputs[0] is null but should be an object.");
    vectors(
        r#""texts":["a"],"embedding_types":["int4"]"#,
        "invalid request: embedding_types must be a list of 'float', 'int8', 'uint8', 'binary', 'ubinary' or 'base64'",
    );
    for dimension in ["0", "-1", "4097", "\"x\""] {
        let expected = "invalid request: output_dimension must be an integer between 1 and 4096";
        vectors(&format!(r#""texts":["a"],"output_dimension":{dimension}"#), expected);
    }
    let many = |key: &str, item: Value, count: usize| json!({ "model": "m", key: vec![item; count] }).to_string();
    wrong(embed, &many("texts", json!("a"), 97), "invalid request: total number of texts must be at most 96");
    wrong(embed, &many("inputs", json!({}), 97), "invalid request: total number of inputs must be at most 96");
    let flood = "invalid request: the inputs, output_dimension and embedding_types together ask for too many numbers";
    wrong(embed, &many("images", json!("a"), 8193), flood);
    let ranking = |members: &str, expected: &str| wrong(rerank, &format!(r#"{{"model":"m",{members}}}"#), expected);
    for query in [r#""query":null"#, r#""query":" ""#] {
        ranking(query, "invalid request: query must not be empty or be only whitespace");
    }
    for documents in ["null", "[]"] {
        ranking(&format!(r#""query":"x","documents":{documents}"#), "invalid request: list of documents must not be empty");
    }
    ranking(r#""query":"x","documents":[{}]"#, "invalid type: parameter documents should be an array of strings.");
    ranking(r#""query":"x","documents":["a"],"top_n":0"#, "invalid request: top_n must be an integer that is at least 1");
}

#[test]
fn what_cohere_refuses_besides_is_found() {
    let audit = |path: &str, body: Value| {
        let asked = ask(path, body.to_string());
        asked.codec.audit(&asked.raw, asked.request()).join("\n")
    };
    let chat = |more: Value| {
        let mut body = json!({ "model": "m", "messages": [] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        audit(COHERE, body)
    };
    let format = json!({ "type": "json_object" });
    assert_eq!(
        chat(json!({ "response_format": format, "documents": ["a"] })),
        "invalid request: response_format is not supported with RAG."
    );
    assert_eq!(chat(json!({ "response_format": format, "documents": [] })), "");
    let call = json!({ "id": "f_1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let calls = |calls: Value| json!({ "role": "assistant", "tool_calls": calls });
    let result = |id: Value| json!({ "role": "tool", "tool_call_id": id, "content": "x" });
    assert_eq!(chat(json!({ "messages": [calls(json!([call])), result(json!("f_1"))] })), "");
    assert_eq!(chat(json!({ "messages": [result(json!("f_1"))] })), "tool call id not found in previous tool calls");
    assert_eq!(chat(json!({ "messages": [result(Value::Null)] })), "tool call id must be provided with tool message");
    assert_eq!(chat(json!({ "messages": [calls(json!([call, call]))] })), "cannot have duplicate tool ids");
    let embed = |body: Value| audit("/v2/embed", body);
    let missing = "invalid request: valid input_type must be provided with the provided model";
    assert_eq!(embed(json!({ "model": "m", "texts": ["a"] })), missing);
    assert_eq!(embed(json!({ "model": "m", "texts": ["a"], "input_type": "clustering" })), "");
    let images = json!({ "model": "m", "images": ["data:,"], "input_type": "clustering" });
    assert_eq!(embed(images), "invalid request: images must be used with input_type=image");
}

#[test]
fn bedrock_refuses_as_amazon_does() {
    let wrong = |path: &str, body: &str, what: &str| {
        let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("{path} takes {body}"));
        let expected = format!("Malformed input request: {what}, please reformat your input and try again.");
        assert_eq!(
            (&answer["error"]["message"], &answer["error"]["type"]),
            (&json!(expected), &json!("ValidationException")),
            "{path} {body}"
        );
    };
    for path in [INVOKE, INVOKE_STREAM, CONVERSE, CONVERSE_STREAM] {
        wrong(path, "{bad", "key must be a string at line 1 column 2");
        wrong(path, "", "EOF while parsing a value at line 1 column 0");
        wrong(path, "[]", "#: expected an object");
        wrong(path, "{}", "#: required key [messages] not found");
        wrong(path, r#"{"messages":"x"}"#, "#/messages: expected an array of objects, found a string");
        wrong(path, r#"{"messages":[null]}"#, "#/messages/0: expected an object, found null");
        wrong(path, r#"{"messages":[{"role":"user","content":[null]}]}"#, "#/messages/0/content/0: expected an object, found null");
    }
    wrong(INVOKE, r#"{"messages":[],"tools":[null]}"#, "#/tools/0: expected an object, found null");
    wrong(CONVERSE, r#"{"messages":[{"role":"user"}]}"#, "#: required key [content] not found");
    wrong(
        CONVERSE,
        r#"{"messages":[{"role":"user","content":"x"}]}"#,
        "#/messages/0/content: expected an array of objects, found a string",
    );
    wrong(
        CONVERSE,
        r#"{"messages":[{"role":"user","content":[{"text":5}]}]}"#,
        "#/messages/0/content/0/text: expected a string, found an integer",
    );
    wrong(CONVERSE, r#"{"messages":[],"system":"x"}"#, "#/system: expected an array of objects, found a string");
    wrong(CONVERSE, r#"{"messages":[],"toolConfig":[]}"#, "#/toolConfig: expected an object, found an array");
    wrong(CONVERSE, r#"{"messages":[],"toolConfig":{"tools":[null]}}"#, "#/toolConfig/tools/0: expected an object, found null");
    wrong(CONVERSE, r#"{"messages":[],"inferenceConfig":5}"#, "#/inferenceConfig: expected an object, found an integer");
    wrong(INVOKE, r#"{"inputText":5}"#, "#/inputText: expected a string, found an integer");
    for body in [r#"{"texts":"x"}"#, r#"{"texts":[]}"#, r#"{"texts":[1]}"#] {
        wrong(INVOKE, body, "#/texts: expected 1 to 96 strings");
    }
    for length in ["0", "-1", "1.5", "4097", r#""x""#] {
        wrong(
            INVOKE,
            &format!(r#"{{"inputText":"x","dimensions":{length}}}"#),
            "the length of a vector must be an integer between 1 and 4096",
        );
    }
    assert!(refused(&ask(INVOKE_STREAM, r#"{"inputText":"x"}"#)).is_some(), "vectors are not streamed");
    assert!(
        ask("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprompt%2FP/converse", "{}").decoded.is_ok(),
        "a stored prompt has the messages"
    );
}

#[test]
fn what_bedrock_asks_for_beyond_is_said_in_strict_mode() {
    let asked = ask(INVOKE, r#"{"messages":[]}"#);
    let said = asked.codec.audit(&asked.raw, asked.request()).join("\n");
    assert!(said.contains("required key [anthropic_version] not found") && said.contains("required key [max_tokens] not found"), "{said}");
}

#[test]
fn openrouter_refuses_in_its_envelope() {
    let check = |body: &str, expected: &str| {
        let answer = refused(&ask(OPENROUTER, body)).unwrap_or_else(|| panic!("taken: {body}"));
        assert_eq!(answer, json!({ "error": { "code": 400, "message": expected } }), "{body}");
    };
    check("{bad", "Malformed JSON: key must be a string at line 1 column 2");
    check("[]", "Request body must be a JSON object");
    check("{}", "Missing required parameter: 'messages'");
    let wrong = |member: &str, wanted: &str, got: &str| {
        let body = format!(r#"{{"messages":[],{member}}}"#);
        let path = member.trim_start_matches('"').split('"').next().unwrap();
        check(&body, &format!("Invalid type for '{path}': expected {wanted}, but got {got} instead."));
    };
    wrong(r#""models":"x""#, "an array of strings", "a string");
    wrong(r#""models":[null]"#, "an array of strings", "an array");
    wrong(r#""reasoning":"high""#, "an object", "a string");
    wrong(r#""provider":[]"#, "an object", "an array");
    check(
        r#"{"messages":[],"provider":{"allow_fallbacks":"no"}}"#,
        "Invalid type for 'provider.allow_fallbacks': expected a boolean, but got a string instead.",
    );
    let many = json!({ "messages": [], "models": vec!["m"; 101] }).to_string();
    check(&many, "'models' array must have 100 items or fewer.");
}

#[test]
fn mistral_refuses_with_the_place() {
    let check = |path: &str, body: &str, kind: &str, place: &Value, message: &str| {
        let answer = refused(&ask(path, body)).unwrap_or_else(|| panic!("taken: {body}"));
        let first = &answer["detail"][0];
        let said = (first["type"].as_str(), &first["loc"], first["msg"].as_str());
        assert_eq!(said, (Some(kind), place, Some(message)), "{body}");
    };
    check(MISTRAL, "{bad", "json_invalid", &json!(["body"]), "JSON decode error: key must be a string at line 1 column 2");
    check(MISTRAL, "{}", "missing", &json!(["body", "messages"]), "Field required");
    check(MISTRAL, r#"{"messages":[null]}"#, "dict_type", &json!(["body", "messages", 0]), "Input should be an object, but is null");
    check(
        MISTRAL,
        r#"{"messages":[],"stream":1}"#,
        "bool_type",
        &json!(["body", "stream"]),
        "Input should be a boolean, but is an integer",
    );
    check("/v1/fim/completions", r#"{"model":"m"}"#, "missing", &json!(["body", "prompt"]), "Field required");
    let vectors = "/mistral/v1/embeddings";
    check(vectors, "{}", "missing", &json!(["body", "input"]), "Field required");
    let dimension = "Invalid parameter: 'output_dimension' must be an integer between 1 and 100000";
    let floats = "Invalid parameter: only vectors of 'output_dtype' 'float' are served here";
    check(vectors, r#"{"input":"x","output_dtype":"int8"}"#, "value_error", &json!(["body"]), floats);
    check(vectors, r#"{"input":"x","output_dimension":0}"#, "value_error", &json!(["body"]), dimension);
}

#[test]
fn what_is_merely_unknown_is_taken() {
    for (path, body) in [
        (CHAT, r#"{"messages":[],"tools":[{}],"model":null,"stream":null,"extra":[1]}"#),
        (CHAT, r#"{"messages":[{}, {"role":"narrator","content":null,"tool_calls":[{}]}]}"#),
        (MESSAGES, r#"{"messages":[{},{"role":"system","content":"x"},{"role":"user"}],"tools":[{}]}"#),
        (EMBEDDINGS, r#"{"input":[],"dimensions":null}"#),
        (RESPONSES, r#"{"previous_response_id":"resp_1","model":null,"tools":[{},{"type":"x"}]}"#),
        (RESPONSES, r#"{"input":[{},{"type":"reasoning"},{"type":"item_reference","id":"x"},{"role":"narrator"}],"extra":1}"#),
        (COMPLETIONS, r#"{"prompt":[1,2],"best_of":3}"#),
        (GENERATE, r#"{"contents":[{}, {"role":"narrator","parts":null},{"parts":[{}]}],"tools":[{}],"generationConfig":{},"extra":[1]}"#),
        (OLLAMA, r#"{"model":"m","messages":[{},{"role":"narrator"},{"role":"tool"}],"tools":[{}],"format":"","extra":1}"#),
        (
            COHERE,
            r#"{"model":"m","messages":[{},{"role":"narrator"},{"content":[{},{"type":"video"}]}],"tools":[{}],"documents":[],"extra":1}"#,
        ),
        ("/v2/embed", r#"{"model":"m","inputs":[{},{"content":[{},{"type":"image_url"}]}],"truncate":7}"#),
        (CONVERSE, r#"{"messages":[{"content":[{}, {"image":{}}]}],"toolConfig":{"tools":[{"cachePoint":{"type":"default"}}]}}"#),
    ] {
        assert!(ask(path, body).decoded.is_ok(), "{path} {body}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(r#"{{"messages":{}"#, "[".repeat(200_000));
    for path in [CHAT, MESSAGES, EMBEDDINGS, RESPONSES, COMPLETIONS, GENERATE, INVOKE, CONVERSE, OLLAMA, COHERE, OPENROUTER, MISTRAL] {
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
        let others = ["/v1beta/interactions", "/v1/messages/count_tokens", COHERE, "/v2/embed", "/v2/rerank", OPENROUTER, MISTRAL];
        for path in [CHAT, MESSAGES, EMBEDDINGS, RESPONSES, COMPLETIONS, GENERATE, INVOKE, CONVERSE, OLLAMA].into_iter().chain(others) {
            refused(&ask(path, bytes.clone()));
        }
    }
}
