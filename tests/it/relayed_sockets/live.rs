//! Gemini Live. The upstream's messages are those of Google's "Live API reference"; its servers send JSON as
//! bytes.

use serde_json::{Value, json};

use super::upstream::{Act, Scripted};
use crate::proxy::upstream::proxy;
use crate::record::entries;
use crate::server::support::start_with;
use crate::sockets::kit::{Client, LIVE, Next, content, live, told};

const SETUP: &str = "models/gemini-live";

fn text(said: &str) -> Act {
    Act::Bytes(json!({ "serverContent": { "modelTurn": { "role": "model", "parts": [{ "text": said }] } } }))
}

fn counts() -> Value {
    json!({
        "promptTokenCount": 10, "responseTokenCount": 5, "totalTokenCount": 15,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 10 }], "responseTokensDetails": [{ "modality": "TEXT", "tokenCount": 5 }],
    })
}

fn over() -> Vec<Act> {
    vec![
        Act::Bytes(json!({ "serverContent": { "generationComplete": true } })),
        Act::Bytes(json!({ "serverContent": { "turnComplete": true }, "usageMetadata": counts() })),
    ]
}

pub(super) fn set_up() -> Vec<Act> {
    vec![Act::Hear("setup"), Act::Bytes(json!({ "setupComplete": {} }))]
}

/// The next message, whether it came as text or as bytes.
async fn next(client: &mut Client) -> Value {
    match client.next().await {
        Next::Text(text) => serde_json::from_str(&text).unwrap(),
        Next::Binary(bytes) => serde_json::from_slice(&bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn turn(client: &mut Client) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        let message = next(client).await;
        let calls = message.get("usageMetadata").is_some() && message.get("serverContent").is_none();
        let last = message["serverContent"]["turnComplete"] == true || calls;
        messages.push(message);
        if last {
            return messages;
        }
    }
}

async fn opened(server: &crate::server::support::Running) -> Client {
    let mut client = Client::open(server, LIVE).await;
    client.say(&json!({ "setup": { "model": SETUP, "systemInstruction": { "parts": [{ "text": "be kind" }] } } })).await;
    assert_eq!(next(&mut client).await, json!({ "setupComplete": {} }));
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_with_tools_is_relayed_recorded_and_replayed() {
    let call = json!({ "functionCalls": [{ "id": "call_1", "name": "weather", "args": { "city": "Oslo" } }] });
    let acts = [
        set_up(),
        vec![Act::Hear("clientContent"), text("Hel"), text("lo.")],
        over(),
        vec![Act::Hear("clientContent"), Act::Bytes(json!({ "toolCall": call })), Act::Hear("toolResponse"), text("Sunny.")],
        over(),
    ]
    .concat();
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = opened(&server).await;
    client.say(&content("hello")).await;
    let first = turn(&mut client).await;
    assert_eq!(told(&first), "Hello.");
    client.say(&content("the weather")).await;
    assert_eq!(next(&mut client).await["toolCall"], call);
    let response =
        json!({ "toolResponse": { "functionResponses": [{ "id": "call_1", "name": "weather", "response": { "sky": "blue" } }] } });
    client.say(&response).await;
    assert_eq!(told(&turn(&mut client).await), "Sunny.");
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 3, "{recorded:#?}");
    let at = |turn: usize| recorded.iter().find(|entry| entry["match"]["turnIndex"] == turn).unwrap();
    assert_eq!((&at(0)["response"]["content"], &at(0)["response"]["usage"]["total_tokens"]), (&json!("Hello."), &json!(15)));
    assert_eq!(at(1)["response"]["toolCalls"][0]["name"], "weather");
    assert_eq!(at(2)["match"]["hasToolResult"], true);
    assert_eq!(server.journal().await.len(), 3);

    let replay = start_with(json!(recorded), proxy(upstream.settings())).await;
    let mut client = opened(&replay).await;
    client.say(&content("hello")).await;
    let again = turn(&mut client).await;
    assert_eq!((told(&again), &again.last().unwrap()["usageMetadata"]), ("Hello.".to_owned(), &counts()));
    client.say(&content("the weather")).await;
    assert_eq!(turn(&mut client).await[0]["toolCall"], call);
    client.say(&response).await;
    assert_eq!(told(&turn(&mut client).await), "Sunny.");
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_comes_later_is_told_what_was_said_and_stays() {
    let acts = [
        set_up(),
        vec![Act::Hear("From here."), Act::Hear("something else"), text("From there.")],
        over(),
        vec![Act::Hear("known"), text("There again.")],
        over(),
    ]
    .concat();
    let upstream = Scripted::start(acts).await;
    let fixtures = json!([{ "match": { "userMessage": "known" , "turnIndex": 0 }, "response": { "content": "From here." } }]);
    let server = start_with(fixtures, |settings| {
        settings.policy.strict_turns = true;
        proxy(upstream.settings())(settings);
    })
    .await;
    let mut client = live(&server).await;
    assert_eq!(told(&client.live("known").await), "From here.");
    client
        .say(&json!({ "clientContent": { "turns": [{ "role": "user", "parts": [{ "text": "by the way" }] }], "turnComplete": false } }))
        .await;
    client.say(&content("something else")).await;
    assert_eq!(told(&turn(&mut client).await), "From there.");
    client.say(&content("known")).await;
    assert_eq!(told(&turn(&mut client).await), "There again.");
    let heard = upstream.heard();
    assert_eq!(heard[0]["setup"]["model"], SETUP);
    let part = |text: &str| json!([{ "text": text }]);
    let history = json!([{ "role": "user", "parts": part("known") }, { "role": "model", "parts": part("From here.") }]);
    assert_eq!(heard[1], json!({ "clientContent": { "turns": history, "turnComplete": false } }));
    assert_eq!(heard[2]["clientContent"]["turns"][0]["parts"], part("by the way"));
    assert_eq!(heard[3], content("something else"));
    let journal = server.journal().await;
    assert_eq!(journal[2]["body"]["contents"].as_array().unwrap().len(), 6, "{}", journal[2]["body"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speech_and_its_transcript_are_recorded_together() {
    let audio = |data: &str| {
        let parts = json!([{ "inlineData": { "mimeType": "audio/pcm;rate=24000", "data": data } }]);
        Act::Bytes(json!({ "serverContent": { "modelTurn": { "parts": parts } } }))
    };
    let heard = json!({ "serverContent": { "inputTranscription": { "text": "good morning" } } });
    let acts = [
        set_up(),
        vec![Act::Hear("realtimeInput"), Act::Bytes(heard), audio("AAECAw=="), audio("BAUGBw==")],
        vec![Act::Bytes(json!({ "serverContent": { "outputTranscription": { "text": "Good morning." } } }))],
        over(),
    ]
    .concat();
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = opened(&server).await;
    let spoken = json!({ "realtimeInput": { "audio": { "data": "AAAA", "mimeType": "audio/pcm;rate=16000" } } });
    client.say(&spoken).await;
    assert!(turn(&mut client).await.iter().any(|message| message["serverContent"].get("inputTranscription").is_some()));
    let recorded = entries(folder.path());
    assert_eq!(recorded[0]["match"]["userMessage"], "[audio input]");
    let response = &recorded[0]["response"];
    assert_eq!((&response["audio"]["b64Json"], &response["content"]), (&json!("AAECAwQFBgc="), &json!("Good morning.")));
    let replay = start_with(json!(recorded), |_| ()).await;
    let mut client = opened(&replay).await;
    client.say(&spoken).await;
    client.say(&json!({ "realtimeInput": { "audioStreamEnd": true } })).await;
    let again = turn(&mut client).await;
    let said: String = again.iter().filter_map(|message| message["serverContent"]["outputTranscription"]["text"].as_str()).collect();
    assert_eq!(said, "Good morning.");
    assert_eq!(again[0]["serverContent"]["modelTurn"]["parts"][0]["inlineData"]["data"], "AAECAwQFBgc=");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_the_client_interrupts_is_not_recorded_and_the_next_one_is() {
    let acts = [
        set_up(),
        vec![Act::Hear("clientContent"), text("Once upon"), Act::Hear("clientContent")],
        vec![
            Act::Bytes(json!({ "serverContent": { "interrupted": true } })),
            Act::Bytes(json!({ "serverContent": { "turnComplete": true } })),
        ],
        vec![text("Stopped.")],
        over(),
    ]
    .concat();
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = opened(&server).await;
    client.say(&content("a story")).await;
    next(&mut client).await;
    client.say(&content("stop")).await;
    turn(&mut client).await;
    assert_eq!(told(&turn(&mut client).await), "Stopped.");
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1, "{recorded:#?}");
    assert_eq!(recorded[0]["match"]["userMessage"], "stop");
    let journal = server.journal().await;
    assert_eq!(journal[0]["response"]["interruptReason"], "client interrupted");
}
