//! The table finds the right owner, and no two routes want the same path.

use super::{ALL, NOT_BUILT, lookup, lookup_request, owner, search, vendor_path};
use crate::exchange::RawRequest;

/// `codec path params` for a hit, else the outcome.
#[track_caller]
fn check(method: &str, path: &str, expected: &str) {
    assert_eq!(format!("{:?}", lookup(method, path)), expected, "{method} {path}");
}

#[test]
fn codecs_answer_their_paths() {
    check("POST", "/v1/chat/completions", "Found(openai_chat /v1/chat/completions [] /v1/chat/completions)");
    check("POST", "/v1/messages", "Found(anthropic_messages /v1/messages [] /v1/messages)");
    check("POST", "/v1/embeddings", "Found(openai_embeddings /v1/embeddings [] /v1/embeddings)");
}

#[test]
fn compatible_prefixes_are_dropped() {
    let chat = "Found(openai_chat /v1/chat/completions [] /v1/chat/completions)";
    check("POST", "/openai/v1/chat/completions", chat);
    check("POST", "/openai/chat/completions", chat);
    check("POST", "/api/paas/v4/chat/completions", chat);
    check("POST", "/api/v1/chat/completions", "Found(openrouter_chat /api/v1/chat/completions [] /api/v1/chat/completions)");
    check("POST", "/v1beta/openai/chat/completions", chat);
    check("POST", "/x/y/chat/completions", chat);
    check("POST", "/chat/completions", chat);
    check("POST", "/openaix/chat/completions", chat);
    check("POST", "/openai/v1/messages", "Found(anthropic_messages /v1/messages [] /v1/messages)");
    check("POST", "/x/embeddings", "Found(openai_embeddings /v1/embeddings [] /v1/embeddings)");
    let responses = "Found(openai_responses /v1/responses [] /v1/responses)";
    for path in ["/v1/responses", "/x/responses", "/openai/v1/responses", "/openai/responses", "/api/v1/responses"] {
        check("POST", path, responses);
    }
}

#[test]
fn clients_of_mistral_are_told_by_what_they_call_themselves() {
    let found = |agent: &str, method: &'static str, path: &str| {
        let raw = RawRequest::new(method, path, [("user-agent", agent)].into_iter().collect(), "");
        format!("{:?}", lookup_request(&raw)).split(' ').next().unwrap_or_default().to_owned()
    };
    let python = "mistral-client-python/3.7.0";
    assert_eq!(found(python, "POST", "/v1/chat/completions"), "Found(mistral_chat");
    assert_eq!(found(python, "POST", "/v1/embeddings"), "Found(mistral_embeddings");
    assert_eq!(found(python, "POST", "/v1/fim/completions"), "Found(mistral_chat");
    assert_eq!(found(python, "GET", "/v1/models"), "Stored(mistral_chat");
    assert_eq!(found(python, "POST", "/v1/moderations"), "Found(openai_moderation");
    assert_eq!(found(python, "GET", "/v1/chat/completions"), "WrongMethod(POST)");
    assert_eq!(found("OpenAI/Python", "POST", "/v1/chat/completions"), "Found(openai_chat");
    assert_eq!(
        (vendor_path("/mistral/v1/models"), vendor_path("/mistral/x"), vendor_path("/v1/models")),
        ("/v1/models", "/mistral/x", "/v1/models")
    );
}

#[test]
fn deployments_are_azure() {
    let path = "/openai/deployments/gpt%204/chat/completions";
    let route = "/openai/deployments/{deployment}/chat/completions";
    check("POST", path, &format!(r#"Found(azure_openai {route} [("deployment", "gpt 4")] {path})"#));
    let images = "/v1/images/generations";
    check("POST", "/openai/deployments/x/images/generations", &format!("Found(openai_images {images} [] {images})"));
}

#[test]
fn google_models_stand_before_a_verb() {
    let model = |path: &str| {
        format!(r#"Found(gemini_generate /{{version}}/models/{{model}}:generateContent [("version", "v1"), ("model", "{path}")] "#)
    };
    for (sent, read) in [("gemini-2.5-pro", "gemini-2.5-pro"), ("a%2Fb", "a/b"), ("a:b", "a:b")] {
        let found = format!("{:?}", lookup("POST", &format!("/v1/models/{sent}:generateContent")));
        assert!(found.starts_with(&model(read)), "{found}");
    }
    let anthropic =
        |model: &str| format!("{:?}", lookup("POST", &format!("/v1/projects/p/locations/l/publishers/anthropic/models/{model}")));
    assert!(anthropic("claude-x@1:streamRawPredict").contains("{model}:streamRawPredict"));
    assert!(anthropic("count-tokens:rawPredict").contains("count-tokens:rawPredict"));
    let express = format!("{:?}", lookup("POST", "/v1beta1/publishers/google/models/m:streamGenerateContent"));
    assert!(express.starts_with("Found(vertex_generate "), "{express}");
}

#[test]
fn bedrock_models_are_percent_decoded() {
    for operation in ["converse", "converse-stream"] {
        let path = format!("/model/arn%3Aaws%3Abedrock%3A%3Ax%2Fa.b-v1%3A0/{operation}");
        check(
            "POST",
            &path,
            &format!(r#"Found(bedrock_converse /model/{{id}}/{operation} [("id", "arn:aws:bedrock::x/a.b-v1:0")] {path})"#),
        );
    }
    let path = "/model/anthropic.claude-v2:0/invoke";
    check("POST", path, &format!(r#"Found(bedrock_invoke /model/{{id}}/invoke [("id", "anthropic.claude-v2:0")] {path})"#));
    check("GET", path, "WrongMethod(POST)");
}

#[test]
fn paths_that_look_alike_are_not_the_same() {
    for path in ["/anthropic/v1/messages", "/v1/completion", "/v1/foo/chat/completions", "/v1/chat/completions/", "/v1/messages/batches"] {
        assert!(format!("{:?}", lookup("POST", path)).starts_with("Unknown("), "{path}");
    }
}

#[test]
fn answers_are_asked_for_again_by_id() {
    let route = "openai_responses GET /v1/responses/{id}";
    for path in ["/v1/responses/resp_1", "/openai/v1/responses/resp_1", "/openai/responses/resp_1", "/x/responses/resp_1"] {
        check("GET", path, &format!(r#"Stored({route} [("id", "resp_1")])"#));
    }
    check("GET", "/v1/responses/resp_1/input_items", &format!(r#"Stored({route}/input_items [("id", "resp_1")])"#));
    check("POST", "/v1/responses/input_tokens", "Stored(openai_responses POST /v1/responses/input_tokens [])");
    check("POST", "/v1/responses/resp_1", "WrongMethod(DELETE, GET)");
    let route = "Stored(gemini_interactions DELETE /{version}/interactions/{id}";
    check("DELETE", "/v1beta/interactions/v1_x", &format!(r#"{route} [("version", "v1beta"), ("id", "v1_x")])"#));
    assert!(format!("{:?}", lookup("GET", "/v1/responses/resp_1/output")).starts_with("Unknown("));
}

#[test]
fn a_wrong_method_says_which_are_right() {
    check("GET", "/v1/chat/completions", "WrongMethod(POST)");
    check("DELETE", "/openai/v1/chat/completions", "WrongMethod(POST)");
    check("DELETE", "/v1/responses", "WrongMethod(GET, POST)");
    check("GET", "/openai/deployments/x/chat/completions", "WrongMethod(POST)");
}

#[test]
fn what_is_not_built_has_a_name() {
    check("GET", "/api/v1/credits", "Stored(openrouter_chat GET /api/v1/credits [])");
    assert!(format!("{:?}", lookup("POST", "/v1beta/models/:generateContent")).starts_with("Unknown("));
}

#[test]
fn an_unknown_path_names_its_neighbours() {
    fn nearest(path: &str) -> String {
        format!("{:?}", lookup("POST", path))
    }
    assert!(nearest("/v1/chat/completion").starts_with("Unknown(/v1/chat/completions, "));
    assert!(nearest("/v1/message").starts_with("Unknown(/v1/messages, "));
    assert!(nearest("/v1/embedding").starts_with("Unknown(/v1/embeddings, "));
    assert!(nearest(&"/é".repeat(100_000)).starts_with("Unknown("));
    assert!(nearest("").starts_with("Unknown("));
}

/// A path that a pattern takes.
fn example(pattern: &str) -> String {
    pattern.split('/').map(|segment| segment.find('{').map_or(segment, |_| segment.rsplit('}').next().unwrap_or(""))).fold(
        String::new(),
        |path, literal| {
            let parameter = if literal.is_empty() || literal.starts_with(':') { "x" } else { "" };
            path + "/" + parameter + literal
        },
    )[2..]
        .to_owned()
}

#[test]
fn examples_are_made_right() {
    assert_eq!(example("/v1/messages"), "/v1/messages");
    assert_eq!(example("/a/{b}/c/{d}:e"), "/a/x/c/x:e");
    assert_eq!(example("/fal/{*rest}"), "/fal/x");
}

#[test]
fn no_two_routes_collide() {
    for codec in ALL {
        for route in codec.routes() {
            let path = example(route.path);
            let found = format!("{:?}", lookup(route.method, &path));
            assert!(found.starts_with(&format!("Found({} {} ", codec.name(), route.path)), "{path}: {found}");
        }
    }
    for route in NOT_BUILT {
        let method = if route.method == "*" { "PUT" } else { route.method };
        check(method, &example(route.path), &format!("NotBuilt({})", route.name));
    }
}

#[test]
fn a_body_tells_where_it_belongs_and_its_answer_better() {
    #[track_caller]
    fn check(body: &str, answer: Option<&str>, expected: &str) {
        assert_eq!(super::guess(&serde_json::from_str(body).unwrap(), answer), expected, "{body} {answer:?}");
    }
    check(r#"{"model":"gpt-4o","messages":[]}"#, None, "/v1/chat/completions");
    check(r#"{"model":"claude-x","messages":[]}"#, None, "/v1/messages");
    check(r#"{"model":"x","messages":[],"system":"y"}"#, None, "/v1/messages");
    check(r#"{"model":"x","messages":[]}"#, Some("event: message_start\ndata: {}"), "/v1/messages");
    check(r#"{"model":"claude-x","messages":[]}"#, Some(r#"data: {"object": "chat.completion.chunk"}"#), "/v1/chat/completions");
    check(r#"{"input":"x"}"#, None, "/v1/embeddings");
    check(r#"{"input":"x","stream":true}"#, None, "/v1/responses");
    check(r#"{"input":"x"}"#, Some(r#"{"id": 1, "object": "response"}"#), "/v1/responses");
    check("{}", None, "/v1/chat/completions");
}

#[test]
fn routes_without_parameters_are_found_as_by_going_through_all() {
    for route in ALL.iter().flat_map(|codec| codec.routes()) {
        for method in ["GET", "POST", "DELETE", "PATCH"] {
            let path = route.path.replace(['{', '}'], "");
            let (mut known, mut found) = (Vec::new(), Vec::new());
            let both = [owner(method, &path, &mut known), search(method, &path, &mut found)];
            let [known_as, found_as] = both.map(|owner| owner.map(|(codec, route, params)| (codec.name(), route.path, params.0)));
            assert_eq!(known_as, found_as, "{method} {path}");
            // What else is allowed there matters to those who found nothing.
            assert!(known_as.is_some() || known == found, "{method} {path}");
        }
    }
}
