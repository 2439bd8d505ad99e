use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aimock::fixture::ChaosField;
use aimock::server::{Ended, Stage};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::Error;

use super::live::set_up;
use super::realtime::{created, spoken};
use super::responses::response;
use super::upstream::{Act, Play, Scripted};
use crate::proxy::upstream::proxy;
use crate::record::entries;
use crate::record::processes::Program;
use crate::server::support::{Running, start_with};
use crate::sockets::kit::{Client, LIVE, Next, REALTIME, RESPONSES, content, create, joined, types};

const REFUSAL: &str =
    r#"{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;

async fn last(server: &Running) -> Value {
    server.journal().await.last().unwrap()["response"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_refuses_is_the_answer_to_the_handshake_or_an_error_of_the_turn() {
    let upstream = Scripted::playing(|_| Play::Refuse(401, REFUSAL)).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let Err(Error::Http(response)) = Client::try_open(&server, RESPONSES, &[]).await.map(|_| ()) else { panic!("a socket") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (401, &"7".parse().unwrap()));
    let entry = server.journal().await[0].clone();
    assert_eq!(
        (&entry["method"], &entry["response"]["status"], &entry["response"]["source"]),
        (&json!("GET"), &json!(401), &json!("proxy"))
    );

    let fixtures = json!([{ "match": { "userMessage": "known" }, "response": { "content": "From here." } }]);
    let server = start_with(fixtures, proxy(upstream.settings())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    let error = client.respond("hello").await[0].clone();
    assert_eq!((&error["type"], &error["status"], &error["error"]["code"]), (&json!("error"), &json!(401), &json!("invalid_api_key")));
    assert_eq!(last(&server).await["status"], 401);
    assert_eq!(joined(&client.respond("known").await, "response.output_text.delta"), "From here.", "the socket stays open");
    let mut client = Client::open(&server, REALTIME).await;
    client.event().await;
    let events = client.converse("hello").await;
    assert_eq!(types(&events), ["error", "response.created", "response.done"]);
    assert_eq!(events[0]["error"]["message"], "Incorrect API key provided.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_a_502() {
    let mut settings = Scripted::start(Vec::new()).await.settings();
    settings.targets.iter_mut().for_each(|target| "http://127.0.0.1:9".clone_into(&mut target.base));
    let server = start_with(json!([]), proxy(settings)).await;
    let Err(Error::Http(response)) = Client::try_open(&server, RESPONSES, &[]).await.map(|_| ()) else { panic!("a socket") };
    assert_eq!(response.status().as_u16(), 502);
    assert_eq!(last(&server).await["status"], 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_leaves_in_a_turn_takes_the_client_along_and_nothing_is_recorded() {
    let begun: Vec<Act> = response("1", "Hello there.").into_iter().take(5).collect();
    for (end, expected) in [
        (Act::Close(1011, "out of quota"), Next::Closed(1011, "out of quota".to_owned())),
        (Act::Close(4001, "another"), Next::Closed(4001, "another".to_owned())),
        (Act::Cut, Next::Cut),
    ] {
        let upstream = Scripted::start([vec![Act::Hear("response.create")], begun.clone(), vec![end]].concat()).await;
        let folder = tempfile::tempdir().unwrap();
        let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
        let mut client = Client::open(&server, RESPONSES).await;
        client.say(&create("hello")).await;
        let (told, end) = client.rest().await;
        assert_eq!((told.len(), end), (5, expected));
        let outcome = last(&server).await;
        assert_eq!((&outcome["status"], &outcome["interruptReason"]), (&json!(200), &json!("upstream connection closed")), "{outcome}");
        assert!(entries(folder.path()).is_empty());
    }
    // Gemini says so what is wrong with a setup.
    let acts = vec![Act::Hear("setup"), Act::Close(1008, "models/nope is not found for API version v1beta")];
    let upstream = Scripted::start(acts).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let mut client = Client::open(&server, LIVE).await;
    client.say(&json!({ "setup": { "model": "models/nope" } })).await;
    assert_eq!(client.next().await, Next::Closed(1008, "models/nope is not found for API version v1beta".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_hangs_is_given_up() {
    let started: Vec<Act> = spoken("resp_1", "Hello").into_iter().take(4).collect();
    let quick = |upstream: &Scripted| {
        let mut settings = upstream.settings();
        (settings.first_byte, settings.body_pause) = (Duration::from_millis(300), Duration::from_millis(300));
        proxy(settings)
    };
    let upstream = Scripted::start(vec![created(), Act::Silence]).await;
    let server = start_with(json!([]), quick(&upstream)).await;
    let mut client = Client::open(&server, REALTIME).await;
    client.event().await;
    client.say(&json!({ "type": "response.create" })).await;
    let events = client.until_type("response.done").await;
    assert_eq!(events[0]["error"]["code"], "request_timeout", "{events:?}");
    assert_eq!(client.next().await, Next::Closed(1011, "the upstream was silent for 300 ms".to_owned()));
    assert_eq!(last(&server).await["status"], 504);

    let upstream = Scripted::start([vec![created(), Act::Hear("response.create")], started].concat()).await;
    let server = start_with(json!([]), quick(&upstream)).await;
    let mut client = Client::open(&server, REALTIME).await;
    client.say(&json!({ "type": "response.create" })).await;
    let (told, end) = client.rest().await;
    assert_eq!((told.len(), end), (5, Next::Closed(1011, "the upstream was silent for 300 ms".to_owned())));
    assert_eq!(last(&server).await["interruptReason"], "upstream body timeout");

    let upstream = Scripted::start(vec![Act::Silence]).await;
    let fixtures = json!([{ "match": { "userMessage": "known" }, "response": { "content": "From here." } }]);
    let server = start_with(fixtures, quick(&upstream)).await;
    let mut client = Client::open(&server, REALTIME).await;
    client.event().await;
    assert_eq!(client.converse("hello").await[0]["error"]["code"], "request_timeout", "an upstream that never says what session there is");
    assert_eq!(joined(&client.converse("known").await, "response.output_text.delta"), "From here.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_takes_the_upstream_along() {
    let upstream =
        Scripted::start([vec![Act::Hear("response.create")], response("1", "Hello").into_iter().take(3).collect()].concat()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), upstream.recording(folder.path(), |_| ())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&create("hello")).await;
    for _ in 0..3 {
        client.event().await;
    }
    client.socket.close(None).await.unwrap();
    assert_eq!(upstream.closed().await, Some(1001));
    assert_eq!(last(&server).await["interruptReason"], "client disconnected");
    assert!(entries(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_tells_the_turn_to_its_end() {
    let gate = Arc::new(Notify::new());
    let mut acts = [vec![Act::Hear("response.create")], response("1", "Hello")].concat();
    acts.insert(4, Act::Wait(gate.clone()));
    let upstream = Scripted::start(acts).await;
    let server = start_with(json!([]), proxy(upstream.settings())).await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&create("hello")).await;
    client.event().await;
    server.signal(Stage::Drain);
    gate.notify_one();
    let (told, end) = client.rest().await;
    assert_eq!((told.len(), end), (9, Next::Closed(1001, "Server shutting down".to_owned())));
    assert_eq!(upstream.closed().await, Some(1001));
    assert_eq!(server.ended().await, Ended::Drained);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_ends_the_conversation() {
    let large = json!({ "type": "response.output_text.delta", "delta": "x".repeat(20_000) });
    let upstream = Scripted::start(vec![Act::Hear("response.create"), Act::Say(large)]).await;
    let server = start_with(json!([]), |settings| {
        settings.limits.body_bytes = 10_000;
        proxy(upstream.settings())(settings);
    })
    .await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&create("hello")).await;
    assert_eq!(client.next().await, Next::Closed(1009, "message of the upstream too big".to_owned()));
    assert!(last(&server).await["error"].as_str().unwrap().contains("--max-body-bytes"));
}

/// A relayed turn under one action of chaos: what the client got, how it ended, and how many turns were recorded.
async fn under(field: ChaosField, api: &str) -> (Running, Vec<String>, Next, usize, usize) {
    let (target, acts, asked) = match api {
        "responses" => (RESPONSES, [vec![Act::Hear("response.create")], response("1", "Hello there.")].concat(), create("hello")),
        "realtime" => {
            let asked = json!({ "type": "response.create", "response": { "instructions": "hello" } });
            (REALTIME, [vec![created(), Act::Hear("response.create")], spoken("resp_1", "Hello there.")].concat(), asked)
        }
        _ => {
            let said = json!({ "serverContent": { "modelTurn": { "parts": [{ "text": "Hello" }] } } });
            let over = json!({ "serverContent": { "turnComplete": true } });
            (LIVE, [set_up(), vec![Act::Hear("clientContent"), Act::Bytes(said), Act::Bytes(over)]].concat(), content("hello"))
        }
    };
    let upstream = Scripted::start(acts).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), |settings| {
        settings.metrics = true;
        settings.chaos.set(field, Some(1.0));
        upstream.recording(folder.path(), |_| ())(settings);
    })
    .await;
    let mut client = Client::open(&server, target).await;
    if api == "live" {
        client.say(&json!({ "setup": { "model": "models/m" } })).await;
        client.next().await;
    } else if api == "realtime" {
        client.next().await;
    }
    client.say(&asked).await;
    // Whatever is answered, this is the last.
    client.send(Message::Close(None)).await;
    let mut told = Vec::new();
    let end = loop {
        match client.next().await {
            Next::Text(text) => told.push(text),
            Next::Binary(bytes) => told.push(String::from_utf8(bytes).unwrap()),
            end => break end,
        }
    };
    server.journal().await;
    let heard = upstream.heard().iter().filter(|message| **message == asked).count();
    let recorded = entries(folder.path()).len();
    (server, told, end, heard, recorded)
}

/// The turn that ends before the client closes.
async fn turn_under(field: ChaosField, api: &str) -> (Vec<String>, usize, Value) {
    let (server, told, _, heard, _) = under(field, api).await;
    (told, heard, last(&server).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_that_stands_in_for_an_answer_asks_no_upstream() {
    for api in ["responses", "realtime", "live"] {
        for (field, status) in [(ChaosField::DropRate, 500), (ChaosField::RateLimitRate, 429)] {
            let (told, heard, outcome) = turn_under(field, api).await;
            assert_eq!((heard, &outcome["status"], &outcome["source"]), (0, &json!(status), &json!("proxy")), "{api}: {outcome}");
            assert!(told[0].contains("error"), "{told:?}");
        }
        let (told, heard, outcome) = turn_under(ChaosField::DisconnectRate, api).await;
        assert_eq!((heard, told.len(), &outcome["chaosAction"]), (0, 0, &json!("disconnect")), "{api}: {outcome}");
    }
}

/// Asks a server under chaos and reads until the turn or the connection is over.
async fn upset(field: ChaosField, last_event: &str) -> (Vec<String>, Next, Value, Vec<Value>) {
    let upstream = Scripted::start([vec![Act::Hear("response.create")], response("1", "Hello there.")].concat()).await;
    let folder = tempfile::tempdir().unwrap();
    let server = start_with(json!([]), |settings| {
        settings.chaos.set(field, Some(1.0));
        settings.chaos.set(ChaosField::StallMs, Some(5.0));
        upstream.recording(folder.path(), |_| ())(settings);
    })
    .await;
    let mut client = Client::open(&server, RESPONSES).await;
    client.say(&create("hello")).await;
    let mut told = Vec::new();
    let end = loop {
        match client.next().await {
            Next::Text(text) => {
                let over = text.contains(last_event);
                told.push(text);
                if over {
                    break Next::Pong(Vec::new());
                }
            }
            end => break end,
        }
    };
    let outcome = last(&server).await;
    // It is heard to its end whatever the client got.
    while entries(folder.path()).is_empty() {
        crate::server::support::moment().await;
    }
    let recorded = entries(folder.path());
    (told, end, outcome, recorded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_acts_on_what_passes_and_recordings_stay_true() {
    let (told, _, outcome, recorded) = upset(ChaosField::MalformedRate, "response.completed").await;
    assert_eq!((told.len(), &outcome["chaosAction"]), (10, &json!("malformed")), "{outcome}");
    assert_eq!(told.iter().filter(|text| serde_json::from_str::<Value>(text).is_err()).count(), 1, "{told:?}");
    assert_eq!(recorded[0]["response"]["content"], "Hello there.");

    let (told, end, outcome, recorded) = upset(ChaosField::TruncateRate, "response.completed").await;
    assert!(told.len() < 10 && end == Next::Cut, "{told:?} {end:?}");
    assert_eq!(outcome["interruptReason"], "chaos truncate");
    assert_eq!(recorded[0]["response"]["content"], "Hello there.");

    let (told, _, outcome, recorded) = upset(ChaosField::StallRate, "response.completed").await;
    assert_eq!((told.len(), &outcome["chaosAction"]), (10, &json!("stall")), "{outcome}");
    assert_eq!(recorded[0]["response"]["content"], "Hello there.");

    let (told, _, outcome, recorded) = upset(ChaosField::ErrorEventRate, "\"type\":\"error\"").await;
    assert!(told.len() <= 10 && told.last().unwrap().contains("error"), "{told:?}");
    assert_eq!(outcome["chaosAction"], "errorEvent");
    assert_eq!(recorded[0]["response"]["content"], "Hello there.");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_audio_takes_no_more_memory_than_its_limit() {
    const PIECES: usize = 800;
    let piece =
        json!({ "type": "response.output_audio.delta", "response_id": "resp_1", "item_id": "item_1", "delta": "AAAA".repeat(32 * 1024) });
    let whole = spoken("resp_1", "Long.");
    let acts = [
        vec![created(), Act::Hear("response.create")],
        whole[..5].to_vec(),
        vec![Act::Say(piece); PIECES],
        whole[whole.len() - 1..].to_vec(),
    ];
    let upstream = Scripted::start(acts.concat()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
    command.args(["record", "-o"]).arg(folder.path().join("out")).args(["--max-proxy-buffer-bytes", "1000000"]);
    command.args(["--provider-openai", &format!("http://{}", upstream.address)]);
    let place = folder.path().to_owned();
    let mut program = tokio::task::spawn_blocking(move || Program::spawn_as_it_is(command, &place)).await.unwrap();
    let tcp = tokio::net::TcpStream::connect(&program.address).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{}{REALTIME}", program.address), tcp).await.unwrap();
    socket.send(Message::text(json!({ "type": "response.create" }).to_string())).await.unwrap();
    let mut bytes = 0;
    loop {
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("no end") };
        bytes += text.len();
        if text.contains("\"response.done\"") {
            break;
        }
    }
    assert!(bytes > 100_000_000, "{bytes}");
    if let Some(peak) = program.peak() {
        assert!(peak < 80 * 1024, "{peak} KiB for {bytes} bytes");
    }
    assert!(entries(&folder.path().join("out")).is_empty());
    program.child.kill().unwrap();
    program.child.wait().unwrap();
}
