//! What holds for every list and every text.

use proptest::prelude::*;

use super::super::bytes::{Signs, letter_pairs};
use super::super::{ALL, Scanner, Strictness};
use super::examples::freeze;
use super::{list, spec};

/// Pieces that meet at their borders in ways that nobody writes.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\t",
    "-",
    "_",
    ".",
    ":",
    "/",
    "\\",
    "\\n",
    "\"",
    "=",
    "+",
    ",",
    "0",
    "7",
    "01",
    "20",
    "30",
    "a",
    "f",
    "Z",
    "T",
    "s",
    "é",
    "日",
    "\u{a0}",
    "<timestamp>",
    "<id>",
    "<uuid>",
    "<date>",
    "<port>",
    "port ",
    "commit ",
    "took ",
    "created: ",
    "boundary=",
    "x-request-id: ",
    "in ",
    "at ",
    "2026-03-30T13:19:38",
    "2026-03-30 13:19",
    "2026-03-30",
    "13:19:38,123",
    "Mon, 30 Mar 2026 13:19:38 GMT",
    "March 30, 2026",
    "Mar 30 13:19:38 ",
    "1774876778",
    "1774876778123",
    "20260330T131938Z",
    "+02:00",
    " UTC",
    "3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9",
    "01JQK5M8ZT4VX7N2RBWC9HDE6F",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S",
    "chatcmpl-9XyZ4kQm7Zt2Xv9Lr4Kd8",
    "req_011CSHoEeqs5C35K2UUqR7Fy",
    "gen-1774876778-k3Jd8sQw2Lm9Xz",
    "8f14e45fceea167a5a36dedd4bea2543",
    "f5ee8a1",
    "m.rossi@mailbox.org",
    "@",
    "93.184.215.14",
    "10.42.0.17",
    "2a00:1450:4001:81b::200e",
    "::1",
    "localhost:53211",
    "127.0.0.1:8123",
    "/home/buildhost7/app",
    "/tmp/run-x7k2m9q4",
    "C:\\Users\\buildhost7",
    "12.34s",
    "350 ms",
    "1m3.5s",
    "PT1M3.5S",
    "2.1 seconds",
    "WebKitFormBoundary7MA4YWxkTrZu0gW1",
    "b7f3k2m9q4x1",
    "gpt-4o-2024-08-06",
    "-20241022-v2:0",
    "foo",
    "bar",
    "word",
];

const ITEMS: &[&str] = &[
    "timestamps",
    "uuids",
    "ids",
    "request-ids",
    "secrets",
    "emails",
    "ips",
    "ports",
    "paths",
    "durations",
    "whitespace",
    "model-dates",
    "digests",
    "boundaries",
    "foo => F",
    "bar => <b>",
    "foo bar => X",
    "[0-9]{4} => Y",
    "a+ => f",
    "(\\w+)@(\\w+) => $2 at $1",
    " +<id> => <id>",
    "\\s+ => _",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![8 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => "\\PC{0,6}"], 0..14)
        .prop_map(|pieces| pieces.concat())
}

fn items() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(ITEMS), 0..6)
}

#[test]
fn a_date_behind_a_time_is_one_of_its_own() {
    for builtin in ALL {
        let once = freeze(builtin, "Mar 30 13:19:38 2026-03-30T13:19:38");
        assert_eq!(freeze(builtin, &once), once, "{}", builtin.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pairs_of_letters_are_found_one_by_one(text in "[ -~é]{0,80}([iI][dD]|[a-jé ]){0,40}") {
        let lower = text.to_ascii_lowercase();
        let simple: Vec<usize> = lower.match_indices("id").map(|(at, _)| at).collect();
        prop_assert_eq!(letter_pairs(text.as_bytes(), *b"id").collect::<Vec<_>>(), simple);
    }

    #[test]
    fn signs_are_those_of_every_byte(text in "[ -~é日\t]{0,40}") {
        let each = text.char_indices().map(|(at, c)| Signs::of(&text[at..at + c.len_utf8()]));
        prop_assert_eq!(Signs::of(&text), each.fold(Signs::NONE, Signs::and));
    }

    #[test]
    fn twice_is_once(items in items(), text in text(), key in prop::sample::select(&["userMessage", "model", "toolCallId"][..])) {
        let transforms = list(&items);
        if let Ok(once) = transforms.text(key, &text) {
            let twice = transforms.text(key, &once);
            prop_assert_eq!(twice.as_deref(), Ok(once.as_ref()));
        }
    }

    #[test]
    fn built_ins_never_fail(items in prop::collection::vec(prop::sample::select(&ITEMS[..14]), 0..6), text in text()) {
        prop_assert!(list(&items).text("userMessage", &text).is_ok());
    }

    #[test]
    fn looking_ahead_changes_nothing(items in items(), text in text()) {
        let transforms = list(&items);
        prop_assert_eq!(transforms.text("userMessage", &text), transforms.text_naively("userMessage", &text));
    }

    #[test]
    fn what_is_found_is_in_order_and_of_the_text(text in text(), drawn in any::<bool>()) {
        let strictness = if drawn { Strictness::Drawn } else { Strictness::Every };
        for builtin in ALL {
            let mut found = Vec::new();
            (builtin.scan)(&text, strictness, &mut found);
            let mut end = 0;
            for found in &found {
                prop_assert!(found.range.start >= end && found.range.start < found.range.end, "{}: {:?}", builtin.name, found);
                prop_assert!(text.get(found.range.clone()).is_some(), "{}: {:?}", builtin.name, found);
                end = found.range.end;
            }
            prop_assert!(found.is_empty() || builtin.fits(&text, Signs::of(&text)), "{} finds what it says cannot be there", builtin.name);
        }
    }

    #[test]
    fn the_scanner_finds_what_each_finds(text in text()) {
        let found = Scanner::new(ALL, Strictness::Every).scan(&text);
        prop_assert!(found.windows(2).all(|pair| pair[0].1.range.end <= pair[1].1.range.start));
        let mut own = Vec::new();
        (ALL[0].scan)(&text, Strictness::Every, &mut own);
        let first: Vec<_> = found.into_iter().filter(|(index, _)| *index == 0).map(|(_, found)| found).collect();
        prop_assert_eq!(first, own, "the first of the list gives way to none");
    }

    #[test]
    fn frozen_is_frozen(text in text()) {
        for builtin in ALL {
            let once = freeze(builtin, &text);
            prop_assert_eq!(freeze(builtin, &once), once.clone(), "{} {:?}", builtin.name, text);
        }
    }

    #[test]
    fn anything_compiles_or_says_why(item in "\\PC{0,20}") {
        if let Err(errors) = super::super::Transforms::compile(&[spec(&item)]) {
            prop_assert!(errors.iter().all(|error| !error.message.is_empty() && !error.help.is_empty()));
        }
    }
}
