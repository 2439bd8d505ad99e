//! What operators accept.

use serde_json::{Value, json};

use super::super::fold::{fold_char, is_cased};
use super::super::{Facet, Pattern, PatternError, Plain, TextPattern};
use super::text;

#[track_caller]
fn check(pattern: &Value, value: &str, expected: bool) {
    assert_eq!(text(pattern, Plain::Contains).accepts(value), expected, "{pattern} on {value:?}");
}

#[track_caller]
fn check_names(pattern: &Value, names: &[&str], expected: bool) {
    let pattern = Pattern::Text(text(pattern, Plain::Equals));
    assert_eq!(pattern.accepts(&Facet::Names(names.to_vec())), expected, "{pattern} on {names:?}");
}

#[test]
fn literal_operators() {
    check(&json!("Oslo"), "weather in Oslo", true);
    check(&json!("oslo"), "weather in Oslo", false);
    check(&json!(""), "", true);
    check(&json!({"contains": ["weather", "Oslo"]}), "Oslo weather", true);
    check(&json!({"contains": ["weather", "Rome"]}), "Oslo weather", false);
    check(&json!({"equals": "Oslo"}), "Oslo", true);
    check(&json!({"equals": "Oslo"}), "Oslo ", false);
    check(&json!({"startsWith": "wea"}), "weather", true);
    check(&json!({"startsWith": "eat"}), "weather", false);
    check(&json!({"endsWith": "her"}), "weather", true);
    check(&json!({"endsWith": "weatherx"}), "weather", false);
}

#[test]
fn ignoring_case_is_simple_folding() {
    check(&json!({"contains": "OSLO", "ignoreCase": true}), "in oslo", true);
    check(&json!({"contains": ["OSLO", "iN"], "ignoreCase": true}), "in oslo", true);
    check(&json!({"equals": "STRASSE", "ignoreCase": true}), "straße", false);
    check(&json!({"equals": "GROẞ", "ignoreCase": true}), "groß", true);
    check(&json!({"startsWith": "ÅNGSTRÖM", "ignoreCase": true}), "ångström unit", true);
    check(&json!({"endsWith": "ΣΑΣ", "ignoreCase": true}), "σας", true);
    check(&json!({"equals": "kelvin", "ignoreCase": true}), "\u{212a}elvin", true);
    check(&json!({"contains": "I", "ignoreCase": true}), "ı", false);
    check(&json!({"glob": "WEATHER*OSLO", "ignoreCase": true}), "weather in oslo", true);
    check(&json!({"regex": "^WEATHER", "ignoreCase": true}), "weather", true);
}

/// The operators and the `regex` crate must agree about case, for every character that the crate's tables know (the
/// standard library may know a newer Unicode).
#[test]
fn folding_agrees_with_the_regex_crate() {
    let unknown = regex::Regex::new(r"\p{Cn}").unwrap();
    let is_known = |c: &char| !unknown.is_match(c.encode_utf8(&mut [0; 4]));
    for c in ('\0'..=char::MAX)
        .filter(|c| c.is_alphabetic() || c.is_alphanumeric() || !c.to_lowercase().eq([*c]) || *c == '\u{345}')
        .filter(is_known)
    {
        let mut orbit = regex_syntax::hir::ClassUnicode::new([regex_syntax::hir::ClassUnicodeRange::new(c, c)]);
        orbit.case_fold_simple();
        let others: Vec<char> = orbit.ranges().iter().flat_map(|range| range.start()..=range.end()).collect();
        assert!(others.iter().all(|other| fold_char(*other) == fold_char(c)), "{c:?} folds apart from {others:?}");
        assert!(others.len() == 1 || is_cased(c), "{c:?} has other cases: {others:?}");
        let folded = fold_char(c);
        assert!(others.contains(&folded), "{c:?} folds to {folded:?}, which is no other case of it");
    }
}

#[test]
fn globs_take_the_whole_text_and_newlines() {
    check(&json!({"glob": "a*c"}), "abc", true);
    check(&json!({"glob": "a*c"}), "ac", true);
    check(&json!({"glob": "a*c"}), "a\nb\nc", true);
    check(&json!({"glob": "a*c"}), "abcd", false);
    check(&json!({"glob": "abc"}), "abc", true);
    check(&json!({"glob": "abc"}), "xabc", false);
    check(&json!({"glob": "*"}), "", true);
    check(&json!({"glob": "**b**"}), "abc", true);
    check(&json!({"glob": "*ab*b"}), "ab", false);
    check(&json!({"glob": "*ab*b"}), "abab", true);
    check(&json!({"glob": "aa*aa"}), "aaa", false);
    check(&json!({"glob": "a?c.[x]"}), "a?c.[x]", true);
    check(&json!({"glob": "a?c"}), "abc", false);
}

#[test]
fn regexes_are_unanchored_and_refused_by_name() {
    check(&json!({"regex": r"^\d+ cities$"}), "12 cities", true);
    check(&json!({"regex": r"^\d+ cities$"}), "about 12 cities", false);
    check(&json!({"regex": "a.c"}), "a\nc", false);
    let unclosed = TextPattern::regex("(a", false).unwrap_err();
    assert_eq!(unclosed.to_string(), "`(a` is no valid regular expression: unclosed group");
    let look_around = TextPattern::regex("(?=a)", false).unwrap_err().to_string();
    assert!(look_around.contains("look-around"), "{look_around}");
    assert!(matches!(TextPattern::regex(r"\w{1000}{100}", false), Err(PatternError::TooLarge { .. })));
}

#[test]
fn models_match_with_a_dash_and_a_digit() {
    let check_model = |model: &str, value: &str, expected| check(&json!({"model": model}), value, expected);
    check_model("gpt-4o", "gpt-4o", true);
    check_model("gpt-4o", "gpt-4o-2024-08-06", true);
    check_model("gpt-4o", "gpt-4o-mini", false);
    check_model("gpt-4", "gpt-4o", false);
    check_model("gpt-4", "gpt-4-32k", true);
    check_model("gpt-4", "gpt-4-", false);
    check_model("gpt-4", "gpt-4-٣", false);
    check_model("gpt-4o", "openai/gpt-4o", false);
}

#[test]
fn combinations() {
    check(&json!({"not": "Oslo"}), "Rome", true);
    check(&json!({"not": "Oslo"}), "Oslo", false);
    check(&json!({"not": {"not": "Oslo"}}), "Oslo", true);
    check(&json!({"anyOf": ["Oslo", {"equals": "Rome"}]}), "Rome", true);
    check(&json!({"anyOf": []}), "Rome", false);
    check(&json!({"allOf": ["weather", {"not": "Oslo"}]}), "weather in Rome", true);
    check(&json!({"allOf": ["weather", {"not": "Oslo"}]}), "weather in Oslo", false);
    check(&json!({"allOf": []}), "", true);
}

/// An operator holds of names if one satisfies it; `not` if none does and there is one; combinations combine that.
#[test]
fn names() {
    check_names(&json!("get_weather"), &["search", "get_weather"], true);
    check_names(&json!("get_weather"), &["search"], false);
    check_names(&json!("get"), &["get_weather"], false);
    check_names(&json!({"not": {"equals": "search"}}), &["get_weather"], true);
    check_names(&json!({"not": {"equals": "search"}}), &["get_weather", "search"], false);
    check_names(&json!({"not": {"equals": "search"}}), &[], false);
    check_names(&json!({"allOf": [{"equals": "a"}, {"equals": "b"}]}), &["a", "b"], true);
    check_names(&json!({"allOf": [{"equals": "a"}, {"equals": "b"}]}), &["a"], false);
    check_names(&json!({"contains": ["a", "b"]}), &["a", "b"], false);
    check_names(&json!({"contains": ["a", "b"]}), &["x", "ab"], true);
}

#[test]
fn absent_facets_are_never_accepted() {
    for pattern in [json!(""), json!({"not": "x"}), json!({"allOf": []}), json!({"glob": "*"}), json!({"regex": ""})] {
        assert!(!Pattern::Text(text(&pattern, Plain::Contains)).accepts(&Facet::Absent), "{pattern}");
    }
    assert!(Pattern::Text(text(&json!([]), Plain::Contains)).accepts(&Facet::Absent), "an empty list constrains nothing");
    assert!(!Pattern::Flag(false).accepts(&Facet::Absent));
}

#[test]
fn equal_when_written_alike() {
    let same = |a: &Value, b: &Value| text(a, Plain::Contains) == text(b, Plain::Contains);
    assert!(same(&json!({"regex": "a+"}), &json!({"regex": "a+"})));
    assert!(!same(&json!({"regex": "a+"}), &json!({"regex": "a+", "ignoreCase": true})));
    assert!(!same(&json!(["a"]), &json!("a")));
    assert!(!same(&json!(["a", "b"]), &json!(["b", "a"])));
}

#[test]
fn json_subsets() {
    #[track_caller]
    fn check(pattern: &Value, body: &Value, expected: bool) {
        assert_eq!(Pattern::Subset(Box::new(pattern.clone())).accepts(&Facet::Json(body)), expected, "{pattern} on {body}");
    }
    check(&json!({"a": 1}), &json!({"a": 1, "b": 2}), true);
    check(&json!({"a": 1}), &json!({"b": 2}), false);
    check(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1, "c": 2}}), true);
    check(&json!({}), &json!({"a": 1}), true);
    check(&json!({}), &json!([1]), false);
    check(&json!({"a": [1, 2]}), &json!({"a": [1, 2]}), true);
    check(&json!({"a": [1]}), &json!({"a": [1, 2]}), false);
    check(&json!({"a": [{"b": 1}]}), &json!({"a": [{"b": 1, "c": 2}]}), false);
    check(&json!({"a": [{"c": 2, "b": 1}]}), &json!({"a": [{"b": 1, "c": 2}]}), true);
    check(&json!({"a": 1}), &json!({"a": 1.0}), true);
    check(&json!({"a": [1.0]}), &json!({"a": [1]}), true);
    check(&json!({"a": 0.5}), &json!({"a": 0.5}), true);
    check(&json!({"a": 1.5}), &json!({"a": 1}), false);
    check(&json!({"a": 9_007_199_254_740_993_u64}), &json!({"a": 9_007_199_254_740_992.0}), false);
    check(&json!({"a": 1e300}), &json!({"a": 1e300}), true);
    check(&json!({"a": null}), &json!({"a": null}), true);
    check(&json!({"a": null}), &json!({}), false);
    check(&json!({"a": "1"}), &json!({"a": 1}), false);
}
