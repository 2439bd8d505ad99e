//! What holds of normalize whatever the files: it comes to rest, changes nothing but values, and no request gets
//! another fixture.

use std::path::Path;
use std::sync::Arc;

use aimock::diagnostic::{Severity, Source, SourceId};
use aimock::document::{Format, Limits, Node, Value, parse, to_yaml};
use aimock::exchange::{Endpoint, Exchange, Message, RawRequest, Request, Role};
use aimock::files::{DEFAULT_MAX_FILE_SIZE, Exclude, discover, read};
use aimock::fixture::{Input, Library, LoadOptions, into_library, load_all};
use aimock::matcher::{Matching, Served, Strictness};
use aimock::normalize::{ALL, Options, Outcome, run};
use aimock::transform::{Spec, Transforms};
use proptest::prelude::*;

/// Pieces that recordings are made of: drawn, written by an author, and awkward.
fn pieces() -> impl Strategy<Value = String> {
    let drawn = prop_oneof![
        (1_u8..12, 1_u8..28, 1_u8..59).prop_map(|(month, day, second)| format!("2026-{month:02}-{day:02}T13:19:{second:02}Z")),
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
        "(call|toolu|msg|resp)_[A-Za-z0-9]{24}",
        "req_[A-Za-z0-9]{20}",
        (1_750_000_000_u64..1_790_000_000).prop_map(|seconds| format!("\"created\": {seconds}")),
    ];
    let written = proptest::sample::select(vec![
        "weather",
        "in Oslo",
        "é😀",
        "\"",
        "\\",
        "\n",
        "call_1",
        "12:00:00",
        "2026-03-30",
        "#",
        ": ",
        "- ",
        "'",
        "{",
        "<timestamp>",
        "\u{7f}",
        "\u{2028}",
        "\u{85}",
    ]);
    prop_oneof![3 => drawn, 4 => written.prop_map(str::to_owned), 1 => any::<String>()]
}

fn texts() -> impl Strategy<Value = String> {
    // The loader refuses an empty answer.
    let joined = proptest::collection::vec(pieces(), 1..5).prop_map(|pieces| pieces.join(" "));
    joined.prop_map(|text| if text.is_empty() { "x".to_owned() } else { text })
}

fn call_ids() -> impl Strategy<Value = String> {
    // Few, so that fixtures refer to each other.
    proptest::sample::select(vec![
        "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S",
        "call_9XyZ4kQm7Zt2Xv9Lr4Kd8",
        "toolu_01Q4mWx7ZrK8vTb2NpYc5LdS",
        "call_1",
    ])
    .prop_map(str::to_owned)
}

fn entries() -> impl Strategy<Value = serde_json::Value> {
    let matches = prop_oneof![
        texts().prop_map(|text| serde_json::json!({ "userMessage": text })),
        call_ids().prop_map(|id| serde_json::json!({ "toolCallId": id })),
        (texts(), texts()).prop_map(|(one, other)| serde_json::json!({ "userMessage": { "anyOf": [one, other] } })),
    ];
    let response = prop_oneof![
        texts().prop_map(|text| serde_json::json!({ "content": text })),
        (call_ids(), texts()).prop_map(
            |(id, text)| serde_json::json!({ "toolCalls": [{ "id": id, "name": "f", "arguments": { "a": text } }], "finishReason": "tool_calls" })
        ),
        proptest::collection::vec(texts(), 0..3).prop_map(|events| serde_json::json!({ "events": events })),
    ];
    (matches, response, proptest::option::of(0.0..5000.0_f64)).prop_map(|(matches, response, time)| {
        let mut entry = serde_json::json!({ "match": matches, "response": response });
        if let Some(time) = time {
            entry["recordedTimings"] =
                serde_json::json!({ "ttftMs": time, "interChunkDelaysMs": [time / 7.0], "totalDurationMs": time * 2.0 });
        }
        entry
    })
}

fn files() -> impl Strategy<Value = (serde_json::Value, Format)> {
    let format = proptest::sample::select(vec![Format::Json, Format::Jsonc, Format::Yaml]);
    (proptest::collection::vec(entries(), 1..5).prop_map(|entries| serde_json::json!({ "fixtures": entries })), format)
}

fn input(file: &serde_json::Value, format: Format) -> Input {
    let (name, text) = match format {
        Format::Json => ("a.json", format!("{file:#}\n")),
        Format::Jsonc => ("a.jsonc", format!("// c\n{file}")),
        Format::Yaml => ("a.yaml", to_yaml(file)),
    };
    input_of(name, text, format)
}

fn input_of(name: &str, text: String, format: Format) -> Input {
    Input { source: Arc::new(Source::new(SourceId(0), name, text)), format }
}

fn normalized(input: &Input, options: &Options<'_>) -> (Outcome, Input) {
    let outcome = run(std::slice::from_ref(input), options).remove(0);
    let text = outcome.text.clone().unwrap_or_else(|| input.source.text().to_owned());
    let after = input_of(input.source.name(), text, input.format);
    (outcome, after)
}

fn library(input: &Input) -> Library {
    library_under(input, &LoadOptions::default())
}

fn library_under(input: &Input, load: &LoadOptions<'_>) -> Library {
    let files = load_all(vec![input.clone()], load);
    for problem in files.iter().flat_map(|file| &file.problems) {
        assert!(problem.severity != Severity::Error, "{}\nin\n{}", problem.message, input.source.text());
    }
    into_library(files)
}

/// The tree without places, and with another text for every value that was rewritten.
fn outline(node: &Node<'_>) -> String {
    match &node.value {
        Value::Object(members) => {
            let parts: Vec<String> = members.iter().map(|member| format!("{}:{}", member.key, outline(&member.value))).collect();
            format!("{{{}}}", parts.join(";"))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(outline).collect::<Vec<_>>().join(";")),
        Value::String(_) => "s".to_owned(),
        Value::Number(_) => "n".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Every text that requests are made of: the operands of all matches, in order.
fn operands(input: &Input) -> Vec<(bool, String)> {
    let parsed = parse(input.source.text(), input.format, &Limits::default()).expect("it is readable");
    let mut found = Vec::new();
    for entry in parsed.root.get("fixtures").map_or(&[][..], Node::items) {
        for member in entry.get("match").map_or(&[][..], Node::members) {
            let any = member.value.get("anyOf").map_or(&[][..], Node::items);
            for node in std::iter::once(&member.value).chain(any) {
                found.extend(node.as_str().map(|text| (member.key == "toolCallId", text.to_owned())));
            }
        }
    }
    found
}

/// Which fixture answers each of them.
fn answers(library: &Library, operands: &[(bool, String)]) -> Vec<Option<usize>> {
    answers_under(library, operands, &LoadOptions::default())
}

fn answers_under(library: &Library, operands: &[(bool, String)], load: &LoadOptions<'_>) -> Vec<Option<usize>> {
    let choose = |(is_call, text): &(bool, String)| {
        let around = if load.matching == Matching::Exact { text.clone() } else { format!("so: {text}!") };
        let message = if *is_call { Message::tool_result(text.as_str(), "done") } else { Message::text(Role::User, around) };
        let request = Request { endpoint: Some(Endpoint::Chat), messages: vec![message], ..Request::default() };
        let exchange = Exchange { request, raw: RawRequest::default() };
        let seen = load.transforms.exchange(&exchange).expect("no transform of the list can fail");
        library.table.select(&seen, &Served::default(), Strictness::default()).row()
    };
    operands.iter().map(choose).collect()
}

/// The list in force, by the names of built-ins.
fn list(names: &[&str]) -> Transforms {
    let specs: Vec<Spec> = names.iter().map(|name| Spec::BuiltIn { name: (*name).to_owned(), label: None }).collect();
    Transforms::compile(&specs).expect("built-ins")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_normalized_stays((file, format) in files()) {
        let given = input(&file, format);
        for options in [Options::default(), Options { passes: ALL.to_vec(), ..Options::default() }] {
            let (outcome, after) = normalized(&given, &options);
            prop_assert!(outcome.problems.is_empty(), "{:#?}\nin\n{}", outcome.problems, given.source.text());
            let (again, _) = normalized(&after, &options);
            prop_assert_eq!(again.text, None, "{}", after.source.text());
        }
    }

    #[test]
    fn a_dry_run_tells_what_a_run_does((file, format) in files()) {
        let given = input(&file, format);
        for passes in [Options::default().passes, ALL.to_vec()] {
            let (made, after) = normalized(&given, &Options { passes: passes.clone(), ..Options::default() });
            prop_assert_eq!(made.changed, made.text.is_some());
            prop_assert_eq!(made.changed, after.source.text() != given.source.text());
            let (told, _) = normalized(&given, &Options { passes, texts: false, ..Options::default() });
            prop_assert_eq!(&told.text, &None);
            prop_assert_eq!((told.changed, told.counts, told.notes), (made.changed, made.counts, made.notes));
        }
    }

    #[test]
    fn only_values_change((file, format) in files()) {
        let given = input(&file, format);
        let (_, after) = normalized(&given, &Options::default());
        let tree = |input: &Input| {
            let parsed = parse(input.source.text(), input.format, &Limits::default()).expect("it is readable");
            (outline(&parsed.root), parsed.comments.len())
        };
        prop_assert_eq!(tree(&given), tree(&after), "{}", after.source.text());
    }

    #[test]
    fn every_request_meets_the_fixture_it_met_before((file, format) in files()) {
        let given = input(&file, format);
        let (_, after) = normalized(&given, &Options::default());
        let (before, now) = (operands(&given), operands(&after));
        prop_assert_eq!(answers(&library(&given), &before), answers(&library(&after), &now), "{}\nbecame\n{}", given.source.text(), after.source.text());
    }

    #[test]
    fn under_transforms_too((file, format) in files(), names in proptest::sample::subsequence(vec!["timestamps", "uuids", "ids", "secrets"], 1..=4)) {
        let given = input(&file, format);
        let load = LoadOptions { matching: Matching::Exact, transforms: list(&names), ..LoadOptions::default() };
        let options = Options { transforms: load.transforms.clone(), matching: load.matching, ..Options::default() };
        let (_, after) = normalized(&given, &options);
        let (before, now) = (operands(&given), operands(&after));
        let met = answers_under(&library_under(&given, &load), &before, &load);
        let library = library_under(&after, &load);
        prop_assert_eq!(&met, &answers_under(&library, &now, &load), "{}\nbecame\n{}", given.source.text(), after.source.text());
        // What a client says of its own accord, ids of calls aside, it says as before.
        let own: Vec<_> = before.iter().zip(&met).filter(|((is_call, text), _)| !is_call && !text.contains("call_") && !text.contains("toolu_")).collect();
        let said: Vec<_> = own.iter().map(|(operand, _)| (*operand).clone()).collect();
        let expected: Vec<_> = own.iter().map(|(_, row)| **row).collect();
        prop_assert_eq!(expected, answers_under(&library, &said, &load), "{}\nbecame\n{}", given.source.text(), after.source.text());
    }

    #[test]
    fn files_say_the_same_in_json_and_yaml((file, _) in files()) {
        let value = |format| {
            let (_, after) = normalized(&input(&file, format), &Options::default());
            let parsed = parse(after.source.text(), format, &Limits::default()).expect("it is readable");
            aimock::document::to_json(&parsed.root)
        };
        prop_assert_eq!(value(Format::Json), value(Format::Yaml));
    }
}

/// The default passes leave what people keep by hand alone: fewer than 2 % of the showcase files change.
#[test]
fn hand_written_fixtures_stay() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/showcase");
    if !folder.is_dir() {
        crate::repository::skip("../shared/corpora is not here");
        return;
    }
    let found = discover(&[folder], &Exclude::default());
    let inputs: Vec<Input> = found
        .files
        .iter()
        .enumerate()
        .filter_map(|(index, file)| {
            let text = read(file, DEFAULT_MAX_FILE_SIZE).ok()?.text;
            let id = SourceId(u32::try_from(index).expect("few files"));
            Some(Input { source: Arc::new(Source::new(id, file.name.clone(), text)), format: Format::from_path(&file.name) })
        })
        .collect();
    let outcomes = run(&inputs, &Options { detail: true, ..Options::default() });
    let changed: Vec<(&str, &Outcome)> = inputs
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.text.is_some())
        .map(|(input, outcome)| (input.source.name(), outcome))
        .collect();
    for change in changed.iter().flat_map(|(_, outcome)| &outcome.changes) {
        eprintln!("{} {}: {}", change.primary.source.name(), change.rule, change.message);
    }
    assert!(changed.len() * 100 < inputs.len() * 2, "{} of {} files change", changed.len(), inputs.len());
}
