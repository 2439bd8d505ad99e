//! (d8, d10) Eight failover and three agentic scenarios: a small client with several keys against `aimock serve` with the
//! files of `fixtures/failover`, and nothing else on the server's side.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::kit::{WAYS, Way, data};
use crate::server::program::Program;
use crate::server::support::{Request, Response};
use crate::workplace::Workplace;

/// The keys that the upstream saw in one test, by first appearance.
async fn keys_seen(program: &Program, test: &str) -> Vec<String> {
    let journal = program.send(Request::new("GET", &format!("/__aimock/journal?testId={test}"))).await.json();
    let mut known: HashMap<String, usize> = HashMap::new();
    let name = |entry: &Value| {
        let next = known.len();
        format!("k{}", known.entry(entry["credential"]["fingerprint"].as_str().unwrap().to_owned()).or_insert(next))
    };
    journal.as_array().unwrap().iter().map(name).collect()
}

/// What a client knows of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Valid,
    /// Over its limit for so many seconds.
    Resting(u64),
    Refused,
}

/// How a question ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Text(String),
    /// Status and the time to wait, if there is one.
    Error(u16, Option<u64>),
}

/// A client that walks from its first key to the next when one rests or is refused.
struct Client<'p> {
    program: &'p Program,
    way: Way,
    test: String,
    keys: Vec<(&'static str, Key)>,
    /// The keys are the user's own: never walk on.
    own: bool,
}

impl Client<'_> {
    fn request(&self, messages: &Value, key: &str) -> Request {
        let (header, value) = if self.way.anthropic { ("x-api-key", key.to_owned()) } else { ("authorization", format!("Bearer {key}")) };
        self.way.with(messages).header(header, &value).header("x-test-id", &self.test)
    }

    /// One request, by the first key that works.
    async fn ask(&mut self, messages: &Value) -> Result<Response, End> {
        for index in 0..self.keys.len() {
            let (key, state) = self.keys[index];
            if state != Key::Valid {
                continue;
            }
            let answer = self.program.send(self.request(messages, key)).await;
            let after = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
            match answer.status {
                200 => return Ok(answer),
                status @ (401 | 403 | 429) if self.own => return Err(End::Error(status, after)),
                429 => self.keys[index].1 = Key::Resting(after.unwrap_or(60)),
                401 | 403 => self.keys[index].1 = Key::Refused,
                status => return Err(End::Error(status, after)),
            }
        }
        let rest = self.keys.iter().filter_map(|(_, state)| if let Key::Resting(seconds) = state { Some(*seconds) } else { None }).min();
        Err(rest.map_or(End::Error(502, None), |seconds| End::Error(429, Some(seconds))))
    }

    /// Asks, runs the tool that is called, and goes on until there is a text.
    async fn converse(&mut self, question: &str) -> End {
        let mut messages = json!([{ "role": "user", "content": question }]);
        for _ in 0..3 {
            let answer = match self.ask(&messages).await {
                Ok(answer) => answer,
                Err(end) => return end,
            };
            let Some(id) = tool_call(self.way, &answer) else { return End::Text(self.way.said(&answer)) };
            messages.as_array_mut().unwrap().extend(tool_result(self.way, &id));
        }
        panic!("the conversation does not end");
    }
}

/// The id of the tool call that an answer makes.
fn tool_call(way: Way, answer: &Response) -> Option<String> {
    let values = if way.stream { Way::events(answer).iter().filter_map(|event| data(event)).collect() } else { vec![answer.json()] };
    let pointers = [
        "/content_block/id",
        "/choices/0/delta/tool_calls/0/id",
        "/choices/0/message/tool_calls/0/id",
        "/content/0/id",
        "/item/call_id",
        "/output/0/call_id",
    ];
    values.iter().find_map(|value| pointers.iter().find_map(|pointer| value.pointer(pointer)?.as_str().map(str::to_owned)))
}

/// What goes back after a tool ran: the call, and its result.
fn tool_result(way: Way, id: &str) -> Vec<Value> {
    if way.responses {
        return vec![
            json!({ "type": "function_call", "call_id": id, "name": "weather", "arguments": "{\"city\":\"Oslo\"}" }),
            json!({ "type": "function_call_output", "call_id": id, "output": "rain" }),
        ];
    }
    if way.anthropic {
        return vec![
            json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": "weather", "input": { "city": "Oslo" } }] }),
            json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": "rain" }] }),
        ];
    }
    let call = json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } });
    vec![
        json!({ "role": "assistant", "content": null, "tool_calls": [call] }),
        json!({ "role": "tool", "tool_call_id": id, "content": "rain" }),
    ]
}

const ALL: [&str; 3] = ["key-0", "key-1", "key-2"];

/// Runs one scenario for each API, streaming and not.
#[track_caller]
fn check(question: &str, keys: &[&'static str], own: bool, expected: &End, seen: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = Program::serving(crate::repository::root(), "fixtures/failover", &[]);
        for (number, way) in WAYS.into_iter().enumerate() {
            let keys = keys.iter().map(|key| (*key, Key::Valid)).collect();
            let mut client = Client { program: &program, way, test: format!("way-{number}"), keys, own };
            assert_eq!(client.converse(question).await, *expected, "{question} {way:?}");
            assert_eq!(keys_seen(&program, &client.test).await, seen, "{question} {way:?}");
        }
    });
}

fn text(text: &str) -> End {
    End::Text(text.to_owned())
}

#[test]
fn d8_a_single_valid_key() {
    check("single valid key", &ALL[..1], false, &text("Served by the first key."), &["k0"]);
}

#[test]
fn d8_failover_after_429() {
    check("failover after 429", &ALL[..2], false, &text("Served by the second key."), &["k0", "k1"]);
}

#[test]
fn d8_failover_after_401() {
    check("failover after 401", &ALL[..2], false, &text("Served by the second key."), &["k0", "k1"]);
}

#[test]
fn d8_failover_after_403() {
    check("failover after 403", &ALL[..2], false, &text("Served by the second key."), &["k0", "k1"]);
}

#[test]
fn d8_all_rate_limited_gives_the_smallest_retry_after() {
    check("all keys rate limited", &ALL, false, &End::Error(429, Some(3)), &["k0", "k1", "k2"]);
}

#[test]
fn d8_all_unauthorized() {
    check("all keys unauthorized", &ALL, false, &End::Error(502, None), &["k0", "k1", "k2"]);
}

#[test]
fn d8_a_server_error_is_no_failover() {
    check("server error", &ALL[..2], false, &End::Error(500, None), &["k0"]);
}

#[test]
fn d8_a_users_own_key_never_fails_over() {
    check("own key", &["users-own", "key-0"], true, &End::Error(429, Some(30)), &["k0"]);
}

#[test]
fn d8_agentic_happy_path() {
    check("agentic happy path", &ALL[..2], false, &text("It rains in Oslo."), &["k0", "k0"]);
}

#[test]
fn d8_agentic_failover_during_the_continuation() {
    check("agentic failover", &ALL[..2], false, &text("It rains in Oslo."), &["k0", "k0", "k1"]);
}

#[test]
fn d8_agentic_all_keys_fail_during_the_continuation() {
    check("agentic all keys fail", &ALL[..2], false, &End::Error(429, Some(20)), &["k0", "k0", "k1"]);
}

#[test]
fn d8_keys_that_rest_or_are_refused_stay_so_for_the_next_question() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = Program::serving(crate::repository::root(), "fixtures/failover", &[]);
        for (number, way) in WAYS.into_iter().enumerate() {
            let keys = ALL[..2].iter().map(|key| (*key, Key::Valid)).collect();
            let mut client = Client { program: &program, way, test: format!("state-{number}"), keys, own: false };
            for _ in 0..2 {
                assert_eq!(client.converse("failover after 429").await, text("Served by the second key."));
            }
            assert_eq!(keys_seen(&program, &client.test).await, ["k0", "k1", "k1"]);
        }
    });
}

#[test]
fn a_body_in_a_file_of_its_own_is_sent_byte_for_byte() {
    let fixture = json!({ "match": {}, "response": { "http": { "headers": { "content-type": "audio/x-own" }, "file": "body.bin" } } });
    let text = json!({ "fixtures": [fixture] }).to_string();
    let place = Workplace::new(&[("fx/a.json", &text), ("fx/body.bin", "one\r\ntwo\0three")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = Program::serving(&place.path(""), "fx", &[]);
        for way in WAYS {
            let answer = program.send(way.says("hi")).await;
            assert_eq!((answer.header("content-type"), answer.text()), (Some("audio/x-own"), "one\r\ntwo\0three"));
        }
        let posted = program.send(Request::new("POST", "/__aimock/fixtures").body(&text)).await;
        assert!(posted.status == 400 && posted.text().contains("body.bin"), "{}", posted.text());
    });
}

#[test]
fn flags_set_chaos_seed_and_metrics_and_a_wrong_one_keeps_the_server_from_starting() {
    let text = json!({ "fixtures": [{ "match": {}, "response": { "content": "x" } }] }).to_string();
    let config = "chaos: { dropRate: 1, latencyMs: 1 }\nserve: { metrics: true }\n";
    let place = Workplace::new(&[("fx/a.json", &text), ("aimock.yaml", config)]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = Program::serving(
            &place.path(""),
            "fx",
            &["--chaos-drop", "0", "--chaos-status", "1", "--chaos-status-code", "418", "--seed", "9"],
        );
        assert_eq!(program.send(WAYS[0].says("hi")).await.status, 418);
        let settings = program.send(Request::new("GET", "/__aimock/chaos")).await.json();
        assert_eq!(settings, json!({ "chaos": { "dropRate": 0, "statusRate": 1, "status": 418, "latencyMs": 1 } }));
        let journal = program.send(Request::new("GET", "/__aimock/journal")).await.json();
        assert_eq!(journal[0]["response"]["chaos"]["seed"], 9);
        assert_eq!(program.send(Request::new("GET", "/metrics")).await.status, 200);
    });
    for flag in ["--chaos-drop=2", "--chaos-drop=half", "--chaos-latency=1.5", "--chaos-status-code=99"] {
        let run = place.run(&["serve", "fx", "-p", "0", flag]);
        assert_eq!(run.status, 2, "{flag}");
        assert!(run.stderr.contains("must be a"), "{}", run.stderr);
    }
}
