//! The matcher against a second reading of the rules.
//!
//! The oracle below is written from the description of the incumbent's matching, over plain JSON, and uses nothing of
//! ours: its own text extraction, its own comparisons, its own sequence counts. Random fixture sets meet random series
//! of requests; both readings must serve the same fixture every time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::collections::HashMap;

use aimock::exchange::{EmbeddingInput, Endpoint, Exchange, MediaKind, Message, RawRequest, Request, Role, ToolOffer};
use aimock::matcher::criteria::criterion;
use aimock::matcher::{Clause, Match, Matching, Pattern, Position, Row, Selection, Served, Shape, Strictness, Table, TextPattern};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

// ---- the oracle ----------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Oracle {
    counts: HashMap<usize, u64>,
}

impl Oracle {
    /// The fixture that answers, and how many were passed over for their slot or turn when none does.
    fn ask(&mut self, fixtures: &[Value], request: &Value, strict: bool) -> Result<usize, usize> {
        let assistants = messages(request).iter().filter(|message| message["role"] == "assistant").count() as u64;
        let mut skipped = 0_usize;
        let mut matching: Vec<usize> = Vec::new();
        for (index, fixture) in fixtures.iter().enumerate() {
            let wanted = &fixture["match"];
            if !content_matches(fixture, request) {
                continue;
            }
            let count = self.counts.get(&index).copied().unwrap_or(0);
            if wanted["sequenceIndex"].as_u64().is_some_and(|slot| slot != count) {
                skipped += 1;
                continue;
            }
            if strict && wanted["turnIndex"].as_u64().is_some_and(|turn| turn != assistants) {
                skipped += 1;
                continue;
            }
            matching.push(index);
        }
        let chosen = choose(fixtures, &matching, assistants).ok_or(skipped)?;
        self.count(fixtures, chosen);
        Ok(chosen)
    }

    fn count(&mut self, fixtures: &[Value], chosen: usize) {
        *self.counts.entry(chosen).or_default() += 1;
        if fixtures[chosen]["match"].get("sequenceIndex").is_none() {
            return;
        }
        for (index, fixture) in fixtures.iter().enumerate() {
            let is_sibling = index != chosen && fixture["match"].get("sequenceIndex").is_some();
            if is_sibling && without_slot(&fixture["match"]) == without_slot(&fixtures[chosen]["match"]) {
                *self.counts.entry(index).or_default() += 1;
            }
        }
    }
}

fn without_slot(wanted: &Value) -> Value {
    let mut wanted = wanted.clone();
    wanted.as_object_mut().unwrap().remove("sequenceIndex");
    // An empty list asks for nothing, so it is no part of the criteria.
    if wanted.get("systemMessage").is_some_and(|list| list.as_array().is_some_and(Vec::is_empty)) {
        wanted.as_object_mut().unwrap().remove("systemMessage");
    }
    wanted
}

/// The four tiers, each as a search of its own.
fn choose(fixtures: &[Value], matching: &[usize], assistants: u64) -> Option<usize> {
    let turn = |index: usize| fixtures[index]["match"]["turnIndex"].as_u64();
    let plain = matching.iter().copied().find(|index| turn(*index).is_none());
    let behind: Vec<u64> = matching.iter().filter_map(|index| turn(*index)).filter(|turn| *turn <= assistants).collect();
    if let Some(highest) = behind.iter().max() {
        let scripted = matching.iter().copied().find(|index| turn(*index) == Some(*highest))?;
        return match plain {
            Some(plain) if *highest == assistants && plain < scripted => Some(plain),
            _ => Some(scripted),
        };
    }
    plain.or_else(|| {
        let lowest = matching.iter().filter_map(|index| turn(*index)).min()?;
        matching.iter().copied().find(|index| turn(*index) == Some(lowest))
    })
}

fn content_matches(fixture: &Value, request: &Value) -> bool {
    let wanted = &fixture["match"];
    let endpoint = request["endpoint"].as_str().unwrap();
    let endpoint_fits = match wanted["endpoint"].as_str() {
        Some(name) => name == endpoint,
        None => can_carry(endpoint, &fixture["response"]),
    };
    let string = |key: &str| wanted[key].as_str();
    let last_tool = messages(request).last().filter(|message| message["role"] == "tool");
    endpoint_fits
        && string("context").is_none_or(|context| request["context"] == context)
        && string("userMessage").is_none_or(|needle| last_user_text(request).is_some_and(|text| text.contains(needle)))
        && system_matches(&wanted["systemMessage"], request)
        && string("toolCallId").is_none_or(|id| last_tool.is_some_and(|message| message["tool_call_id"] == id))
        && string("toolResultContains").is_none_or(|needle| last_tool.and_then(text_of).is_some_and(|text| text.contains(needle)))
        && string("toolName").is_none_or(|name| request["tools"].as_array().unwrap().iter().any(|tool| tool["function"]["name"] == name))
        && string("inputText").is_none_or(|needle| request["input"].as_str().is_some_and(|text| text.contains(needle)))
        && string("responseFormat").is_none_or(|kind| request["response_format"]["type"] == kind)
        && string("model").is_none_or(|model| request["model"].as_str().is_some_and(|found| model_matches(model, found)))
        && wanted["hasToolResult"].as_bool().is_none_or(|flag| flag == has_tool_result(request))
}

/// Which responses an endpoint can carry; for chat and embeddings our own table, for the others the incumbent's.
fn can_carry(endpoint: &str, response: &Value) -> bool {
    let has = |key: &str| response.get(key).is_some();
    match endpoint {
        "chat" => has("content") || has("toolCalls") || has("error"),
        "embedding" => has("embedding") || has("error"),
        "image" => has("image"),
        "fal" => has("json") || has("error"),
        "speech" => has("audio"),
        other => panic!("no requests to {other} are made here"),
    }
}

fn messages(request: &Value) -> &[Value] {
    request["messages"].as_array().unwrap()
}

/// A string as it is, the text parts of a list joined, nothing for anything else.
fn text_of(message: &Value) -> Option<String> {
    match &message["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter(|part| part["type"] == "text").filter_map(|part| part["text"].as_str()).collect();
            if texts.is_empty() { None } else { Some(texts.concat()) }
        }
        _ => None,
    }
}

fn last_user_text(request: &Value) -> Option<String> {
    messages(request).iter().rev().filter(|message| message["role"] == "user").find_map(text_of)
}

fn system_matches(wanted: &Value, request: &Value) -> bool {
    let mut texts = Vec::new();
    for message in messages(request) {
        if message["role"] == "system"
            && let Some(text) = text_of(message)
        {
            texts.push(text);
        }
    }
    let text = texts.join("\n");
    match wanted {
        Value::String(needle) => !text.is_empty() && text.contains(needle.as_str()),
        Value::Array(needles) => {
            needles.is_empty() || (!text.is_empty() && needles.iter().all(|needle| text.contains(needle.as_str().unwrap())))
        }
        _ => true,
    }
}

fn has_tool_result(request: &Value) -> bool {
    let mut found = false;
    for message in messages(request) {
        if message["role"] == "user" {
            found = false;
        } else if message["role"] == "tool" {
            found = true;
        }
    }
    found
}

fn model_matches(model: &str, found: &str) -> bool {
    let dated = |rest: &str| rest.len() >= 2 && rest.as_bytes()[0] == b'-' && rest.as_bytes()[1].is_ascii_digit();
    found == model || (found.len() > model.len() && found.starts_with(model) && dated(&found[model.len()..]))
}

// ---- the same things for our matcher ---------------------------------------------------------------------------------

fn row(fixture: &Value) -> Row {
    let wanted = fixture["match"].as_object().unwrap();
    let clauses = wanted.iter().filter_map(|(key, value)| Some(Clause { criterion: criterion(key)?, pattern: pattern(key, value) }));
    let index = |key: &str| wanted.get(key).and_then(Value::as_u64);
    let position = Position { sequence: index("sequenceIndex"), turn: index("turnIndex") };
    Row::new(Match::new(clauses.collect()), position, kind(&fixture["response"]))
}

fn pattern(key: &str, value: &Value) -> Pattern {
    match (criterion(key).unwrap().shape, value) {
        (Shape::Text { plain, .. }, Value::String(text)) => Pattern::Text(plain.pattern(text.clone(), Matching::Contains)),
        (Shape::OneOf(_), Value::String(text)) => Pattern::Text(TextPattern::equals(text.clone())),
        (Shape::Flag, Value::Bool(flag)) => Pattern::Flag(*flag),
        (Shape::Text { list: true, .. }, Value::Array(needles)) => {
            let needles = needles.iter().map(|needle| needle.as_str().unwrap().to_owned()).collect();
            Pattern::Text(TextPattern::ContainsAll { needles, ignore_case: false })
        }
        (shape, value) => panic!("{shape:?} takes no {value}"),
    }
}

fn kind(response: &Value) -> MediaKind {
    let key = response.as_object().unwrap().keys().next().unwrap();
    match key.as_str() {
        "content" | "toolCalls" => MediaKind::Turn,
        "error" => MediaKind::Error,
        "embedding" => MediaKind::Embedding,
        "image" => MediaKind::Image,
        "audio" => MediaKind::Audio,
        "json" => MediaKind::Json,
        other => panic!("no kind for {other}"),
    }
}

fn exchange(json: &Value) -> Exchange {
    let message = |message: &Value| Message {
        role: match message["role"].as_str().unwrap() {
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            other => Role::Other(other.to_owned()),
        },
        text: text_of(message),
        tool_calls: Vec::new(),
        tool_call_id: message["tool_call_id"].as_str().map(str::to_owned),
    };
    let offer = |tool: &Value| ToolOffer { name: tool["function"]["name"].as_str().unwrap().to_owned(), ..ToolOffer::default() };
    let request = Request {
        provider: "openai",
        endpoint: Endpoint::from_name(json["endpoint"].as_str().unwrap()),
        model: json["model"].as_str().map(str::to_owned),
        messages: messages(json).iter().map(message).collect(),
        tools: json["tools"].as_array().unwrap().iter().map(offer).collect(),
        response_format: json["response_format"]["type"].as_str().map(str::to_owned),
        embedding_inputs: json["input"].as_str().map(|text| EmbeddingInput::Text(text.to_owned())).into_iter().collect(),
        context: json["context"].as_str().map(str::to_owned),
        ..Request::default()
    };
    Exchange { raw: RawRequest::default(), request }
}

// ---- random fixtures and requests ------------------------------------------------------------------------------------

const TEXTS: [&str; 6] = ["", "hi", "weather", "weather in Oslo", "Oslo", "this"];
const MODELS: [&str; 6] = ["gpt-4", "gpt-4o", "gpt-4o-2024-08-06", "gpt-4-0613", "gpt-4o-mini", "gpt-4-"];
const IDS: [&str; 3] = ["call_1", "call_2", "call_"];
const TOOLS: [&str; 3] = ["get_weather", "search", "get"];
const ENDPOINTS: [&str; 5] = ["chat", "embedding", "image", "fal", "speech"];

fn text() -> impl Strategy<Value = Value> {
    select(&TEXTS[..]).prop_map(Value::from)
}

/// A key that is there one time in so many.
fn sometimes(key: &'static str, one_in: u32, value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<(String, Value)>> {
    prop_oneof![(one_in - 1) => Just(None), 1 => value.prop_map(move |value| Some((key.to_owned(), value)))].boxed()
}

fn matches() -> impl Strategy<Value = Value> {
    let system = prop_oneof![text(), prop::collection::vec(text(), 0..3).prop_map(Value::from)];
    vec![
        sometimes("userMessage", 2, text()),
        sometimes("systemMessage", 5, system),
        sometimes("inputText", 12, text()),
        sometimes("toolCallId", 8, select(&IDS[..]).prop_map(Value::from)),
        sometimes("toolResultContains", 8, text()),
        sometimes("toolName", 8, select(&TOOLS[..]).prop_map(Value::from)),
        sometimes("model", 5, select(&MODELS[..]).prop_map(Value::from)),
        sometimes("responseFormat", 12, select(&["text", "json_object"][..]).prop_map(Value::from)),
        sometimes("endpoint", 8, select(&ENDPOINTS[..]).prop_map(Value::from)),
        sometimes("context", 8, select(&["a", "b"][..]).prop_map(Value::from)),
        sometimes("hasToolResult", 4, any::<bool>().prop_map(Value::from)),
        sometimes("sequenceIndex", 3, (0_u64..3).prop_map(Value::from)),
        sometimes("turnIndex", 3, (0_u64..4).prop_map(Value::from)),
    ]
    .prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()))
}

fn response() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => Just(json!({"content": "x"})),
        2 => Just(json!({"toolCalls": [{"name": "search", "arguments": "{}"}]})),
        2 => Just(json!({"error": {"message": "x"}})),
        1 => Just(json!({"embedding": [0.1]})),
        1 => Just(json!({"image": {"url": "x"}})),
        1 => Just(json!({"audio": "eA=="})),
        1 => Just(json!({"json": 1})),
    ]
}

/// A few matches, used again and again, so that scripts and sequences of equal criteria come up.
fn fixtures() -> impl Strategy<Value = Vec<Value>> {
    let shared = prop::collection::vec(matches(), 1..3);
    let slot = (prop::option::of(0_u64..3), prop::option::of(0_u64..3));
    let one = (prop::option::of(any::<prop::sample::Index>()), matches(), slot, response());
    (shared, prop::collection::vec(one, 1..9)).prop_map(|(shared, fixtures)| {
        let mut made = Vec::new();
        for (copied, own, (sequence, turn), response) in fixtures {
            let mut wanted = own;
            if let Some(index) = copied {
                wanted = index.get(&shared).clone();
                let positions = [("sequenceIndex", sequence), ("turnIndex", turn)];
                for (key, value) in positions.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                    wanted[key] = value.into();
                }
            }
            made.push(json!({"match": wanted, "response": response}));
        }
        made
    })
}

fn message() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        3 => text().prop_map(|text| json!({"type": "text", "text": text})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "x"}})),
    ];
    let content = prop_oneof![4 => text(), 1 => prop::collection::vec(part, 0..3).prop_map(Value::from), 1 => Just(Value::Null)];
    let roles = select(&["system", "user", "user", "assistant", "assistant", "tool", "tool", "developer"][..]);
    (roles, content, select(&IDS[..])).prop_map(|(role, content, id)| {
        let mut message = json!({"role": role, "content": content});
        if role == "tool" {
            message["tool_call_id"] = id.into();
        }
        message
    })
}

fn request() -> impl Strategy<Value = Value> {
    let tools = prop::collection::vec(select(&TOOLS[..]).prop_map(|name| json!({"type": "function", "function": {"name": name}})), 0..3);
    (
        prop_oneof![6 => Just("chat"), 1 => select(&ENDPOINTS[..])],
        prop::collection::vec(message(), 0..6),
        tools,
        prop::option::of(select(&MODELS[..])),
        prop::option::weighted(0.2, select(&["text", "json_object"][..])),
        prop::option::weighted(0.3, select(&["a", "b"][..])),
        text(),
    )
        .prop_map(|(endpoint, messages, tools, model, format, context, input)| {
            let embeds = endpoint == "embedding";
            json!({
                "endpoint": endpoint,
                "messages": if embeds { Vec::new() } else { messages },
                "tools": tools,
                "model": model,
                "response_format": format.map(|kind| json!({"type": kind})),
                "context": context,
                "input": if embeds { input } else { Value::Null },
            })
        })
}

/// A few requests, each asked several times in some order.
fn requests() -> impl Strategy<Value = Vec<Value>> {
    (prop::collection::vec(request(), 1..4), prop::collection::vec(any::<prop::sample::Index>(), 1..7))
        .prop_map(|(pool, picks)| picks.into_iter().map(|index| index.get(&pool).clone()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_second_reading_of_the_rules(fixtures in fixtures(), requests in requests(), strict in any::<bool>()) {
        let table = Table::new(fixtures.iter().map(row).collect());
        let mut served = Served::default();
        let mut oracle = Oracle::default();
        for request in &requests {
            let expected = oracle.ask(&fixtures, request, strict);
            let ours = match table.claim(&exchange(request), &mut served, Strictness { turns: strict }) {
                Selection::Hit { row, .. } => Ok(row),
                Selection::Miss(miss) => Err(miss.skipped_by_position),
            };
            prop_assert_eq!(ours, expected, "on {}", request);
        }
    }
}

/// The generators are only worth something if most rules come to bear.
#[test]
fn random_cases_reach_hits_misses_and_skips() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut hits, mut misses, mut skips, mut later) = (0, 0, 0, 0);
    for _ in 0..400 {
        let fixtures = fixtures().new_tree(&mut runner).unwrap().current();
        let mut oracle = Oracle::default();
        for request in requests().new_tree(&mut runner).unwrap().current() {
            match oracle.ask(&fixtures, &request, false) {
                Ok(index) => {
                    hits += 1;
                    later += usize::from(index > 0);
                }
                Err(0) => misses += 1,
                Err(_) => skips += 1,
            }
        }
    }
    assert!(
        hits > 300 && misses > 100 && skips > 30 && later > 150,
        "{hits} hits, {later} of later fixtures, {misses} misses, {skips} skips"
    );
}
