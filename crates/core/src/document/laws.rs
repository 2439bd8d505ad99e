//! What holds for every text and every value.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

const FORMATS: [Format; 3] = [Format::Json, Format::Jsonc, Format::Yaml];

/// Any JSON value of a few levels, with awkward texts and numbers.
fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Json::from),
        texts().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            proptest::collection::vec((texts(), inner), 0..6).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", any::<String>(), "[\\\\\"'/:#{}\\[\\],&*!|>%@`?~\\- \n\t\r\u{feff}\u{2028}\u{85}é😀]{0,12}"]
}

/// Texts near JSON and YAML: pieces of both in any order.
fn near_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            ": ",
            "\"",
            "'",
            "\\",
            "\\u",
            "\\ud800",
            "\\udc00",
            "//",
            "/*",
            "*/",
            "#",
            "- ",
            "? ",
            "&a ",
            "*a",
            "!!str ",
            "!x ",
            "|\n",
            ">\n",
            "---\n",
            "...\n",
            "\n",
            "\r\n",
            "  ",
            "\t",
            "a",
            "key: ",
            "\"k\": ",
            "1",
            "-0",
            "1e5",
            ".inf",
            "0x1F",
            "null",
            "true",
            "<<: ",
            "\u{feff}",
            "\u{0}",
            "é",
            "😀",
            "%YAML 1.2\n",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Every node below, itself included.
fn all<'t, 's>(node: &'t Node<'s>, found: &mut Vec<&'t Node<'s>>) {
    found.push(node);
    node.items().iter().for_each(|item| all(item, found));
    node.members().iter().for_each(|member| all(&member.value, found));
}

/// Whether a text can be read item by item. If so, it gives what reading it together gives, spans included, and in one piece what
/// it gives through any window.
fn one_by_one(text: &str, format: Format, window: usize) -> bool {
    let read = |input: Input<'_>| {
        let mut items = Vec::new();
        let mut each = |index: usize, item: Node<'_>| {
            assert_eq!(index, items.len(), "{text}");
            items.push(item.into_owned());
            true
        };
        let root = json::parse_items(input, window, &Limits::default(), "list", format == Format::Json, &mut each)?;
        Some((root, items))
    };
    let whole = read(Input::Whole(text));
    // What stands in no file is found when a file is read.
    if !text.contains('\0') {
        assert_eq!(read(Input::Stream(&mut text.as_bytes())), whole, "{text:?} by {window}");
    }
    let together = parse(text, format, &Limits::default());
    let Some((mut root, items)) = whole else { return false };
    let together = together.unwrap_or_else(|troubles| panic!("{text}: {troubles:?}"));
    assert!(together.findings.is_empty() && (format == Format::Jsonc || together.deviations().is_empty()), "{text}");
    if let Value::Object(members) = &mut root.value
        && let Some(list) = members.iter_mut().find(|member| member.key == "list")
    {
        list.value.value = Value::Array(items);
    }
    assert_eq!(root, together.root.into_owned(), "{text}");
    true
}

/// Never panics, and everything it says has a place in the text.
fn survives(text: &str) {
    for format in FORMATS {
        let (troubles, spans) = match parse(text, format, &Limits::default()) {
            Ok(parsed) => {
                let mut nodes = Vec::new();
                all(&parsed.root, &mut nodes);
                (parsed.findings, nodes.iter().map(|node| node.span).chain(parsed.comments).chain(parsed.trailing_commas).collect())
            }
            Err(troubles) => {
                assert!(!troubles.is_empty());
                (troubles, Vec::new())
            }
        };
        let places = troubles.iter().flat_map(|trouble| [Some(trouble.span), trouble.related.as_ref().map(|(span, _)| *span)]).flatten();
        for span in places.chain(spans) {
            assert!(text.get(span.start..span.end).is_some(), "{format:?} {span:?} of {text:?}");
        }
        for trouble in &troubles {
            assert!(!trouble.message.is_empty() && !trouble.message.contains('\n'), "{trouble:?} of {text:?}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_as_yaml_is_read_as_it_was(value in values()) {
        let text = to_yaml(&value);
        let parsed = parse(&text, Format::Yaml, &Limits::default());
        prop_assert_eq!(parsed.map(|parsed| to_json(&parsed.root)), Ok(value), "{}", text);
    }

    #[test]
    fn a_value_survives_its_text(value in values(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        for format in FORMATS {
            let parsed = parse(&text, format, &Limits::default());
            let parsed = parsed.unwrap_or_else(|troubles| panic!("{format:?} {text}: {troubles:?}"));
            prop_assert_eq!(to_json(&parsed.root), value.clone(), "{:?} {}", format, text);
            prop_assert!(parsed.findings.is_empty() && parsed.comments.is_empty());
        }
    }

    #[test]
    fn every_span_is_the_text_of_its_node(value in values()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        for format in FORMATS {
            let parsed = parse(&text, format, &Limits::default()).unwrap();
            let mut nodes = Vec::new();
            all(&parsed.root, &mut nodes);
            for node in nodes {
                let again = parse(&text[node.span.start..node.span.end], format, &Limits::default()).unwrap();
                prop_assert_eq!(to_json(&again.root), to_json(node));
            }
        }
    }

    /// On texts without comments and trailing commas, the reader is as strict as `serde_json`, and reads the same.
    #[test]
    fn json_is_what_serde_json_reads(text in near_texts()) {
        let ours = parse(&text, Format::Json, &Limits::default());
        if let Ok(theirs) = serde_json::from_str::<Json>(&text) {
            prop_assert_eq!(to_json(&ours.unwrap().root), theirs);
        } else if let Ok(ours) = ours {
            let lenient = ours.had_bom || !ours.comments.is_empty() || !ours.trailing_commas.is_empty() || !ours.findings.is_empty();
            prop_assert!(lenient, "{}", text);
        }
    }

    #[test]
    fn items_are_read_one_by_one_as_they_are_together(
        before in values(), list in proptest::collection::vec(values(), 0..6), behind in values(), pretty in any::<bool>(), window in 4..64_usize
    ) {
        let value = serde_json::json!({ "before": before, "list": list, "behind": behind });
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(one_by_one(&text, Format::Json, window));
    }

    #[test]
    fn a_text_that_is_not_plain_is_never_read_item_by_item(
        head in near_texts(), list in near_texts(), tail in near_texts(), window in 4..64_usize
    ) {
        for text in [format!("{{\"list\":[{list}]{tail}}}"), format!("{{{head}\"list\":[{list}],{tail}}}")] {
            one_by_one(&text, Format::Json, window);
            one_by_one(&text, Format::Jsonc, window);
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn texts_like_json_and_yaml_are_answered(text in near_texts()) {
        survives(&text);
    }

    #[test]
    fn a_mutated_fixture_is_answered(at in any::<prop::sample::Index>(), length in 0..6_usize, insert in near_texts()) {
        let mut text = FIXTURE.to_owned();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &insert);
        survives(&text);
        survives(&text[..start]);
    }

    #[test]
    fn text_and_value_agree(value in values()) {
        let text = value.to_string();
        let parsed = parse(&text, Format::Json, &Limits::default()).unwrap();
        let again = to_text(&parsed.root);
        let back: Node<'_> = parse(&again, Format::Json, &Limits::default()).unwrap().root;
        prop_assert_eq!(to_text(&back), again);
    }

    #[test]
    fn pointers_lead_to_what_they_name(value in values()) {
        let text = value.to_string();
        let parsed = parse(&text, Format::Json, &Limits::default()).unwrap();
        let mut pointers = Vec::new();
        name_all(&parsed.root, String::new(), &mut pointers);
        for (pointer, span) in pointers {
            prop_assert_eq!(pointer::locate(&parsed.root, &pointer).map(|place| place.value_span()), Some(span));
            prop_assert_eq!(value.pointer(&pointer).is_some(), true);
        }
    }
}

fn name_all(node: &Node<'_>, pointer: String, found: &mut Vec<(String, Span)>) {
    for (index, item) in node.items().iter().enumerate() {
        let mut below = pointer.clone();
        pointer::push_index(&mut below, index);
        name_all(item, below, found);
    }
    for member in node.members() {
        let mut below = pointer.clone();
        pointer::push_key(&mut below, &member.key);
        name_all(&member.value, below, found);
    }
    found.push((pointer, node.span));
}

/// ASCII, so that it can be cut anywhere.
const FIXTURE: &str = r#"{
  "$schema": "x", // a comment
  "fixtures": [
    { "match": { "userMessage": "hello \u00e9\ud83d\ude00", "turnIndex": 0, },
      "response": { "content": "Hi\n", "usage": { "total_tokens": 12.50e1 } }, "latency": -1 },
    { "match": { "model": "gpt-4o" }, "response": { "toolCalls": [ { "name": "f", "arguments": "{}" } ] } } /* end */
  ]
}"#;
