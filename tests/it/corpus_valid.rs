//! Files without a mistake, below `tests/corpus/valid`: every shape of the incumbent and every key of ours, in JSON, JSONC and YAML.
//!
//! Nothing is said about them, but where a `NAME.expected` lists what is worth a word (keys that have no effect yet).

use aimock::exchange::{Block, RawEvent, Reply};
use aimock::fixture::{Fixture, OnExhausted};

use crate::repository::{read, root};
use crate::samples::{loaded, outcome, samples};

const FOLDER: &str = "valid";

#[test]
fn nothing_is_said_and_everything_is_served() {
    for (name, text) in samples(FOLDER) {
        let (file, findings) = loaded(&name, &text);
        let numbers: Vec<String> = (0..file.entries.len()).map(|number| format!(" {number}")).collect();
        let beside = format!("tests/corpus/{FOLDER}/{name}.expected");
        let expected = if root().join(&beside).exists() { read(&beside) } else { format!("serves:{}\n", numbers.concat()) };
        let seen = outcome(&file, &findings);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(seen, expected, "{name}: {messages:#?}");
        assert!(!seen.contains(" error ") && !seen.contains(" warning "), "{name} belongs to tests/corpus/invalid");
    }
}

#[test]
fn the_three_formats_say_the_same() {
    for (name, text) in samples(FOLDER) {
        let Some(stem) = name.strip_suffix(".json") else { continue };
        let entries = |name: &str, text: &str| loaded(name, text).0.entries.into_iter().map(|entry| entry.shape).collect::<Vec<_>>();
        let plain = entries(&name, &text);
        for other in ["jsonc", "yaml"].map(|format| format!("{stem}.{format}")) {
            assert_eq!(entries(&other, &read(&format!("tests/corpus/{FOLDER}/{other}"))), plain, "{other}");
        }
    }
}

#[test]
fn every_match_key_has_a_sample() {
    let mut seen: Vec<&str> = Vec::new();
    for (name, text) in samples(FOLDER) {
        for entry in loaded(&name, &text).0.entries {
            seen.extend(entry.fixture.matches.clauses().iter().map(|clause| clause.criterion.key));
            seen.extend(entry.fixture.position.sequence.map(|_| "sequenceIndex"));
            seen.extend(entry.fixture.position.turn.map(|_| "turnIndex"));
        }
    }
    for key in aimock::fixture::match_keys() {
        assert!(seen.contains(&key), "no sample has the match key {key}");
    }
}

/// The fixture with this number of a sample.
#[track_caller]
fn fixture(name: &str, number: usize) -> Fixture {
    let (file, _) = loaded(name, &read(&format!("tests/corpus/{FOLDER}/{name}")));
    file.entries.into_iter().nth(number).expect("the sample has such an entry").fixture
}

#[track_caller]
fn reply(name: &str, number: usize) -> Reply {
    fixture(name, number).answers.remove(0).reply
}

/// The clauses of a fixture, as explanations show them.
#[track_caller]
fn check_clauses(name: &str, number: usize, expected: &[&str]) {
    let matches = fixture(name, number).matches;
    let seen: Vec<String> = matches.clauses().iter().map(|clause| format!("{} {}", clause.criterion.key, clause.pattern)).collect();
    assert_eq!(seen, expected, "{name} {number}");
}

#[track_caller]
fn check_blocks(name: &str, number: usize, expected: &[Block]) {
    let Reply::Turn(turn) = reply(name, number) else { panic!("{name} {number} is no turn") };
    assert_eq!(turn.blocks, expected, "{name} {number}");
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

fn call(name: &str, arguments: &str, id: Option<&str>) -> Block {
    Block::ToolCall { name: name.to_owned(), arguments: arguments.to_owned(), id: id.map(str::to_owned) }
}

#[test]
fn texts_and_calls_are_read_as_the_incumbent_reads_them() {
    check_blocks("peer_text.json", 0, &[text("Hello!")]);
    check_blocks("peer_text.yaml", 1, &[text(r#"{"city":"Oslo","temp":7}"#)]);
    check_blocks("peer_text.jsonc", 2, &[text(r#"["a",{"b":1}]"#)]);
    check_blocks("peer_tool_calls.json", 0, &[call("get_weather", r#"{"city": "Oslo"}"#, None)]);
    check_blocks("peer_tool_calls.json", 1, &[call("get_weather", r#"{"city":"Oslo"}"#, Some("call_1")), call("get_time", "{}", None)]);
    check_blocks("peer_tool_calls.yaml", 4, &[text("I look."), call("get_weather", r#"{"city":"Oslo"}"#, None)]);
    check_blocks("peer_tool_calls.json", 5, &[call("get_weather", r#"{"city":"Oslo"}"#, Some("call_2")), text("There.")]);
    check_blocks("peer_tool_calls.json", 7, &[text("There.")]);
}

#[test]
fn other_answers_are_what_is_written() {
    assert_eq!(reply("peer_media.json", 0), Reply::Embedding(vec![0.1, -2.0, 0.03]));
    assert_eq!(reply("peer_media.yaml", 8), Reply::Json { value: serde_json::json!({ "images": [] }), status: Some(201) });
    assert_eq!(reply("peer_media.json", 9), Reply::Json { value: serde_json::Value::Null, status: None });
    assert_eq!(reply("ours_response.json", 0), Reply::Embeddings(vec![vec![0.1, 0.2], vec![0.3, 0.4]]));
    let Reply::Error(error) = reply("peer_errors.yaml", 1) else { panic!("no error") };
    assert_eq!((error.status, error.message.as_str(), error.code.as_deref()), (429, "Slow down.", Some("rate_limited")));
    assert_eq!(error.retry_after, Some(2.0));
    let Reply::Error(plain) = reply("peer_errors.json", 0) else { panic!("no error") };
    assert_eq!((plain.status, plain.kind), (500, None));
    let headers = [("retry-after", "1"), ("x-a", "1"), ("x-a", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let http = Reply::Http { status: 503, headers: headers.to_vec(), body: "line\r\nline\n".into() };
    assert_eq!(reply("ours_response.yaml", 1), http);
    let Reply::Http { body, .. } = reply("ours_response.json", 3) else { panic!("no raw answer") };
    assert_eq!(*body, [0, 1, 255]);
    let Reply::Events(events) = reply("ours_response.jsonc", 6) else { panic!("no events") };
    let data = |data: &str| RawEvent { data: Some(data.to_owned()), ..RawEvent::default() };
    let whole = RawEvent {
        event: Some("ping".into()),
        id: Some("7".into()),
        comment: Some("hi".into()),
        delay_ms: Some(5.0),
        ..data(r#"{"b":2}"#)
    };
    assert_eq!(events, [data(r#"{"a":1}"#), whole, data("[1]"), data("[DONE]")]);
    assert_eq!(reply("ours_response.json", 7), Reply::Events(Vec::new()));
}

#[test]
fn lists_of_responses_are_kept_in_order() {
    let list = fixture("ours_response.yaml", 9);
    let kinds: Vec<&str> = list.answers.iter().map(|answer| if let Reply::Error(_) = answer.reply { "error" } else { "turn" }).collect();
    assert_eq!((kinds.as_slice(), list.on_exhausted), (&["turn", "turn", "error"][..], OnExhausted::RepeatLast));
    assert_eq!(list.answers[1].pace.latency, Some(5.0));
    assert_eq!(list.answers[0].pace.latency, None);
    let after = |number| fixture("ours_response.json", number).on_exhausted;
    assert_eq!(
        [after(10), after(11), after(12), after(13)],
        [OnExhausted::Cycle, OnExhausted::Error, OnExhausted::FallThrough, OnExhausted::RepeatLast]
    );
}

#[test]
fn match_keys_are_read_with_their_meaning() {
    check_clauses("peer_match.json", 0, &["userMessage contains `a`"]);
    check_clauses("peer_match.yaml", 3, &["systemMessage contains `You` and `are`"]);
    check_clauses("peer_match.json", 6, &["toolCallId equals `call_1`"]);
    check_clauses("peer_match.json", 10, &["model is `gpt-4o` or a dated version of it"]);
    check_clauses("peer_match.json", 18, &["userMessage contains `.*`"]);
    check_clauses("peer_match.json", 19, &[]);
    check_clauses("ours_match.json", 1, &["userMessage contains `a` and `b`, ignoring case"]);
    check_clauses("ours_match.yaml", 9, &["userMessage all of (not (contains `a`) and contains `b`)"]);
    check_clauses("ours_match.json", 17, &["userMessage contains `a`"]);
    let sequenced = fixture("peer_match.json", 16).position;
    assert_eq!((sequenced.sequence, sequenced.turn), (Some(1), None));
    assert_eq!(fixture("peer_match.json", 17).position.turn, Some(2));
}

#[test]
fn timing_is_kept() {
    let pace = fixture("peer_entry.yaml", 0).answers.remove(0).pace;
    let profile = pace.profile.expect("a profile");
    assert_eq!((pace.latency, pace.chunk_size, pace.replay_speed), (Some(0.0), Some(1), Some(0.1)));
    assert_eq!((profile.ttft, profile.tps, profile.jitter), (Some(120.0), Some(0.5), Some(1.0)));
    let recorded = fixture("peer_entry.json", 2).answers.remove(0).pace.recorded.clone().expect("recorded timings");
    assert_eq!((recorded.ttft, recorded.delays.as_slice(), recorded.total), (0.0, &[][..], 0.0), "what lies below zero is sanitised");
    assert_eq!(fixture("peer_entry.json", 3).answers[0].truncate_after_chunks, Some(1));
    assert_eq!(fixture("ours_entry.json", 0).id.as_deref(), Some("greeting"));
}
