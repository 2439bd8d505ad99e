//! Two hundred clients put twenty thousand requests to the built server under chaos of every kind, twice under one seed:
//! both journals are the same up to order; journal, metrics and expectations count alike; what each client met is what
//! the journal says; and no answer of a script is given twice.

#![expect(clippy::unwrap_used, reason = "a test whose server or client fails has failed")]

/// The clients, and what they meet.
mod clients;
/// What is asked and how it is answered.
mod questions;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::clients::{Met, request_id, storm};
use self::questions::{Answer, Kind, Question, SHARED, TIMES, fixtures, slot_text};
use crate::server::program::Program;
use crate::server::support::{Request, moment};
use crate::workplace::Workplace;

const REQUESTS: usize = 20_000;
const JOURNALS: [&str; 2] = ["first.json", "second.json"];
/// Each rate is rolled behind those before it.
const FLAGS: [&str; 28] = [
    "--seed",
    "7",
    "--metrics",
    "--journal-max",
    "0",
    "--journal-bytes",
    "0",
    "--log-level",
    "silent",
    "--chaos-drop",
    "0.04",
    "--chaos-malformed",
    "0.05",
    "--chaos-ratelimit",
    "0.04",
    "--chaos-disconnect",
    "0.04",
    "--chaos-status",
    "0.04",
    "--chaos-status-code",
    "418",
    "--chaos-truncate",
    "0.05",
    "--chaos-stall",
    "0.05",
    "--chaos-stall-ms",
    "1",
    "--chaos-error-event=0.05",
];

/// One run: what the clients met by the number of their request, and what the server says of it.
struct Storm {
    program: Program,
    met: Vec<(Question, Met)>,
    /// The journal as the server wrote it.
    text: String,
    journal: Vec<Value>,
    metrics: String,
}

impl Storm {
    fn new(place: &Workplace, turn: usize) -> Storm {
        let program = Program::serving(&place.path(""), "fixtures.json", &FLAGS);
        let met = storm(program.address, turn);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (text, metrics) = runtime.block_on(async {
            let metrics = loop {
                let metrics = program.send(Request::new("GET", "/metrics")).await.text().to_owned();
                if metrics.contains("\naimock_requests_in_flight 0\n") {
                    break metrics;
                }
                moment().await;
            };
            (program.send(Request::new("GET", "/__aimock/journal")).await.text().to_owned(), metrics)
        });
        let journal: Vec<Value> = serde_json::from_str(&text).unwrap();
        Storm { program, met, text, journal, metrics }
    }

    /// Each entry with the number of its request.
    fn entries(&self) -> impl Iterator<Item = (usize, &Value)> {
        let number = |entry: &Value| entry["headers"]["x-request-id"].as_str().unwrap().strip_prefix("storm-").unwrap().parse().unwrap();
        self.journal.iter().map(move |entry| (number(entry), entry))
    }
}

#[test]
fn a14_a8_d2_two_storms_of_one_seed_are_the_same_and_every_count_agrees() {
    let place = Workplace::new(&[("fixtures.json", &fixtures().to_string())]);
    let storms = [Storm::new(&place, 0), Storm::new(&place, 3)];
    for storm in &storms {
        assert_every_request_has_one_entry(storm);
        assert_clients_met_what_the_journal_says(storm);
        assert_shared_scripts_are_taken_once(storm);
        assert_metrics_agree(storm);
    }
    for (name, storm) in JOURNALS.iter().zip(&storms) {
        place.write(name, &storm.text);
    }
    assert_same_journal(&storms, &place);
    assert_expectations_agree(&storms, &place);
}

fn assert_every_request_has_one_entry(storm: &Storm) {
    assert_eq!((storm.met.len(), storm.journal.len()), (REQUESTS, REQUESTS));
    let mut ids: Vec<&str> = storm.journal.iter().map(|entry| entry["headers"]["x-request-id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert!((0..REQUESTS).all(|number| ids[number] == request_id(number)));
    assert!(storm.journal.iter().all(|entry| entry.get("pending").is_none() && entry["durationMs"].is_number()));
}

/// Whether a fault that the journal claims is what its client met, and no other.
fn assert_clients_met_what_the_journal_says(storm: &Storm) {
    let mut occurrences: BTreeMap<Question, Vec<usize>> = BTreeMap::new();
    let mut actions: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, entry) in storm.entries() {
        let (question, met) = &storm.met[number];
        let response = &entry["response"];
        let action = response["chaosAction"].as_str().unwrap_or("none");
        *actions.entry(action).or_default() += 1;
        let chaos = |status: u16, code: &str| Met::Intact(Answer::Status(status), Some(code.to_owned()));
        if question.kind == Kind::Shared {
            assert!(action == "none" && matches!(met, Met::Intact(Answer::Text(_), _)), "{met:?} for {entry}");
            continue;
        }
        let nth = usize::try_from(response["chaos"]["occurrence"].as_u64().unwrap()).unwrap();
        occurrences.entry(*question).or_default().push(nth);
        let expected = match action {
            "drop" => chaos(500, "chaos_drop"),
            "rateLimit" => chaos(429, "chaos_ratelimit"),
            "status" => chaos(418, "chaos_status"),
            "disconnect" => Met::Nothing,
            "malformed" => Met::Malformed,
            "truncate" => Met::Cut,
            "errorEvent" => Met::ErrorEvent,
            // A stall changes no byte.
            "none" | "stall" => {
                let answer = question.answer(nth).unwrap();
                let met_answer = if let Met::Intact(met, _) = met { Some(met) } else { None };
                assert_eq!(met_answer, Some(&answer), "{entry}");
                continue;
            }
            other => panic!("{other}"),
        };
        assert_eq!(*met, expected, "{entry}");
    }
    assert_eq!(actions.len(), 9, "all kinds of chaos: {actions:?}");
    // The dice never met two requests as the same occurrence, so no slot above was taken twice.
    for (question, mut nth) in occurrences {
        nth.sort_unstable();
        assert_eq!(nth, (0..TIMES).collect::<Vec<usize>>(), "{question:?}");
    }
}

/// Fifty requests each way take each answer once, and the last for all that is left.
fn assert_shared_scripts_are_taken_once(storm: &Storm) {
    let mut taken: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (question, met) in storm.met.iter().filter(|(question, _)| question.kind == Kind::Shared) {
        if let Met::Intact(Answer::Text(text), _) = met {
            *taken.entry(question.text()).or_default().entry(text.clone()).or_default() += 1;
        }
    }
    assert_eq!(taken.len(), 5);
    for (question, texts) in taken {
        let expected = (0..SHARED).map(|slot| (slot_text(&question, slot), if slot + 1 == SHARED { 4 * TIMES - SHARED + 1 } else { 1 }));
        assert_eq!(texts, expected.collect(), "{question}");
    }
}

/// Every counter of the metrics, counted anew from the journal.
fn assert_metrics_agree(storm: &Storm) {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |name: String, count: u64| *counted.entry(name).or_default() += count;
    for entry in &storm.journal {
        let response = &entry["response"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let source = text(&response["source"]);
        let (path, method) = (text(&entry["path"]), text(&entry["method"]));
        let status = if response["status"] == 0 { "destroyed".to_owned() } else { response["status"].to_string() };
        add(format!("aimock_requests_total{{method=\"{method}\",path=\"{path}\",status=\"{status}\"}}"), 1);
        add(format!("aimock_request_duration_seconds_count{{method=\"{method}\",path=\"{path}\"}}"), 1);
        if response["fixture"].is_null() {
            add("aimock_misses_total".to_owned(), 1);
        } else {
            add(format!("aimock_matches_total{{matched_by=\"{}\"}}", text(&response["matchedBy"])), 1);
            add(format!("aimock_fixture_hits_total{{fixture=\"{}\"}}", text(&response["fixture"]["handle"])), 1);
        }
        if let Some(action) = response["chaosAction"].as_str() {
            add(format!("aimock_chaos_triggered_total{{action=\"{action}\",source=\"{source}\"}}"), 1);
        }
        if let Some(reason) = response["chaos"]["bypassed"].as_str() {
            let action = text(&response["chaos"]["action"]);
            add(format!("aimock_chaos_bypassed_total{{action=\"{action}\",reason=\"{reason}\",source=\"{source}\"}}"), 1);
        }
        if let Some(reason) = response["interruptReason"].as_str() {
            add(format!("aimock_streams_interrupted_total{{reason=\"{reason}\"}}"), 1);
        }
        for (direction, key) in [("input", "inputTokens"), ("output", "outputTokens")] {
            let tokens = entry["usage"][key].as_u64().unwrap_or(0);
            add(format!("aimock_tokens_total{{direction=\"{direction}\",source=\"{source}\"}}"), tokens);
        }
    }
    let counts = |line: &&str| !line.starts_with('#') && !line.contains("_bucket{") && !line.contains("_seconds_sum");
    let others = ["aimock_fixtures_loaded", "aimock_requests_in_flight", "aimock_first_byte_seconds_count"];
    let metrics: BTreeMap<String, u64> = (storm.metrics.lines().filter(counts))
        .map(|line| line.rsplit_once(' ').unwrap())
        .filter(|(name, _)| !others.contains(name))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    assert_eq!(metrics, counted);
    assert!(counted.keys().any(|name| name.starts_with("aimock_chaos_bypassed_total")));
}

/// Expectations with the counts of one journal hold for both, over HTTP and on the command line; with one more they do not.
fn assert_expectations_agree(storms: &[Storm; 2], place: &Workplace) {
    let storm = &storms[0];
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    let mut requests: BTreeMap<String, u64> = BTreeMap::new();
    let mut tokens = [0, 0];
    for entry in &storm.journal {
        *statuses.entry(entry["response"]["status"].to_string()).or_default() += 1;
        if let Some(handle) = entry["response"]["fixture"]["handle"].as_str() {
            *requests.entry(handle.to_owned()).or_default() += 1;
        }
        for (sum, key) in tokens.iter_mut().zip(["inputTokens", "outputTokens"]) {
            *sum += entry["usage"][key].as_u64().unwrap_or(0);
        }
    }
    // What ended without a byte has no status.
    let destroyed = statuses.remove("0");
    assert!(destroyed.is_some() && tokens.iter().all(|tokens| *tokens > 0));
    let of = |requests: &BTreeMap<String, u64>| -> Value {
        requests
            .iter()
            .map(|(handle, count)| (handle.clone(), json!({ "requests": count })))
            .collect::<serde_json::Map<String, Value>>()
            .into()
    };
    let expected = json!({
        "requests": REQUESTS, "statuses": statuses, "inputTokens": tokens[0], "outputTokens": tokens[1], "unused": 0,
        "fixtures": of(&requests),
    });
    let mut wrong = expected.clone();
    wrong["inputTokens"] = json!(tokens[0] + 1);
    let (first, count) = requests.first_key_value().unwrap();
    wrong["fixtures"][first]["requests"] = json!(count + 1);
    let url = format!("http://{}", storm.program.address);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = [(expected, 200, 0, ["--url", &url]), (wrong, 406, 2, ["--journal", JOURNALS[1]])];
    for (expectations, status, broken, journal) in cases {
        let text = expectations.to_string();
        for storm in storms {
            let answer = runtime.block_on(storm.program.send(Request::new("POST", "/__aimock/verify").body(&text)));
            let verdict = answer.json();
            assert_eq!((answer.status, &verdict["broken"]), (status, &json!(broken)), "{}", broken_of(&verdict));
        }
        place.write("expect.json", &text);
        let run = place.run(&[&["verify", "expect.json", "-f", "fixtures.json", "--format", "concise"], &journal[..]].concat());
        let exit = i32::from(broken > 0);
        assert_eq!((run.status, run.stdout.lines().count()), (exit, broken), "{}{}", run.stdout, run.stderr);
    }
}

fn broken_of(verdict: &Value) -> Value {
    verdict["outcomes"].as_array().unwrap().iter().filter(|outcome| outcome["holds"] == false).cloned().collect()
}

/// Both journals as multisets, by this test's own reading and by `aimock diff`.
fn assert_same_journal(storms: &[Storm; 2], place: &Workplace) {
    let [first, second] = storms.each_ref().map(essence);
    for (entry, count) in &first {
        assert_eq!(second.get(entry), Some(count), "only the first run has {entry}");
    }
    assert_eq!(first.len(), second.len());
    let run = place.run(&["diff", JOURNALS[0], JOURNALS[1], "--ignore", "/stream/text"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout.chars().take(4000).collect::<String>(), run.stderr);
}

/// The entries without ids, times and ports. Which request of a shared script got which text is a matter of arrival.
fn essence(storm: &Storm) -> BTreeMap<String, usize> {
    let mut essence = BTreeMap::new();
    for (number, entry) in storm.entries() {
        let mut entry = entry.clone();
        let mut remove = |at: &str, keys: &[&str]| {
            if let Some(Value::Object(members)) = entry.pointer_mut(at) {
                members.retain(|key, _| !keys.contains(&key.as_str()));
            }
        };
        remove("", &["id", "timestamp", "arrivedMs", "durationMs"]);
        remove("/headers", &["x-request-id"]);
        remove("/stream", &["firstByteMs"]);
        remove("/credential", &["fingerprint"]);
        if storm.met[number].0.kind == Kind::Shared {
            remove("/stream", &["text"]);
        }
        *essence.entry(entry.to_string()).or_default() += 1;
    }
    essence
}
