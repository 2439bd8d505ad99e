//! Near misses, and the words for them.

use serde_json::{Value, json};

use super::super::{Row, Served, Table};
use super::{asks, chat, matches, row, row_of, to};
use crate::exchange::{Endpoint, Exchange, Headers, MediaKind};

fn nearest(rows: &[Value], exchange: &Exchange) -> Vec<usize> {
    let table = Table::new(rows.iter().map(row).collect());
    table.nearest(exchange, &Served::default(), 3).iter().map(|near| near.row).collect()
}

#[test]
fn fewest_failures_then_likeness_then_order() {
    let rows = [
        json!({"userMessage": "flights to Rome", "model": "x"}),
        json!({"userMessage": "something else"}),
        json!({"userMessage": "weather in Oslo"}),
        json!({"userMessage": "something else"}),
    ];
    assert_eq!(nearest(&rows, &asks("weather in Paris")), [2, 1, 3]);
    assert_eq!(nearest(&[json!({"userMessage": "Zürich"}), json!({"userMessage": "HELLO"})], &asks("hello")), [1, 0]);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let table = Table::new(vec![
        row(&json!({"userMessage": "x", "sequenceIndex": 1})),
        row_of(&json!({"userMessage": "x"}), MediaKind::Image),
        Row { dead: true, ..row(&json!({})) },
        row(&json!({"userMessage": "y", "model": "m"})),
    ]);
    let nears = table.nearest(&asks("x"), &Served::default(), 10);
    let seen: Vec<_> = nears.iter().map(|near| (near.row, near.failed.len(), near.position_failed, near.incompatible)).collect();
    assert_eq!(seen, [(0, 0, true, false), (1, 0, false, true), (3, 2, false, false)]);
    assert_eq!(nears[2].failed[0].criterion.key, "userMessage");
    let embedding = table.nearest(&to(Endpoint::Embedding), &Served::default(), 1);
    assert!(embedding[0].incompatible);
}

#[test]
fn large_tables_are_bounded_and_find_the_near_one() {
    let mut rows: Vec<Value> = (0..3000).map(|n| json!({"userMessage": format!("topic {n}"), "model": "m"})).collect();
    rows.push(json!({"userMessage": "weather in Oslo"}));
    assert_eq!(nearest(&rows, &asks("weather in Paris"))[0], 3000);
}

#[track_caller]
fn check(json: &Value, exchange: &Exchange, expected: &str) {
    let wanted = matches(json);
    let verdicts: Vec<String> = wanted.explain(exchange).iter().map(ToString::to_string).collect();
    assert_eq!(verdicts.join("; "), expected);
}

#[test]
fn verdicts_in_words() {
    let exchange = chat(&["user: weather in Paris"]);
    check(&json!({"userMessage": "Oslo"}), &exchange, "userMessage fails: wants contains `Oslo`, found \"weather in Paris\"");
    check(&json!({"userMessage": "Paris"}), &exchange, "userMessage holds: wants contains `Paris`, found \"weather in Paris\"");
    check(&json!({"model": "gpt-4o"}), &exchange, "model fails: wants is `gpt-4o` or a dated version of it, found nothing");
    check(&json!({"hasToolResult": true}), &exchange, "hasToolResult fails: wants `true`, found `false`");
    check(&json!({"toolName": "a"}), &exchange, "toolName fails: wants equals `a`, found nothing");
    check(&json!({"systemMessage": ["a", "b"]}), &exchange, "systemMessage fails: wants contains `a` and `b`, found nothing");
    check(
        &json!({"userMessage": {"anyOf": [{"startsWith": "a", "ignoreCase": true}, {"not": {"glob": "w*"}}]}}),
        &exchange,
        "userMessage fails: wants any of (starts with `a`, ignoring case or not (matches the glob `w*`)), found \"weather in Paris\"",
    );
    check(
        &json!({"userMessage": {"regex": "^O"}}),
        &exchange,
        "userMessage fails: wants matches the regex `^O`, found \"weather in Paris\"",
    );
}

#[test]
fn long_and_wild_texts_are_tamed() {
    let long = asks(&format!("a\n\u{1b}[31m{}", "é".repeat(200)));
    let expected = format!("userMessage fails: wants contains `x`, found \"a\\n\\u{{1b}}[31m{}…\"", "é".repeat(73));
    check(&json!({"userMessage": "x"}), &long, &expected);
}

#[test]
fn credentials_are_not_shown() {
    let headers: Headers = [("X-Api-Key", "hidden-value"), ("X-Team", "red"), ("Other", "unseen")].into_iter().collect();
    let mut exchange = asks("x");
    exchange.raw.headers = headers;
    check(
        &json!({"headers": {"x-api-key": "wanted-value", "x-team": "blue", "x-none": null}}),
        &exchange,
        "headers fails: wants x-api-key (value hidden), x-team equals `blue`, x-none absent, \
         found x-api-key (value hidden), x-team \"red\", x-none absent",
    );
}

#[test]
fn long_texts_that_should_be_equal_are_shown_where_they_part() {
    let long = "Summarise the report. ".repeat(5);
    let check = |wanted: &str, asked: &str, expected: (&str, &str)| {
        let matches = matches(&json!({ "userMessage": { "equals": wanted } }));
        let exchange = asks(asked);
        let verdicts = matches.explain(&exchange);
        assert_eq!((verdicts[0].wanted().as_str(), verdicts[0].found().as_str()), expected);
    };
    let (wanted, found) = ("equals `…se the report. Then stop.` from character 96 on", "\"…se the report. Then go on.\"");
    check(&format!("{long}Then stop."), &format!("{long}Then go on."), (wanted, found));
    check(&long, &format!("{long}More."), ("equals `…mmarise the report. ` from character 91 on", "\"…mmarise the report. More.\""));
    check("Then stop.", "Then go on.", ("equals `Then stop.`", "\"Then go on.\""));
}

#[test]
fn among_very_many_those_with_rare_words_in_common_are_found() {
    let mut rows: Vec<Value> = (0..5000).map(|n| json!({"userMessage": format!("question number {n} please")})).collect();
    rows.insert(2500, json!({"userMessage": "a quotation of the zebra"}));
    rows.insert(4000, json!({"userMessage": {"anyOf": ["the quagga", "zebras in the mist"]}}));
    assert_eq!(nearest(&rows, &asks("Where are ZEBRAS?"))[..2], [4000, 2500]);
    // Later rows are looked at as well, few and many.
    let mut table = Table::new(rows.iter().map(row).collect());
    let near = |table: &Table| table.nearest(&asks("okapi at night"), &Served::default(), 1)[0].row;
    assert!(near(&table) < 5002);
    table.extend([row(&json!({"userMessage": "okapi by day"}))]);
    assert_eq!(near(&table), 5002);
    table.extend((0..500).map(|n| row(&json!({"userMessage": format!("filler {n}")}))));
    assert_eq!(near(&table), 5002);
}

#[test]
fn rows_for_the_same_model_do_not_hide_the_one_with_the_words() {
    let mut rows: Vec<Value> = (0..12).map(|n| json!({"userMessage": format!("topic {n}"), "model": "claude-sonnet-4-5"})).collect();
    rows.extend((12..400).map(|n| json!({"userMessage": format!("topic {n}")})));
    rows.insert(200, json!({"userMessage": "say hello"}));
    let mut exchange = asks("please sya helo");
    exchange.request.model = Some("claude-sonnet-4-5".into());
    assert_eq!(nearest(&rows, &exchange)[0], 200);
}

#[test]
fn what_matched_but_for_its_place_is_near_in_any_number_of_rows() {
    let mut rows: Vec<Value> = (0..2000).map(|n| json!({"userMessage": format!("topic {n} of many")})).collect();
    rows.push(json!({"userMessage": "x", "sequenceIndex": 1}));
    let table = Table::new(rows.iter().map(row).collect());
    let nears = table.nearest(&asks("x"), &Served::default(), 1);
    assert_eq!((nears[0].row, nears[0].position_failed), (2000, true));
}
