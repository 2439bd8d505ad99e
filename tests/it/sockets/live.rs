//! Gemini Live: setup, contents, tools, spoken input, errors.

use serde_json::{Value, json};

use super::kit::{Client, LIVE, content, live, told};
use crate::server::support::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_told_and_remembered() {
    let fixtures = json!([
        { "match": { "userMessage": "again", "turnIndex": 1 }, "response": { "content": "As I said." } },
        { "match": { "userMessage": "hello", "model": "gemini-live", "systemMessage": "kind" }, "response": { "content": "Hello to you, whoever you may be." } },
    ]);
    let server = start(fixtures).await;
    let mut client = Client::open(&server, LIVE).await;
    let system = json!({ "parts": [{ "text": "be kind" }] });
    client.say(&json!({ "setup": { "model": "models/gemini-live", "systemInstruction": system } })).await;
    client.event().await;
    let messages = client.live("hello").await;
    assert_eq!(told(&messages), "Hello to you, whoever you may be.");
    let [.., generated, last] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(generated, &json!({ "serverContent": { "generationComplete": true } }));
    assert_eq!(last["serverContent"], json!({ "turnComplete": true }));
    assert!(last["usageMetadata"]["responseTokenCount"].as_u64().unwrap() > 0);
    assert_eq!(told(&client.live("again").await), "As I said.");
    let journal = server.journal().await;
    assert_eq!(journal[1]["body"]["contents"].as_array().unwrap().len(), 3);
    assert_eq!((&journal[1]["method"], &journal[1]["path"], journal.len()), (&json!("WS"), &json!(LIVE), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spelling_of_the_url_and_of_fields_is_taken() {
    let server = start(json!([{ "match": { "userMessage": "hello", "toolName": "look" }, "response": { "content": "Hi." } }])).await;
    for path in [LIVE.to_owned(), format!("/{LIVE}"), LIVE.replace("v1beta", "v1alpha"), format!("{LIVE}Constrained")] {
        let mut client = Client::open(&server, &format!("{path}?key=not-a-real-key")).await;
        let tools = json!([{ "function_declarations": [{ "name": "look" }] }]);
        client.say(&json!({ "setup": { "model": "gemini-live", "generation_config": {}, "tools": tools } })).await;
        assert_eq!(client.event().await, json!({ "setupComplete": {} }), "{path}");
        client.say(&json!({ "client_content": { "turns": { "role": "user", "parts": { "text": "hel" } }, "turn_complete": false } })).await;
        client
            .say(&json!({ "client_content": { "turns": [{ "role": "user", "parts": [{ "text": "hello" }] }], "turn_complete": true } }))
            .await;
        assert_eq!(told(&client.turn().await), "Hi.", "{path}");
    }
    let paths: Vec<Value> = server.journal().await.iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(paths[1], json!(format!("{LIVE}?key=[REDACTED]")), "one slash");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_wait_for_their_answers() {
    let calls = json!([{ "id": "c1", "name": "look", "arguments": { "at": "sky" } }, { "id": "c2", "name": "look", "arguments": "{}" }]);
    let fixtures = json!([
        { "match": { "toolCallId": "c2", "hasToolResult": true }, "response": { "content": "Blue." } },
        { "match": { "userMessage": "look" }, "response": { "toolCalls": calls } },
    ]);
    let server = start(fixtures).await;
    let mut client = live(&server).await;
    let messages = client.live("look").await;
    let expected = json!([{ "id": "c1", "name": "look", "args": { "at": "sky" } }, { "id": "c2", "name": "look", "args": {} }]);
    assert_eq!(messages[0]["toolCall"]["functionCalls"], expected);
    assert!(messages[1].get("usageMetadata").is_some() && messages.len() == 2, "the turn is not complete: {messages:?}");
    let responses =
        json!([{ "id": "c1", "name": "look", "response": { "ok": 1 } }, { "id": "c2", "name": "look", "response": { "ok": 2 } }]);
    client.say(&json!({ "toolResponse": { "functionResponses": responses } })).await;
    assert_eq!(told(&client.turn().await), "Blue.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoken_and_typed_input_and_audio_answers() {
    let audio = json!({ "audio": { "b64Json": "UklGRgAAAAA=", "contentType": "audio/pcm;rate=24000" } });
    let fixtures = json!([
        { "match": { "userMessage": "[audio input]" }, "response": audio },
        { "match": { "userMessage": "typed" }, "response": { "content": "Read." } },
    ]);
    let server = start(fixtures).await;
    let mut client = live(&server).await;
    client.say(&json!({ "realtimeInput": { "activityStart": {} } })).await;
    client.say(&json!({ "realtimeInput": { "audio": { "data": "AAAA", "mimeType": "audio/pcm;rate=16000" } } })).await;
    client.say(&json!({ "realtime_input": { "activity_end": {} } })).await;
    let heard = client.turn().await;
    let blob = json!({ "mimeType": "audio/pcm;rate=24000", "data": "UklGRgAAAAA=" });
    assert_eq!(heard[0]["serverContent"]["modelTurn"]["parts"][0]["inlineData"], blob);
    client.say(&json!({ "realtimeInput": { "text": "typed" } })).await;
    assert_eq!(told(&client.turn().await), "Read.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_have_codes_of_grpc_and_leave_the_conversation_as_it_was() {
    let fixtures = json!([
        { "match": { "userMessage": "limit" }, "response": { "error": { "message": "Slow down" }, "status": 429 } },
        { "match": { "userMessage": "hello" }, "response": { "content": "Hi." } },
    ]);
    let server = start(fixtures).await;
    let mut client = Client::open(&server, LIVE).await;
    client.say(&content("hello")).await;
    let refusal = client.event().await;
    assert_eq!(refusal["code"], 400, "as a client of Google's reads it");
    assert_eq!(refusal["error"], json!({ "code": 9, "message": "Setup required", "status": "FAILED_PRECONDITION" }));
    client.say(&json!({ "setup": {} })).await;
    client.event().await;
    let error = |messages: Vec<Value>| (messages[0]["error"]["code"].clone(), messages[0]["error"]["status"].clone());
    assert_eq!(error(client.live("limit").await), (json!(8), json!("RESOURCE_EXHAUSTED")));
    assert_eq!(error(client.live("nobody").await), (json!(5), json!("NOT_FOUND")));
    assert_eq!(told(&client.live("hello").await), "Hi.");
    let journal = server.journal().await;
    assert_eq!(journal[3]["body"]["contents"].as_array().unwrap().len(), 1, "what failed is not remembered");
    let statuses: Vec<&Value> = journal.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [400, 429, 404, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_speaks_again_interrupts() {
    let fixtures = json!([
        { "match": { "userMessage": "long" }, "response": { "content": "x".repeat(1000) }, "latency": 20, "chunkSize": 1 },
        { "match": { "userMessage": "hello" }, "response": { "content": "Hi." } },
    ]);
    let server = start(fixtures).await;
    let mut client = live(&server).await;
    client.say(&content("long")).await;
    client.event().await;
    client.say(&content("hello")).await;
    let messages = client.until(|message| message["serverContent"]["interrupted"] == true).await;
    assert!(messages.len() < 900);
    assert_eq!(client.event().await["serverContent"]["turnComplete"], true);
    assert_eq!(told(&client.turn().await), "Hi.");
    assert_eq!(server.journal().await[0]["response"]["interruptReason"], "client interrupted");
}
