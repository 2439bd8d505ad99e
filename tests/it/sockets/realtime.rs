//! OpenAI Realtime: conversations, tools, audio, transcription, translation.

use serde_json::{Value, json};

use super::kit::{Client, Next, REALTIME, item, joined, realtime, types};
use crate::server::support::start;

const AUDIO: &str = "UklGRgAAAAA=";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_told_event_by_event_and_remembered() {
    let fixtures = json!([
        { "match": { "userMessage": "again", "turnIndex": 1, "endpoint": "realtime" }, "response": { "content": "As I said." } },
        { "match": { "userMessage": "hello", "systemMessage": "kind", "model": "gpt-realtime" }, "response": { "content": "Hello to you, whoever you may be." } },
    ]);
    let server = start(fixtures).await;
    let mut client = Client::open(&server, REALTIME).await;
    let created = client.event().await;
    assert_eq!((&created["session"]["type"], &created["session"]["model"]), (&json!("realtime"), &json!("gpt-realtime")));
    client.say(&json!({ "type": "session.update", "session": { "type": "realtime", "instructions": "be kind", "audio": { "output": { "voice": "echo" } } } })).await;
    let updated = client.event().await;
    assert_eq!((&updated["type"], &updated["session"]["audio"]["output"]["voice"]), (&json!("session.updated"), &json!("echo")));
    assert_eq!(updated["session"]["audio"]["output"]["speed"], 1.0, "what was not named stays");

    let events = client.converse("hello").await;
    let expected = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ];
    assert_eq!(types(&events), expected);
    assert_eq!(joined(&events, "response.output_text.delta"), "Hello to you, whoever you may be.");
    let done = &events[10]["response"];
    assert_eq!(
        (&done["status"], &done["output"][0]["content"][0]["text"]),
        (&json!("completed"), &json!("Hello to you, whoever you may be."))
    );
    assert!(done["usage"]["total_tokens"].as_u64().unwrap() > done["usage"]["output_tokens"].as_u64().unwrap());
    let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "every event has an id of its own");

    // The answer is an item of the conversation now.
    let events = client.converse("again").await;
    assert_eq!(joined(&events, "response.output_text.delta"), "As I said.");
    let journal = server.journal().await;
    assert_eq!(journal.len(), 2, "one entry a turn");
    assert_eq!((&journal[1]["method"], &journal[1]["path"]), (&json!("WS"), &json!(REALTIME)));
    assert_eq!(journal[1]["body"]["items"].as_array().unwrap().len(), 3);
    assert_eq!((&journal[1]["response"]["status"], &journal[1]["response"]["source"]), (&json!(200), &json!("fixture")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_calls_are_answered_and_the_conversation_goes_on() {
    let calls = json!([{ "id": "call_a", "name": "weather", "arguments": { "city": "Oslo" } }, { "name": "weather", "arguments": "{}" }]);
    let fixtures = json!([
        { "match": { "toolCallId": "call_a", "hasToolResult": true }, "response": { "content": "Rain." } },
        { "match": { "userMessage": "weather", "toolName": "weather" }, "response": { "content": "Let me see.", "toolCalls": calls } },
    ]);
    let server = start(fixtures).await;
    let mut client = realtime(&server).await;
    client
        .say(&json!({ "type": "session.update", "session": { "tools": [{ "type": "function", "name": "weather", "parameters": {} }] } }))
        .await;
    client.event().await;
    let events = client.converse("weather").await;
    let done: Vec<&Value> = events.iter().filter(|event| event["type"] == "response.function_call_arguments.done").collect();
    assert_eq!(done.len(), 2);
    assert_eq!((&done[0]["call_id"], &done[0]["name"], &done[0]["output_index"]), (&json!("call_a"), &json!("weather"), &json!(1)));
    assert_eq!(serde_json::from_str::<Value>(done[0]["arguments"].as_str().unwrap()).unwrap(), json!({ "city": "Oslo" }));
    let output = events.last().unwrap()["response"]["output"].as_array().unwrap().clone();
    assert_eq!(output.len(), 3);
    client.say(&json!({ "type": "conversation.item.create", "item": { "type": "function_call_output", "call_id": "call_a", "output": "rain" } })).await;
    client.until_type("conversation.item.done").await;
    client.say(&json!({ "type": "response.create" })).await;
    let events = client.until_type("response.done").await;
    assert_eq!(joined(&events, "response.output_text.delta"), "Rain.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_with_audio_is_heard() {
    let response = json!({ "audio": { "b64Json": AUDIO, "contentType": "audio/pcm" }, "content": "Listen." });
    let server = start(json!([{ "match": {}, "response": response }])).await;
    let mut client = realtime(&server).await;
    let events = client.converse("speak").await;
    assert_eq!(joined(&events, "response.output_audio.delta"), AUDIO);
    assert_eq!(joined(&events, "response.output_audio_transcript.delta"), "Listen.");
    let part = &events.last().unwrap()["response"]["output"][0]["content"][0];
    assert_eq!(part, &json!({ "type": "output_audio", "transcript": "Listen." }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_told_as_a_response_that_failed() {
    let error = json!({ "message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded" });
    let server = start(json!([{ "match": { "userMessage": "limit" }, "response": { "error": error, "status": 429 } }])).await;
    let mut client = realtime(&server).await;
    let events = client.converse("limit").await;
    assert_eq!(types(&events), ["response.created", "response.done"], "as the vendor says it");
    let details = &events[1]["response"]["status_details"];
    assert_eq!((&details["type"], &details["error"]["code"]), (&json!("failed"), &json!("rate_limit_exceeded")));
    // A miss is an error beside, since it is the test's and not the model's.
    let events = client.converse("nobody answers this").await;
    assert_eq!(types(&events), ["error", "response.created", "response.done"]);
    assert_eq!((&events[0]["error"]["code"], &events[0]["error"]["type"]), (&json!("no_fixture_match"), &json!("invalid_request_error")));
    assert_eq!(events[2]["response"]["status_details"]["error"]["code"], "no_fixture_match");
    let statuses: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["status"].clone()).collect();
    assert_eq!(statuses, [json!(429), json!(404)]);
    let again = client.converse("nobody answers this either").await;
    assert_ne!(again[0]["event_id"], events[0]["event_id"], "every event has an id of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_are_kept_in_order_retrieved_cut_and_deleted() {
    let server = start(json!([])).await;
    let mut client = realtime(&server).await;
    let mut ids = Vec::new();
    for (text, after) in [("one", Value::Null), ("three", Value::Null), ("zero", json!("root"))] {
        let mut message = item(text);
        message["previous_item_id"] = after;
        client.say(&message).await;
        let added = client.event().await;
        assert_eq!((&added["type"], &client.event().await["type"]), (&json!("conversation.item.added"), &json!("conversation.item.done")));
        ids.push(added["item"]["id"].as_str().unwrap().to_owned());
    }
    let mut message = item("two");
    message["previous_item_id"] = json!(ids[0]);
    message["item"]["id"] = json!("mine");
    client.say(&message).await;
    assert_eq!(client.until_type("conversation.item.done").await[0]["previous_item_id"], json!(ids[0]));
    client.say(&json!({ "type": "conversation.item.retrieve", "item_id": "mine" })).await;
    assert_eq!(client.event().await["item"]["content"][0]["text"], "two");
    client.say(&json!({ "type": "conversation.item.truncate", "item_id": "mine", "content_index": 0, "audio_end_ms": 5 })).await;
    assert_eq!(client.event().await["audio_end_ms"], 5);
    client.say(&json!({ "type": "conversation.item.delete", "item_id": "mine" })).await;
    assert_eq!(client.event().await["type"], "conversation.item.deleted");
    client.say(&json!({ "type": "conversation.item.delete", "item_id": "mine", "event_id": "evt_9" })).await;
    let error = client.event().await;
    assert_eq!(
        (&error["type"], &error["error"]["code"], &error["error"]["event_id"]),
        (&json!("error"), &json!("item_not_found"), &json!("evt_9"))
    );
    // Asked out of band, with an input of its own.
    let input = json!([{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "other" }] }]);
    client.say(&json!({ "type": "response.create", "response": { "conversation": "none", "input": input } })).await;
    client.until_type("response.done").await;
    let journal = server.journal().await;
    let texts = |items: &Value| -> Vec<Value> { items.as_array().unwrap().iter().map(|item| item["content"][0]["text"].clone()).collect() };
    assert_eq!(texts(&journal[1]["body"]["items"]), [json!("zero"), json!("one"), json!("three")]);
    assert_eq!(texts(&journal[1]["body"]["response"]["input"]), [json!("other")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audio_is_committed_and_transcribed() {
    let fixtures = json!([{
        "match": { "endpoint": "realtime-transcription", "model": "gpt-4o-transcribe" },
        "response": { "transcription": { "text": "What was said, and some more of it." } },
    }]);
    let server = start(fixtures).await;
    let mut client = Client::open(&server, "/v1/realtime?intent=transcription").await;
    assert_eq!(client.event().await["session"]["type"], "transcription");
    let update = json!({ "type": "transcription", "audio": { "input": { "transcription": { "model": "gpt-4o-transcribe" } } } });
    client.say(&json!({ "type": "session.update", "session": update })).await;
    assert_eq!(client.event().await["session"]["audio"]["input"]["transcription"]["model"], "gpt-4o-transcribe");
    client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
    assert_eq!(client.event().await["error"]["code"], "input_audio_buffer_commit_empty");
    client.say(&json!({ "type": "input_audio_buffer.append", "audio": AUDIO })).await;
    client.say(&json!({ "type": "input_audio_buffer.clear" })).await;
    assert_eq!(client.event().await["type"], "input_audio_buffer.cleared");
    client.say(&json!({ "type": "input_audio_buffer.append", "audio": AUDIO })).await;
    client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
    let events = client.until(|event| event["type"] == "conversation.item.input_audio_transcription.completed").await;
    let delta = "conversation.item.input_audio_transcription.delta";
    assert_eq!(types(&events)[..3], ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]);
    assert_eq!(joined(&events, delta), "What was said, and some more of it.");
    let last = events.last().unwrap();
    assert_eq!((&last["item_id"], &last["usage"]["type"]), (&events[0]["item_id"], &json!("tokens")));
    // A response is not what such a session makes.
    client.say(&json!({ "type": "response.create" })).await;
    assert_eq!(client.event().await["error"]["code"], "invalid_session_config");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audio_that_nobody_transcribes_says_so() {
    let server = start(json!([{ "match": { "endpoint": "realtime-transcription", "model": "limited" }, "response": { "error": { "message": "Slow down" }, "status": 429 } }])).await;
    for (target, message) in [("&model=limited", "Slow down"), ("", "No fixture matched")] {
        let mut client = Client::open(&server, &format!("/v1/realtime?intent=transcription{target}")).await;
        client.event().await;
        client.say(&json!({ "type": "input_audio_buffer.append", "audio": AUDIO })).await;
        client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
        let failed = client.until(|event| event["type"] == "conversation.item.input_audio_transcription.failed").await;
        let last = failed.last().unwrap();
        assert_eq!((&last["error"]["message"], &last["item_id"]), (&json!(message), &failed[0]["item_id"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_translation_is_told_when_the_client_closes_the_session() {
    let response = json!({ "audio": { "b64Json": AUDIO, "contentType": "audio/pcm" }, "content": "Hola a todos." });
    let server = start(json!([{ "match": { "endpoint": "realtime-translation" }, "response": response }])).await;
    let mut client = Client::open(&server, "/v1/realtime/translations?model=gpt-realtime-translate").await;
    assert_eq!(client.event().await["session"]["type"], "translation");
    client.say(&json!({ "type": "session.update", "session": { "audio": { "output": { "language": "es" } } } })).await;
    assert_eq!(client.event().await["session"]["audio"]["output"]["language"], "es");
    client.say(&json!({ "type": "session.input_audio_buffer.append", "audio": AUDIO })).await;
    client.say(&json!({ "type": "session.close" })).await;
    let events = client.until_type("session.closed").await;
    assert_eq!(
        (joined(&events, "session.output_transcript.delta"), joined(&events, "session.output_audio.delta")),
        ("Hola a todos.".to_owned(), AUDIO.to_owned())
    );
    assert_eq!(client.next().await, Next::Closed(1000, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_translation_without_an_answer_ends_all_the_same() {
    let server = start(json!([])).await;
    for append in [true, false] {
        let mut client = Client::open(&server, "/v1/realtime/translations").await;
        client.event().await;
        if append {
            client.say(&json!({ "type": "session.input_audio_buffer.append", "audio": AUDIO })).await;
        }
        client.say(&json!({ "type": "session.close" })).await;
        let events = client.until_type("session.closed").await;
        assert_eq!(types(&events), if append { vec!["error", "session.closed"] } else { vec!["session.closed"] });
        assert_eq!(client.next().await, Next::Closed(1000, String::new()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_beta_is_refused_as_the_vendor_does() {
    let server = start(json!([])).await;
    let mut client = Client::open_with(&server, REALTIME, &[("openai-beta", "realtime=v1")]).await;
    assert_eq!(client.event().await["error"]["code"], "beta_api_shape_disabled");
    assert_eq!(client.next().await, Next::Closed(4000, "invalid_request_error.beta_api_shape_disabled".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_sends_its_key_as_a_protocol() {
    let fixture = json!({ "match": { "headers": { "authorization": "Bearer not-a-real-key" } }, "response": { "content": "Known." } });
    let server = start(json!([fixture])).await;
    let offered = [("sec-websocket-protocol", "realtime, openai-insecure-api-key.not-a-real-key")];
    let mut client = Client::open_with(&server, REALTIME, &offered).await;
    assert_eq!(client.protocol.as_deref(), Some("realtime"));
    client.event().await;
    assert_eq!(joined(&client.converse("hi").await, "response.output_text.delta"), "Known.");
    let journal = server.journal().await;
    assert!(!journal[0].to_string().contains("not-a-real-key"), "{}", journal[0]);
}
