//! Claims held against made-up runs, one line a case; laws of counting.

use serde_json::{Value, json};

use super::{Answerer, Outcome, Run, Seen, claims_of_file, judge};
use crate::exchange::{StatedUsage, StreamFacts, TextFacts};
use crate::fixture::read_posted_expectations;

/// An answer of a fixture of `f.json`, so many milliseconds after the run began.
fn seen(fixture: &str, arrived: f64) -> Seen {
    Seen {
        id: format!("r{arrived}"),
        method: "POST".to_owned(),
        target: "/v1/chat/completions".to_owned(),
        arrived,
        duration: Some(1.0),
        status: 200,
        fixture: Some(Answerer { handle: fixture.to_owned(), file: "f.json".to_owned() }),
        ..Seen::default()
    }
}

fn keyed(key: &str, arrived: f64) -> Seen {
    Seen { key: Some(key.to_owned()), ..seen("a", arrived) }
}

fn run(entries: Vec<Seen>) -> Run {
    Run { entries, ..Run::default() }
}

fn verdicts(expectations: &Value, run: &Run) -> Vec<Outcome> {
    let file = read_posted_expectations(&expectations.to_string()).unwrap();
    judge(&claims_of_file(&file.shape, None), run)
}

/// The one outcome of these expectations: whether it holds, and what was seen.
#[track_caller]
fn check(expectations: impl std::borrow::Borrow<Value>, run: &Run, holds: bool, seen: &str) {
    let expectations = expectations.borrow();
    let outcomes = verdicts(expectations, run);
    let found: Vec<(bool, &str)> = outcomes.iter().map(|outcome| (outcome.holds, outcome.seen.as_str())).collect();
    assert_eq!(found, [(holds, seen)], "{expectations}");
}

#[test]
fn requests_are_counted_for_the_run_and_for_fixtures() {
    let run = Run { fixtures: Some(vec!["a".to_owned(), "b".to_owned()]), ..run(vec![seen("a", 0.0), seen("b", 1.0), seen("a", 2.0)]) };
    check(json!({ "requests": 3 }), &run, true, "3");
    check(json!({ "requests": { "min": 4 } }), &run, false, "3");
    check(json!({ "requests": { "max": 3 } }), &run, true, "3");
    check(json!({ "fixtures": { "a": { "requests": 2 } } }), &run, true, "2");
    check(json!({ "fixtures": { "a": { "requests": 1 } } }), &run, false, "2");
    check(json!({ "fixtures": { "c": { "requests": 1 } } }), &run, false, "0 (there is no such fixture)");
    check(json!({ "neverCalled": ["b"] }), &run, false, "1");
    check(json!({ "neverCalled": ["c"] }), &run, true, "0 (there is no such fixture)");
    check(json!({ "unused": 0 }), &run, true, "0");
    check(json!({ "statuses": { "200": 3 } }), &run, true, "3");
    check(json!({ "statuses": { "429": { "min": 1 } } }), &run, false, "0");
}

#[test]
fn fixtures_of_no_use_are_named() {
    let known = ["a", "b", "c"].map(str::to_owned).to_vec();
    let run = Run { fixtures: Some(known), ..run(vec![seen("b", 0.0)]) };
    check(json!({ "unused": { "max": 1 } }), &run, false, "2: a, c");
    check(json!({ "unused": 0 }), &self::run(vec![]), false, "unknown: the fixtures were not given (`-f`)");
}

#[test]
fn misses_are_named() {
    let missed = Seen { missed: true, fixture: None, status: 404, ..seen("", 0.0) };
    check(json!({ "noMisses": true }), &run(vec![seen("a", 0.0), missed]), false, "1: POST /v1/chat/completions");
    check(json!({ "noMisses": true }), &run(vec![seen("a", 0.0)]), true, "none");
    assert_eq!(verdicts(&json!({ "noMisses": false }), &run(vec![])), []);
}

#[test]
fn d4_keys_are_numbered_by_first_appearance() {
    let run = run(vec![keyed("x", 0.0), keyed("x", 1.0), keyed("y", 2.0), seen("a", 3.0)]);
    check(json!({ "keys": ["k0", "k0", "k1", "none"] }), &run, true, "k0, k0, k1, none");
    check(json!({ "keys": ["k0", "k1", "k0", "none"] }), &run, false, "k0, k0, k1, none");
    check(json!({ "keys": [] }), &run, false, "k0, k0, k1, none");
}

#[test]
fn order_is_that_of_first_service() {
    let run = run(vec![seen("a", 0.0), seen("b", 1.0), seen("a", 2.0), seen("c", 3.0)]);
    check(json!({ "order": ["a", "b", "c"] }), &run, true, "a, b, c");
    check(json!({ "order": ["b", "a"] }), &run, false, "a, b");
    check(json!({ "order": ["a", "missing"] }), &run, false, "a");
}

#[test]
fn retries_must_wait_as_long_as_they_were_told() {
    let limited = |key: &str, arrived: f64| Seen { retry_after: Some(1000.0), status: 429, ..keyed(key, arrived) };
    let respected = json!({ "retryAfter": "respected" });
    check(respected.clone(), &run(vec![limited("x", 0.0), keyed("x", 1001.0)]), true, "none (1 answers asked for a pause)");
    check(respected.clone(), &run(vec![limited("x", 0.0), keyed("x", 500.0)]), false, "1: r500 came 501 ms too early");
    check(respected.clone(), &run(vec![limited("x", 0.0), keyed("y", 5.0)]), true, "none (1 answers asked for a pause)");
    // It was on its way before the answer was there.
    check(respected.clone(), &run(vec![limited("x", 0.0), keyed("x", 0.5)]), true, "none (1 answers asked for a pause)");
    check(
        respected.clone(),
        &run(vec![limited("x", 0.0), limited("x", 1001.0), keyed("x", 1500.0)]),
        false,
        "1: r1500 came 502 ms too early",
    );
    check(respected, &run(vec![seen("a", 0.0)]), true, "none (0 answers asked for a pause)");
}

fn stream(facts: StreamFacts) -> Run {
    run(vec![seen("a", 0.0), Seen { usage: facts.usage, stream: Some(facts), ..seen("a", 1.0) }])
}

#[test]
fn b8_every_word_about_streams() {
    let facts = StreamFacts { events: 4, terminated: true, text: TextFacts::of("Hello"), ..StreamFacts::default() };
    let cut = StreamFacts { terminated: false, ..facts.clone() };
    let word = |word: &str| json!({ "stream": word });
    check(word("complete"), &stream(facts.clone()), true, "so in 1 stream");
    check(word("complete"), &stream(cut.clone()), false, "1 of 1 stream: r1 ended after 4 events");
    check(word("stopsBeforeTerminator"), &stream(cut.clone()), true, "so in 1 stream");
    check(word("stopsBeforeTerminator"), &stream(facts.clone()), false, "1 of 1 stream: r1 was sent with its terminator");
    check(word("stopsBeforeTerminator"), &stream(StreamFacts::default()), false, "1 of 1 stream: r1 had no event");
    check(word("chunksParse"), &stream(facts.clone()), true, "so in 1 stream");
    let broken = StreamFacts { unparsed: 1, ..facts.clone() };
    check(word("chunksParse"), &stream(broken), false, "1 of 1 stream: r1 had 1 events that do not parse");
    check(word("toolArgumentsParse"), &stream(facts.clone()), false, "1 of 1 stream: r1 called no tool");
    let calls = |parse| StreamFacts { tool_arguments: Some(parse), ..facts.clone() };
    check(word("toolArgumentsParse"), &stream(calls(true)), true, "so in 1 stream");
    check(word("toolArgumentsParse"), &stream(calls(false)), false, "1 of 1 stream: r1 had tool arguments that are no JSON");
    check(word("usagePresent"), &stream(facts.clone()), false, "1 of 1 stream: r1 had no usage");
    let stated = StreamFacts { usage: Some(StatedUsage { input: 3, output: 5 }), usage_only: true, ..facts.clone() };
    check(word("usagePresent"), &stream(stated.clone()), true, "so in 1 stream");
    check(word("usageOnlyChunk"), &stream(stated.clone()), true, "so in 1 stream");
    check(word("usageOnlyChunk"), &stream(facts.clone()), false, "1 of 1 stream: r1 had no event with usage alone");
    check(json!({ "text": "Hello" }), &stream(facts.clone()), true, "so in 1 stream");
    check(json!({ "text": "Hell" }), &stream(facts), false, "1 of 1 stream: r1 said \"Hello\"");
    check(json!({ "outputTokens": 5 }), &stream(stated), true, "5");
    check(word("complete"), &run(vec![seen("a", 0.0)]), false, "no stream");
}

#[test]
fn b11_missing_usage_counts_nothing() {
    check(json!({ "outputTokens": 0 }), &stream(StreamFacts { events: 2, ..StreamFacts::default() }), true, "0");
    check(json!({ "inputTokens": { "min": 1 } }), &stream(StreamFacts::default()), false, "0");
}

#[test]
fn a_journal_that_forgot_its_beginning_does_not_guess() {
    let unknown = "unknown: the journal no longer has 7 of the requests (raise --journal-max)";
    let forgetful = Run { forgotten: 7, ..run(vec![seen("a", 0.0)]) };
    check(json!({ "requests": 1 }), &forgetful, false, unknown);
    check(json!({ "keys": ["none"] }), &forgetful, false, unknown);
    check(json!({ "noMisses": true }), &forgetful, false, unknown);
    let counts = super::Counts { requests: 8, missed: 0, by_fixture: [("a".to_owned(), 8)].into() };
    let counted = Run { counts: Some(counts), ..forgetful };
    check(json!({ "requests": 8 }), &counted, true, "8");
    check(json!({ "fixtures": { "a": { "requests": 8 } } }), &counted, true, "8");
    check(json!({ "noMisses": true }), &counted, true, "none");
    check(json!({ "stream": "complete" }), &counted, false, unknown);
}

#[test]
fn entries_that_are_none_are_refused() {
    let bad = Run::from_json(&[json!({ "method": "GET", "path": "/", "response": { "status": 200 } }), json!({ "x": 1 })]).unwrap_err();
    assert_eq!(bad.to_string(), "entry 2 of the journal is none: it has no `response`");
}

proptest::proptest! {
    /// Whatever the order, counts of fixtures add up to the run's, and an exact count holds for no other number.
    #[test]
    fn counts_add_up(served in proptest::collection::vec(0..4_u16, 0..30), guess in 0..30_u64) {
        let run = run(served.iter().map(|fixture| seen(&fixture.to_string(), 0.0)).collect());
        let count = |fixture: u16| served.iter().filter(|other| **other == fixture).count() as u64;
        let holds = |expectations: Value| verdicts(&expectations, &run).iter().all(|outcome| outcome.holds);
        for fixture in 0..4_u16 {
            let expected = json!({ "fixtures": { fixture.to_string(): { "requests": guess } } });
            proptest::prop_assert_eq!(holds(expected), guess == count(fixture));
        }
        proptest::prop_assert_eq!(holds(json!({ "requests": guess })), guess == served.len() as u64);
        proptest::prop_assert_eq!((0..4).map(count).sum::<u64>(), served.len() as u64);
    }

    /// Bounds hold exactly for the counts between them.
    #[test]
    fn bounds_are_inclusive(count in 0..20_usize, min in 0..20_u64, width in 0..20_u64) {
        let run = run((0..count).map(|_| seen("a", 0.0)).collect());
        let holds = |expectations: Value| verdicts(&expectations, &run).iter().all(|outcome| outcome.holds);
        let max = min + width;
        proptest::prop_assert_eq!(holds(json!({ "requests": { "min": min, "max": max } })), (min..=max).contains(&(count as u64)));
    }

    /// The list of keys that was seen is the one that holds.
    #[test]
    fn the_keys_that_were_seen_hold(keys in proptest::collection::vec(0..3_u8, 0..12)) {
        let run = run(keys.iter().map(|key| keyed(&key.to_string(), 0.0)).collect());
        let mut order: Vec<u8> = Vec::new();
        let names: Vec<String> = keys.iter().map(|key| {
            let index = order.iter().position(|known| known == key).unwrap_or_else(|| { order.push(*key); order.len() - 1 });
            format!("k{index}")
        }).collect();
        let outcomes = verdicts(&json!({ "keys": names }), &run);
        proptest::prop_assert!(outcomes.iter().all(|outcome| outcome.holds));
    }
}
