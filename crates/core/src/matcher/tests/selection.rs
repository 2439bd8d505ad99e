//! Which row answers. The cases marked "as the incumbent" were put to it and answered the same.

use serde_json::{Value, json};

use super::super::{Row, Selection, Served, Strictness, Table};
use super::{asks, chat, row, row_of, to};
use crate::exchange::{Endpoint, Exchange, MediaKind};

const RELAXED: Strictness = Strictness { turns: false };
const STRICT: Strictness = Strictness { turns: true };

fn table(rows: &[Value]) -> Table {
    Table::new(rows.iter().map(row).collect())
}

/// A chat with this many assistant messages.
fn turn(count: usize) -> Exchange {
    let mut lines = vec!["user: x"];
    lines.extend(std::iter::repeat_n(["assistant: y", "user: x"], count).flatten());
    chat(&lines)
}

#[track_caller]
fn check(rows: &[Value], exchange: &Exchange, expected: Option<usize>) {
    assert_eq!(table(rows).select(exchange, &Served::default(), RELAXED).row(), expected, "{rows:?}");
}

/// Who answers the same request again and again.
#[track_caller]
fn check_repeated(rows: &[Value], exchange: &Exchange, expected: &[Option<usize>]) {
    let table = table(rows);
    let mut served = Served::default();
    let answers: Vec<_> = expected.iter().map(|_| table.claim(exchange, &mut served, RELAXED).row()).collect();
    assert_eq!(answers, expected, "{rows:?}");
}

#[test]
fn without_turns_the_first_row_wins() {
    check(&[json!({"userMessage": "z"}), json!({"userMessage": "x"}), json!({})], &asks("x"), Some(1));
    check(&[json!({"userMessage": "z"})], &asks("x"), None);
    check(&[], &asks("x"), None);
}

#[test]
fn turns_tier_by_tier() {
    let script = [json!({"turnIndex": 0}), json!({"turnIndex": 2}), json!({"turnIndex": 2})];
    check(&script, &turn(0), Some(0));
    check(&script, &turn(1), Some(0));
    check(&script, &turn(2), Some(1));
    check(&script, &turn(7), Some(1));
    check(&[json!({"turnIndex": 4}), json!({"turnIndex": 3}), json!({"turnIndex": 3})], &turn(1), Some(1));
}

/// As the incumbent: a script line that lies behind beats a plain row, wherever it stands.
#[test]
fn a_turn_behind_beats_an_earlier_plain_row() {
    check(&[json!({}), json!({"turnIndex": 0})], &turn(1), Some(1));
}

/// As the incumbent: at exactly its turn, the script line competes by order.
#[test]
fn an_exact_turn_yields_to_an_earlier_plain_row() {
    check(&[json!({}), json!({"turnIndex": 1})], &turn(1), Some(0));
    check(&[json!({"turnIndex": 1}), json!({})], &turn(1), Some(0));
}

/// As the incumbent: turn 0 does not keep the plain row from answering when a later row stands at the exact turn.
#[test]
fn a_later_exact_turn_revives_a_plain_row() {
    check(&[json!({"turnIndex": 0}), json!({}), json!({"turnIndex": 1})], &turn(1), Some(1));
    check(&[json!({"turnIndex": 0}), json!({})], &turn(1), Some(0));
}

#[test]
fn turns_ahead_yield_to_plain_rows() {
    check(&[json!({"turnIndex": 3}), json!({})], &turn(1), Some(1));
    check(&[json!({"turnIndex": 3})], &turn(1), Some(0));
}

#[test]
fn strict_turns_are_a_gate() {
    let rows = table(&[json!({"turnIndex": 0}), json!({"turnIndex": 2})]);
    let Selection::Miss(miss) = rows.select(&turn(1), &Served::default(), STRICT) else { panic!("a miss") };
    assert_eq!(miss.skipped_by_position, 2);
    assert_eq!(rows.select(&turn(2), &Served::default(), STRICT).row(), Some(1));
}

#[test]
fn what_a_hit_says_about_turns() {
    #[track_caller]
    fn check(rows: &[Value], count: usize, by_turn: bool, turn_relaxed: bool) {
        let selection = table(rows).select(&turn(count), &Served::default(), RELAXED);
        let Selection::Hit { by_turn: by, turn_relaxed: relaxed, .. } = selection else { panic!("a hit") };
        assert_eq!((by, relaxed), (by_turn, turn_relaxed), "{rows:?} at {count}");
    }
    check(&[json!({"turnIndex": 1}), json!({"turnIndex": 0})], 1, true, false);
    check(&[json!({"turnIndex": 1}), json!({"turnIndex": 1})], 1, false, false);
    check(&[json!({"turnIndex": 1})], 3, false, true);
    check(&[json!({"turnIndex": 3})], 1, false, true);
    check(&[json!({})], 1, false, false);
}

#[test]
fn sequences_advance_in_lock_step_and_end() {
    let rows = [json!({"sequenceIndex": 0}), json!({"sequenceIndex": 1}), json!({"sequenceIndex": 2})];
    check_repeated(&rows, &asks("x"), &[Some(0), Some(1), Some(2), None]);
    let mut served = Served::default();
    let table = table(&rows);
    for _ in 0..3 {
        table.claim(&asks("x"), &mut served, RELAXED);
    }
    let Selection::Miss(miss) = table.claim(&asks("x"), &mut served, RELAXED) else { panic!("a miss") };
    assert_eq!(miss.skipped_by_position, 3);
}

/// As the incumbent: a plain row neither advances a sequence nor is seen before it ends.
#[test]
fn a_plain_row_stands_beside_a_sequence() {
    check_repeated(&[json!({"sequenceIndex": 0}), json!({}), json!({"sequenceIndex": 1})], &asks("x"), &[Some(0), Some(1), Some(1)]);
    check_repeated(&[json!({}), json!({"sequenceIndex": 0})], &asks("x"), &[Some(0), Some(0)]);
}

/// As the incumbent since 1.43: `toolResultContains` and `context` tell sequences apart.
#[test]
fn sequences_of_other_criteria_keep_their_slots() {
    let rows = [
        json!({"toolResultContains": "a", "sequenceIndex": 0}),
        json!({"toolResultContains": "b", "sequenceIndex": 0}),
        json!({"toolResultContains": "b", "sequenceIndex": 1}),
    ];
    let table = table(&rows);
    let mut served = Served::default();
    let mut ask = |text: &str| table.claim(&chat(&["user: x", &format!("tool(i): {text}")]), &mut served, RELAXED).row();
    assert_eq!([ask("a"), ask("b"), ask("b"), ask("b")], [Some(0), Some(1), Some(2), None]);
}

/// As the incumbent: equal criteria but different turns are different sequences.
#[test]
fn turns_tell_sequences_apart() {
    let rows = [
        json!({"turnIndex": 0, "sequenceIndex": 0}),
        json!({"turnIndex": 1, "sequenceIndex": 0}),
        json!({"turnIndex": 0, "sequenceIndex": 1}),
    ];
    check_repeated(&rows, &turn(0), &[Some(0), Some(2), Some(1), None]);
}

/// As the incumbent: a duplicated slot is consumed by its twin, so the second twin never answers.
#[test]
fn a_duplicate_slot_never_answers() {
    check_repeated(&[json!({"sequenceIndex": 0}), json!({"sequenceIndex": 0})], &asks("x"), &[Some(0), None]);
}

#[test]
fn a_sequence_without_slot_0_never_starts() {
    check_repeated(&[json!({"sequenceIndex": 1}), json!({})], &asks("x"), &[Some(1), Some(1)]);
}

#[test]
fn every_served_row_counts_and_select_counts_nothing() {
    let table = table(&[json!({})]);
    let mut served = Served::default();
    table.select(&asks("x"), &served, RELAXED);
    assert_eq!(served.count(0), 0);
    table.claim(&asks("x"), &mut served, RELAXED);
    table.claim(&asks("x"), &mut served, RELAXED);
    assert_eq!(served.count(0), 2);
}

#[test]
fn limits_let_requests_fall_through() {
    let mut table = Table::new(vec![Row { limit: Some(2), ..row(&json!({})) }]);
    table.extend([row(&json!({"userMessage": "x"}))]);
    let mut served = Served::default();
    let answers: Vec<_> = (0..4).map(|_| table.claim(&asks("x"), &mut served, RELAXED).row()).collect();
    assert_eq!(answers, [Some(0), Some(0), Some(1), Some(1)]);
    let Selection::Miss(miss) = table.claim(&asks("y"), &mut served, RELAXED) else { panic!("a miss") };
    assert_eq!(miss.skipped_by_position, 1);
}

#[test]
fn dead_rows_keep_their_number_and_never_match() {
    let table = Table::new(vec![Row { dead: true, ..row(&json!({})) }, row(&json!({}))]);
    assert_eq!(table.select(&asks("x"), &Served::default(), RELAXED).row(), Some(1));
}

#[track_caller]
fn check_kind(matches: &Value, kind: MediaKind, exchange: &Exchange, expected: bool) {
    let table = Table::new(vec![row_of(matches, kind)]);
    let answers = table.select(exchange, &Served::default(), RELAXED).row().is_some();
    assert_eq!(answers, expected, "{matches} with {kind:?} to {:?}", exchange.request.endpoint);
}

/// The incumbent answers the first two with a 500.
#[test]
fn replies_that_an_endpoint_cannot_carry_are_passed_over() {
    check_kind(&json!({}), MediaKind::Image, &to(Endpoint::Chat), false);
    check_kind(&json!({}), MediaKind::Turn, &to(Endpoint::Embedding), false);
    check_kind(&json!({}), MediaKind::Embedding, &to(Endpoint::Embedding), true);
    check_kind(&json!({}), MediaKind::Error, &to(Endpoint::Embedding), true);
    check_kind(&json!({}), MediaKind::Error, &to(Endpoint::Chat), true);
    check_kind(&json!({}), MediaKind::Unrecognised, &to(Endpoint::Chat), true);
    check_kind(&json!({}), MediaKind::Unrecognised, &to(Endpoint::Embedding), false);
    check_kind(&json!({}), MediaKind::Json, &to(Endpoint::Chat), false);
    check_kind(&json!({}), MediaKind::Audio, &to(Endpoint::Chat), false);
    check_kind(&json!({}), MediaKind::Turn, &to(Endpoint::Realtime), true);
    let mut gemini = to(Endpoint::Chat);
    gemini.request.provider = "gemini";
    check_kind(&json!({}), MediaKind::Audio, &gemini, true);
}

/// As the incumbent, row by row of its table.
#[test]
fn multimedia_endpoints() {
    for (endpoint, kinds) in [
        (Endpoint::Image, vec![MediaKind::Image]),
        (Endpoint::Speech, vec![MediaKind::Audio]),
        (Endpoint::ElevenlabsTts, vec![MediaKind::Audio]),
        (Endpoint::AudioGen, vec![MediaKind::Audio]),
        (Endpoint::FalAudio, vec![MediaKind::Audio]),
        (Endpoint::Fal, vec![MediaKind::Json, MediaKind::Error]),
        (Endpoint::ElevenlabsVoice, vec![MediaKind::Json, MediaKind::Error]),
        (Endpoint::Transcription, vec![MediaKind::Transcription]),
        (Endpoint::Translation, vec![MediaKind::Transcription]),
        (Endpoint::Video, vec![MediaKind::Video]),
        (Endpoint::OpenaiLive, vec![]),
    ] {
        use MediaKind::{Audio, Embedding, Error, Image, Json, Raw, Transcription, Turn, Unrecognised, Video};
        for kind in [Turn, Error, Embedding, Image, Audio, Transcription, Video, Json, Unrecognised] {
            check_kind(&json!({}), kind, &to(endpoint), kinds.contains(&kind));
        }
        check_kind(&json!({}), Raw, &to(endpoint), true);
    }
}

#[test]
fn an_endpoint_key_overrules_the_table() {
    check_kind(&json!({"endpoint": "image"}), MediaKind::Error, &to(Endpoint::Image), true);
    check_kind(&json!({"endpoint": "image"}), MediaKind::Error, &to(Endpoint::Chat), false);
    check_kind(&json!({"endpoint": "chat"}), MediaKind::Image, &to(Endpoint::Chat), true);
    check_kind(&json!({"endpoint": "video"}), MediaKind::Json, &to(Endpoint::Video), false);
    let mut byteplus = to(Endpoint::Video);
    byteplus.request.provider = "byteplus";
    check_kind(&json!({"endpoint": "video"}), MediaKind::Json, &byteplus, true);
}

#[test]
fn urls_that_nobody_owns_need_a_path() {
    let mut exchange = Exchange::default();
    exchange.raw.path = "/custom/thing".to_owned();
    check_kind(&json!({}), MediaKind::Raw, &exchange, false);
    check_kind(&json!({"method": {"not": "GET"}}), MediaKind::Raw, &exchange, false);
    check_kind(&json!({"path": "/custom/thing"}), MediaKind::Raw, &exchange, true);
    check_kind(&json!({"path": {"startsWith": "/custom/"}}), MediaKind::Raw, &exchange, true);
    check_kind(&json!({"path": "/custom/other"}), MediaKind::Raw, &exchange, false);
    let mut owned = to(Endpoint::Chat);
    owned.raw.path = "/v1/chat/completions".to_owned();
    check_kind(&json!({"path": "/v1/chat/completions"}), MediaKind::Turn, &owned, true);
}
