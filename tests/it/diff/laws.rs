//! Laws of comparing: a thing is identical with itself however it is filed and written, and exchanging the sides
//! exchanges the answer.

use aimock::diff::{Change, Diff};
use aimock::fixture::Input;
use aimock::normalize::{Options, run};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{check_identical, diff, inputs};

fn matches() -> impl Strategy<Value = Value> {
    let text = select(&["a", "ab", "b", "hello", "1"][..]);
    let mut keys = Vec::new();
    for key in ["userMessage", "systemMessage", "model", "toolCallId"] {
        keys.push(prop::option::weighted(0.4, text.clone().prop_map(move |text| (key, Value::from(text)))).boxed());
    }
    keys.push(prop::option::weighted(0.2, (0_u64..3).prop_map(|turn| ("turnIndex", Value::from(turn)))).boxed());
    keys.push(prop::option::weighted(0.2, (0_u64..3).prop_map(|slot| ("sequenceIndex", Value::from(slot)))).boxed());
    keys.push(prop::option::weighted(0.2, any::<bool>().prop_map(|flag| ("hasToolResult", Value::from(flag)))).boxed());
    keys.prop_map(|keys| keys.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect::<Map<String, Value>>().into())
}

fn response() -> impl Strategy<Value = Value> {
    let text = select(&["Hello", "Good bye, and see you", "", "{\"a\": 1}", "at 2026-03-30T13:19:38Z"][..]);
    let number = select(vec![json!(1), json!(1.5), json!(-3), json!(1_711_111_111)]);
    prop_oneof![
        3 => text.clone().prop_map(|text| json!({ "content": text })),
        1 => (text.clone(), number.clone()).prop_map(|(text, number)| json!({ "content": text, "created": number, "finishReason": "stop" })),
        2 => (select(&["f", "g"][..]), number.clone())
            .prop_map(|(name, number)| json!({ "toolCalls": [{ "name": name, "arguments": { "n": number, "deep": { "x": [1, null] } } }] })),
        1 => (429_u64..432).prop_map(|status| json!({ "error": { "message": "no" }, "status": status })),
        1 => prop::collection::vec(text.clone(), 0..4).prop_map(|texts| json!({ "events": texts })),
        1 => prop::collection::vec(text, 1..3)
            .prop_map(|texts| json!({ "blocks": texts.iter().map(|text| json!({ "type": "text", "text": format!("{text}.") })).collect::<Vec<_>>() })),
        1 => prop::collection::vec(number, 1..4).prop_map(|numbers| json!({ "embedding": numbers })),
    ]
}

fn entry() -> impl Strategy<Value = Value> {
    (matches(), response(), prop::option::weighted(0.2, 0_u64..3), prop::option::weighted(0.2, 1_u64..3)).prop_map(
        |(matches, response, latency, chunk)| {
            let mut entry = json!({ "match": matches, "response": response });
            if let Some(latency) = latency {
                entry["latency"] = latency.into();
            }
            if let Some(chunk) = chunk {
                entry["chunkSize"] = chunk.into();
            }
            entry
        },
    )
}

/// Entries of which some have an id of their own.
fn entries() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec((entry(), prop::bool::weighted(0.3)), 0..8).prop_map(|entries| {
        let named = |(index, (mut entry, named)): (usize, (Value, bool))| {
            if named {
                entry["id"] = format!("id-{index}").into();
            }
            entry
        };
        entries.into_iter().enumerate().map(named).collect()
    })
}

/// One file of these entries.
fn one(entries: &[Value]) -> Vec<Input> {
    inputs(&[("all.json", json!({ "fixtures": entries }).to_string())])
}

/// The same with the members of every object in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect::<Map<_, _>>().into(),
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// Pairs, singles and reroutings as text, with the sides exchanged if asked.
fn shape(diff: &Diff, exchanged: bool) -> (Vec<String>, Vec<String>, Vec<String>) {
    let order = |old: String, new: String| if exchanged { (new, old) } else { (old, new) };
    let change = |change: &Change| {
        let (old, new) = order(format!("{:?}", change.old), format!("{:?}", change.new));
        format!("{} {} {old} {new}", change.topic.name(), change.pointer)
    };
    let mut pairs: Vec<String> = Vec::new();
    for pair in &diff.pairs {
        let mut changes: Vec<String> = pair.changes.iter().map(change).collect();
        changes.sort();
        pairs.push(format!("{:?} {} {changes:?}", order(pair.old.to_string(), pair.new.to_string()), pair.verdict.name()));
    }
    pairs.sort();
    let (gone, come) = if exchanged { (&diff.added, &diff.removed) } else { (&diff.removed, &diff.added) };
    let mut singles: Vec<String> = gone.iter().map(|lone| format!("- {lone:?}")).collect();
    singles.extend(come.iter().map(|lone| format!("+ {lone:?}")));
    let mut rerouted: Vec<String> = Vec::new();
    for one in &diff.rerouted {
        rerouted.push(format!("{:?} {} {}", order(format!("{:?}", one.before), format!("{:?}", one.after)), one.fixtures, one.witness));
    }
    rerouted.sort();
    (pairs, singles, rerouted)
}

/// What recordings hold: drawn by a provider or a clock, or secret.
fn recorded() -> impl Strategy<Value = String> {
    let drawn = prop_oneof![
        (1_u8..12, 1_u8..28, 1_u8..59).prop_map(|(month, day, second)| format!("2026-{month:02}-{day:02}T13:19:{second:02}Z")),
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
        "(call|toolu|msg|resp)_[A-Za-z0-9]{24}",
        "req_[A-Za-z0-9]{20}",
        "[A-Za-z0-9]{40}".prop_map(|body| format!("{}{body}", ["sk-", "proj-"].concat())),
        select(&["weather", "in Oslo", "call_1", "12:00:00", "\"", "\n", "{", "é"][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(drawn, 1..5).prop_map(|pieces| pieces.join(" "))
}

/// An entry as record writes it.
fn recording() -> impl Strategy<Value = Value> {
    let response = prop_oneof![
        (recorded(), 1_750_000_000_u64..1_790_000_000).prop_map(|(text, created)| json!({ "content": text, "created": created })),
        (recorded(), "call_[A-Za-z0-9]{24}")
            .prop_map(|(text, id)| json!({ "toolCalls": [{ "id": id, "name": "f", "arguments": { "a": text } }] })),
        prop::collection::vec(recorded(), 0..3).prop_map(|events| json!({ "events": events })),
        recorded().prop_map(|text| json!({ "http": { "headers": { "x-request-id": text.clone() }, "json": { "said": text } } })),
    ];
    let gaps = prop::collection::vec(0.0..20_000.0_f64, 0..4);
    (select(&["a", "b", "hello"][..]), response, gaps).prop_map(|(text, response, gaps)| {
        let timings = json!({ "ttftMs": gaps.first(), "interChunkDelaysMs": gaps, "totalDurationMs": gaps.iter().sum::<f64>() * 1.5 });
        json!({ "match": { "userMessage": text }, "response": response, "recordedTimings": timings })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_identical_with_itself(entries in entries()) {
        let file = one(&entries);
        let diff = diff(&file, &file);
        check_identical(&diff, "itself");
        prop_assert_eq!(diff.pairs.len(), entries.len());
        prop_assert!(diff.pairs.iter().all(|pair| pair.old == pair.new && pair.changes.is_empty()));
    }

    #[test]
    fn files_and_spelling_do_not_count(entries in entries(), cuts in prop::collection::vec(0_usize..9, 0..3)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(entries.len())).collect();
        cuts.extend([0, entries.len()]);
        cuts.sort_unstable();
        let mut files = Vec::new();
        for (nth, pair) in cuts.windows(2).enumerate() {
            let [from, to] = pair else { continue };
            let list: Vec<Value> = entries[*from..*to].iter().map(reversed).collect();
            let file = json!({ "fixtures": list });
            files.push(if nth % 2 == 0 {
                (format!("{nth}.yaml"), serde_yaml::to_string(&file).expect("it is plain data"))
            } else {
                (format!("deep/{nth}.json"), format!("{file:#}"))
            });
        }
        let (old, new) = (one(&entries), inputs(&files));
        check_identical(&diff(&old, &new), &format!("{files:#?}"));
    }

    #[test]
    fn exchanging_the_sides_exchanges_the_answer(old in entries(), new in entries(), kept in any::<u8>()) {
        // Some of the old entries stay, so that there is something to pair.
        let kept = old.iter().enumerate().filter(|(index, entry)| kept >> index & 1 == 1 && entry.get("id").is_none());
        let mut new = new;
        new.extend(kept.map(|(_, entry)| entry.clone()));
        let (old, new) = (one(&old), one(&new));
        prop_assert_eq!(shape(&diff(&old, &new), false), shape(&diff(&new, &old), true));
    }

    #[test]
    fn one_other_word_is_one_reworded_pair(entries in entries(), at in 0_usize..8) {
        let mut edited = entries.clone();
        let Some(entry) = edited.get_mut(at).filter(|entry| entry["response"]["content"] == "Hello") else { return Ok(()) };
        entry["response"]["content"] = "Hello, you".into();
        entry["id"] = "edited".into();
        let mut before = entries.clone();
        before[at]["id"] = "edited".into();
        let diff = diff(&one(&before), &one(&edited));
        let told: Vec<&str> = diff.pairs.iter().flat_map(|pair| &pair.changes).map(|change| change.pointer.as_str()).collect();
        prop_assert_eq!(told, ["/response/content"]);
        prop_assert!(diff.added.is_empty() && diff.removed.is_empty() && diff.rerouted.is_empty());
    }

    #[test]
    fn a_recording_and_its_normalized_copy_are_identical(entries in prop::collection::vec(recording(), 1..5)) {
        let before = one(&entries);
        let outcome = run(&before, &Options::default()).remove(0);
        let after = inputs(&[("all.json", outcome.text.unwrap_or_else(|| before[0].source.text().to_owned()))]);
        check_identical(&diff(&before, &after), after[0].source.text());
    }
}
