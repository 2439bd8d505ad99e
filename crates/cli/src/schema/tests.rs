//! Schemas over trees: agreement with the crate's own values, and what is said where.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::document::{Format, Limits, parse};

/// Each problem as `FOUND TEXT: MESSAGE`, then ` (+N)` for other shapes.
#[track_caller]
fn check(schema: &serde_json::Value, text: &str, expected: &[&str]) {
    let parsed = parse(text, Format::Json, &Limits::default()).unwrap();
    let shown: Vec<String> = problems(&compile(schema).unwrap(), &parsed.root)
        .into_iter()
        .map(|problem| {
            let others = if problem.others > 0 { format!(" (+{})", problem.others) } else { String::new() };
            format!("{}: {}{others}", &text[problem.span.start..problem.span.end], problem.message)
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn the_tree_keeps_the_crates_contract() {
    let text = jsonschema::json::conformance::document().to_string();
    for format in [Format::Json, Format::Yaml] {
        let parsed = parse(&text, format, &Limits::default()).unwrap();
        jsonschema::json::conformance::assert_conformance::<Tree>(&&parsed.root);
    }
}

#[test]
fn problems_stand_at_the_key_or_value_at_fault() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "minLength": 1, "pattern": "^[a-z]*$" },
            "count": { "type": "integer", "minimum": 0 },
            "kind": { "enum": ["a", "b"] },
            "list": { "type": "array", "items": { "type": "number" }, "minItems": 1, "uniqueItems": true }
        },
        "required": ["name"],
        "additionalProperties": false
    });
    check(&schema, r#"{"name": "x", "count": 2}"#, &[]);
    check(&schema, r#"{"nam": "x"}"#, &["{: the key `name` is missing", "\"nam\": the key `nam` is not allowed here"]);
    check(&schema, r#"{"name": 5}"#, &["5: expected a string, found `5`"]);
    check(&schema, r#"{"name": ""}"#, &["\"\": expected a text that is not empty"]);
    check(&schema, r#"{"name": "A"}"#, &["\"A\": expected a text that matches `^[a-z]*$`, found `\"A\"`"]);
    check(&schema, r#"{"name": "x", "count": -1}"#, &["-1: expected a number of at least 0, found `-1`"]);
    check(&schema, r#"{"name": "x", "count": 1.5}"#, &["1.5: expected an integer, found `1.5`"]);
    check(&schema, r#"{"name": "x", "count": 1.0}"#, &[]);
    check(&schema, r#"{"name": "x", "kind": "c"}"#, &["\"c\": expected `\"a\"` or `\"b\"`, found `\"c\"`"]);
    check(&schema, r#"{"name": "x", "list": []}"#, &["[]: expected an array that is not empty"]);
    check(&schema, r#"{"name": "x", "list": [1, 1.0]}"#, &["[1, 1.0]: expected items that differ; two of them are equal"]);
    check(
        &schema,
        r#"{"name": "x", "list": [1, null, {"a": 1}]}"#,
        &["null: expected a number, found null", "{\"a\": 1}: expected a number, found an object"],
    );
    check(&schema, "[]", &["[]: expected an object, found an empty array"]);
}

#[test]
fn the_last_duplicate_counts() {
    let schema = json!({ "properties": { "a": { "type": "string" } }, "maxProperties": 1 });
    check(&schema, r#"{"a": 1, "a": "x"}"#, &[]);
    check(&schema, r#"{"a": "x", "a": 1}"#, &["1: expected a string, found `1`"]);
    check(&schema, r#"{"a": "x", "b": 1}"#, &["{\"a\": \"x\", \"b\": 1}: expected at most 1 key"]);
}

#[test]
fn of_several_shapes_the_closest_speaks() {
    let schema = json!({ "anyOf": [
        { "type": "object", "properties": { "content": { "type": "string" } }, "required": ["content"], "additionalProperties": false },
        { "type": "object", "properties": { "toolCalls": { "type": "array", "items": { "type": "object", "required": ["name"] } } },
          "required": ["toolCalls"], "additionalProperties": false },
        { "type": "string" }
    ] });
    check(&schema, r#"{"content": 5}"#, &["5: expected a string, found `5` (+2)"]);
    check(&schema, r#"{"toolCalls": [{}]}"#, &["{: the key `name` is missing (+2)"]);
    check(&schema, r#"{"content": "x", "extra": 1}"#, &["\"extra\": the key `extra` is not allowed here (+2)"]);
    check(&schema, "5", &["5: expected an object or a string, found `5`"]);

    let tagged = json!({ "oneOf": [
        { "properties": { "type": { "const": "text" }, "text": { "type": "string" } }, "required": ["type", "text"] },
        { "properties": { "type": { "const": "call" }, "name": { "type": "string" } }, "required": ["type", "name"] }
    ] });
    check(&tagged, r#"{"type": "call", "name": 5}"#, &["5: expected a string, found `5` (+1)"]);

    let values = json!({ "anyOf": [ { "const": "low" }, { "const": "high" }, { "type": "null" }, { "enum": [1, 2] } ] });
    check(&values, "\"mid\"", &["\"mid\": expected `\"low\"`, `\"high\"`, null, `1` or `2`, found `\"mid\"`"]);
}

#[test]
fn problems_name_their_pointer_and_schema_place() {
    let schema = json!({ "properties": { "a/b": { "items": { "type": "string" } } }, "additionalProperties": false });
    let parsed = parse(r#"{"a/b": ["x", 1], "c": 2}"#, Format::Json, &Limits::default()).unwrap();
    let found = problems(&compile(&schema).unwrap(), &parsed.root);
    let shown: Vec<_> = found.iter().map(|p| (p.pointer.as_str(), p.keyword.as_str(), p.key.as_deref(), p.schema_path.as_str())).collect();
    assert_eq!(
        shown,
        [("/a~1b/1", "type", None, "/properties/a~1b/items/type"), ("/c", "additionalProperties", Some("c"), "/additionalProperties"),]
    );
}

#[test]
fn a_yaml_block_that_lacks_a_key_is_pointed_at_by_its_first() {
    let text = "- b: 1\n  c: 2\n- {b: 1}\n";
    let parsed = parse(text, Format::Yaml, &Limits::default()).unwrap();
    let found = problems(&compile(&json!({ "items": { "required": ["a"] } })).unwrap(), &parsed.root);
    let slices: Vec<&str> = found.iter().map(|problem| &text[problem.span.start..problem.span.end]).collect();
    assert_eq!(slices, ["b", "{"]);
}

#[test]
fn a_broken_schema_is_an_error() {
    let error = compile(&json!({ "type": "strong" })).unwrap_err();
    assert!(error.contains("/type"), "{error}");
    assert!(compile(&json!({ "$ref": "https://example.com/x.json" })).is_err());
}

proptest! {
    /// Over the tree and over plain values, a schema says the same.
    #[test]
    fn trees_and_values_agree(a in any::<Option<i64>>(), b in any::<f64>().prop_filter("finite", |b| b.is_finite()), c in "[a-c]{0,3}", list in proptest::collection::vec(0..4_i32, 0..4)) {
        let schema = json!({
            "properties": {
                "a": { "type": ["integer", "null"], "minimum": -5_000_000_000_000_i64, "multipleOf": 3 },
                "b": { "type": "number", "exclusiveMaximum": 0.5 },
                "c": { "enum": ["a", "ab", "abc", null] },
                "list": { "uniqueItems": true, "contains": { "const": 1 }, "maxItems": 3 }
            },
            "propertyNames": { "maxLength": 4 },
            "minProperties": 4
        });
        let value = json!({ "a": a, "b": b, "c": c, "list": list });
        let text = value.to_string();
        let parsed = parse(&text, Format::Json, &Limits::default()).unwrap();
        let plain: Vec<String> = jsonschema::validator_for(&schema).unwrap().iter_errors(&value).map(|e| e.schema_path().to_string()).collect();
        let tree = compile(&schema).unwrap();
        let ours: Vec<String> = tree.iter_errors(&parsed.root).map(|e| e.schema_path().to_string()).collect();
        prop_assert_eq!(tree.is_valid(&parsed.root), plain.is_empty());
        prop_assert_eq!(ours, plain);
    }
}
