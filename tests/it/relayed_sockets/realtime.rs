//! OpenAI Realtime: conversations, transcription, translation. The upstream's messages are those of OpenAI's API reference,
//! "Realtime", "Server events", and of its guides "Realtime transcription" and "Realtime translation".

use serde_json::{Value, json};

use super::upstream::{Act, Scripted};
use crate::proxy::upstream::proxy;
use crate::record::entries;
use crate::server::support::start_with;
use crate::sockets::kit::{Client, REALTIME, item, joined, realtime};

fn event(kind: &str, members: Value) -> Act {
    let mut event = json!({ "type": kind, "event_id": format!("event_{kind}") });
    let Value::Object(members) = members else { panic!("no members") };
    event.as_object_mut().unwrap().extend(members);
    Act::Say(event)
}

pub(super) fn created() -> Act {
    let session = json!({ "type": "realtime", "object": "realtime.session", "id": "sess_up", "model": "gpt-realtime", "instructions": "the vendor's own" });
    event("session.created", json!({ "session": session }))
}

fn taken(id: &str, text: &str) -> Vec<Act> {
    let item =
        json!({ "id": id, "type": "message", "status": "completed", "role": "user", "content": [{ "type": "input_text", "text": text }] });
    let members = json!({ "previous_item_id": null, "item": item });
    vec![event("conversation.item.added", members.clone()), event("conversation.item.done", members)]
}

fn shell(id: &str, status: &str, output: Value, usage: Value) -> Value {
    let mut response = json!({
        "object": "realtime.response", "id": id, "status": status, "status_details": null, "conversation_id": "conv_up",
        "output_modalities": ["audio"], "max_output_tokens": "inf", "metadata": null,
        "audio": { "output": { "format": { "type": "audio/pcm", "rate": 24000 }, "voice": "marin" } },
    });
    (response["output"], response["usage"]) = (output, usage);
    json!({ "response": response })
}

fn usage() -> Value {
    json!({
        "total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
        "input_token_details": { "text_tokens": 119, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 64, "cached_tokens_details": { "text_tokens": 64, "audio_tokens": 0, "image_tokens": 0 } },
        "output_token_details": { "text_tokens": 30, "audio_tokens": 91 },
    })
}

/// A spoken response, in two pieces of audio.
pub(super) fn spoken(id: &str, transcript: &str) -> Vec<Act> {
    let message = |status: &str, content: Value| json!({ "id": format!("item_{id}"), "object": "realtime.item", "type": "message", "status": status, "role": "assistant", "content": content });
    let whole = message("completed", json!([{ "type": "output_audio", "transcript": transcript }]));
    let spot = |more: Value| {
        let mut spot = json!({ "response_id": id, "item_id": format!("item_{id}"), "output_index": 0, "content_index": 0 });
        spot.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spot
    };
    let open = message("in_progress", json!([]));
    vec![
        event("response.created", shell(id, "in_progress", json!([]), Value::Null)),
        event("response.output_item.added", json!({ "response_id": id, "output_index": 0, "item": open })),
        event("conversation.item.added", json!({ "previous_item_id": null, "item": open })),
        event("response.content_part.added", spot(json!({ "part": { "type": "audio", "transcript": "" } }))),
        event("response.output_audio_transcript.delta", spot(json!({ "delta": transcript }))),
        event("response.output_audio.delta", spot(json!({ "delta": "AAECAw==" }))),
        event("response.output_audio.delta", spot(json!({ "delta": "BAUGBw==" }))),
        event("response.output_audio.done", spot(json!({}))),
        event("response.output_audio_transcript.done", spot(json!({ "transcript": transcript }))),
        event("response.content_part.done", spot(json!({ "part": { "type": "audio", "transcript": transcript } }))),
        event("conversation.item.done", json!({ "previous_item_id": null, "item": whole })),
        event("response.output_item.done", json!({ "response_id": id, "output_index": 0, "item": whole })),
        event(
            "rate_limits.updated",
            json!({ "rate_limits": [{ "name": "requests", "limit": 1000, "remaining": 999, "reset_seconds": 60 }] }),
        ),
        event("response.done", shell(id, "completed", json!([whole]), usage())),
    ]
}

/// A response that calls a function.
fn calling(id: &str) -> Vec<Act> {
    let call = |status: &str, arguments: &str| json!({ "id": format!("item_{id}"), "object": "realtime.item", "type": "function_call", "status": status, "name": "weather", "call_id": "call_1", "arguments": arguments });
    let whole = call("completed", r#"{"city":"Oslo"}"#);
    let spot = json!({ "response_id": id, "item_id": format!("item_{id}"), "output_index": 0, "call_id": "call_1" });
    let mut delta = spot.clone();
    delta["delta"] = json!(r#"{"city":"Oslo"}"#);
    let mut done = spot;
    done["arguments"] = json!(r#"{"city":"Oslo"}"#);
    vec![
        event("response.created", shell(id, "in_progress", json!([]), Value::Null)),
        event("response.output_item.added", json!({ "response_id": id, "output_index": 0, "item": call("in_progress", "") })),
        event("response.function_call_arguments.delta", delta),
        event("response.function_call_arguments.done", done),
        event("conversation.item.done", json!({ "previous_item_id": null, "item": whole })),
        event("response.output_item.done", json!({ "response_id": id, "output_index": 0, "item": whole })),
        event("response.done", shell(id, "completed", json!([whole]), usage())),
    ]
}

/// What a client makes of a response.
fn heard(events: &[Value]) -> (String, Vec<u8>, Value) {
    use base64::Engine as _;
    let pieces = events.iter().filter(|event| event["type"] == "response.output_audio.delta");
    let audio = pieces.flat_map(|event| base64::engine::general_purpose::STANDARD.decode(event["delta"].as_str().unwrap()).unwrap());
    let done = &events.last().unwrap()["response"];
    let mut output = done["output"].clone();
    for item in output.as_array_mut().unwrap() {
        item.as_object_mut().unwrap().shift_remove("id");
    }
    (
        joined(events, "response.output_audio_transcript.delta"),
        audio.collect(),
        json!([output, done["status"], done["usage"]["total_tokens"]]),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_relayed_recorded_and_replayed() {
    let acts = [
        vec![created(), Act::Hear("conversation.item.create")],
        taken("item_1", "hello"),
        vec![Act::Hear("response.create")],
        spoken("resp_1", "Hi there."),
        vec![Act::Hear("conversation.item.create")],
        taken("item_2", "the weather"),
        vec![Act::Hear("response.create")],
        calling("resp_2"),
        vec![Act::Hear("function_call_output")],
        vec![Act::Hear("response.create")],
        spoken("resp_3", "Sunny."),
    ]
    .concat();
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, REALTIME).await;
    assert_eq!(client.event().await["session"]["id"], "sess_up", "with no fixture the upstream speaks from the start");
    let (one, two, three) = talk(&mut client).await;
    assert_eq!(one.0, "Hi there.");
    assert_eq!(one.1, [0, 1, 2, 3, 4, 5, 6, 7]);
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 3, "{recorded:#?}");
    let of = |text: &str| recorded.iter().find(|entry| entry["match"]["userMessage"] == text).unwrap();
    assert_eq!((&of("hello")["match"]["endpoint"], &of("hello")["match"]["userMessage"]), (&json!("realtime"), &json!("hello")));
    assert_eq!(of("hello")["response"]["audio"]["contentType"], "audio/pcm");
    assert!(recorded.iter().any(|entry| entry["response"]["toolCalls"][0]["name"] == "weather"));
    let journal = server.journal().await;
    assert_eq!(journal.iter().map(|entry| entry["response"]["source"].clone()).collect::<Vec<_>>(), ["proxy", "proxy", "proxy"]);
    assert_eq!(journal[2]["body"]["items"].as_array().unwrap().len(), 5, "what the upstream has said is part of the conversation");

    for restarts in [false, true] {
        let server = if restarts {
            start_with(json!(recorded), |_| ()).await
        } else {
            start_with(json!(recorded), proxy(upstream.settings())).await
        };
        let mut client = realtime(&server).await;
        let again = talk(&mut client).await;
        assert_eq!(again, (one.clone(), two.clone(), three.clone()));
        assert_eq!(upstream.connections(), 1);
    }
}

type Turns = ((String, Vec<u8>, Value), (String, Vec<u8>, Value), (String, Vec<u8>, Value));

async fn talk(client: &mut Client) -> Turns {
    let one = heard(&client.converse("hello").await);
    let two = heard(&client.converse("the weather").await);
    let output = json!({ "type": "function_call_output", "call_id": "call_1", "output": "sunny" });
    client.say(&json!({ "type": "conversation.item.create", "item": output })).await;
    client.say(&json!({ "type": "response.create" })).await;
    (one, two, heard(&client.until_type("response.done").await))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_comes_later_is_told_what_was_said_and_stays() {
    let retold = [
        vec![created(), Act::Hear("session.update"), event("session.updated", json!({ "session": {} }))],
        vec![Act::Hear("conversation.item.create"), Act::Hear("conversation.item.create"), Act::Hear("conversation.item.create")],
    ]
    .concat();
    let retold = move |last: &str| {
        [retold.clone(), taken(last, "something else"), vec![Act::Hear("response.create")], spoken("resp_1", "From there.")].concat()
    };
    let known = [
        vec![Act::Hear("conversation.item.create")],
        taken("item_9", "known"),
        vec![Act::Hear("response.create")],
        spoken("resp_2", "There again."),
    ];
    let acts = [retold("mine_2"), known.concat()].concat();
    let upstream = Scripted::start(acts).await;
    let fixtures = json!([{ "match": { "userMessage": "known" }, "response": { "content": "From here." } }]);
    let server = start_with(fixtures, proxy(upstream.settings())).await;
    let mut client = realtime(&server).await;
    client.say(&json!({ "type": "session.update", "session": { "type": "realtime", "instructions": "be kind" } })).await;
    client.until_type("session.updated").await;
    let local = client.converse("known").await;
    assert_eq!(joined(&local, "response.output_text.delta"), "From here.");
    let mut second = item("something else");
    second["item"]["id"] = json!("mine_2");
    client.say(&second).await;
    client.until_type("conversation.item.done").await;
    client.say(&json!({ "type": "response.create" })).await;
    let events = client.until_type("response.done").await;
    assert_eq!(events[0]["type"], "response.created", "what the upstream says of the past is not told: {events:?}");
    assert_eq!(heard(&events).0, "From there.");
    assert_eq!(heard(&client.converse("known").await).0, "There again.", "one speaker to the end");
    let told = upstream.heard();
    assert_eq!(told[0]["session"], json!({ "type": "realtime", "instructions": "be kind" }));
    let texts: Vec<Value> = told[1..4].iter().map(|message| message["item"]["content"][0]["text"].clone()).collect();
    assert_eq!(texts, ["known", "From here.", "something else"]);
    let ids: Vec<&Value> = told[1..4].iter().map(|message| &message["item"]["id"]).collect();
    let answered = &local.last().unwrap()["response"]["output"][0]["id"];
    assert_eq!((ids[1], ids[2]), (answered, &json!("mine_2")), "under the ids that the client knows");
    assert_eq!(told[2]["item"]["content"][0]["type"], "output_text");
    let sources: Vec<Value> = server.journal().await.iter().map(|entry| entry["response"]["source"].clone()).collect();
    assert_eq!(sources, ["fixture", "proxy", "proxy"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_the_upstream_begins_by_itself_is_a_turn() {
    let committed = vec![
        event("input_audio_buffer.speech_started", json!({ "audio_start_ms": 0, "item_id": "item_heard" })),
        event("input_audio_buffer.committed", json!({ "previous_item_id": null, "item_id": "item_heard" })),
    ];
    let item = json!({ "id": "item_heard", "type": "message", "status": "completed", "role": "user", "content": [{ "type": "input_audio", "transcript": null }] });
    let added = vec![event("conversation.item.added", json!({ "previous_item_id": null, "item": item }))];
    let acts = [vec![created(), Act::Hear("input_audio_buffer.append")], committed, added, spoken("resp_1", "I heard you.")].concat();
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, REALTIME).await;
    client.say(&json!({ "type": "input_audio_buffer.append", "audio": "AAAA" })).await;
    let events = client.until_type("response.done").await;
    assert!(events.iter().any(|event| event["type"] == "input_audio_buffer.speech_started"), "what is no turn passes");
    let recorded = entries(folder.path());
    assert_eq!(recorded[0]["match"]["userMessage"], "[audio input]");
    // Without an ear of its own, the mock answers to what is committed.
    let replay = start_with(json!(recorded), |_| ()).await;
    let mut client = realtime(&replay).await;
    client.say(&json!({ "type": "input_audio_buffer.append", "audio": "AAAA" })).await;
    client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
    client.say(&json!({ "type": "response.create" })).await;
    assert_eq!(heard(&client.until_type("response.done").await).0, "I heard you.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcription_is_recorded_whether_the_upstream_comes_early_or_late() {
    const TARGET: &str = "/v1/realtime?intent=transcription";
    let committed = event("input_audio_buffer.committed", json!({ "previous_item_id": null, "item_id": "item_3" }));
    let piece = |kind: &str, members: Value| {
        let mut all = json!({ "item_id": "item_3", "content_index": 0 });
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event(&format!("conversation.item.input_audio_transcription.{kind}"), all)
    };
    let done = json!({ "transcript": "Hello, how are you?", "usage": { "type": "tokens", "total_tokens": 22, "input_tokens": 13, "input_token_details": { "text_tokens": 0, "audio_tokens": 13 }, "output_tokens": 9 } });
    let acts = vec![
        created(),
        Act::Hear("input_audio_buffer.append"),
        Act::Hear("input_audio_buffer.commit"),
        committed,
        piece("delta", json!({ "delta": "Hello," })),
        piece("completed", done),
    ];
    let other = json!({ "match": { "endpoint": "chat" }, "response": { "content": "no" } });
    for fixtures in [json!([]), json!([other])] {
        let late = fixtures.as_array().unwrap().len();
        let upstream = Scripted::start(acts.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let server = start_with(fixtures, upstream.recording(folder.path(), |_| ())).await;
        let mut client = Client::open(&server, TARGET).await;
        client.event().await;
        client.say(&json!({ "type": "input_audio_buffer.append", "audio": "AAECAw==" })).await;
        client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
        let events = client.until_type("conversation.item.input_audio_transcription.completed").await;
        assert!(events.iter().all(|event| event["item_id"] == "item_3"), "late: {late}: {events:?}");
        assert_eq!(upstream.heard()[0]["audio"], "AAECAw==");
        let recorded = entries(folder.path());
        assert_eq!(recorded[0]["match"]["endpoint"], "realtime-transcription");
        assert_eq!(recorded[0]["response"]["transcription"]["text"], "Hello, how are you?");
        let replay = start_with(json!(recorded), |_| ()).await;
        let mut client = Client::open(&replay, TARGET).await;
        client.event().await;
        client.say(&json!({ "type": "input_audio_buffer.append", "audio": "AAECAw==" })).await;
        client.say(&json!({ "type": "input_audio_buffer.commit" })).await;
        let again = client.until_type("conversation.item.input_audio_transcription.completed").await;
        let last = |events: &[Value]| (events.last().unwrap()["transcript"].clone(), events.last().unwrap()["usage"].clone());
        assert_eq!(last(&again), last(&events));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_translation_is_told_while_it_is_heard_and_recorded_at_its_end() {
    const TARGET: &str = "/v1/realtime/translations?model=gpt-realtime-translate";
    let acts = vec![
        created(),
        Act::Hear("session.input_audio_buffer.append"),
        event("session.output_transcript.delta", json!({ "delta": "Hola" })),
        event("session.output_audio.delta", json!({ "delta": "AAECAw==" })),
        Act::Hear("session.close"),
        event("session.output_transcript.delta", json!({ "delta": " mundo" })),
        event("session.closed", json!({})),
        Act::Close(1000, ""),
    ];
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, TARGET).await;
    client.event().await;
    client.say(&json!({ "type": "session.input_audio_buffer.append", "audio": "AAAA" })).await;
    let first = client.until_type("session.output_audio.delta").await;
    assert_eq!(joined(&first, "session.output_transcript.delta"), "Hola");
    client.say(&json!({ "type": "session.close" })).await;
    let rest = client.until_type("session.closed").await;
    assert_eq!(joined(&rest, "session.output_transcript.delta"), " mundo");
    assert_eq!(client.rest().await.1, crate::sockets::kit::Next::Closed(1000, String::new()));
    let recorded = entries(folder.path());
    assert_eq!(
        (&recorded[0]["response"]["content"], &recorded[0]["response"]["audio"]["b64Json"]),
        (&json!("Hola mundo"), &json!("AAECAw=="))
    );
    let replay = start_with(json!(recorded), |_| ()).await;
    let mut client = Client::open(&replay, TARGET).await;
    client.event().await;
    client.say(&json!({ "type": "session.input_audio_buffer.append", "audio": "AAAA" })).await;
    client.say(&json!({ "type": "session.close" })).await;
    assert_eq!(joined(&client.until_type("session.closed").await, "session.output_transcript.delta"), "Hola mundo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cancelled_or_has_failed_is_not_recorded() {
    let failed =
        json!({ "type": "failed", "error": { "type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "Slow down." } });
    let mut broken = shell("resp_2", "failed", json!([]), Value::Null);
    broken["response"]["status_details"] = failed;
    let refused = json!({ "error": { "type": "invalid_request_error", "code": "invalid_value", "message": "No such voice.", "param": "voice", "event_id": null } });
    let acts = vec![
        created(),
        Act::Hear("response.create"),
        event("response.created", shell("resp_1", "in_progress", json!([]), Value::Null)),
        Act::Hear("response.cancel"),
        event("response.done", shell("resp_1", "cancelled", json!([]), Value::Null)),
        Act::Hear("response.create"),
        event("response.created", shell("resp_2", "in_progress", json!([]), Value::Null)),
        event("response.done", broken),
        Act::Hear("response.create"),
        event("error", refused),
    ];
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, REALTIME).await;
    client.say(&json!({ "type": "response.create", "response": { "input": [item("one")["item"]] } })).await;
    client.until_type("response.created").await;
    client.say(&json!({ "type": "response.cancel" })).await;
    client.until_type("response.done").await;
    client.say(&json!({ "type": "response.create", "response": { "input": [item("two")["item"]] } })).await;
    client.until_type("response.done").await;
    client.say(&json!({ "type": "response.create", "response": { "input": [item("three")["item"]] } })).await;
    client.until_type("error").await;
    let journal = server.journal().await;
    let told: Vec<_> =
        journal.iter().map(|entry| (entry["response"]["status"].clone(), entry["response"]["interruptReason"].clone())).collect();
    assert_eq!(told, [(json!(200), json!("client interrupted")), (json!(429), Value::Null), (json!(400), Value::Null)]);
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    assert_eq!(recorded[0]["response"]["error"]["message"], "No such voice.");
}
