//! Slicing, estimates, ids and the list of models that do not reason.

use proptest::prelude::*;
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation as _;

use super::body::{Place, Problem};
use super::reasoning::ReasoningModels;
use super::text::{slices, units_of};
use super::usage::{Tokens, count, tokens};
use crate::exchange::{Block, Message, Overrides, Request, Role, Turn, Usage};
use crate::provider::{Ids as _, SeededIds};

#[track_caller]
fn cut(text: &str, limit: usize, expected: &[&str]) {
    assert_eq!(slices(text, limit), expected, "{text:?} by {limit}");
}

#[test]
fn text_is_cut_by_code_units() {
    cut("", 3, &[]);
    cut("abcdefg", 3, &["abc", "def", "g"]);
    cut("abc", 3, &["abc"]);
    cut("abc", 0, &["a", "b", "c"]);
    cut("abc", usize::MAX, &["abc"]);
    cut("äöüß", 3, &["äöü", "ß"]);
    cut("שלום", 3, &["שלו", "ם"]);
}

#[test]
fn a_cluster_is_never_split() {
    cut("ab😀cd", 3, &["ab", "😀c", "d"]);
    cut("👨‍👩‍👧‍👦", 2, &["👨‍👩‍👧‍👦"]);
    cut("e\u{301}e\u{301}", 2, &["e\u{301}", "e\u{301}"]);
    cut("e\u{301}x", 1, &["e\u{301}", "x"]);
    cut("a\r\nb", 2, &["a", "\r\n", "b"]);
    cut("🇳🇴🇸🇪", 4, &["🇳🇴", "🇸🇪"]);
}

#[test]
fn given_counts_win_over_the_estimate() {
    let check = |input, output, total, expected: (f64, f64, f64)| {
        let usage = Usage { input_tokens: input, output_tokens: output, total_tokens: total, ..Usage::default() };
        let turn = Turn {
            blocks: vec![Block::Text("12345".into())],
            overrides: Overrides { usage: Some(usage), ..Overrides::default() }.into(),
            ..Turn::default()
        };
        let request = Request { messages: vec![Message::text(Role::User, "😀😀😀")], ..Request::default() };
        let (input, output, total) = expected;
        assert_eq!(tokens(&request, &turn), Tokens { input, output, total });
    };
    check(None, None, None, (2.0, 2.0, 4.0));
    check(Some(7.0), None, None, (7.0, 0.0, 7.0));
    check(None, Some(7.0), None, (0.0, 7.0, 7.0));
    check(None, None, Some(7.0), (0.0, 0.0, 7.0));
    check(Some(1.0), Some(2.0), Some(9.0), (1.0, 2.0, 9.0));
}

#[test]
fn nothing_counts_as_one_token() {
    assert_eq!(tokens(&Request::default(), &Turn::default()), Tokens { input: 1.0, output: 1.0, total: 2.0 });
}

#[test]
fn whole_numbers_have_no_fraction() {
    for (value, expected) in [(3.0, "3"), (2.5, "2.5"), (-1.0, "-1"), (1e300, "1e+300"), (f64::NAN, "0"), (f64::INFINITY, "0")] {
        assert_eq!(count(value).to_string(), expected);
    }
}

#[test]
fn ids_repeat_with_their_seed() {
    let mut ids = SeededIds::new(7);
    let (first, second) = (ids.next("call_"), ids.next("call_"));
    assert_ne!(first, second);
    assert_eq!(first.len(), "call_".len() + 16);
    assert_eq!(SeededIds::new(7).next("call_"), first);
}

#[test]
fn models_that_never_reason_are_known_by_prefix() {
    let built_in = ReasoningModels::default();
    for model in ["gpt-4", "GPT-4o", "gpt-4o-mini-2024-07-18", "us.anthropic.claude-3-haiku-20240307-v1:0", "claude-3-5-sonnet-latest"] {
        assert!(built_in.never_reasons(model), "{model}");
    }
    for model in ["gpt-5", "gpt-3", "o3", "claude-3-5", "gemini-1.5", "openai/gpt-4o", "my-x.gpt-4o", "", "a."] {
        assert!(!built_in.never_reasons(model), "{model}");
    }
    let mine = ReasoningModels::new("gpt-4o, x", " gpt-5 ,x-1,");
    assert!(!mine.never_reasons("gpt-4o") && mine.never_reasons("gpt-5-mini") && mine.never_reasons("x-1"));
}

#[test]
fn a_wrong_type_is_named_by_its_place() {
    let body = json!({ "a": [{ "b": 1 }, { "b": [{ "c": 2.5 }] }] });
    let place = Place::body(&body).unwrap();
    let problem = place.objects("a", |item| match item.member("b") {
        Some(list) => list.each_object(|inner| inner.text("c").map(drop)),
        None => Ok(()),
    });
    let Err(Problem::WrongType { path, wanted, got }) = problem else { unreachable!("{problem:?}") };
    assert_eq!((path.bracketed().as_str(), path.dotted().as_str(), wanted, got), ("a[1].b[0].c", "a.1.b.0.c", "a string", "a decimal"));
}

proptest! {
    #[test]
    fn slices_are_whole_clusters_within_the_limit(
        text in prop::collection::vec(prop::sample::select(vec![
            "a", "é", "e\u{301}", "😀", "👨‍👩‍👧‍👦", "🇳🇴", "\r\n", "\r", "\n", "ש", "\u{200f}", "क्षि", "\u{301}", " ", "한",
        ]), 0..40),
        limit in 0..12_usize,
    ) {
        let text = text.concat();
        let cut = slices(&text, limit);
        prop_assert_eq!(cut.concat(), text.clone());
        prop_assert!(cut.iter().all(|slice| !slice.is_empty()));
        let clusters: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        let mut at = 0;
        for slice in cut {
            prop_assert!(clusters.contains(&at), "{} is inside a cluster of {:?}", at, text);
            prop_assert!(units_of(slice) <= limit.max(1) || slice.graphemes(true).count() == 1);
            at += slice.len();
        }
    }

    #[test]
    fn any_text_comes_together_again(text in ".*", limit in 0..30_usize) {
        prop_assert_eq!(slices(&text, limit).concat(), text);
    }
}
