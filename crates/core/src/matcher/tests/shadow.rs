//! Rows that leave later rows nothing.

use serde_json::{Value, json};

use super::super::Coverage::{self, No, Unknown, Yes};
use super::super::{Row, Table};
use super::{row, row_of};
use crate::exchange::MediaKind::{self, Audio, Embedding, Error, Image, Json, Raw, Turn, Video};

#[track_caller]
fn check(earlier: &Value, later: &Value, expected: Coverage) {
    check_rows(&row(earlier), &row(later), expected);
}

#[track_caller]
fn check_rows(earlier: &Row, later: &Row, expected: Coverage) {
    assert_eq!(earlier.shadows(later), expected, "{earlier:?} / {later:?}");
}

#[test]
fn by_content() {
    check(&json!({"userMessage": "hi"}), &json!({"userMessage": "what is this"}), Yes);
    check(&json!({"userMessage": "hi", "model": "m"}), &json!({"userMessage": "what is this"}), No);
    check(&json!({}), &json!({"toolCallId": "a"}), Yes);
}

#[test]
fn by_turn() {
    let with = |turn: u64| json!({"turnIndex": turn});
    check(&with(1), &with(1), Yes);
    check(&with(1), &with(2), No);
    check(&with(2), &with(1), No);
    check(&with(0), &json!({}), Yes);
    check(&with(1), &json!({}), No);
    check(&json!({}), &with(0), No);
    check(&json!({}), &with(3), No);
}

#[test]
fn sequences_and_limits_let_go() {
    check(&json!({"sequenceIndex": 0}), &json!({}), No);
    check(&json!({"sequenceIndex": 3}), &json!({}), No);
    check(&json!({}), &json!({"sequenceIndex": 0}), Yes);
    check(&json!({}), &json!({"sequenceIndex": 2}), Yes);
    check(&json!({"sequenceIndex": 0}), &json!({"sequenceIndex": 1}), Unknown);
    check_rows(&Row { limit: Some(2), ..row(&json!({})) }, &row(&json!({})), No);
    check_rows(&row(&json!({})), &Row { limit: Some(2), ..row(&json!({})) }, Yes);
}

#[test]
fn by_what_endpoints_carry() {
    #[track_caller]
    fn check(earlier: (&Value, MediaKind), later: (&Value, MediaKind), expected: Coverage) {
        check_rows(&row_of(earlier.0, earlier.1), &row_of(later.0, later.1), expected);
    }
    let any = json!({});
    check((&any, Image), (&any, Turn), No);
    check((&any, Turn), (&any, Error), Unknown);
    check((&any, Turn), (&json!({"endpoint": "chat"}), Error), Yes);
    check((&any, Error), (&any, Turn), Yes);
    check((&any, Turn), (&any, Embedding), Unknown);
    check((&any, Raw), (&any, Video), Yes);
    check((&any, Audio), (&json!({"endpoint": "chat"}), Turn), No);
    check((&any, Audio), (&json!({"endpoint": "chat", "provider": "gemini"}), Turn), Unknown);
    check((&json!({"endpoint": "video"}), Json), (&json!({"endpoint": "video"}), Video), No);
    check((&any, Turn), (&json!({"path": "/x"}), Turn), No);
    check((&json!({"path": "/x"}), Turn), (&json!({"path": "/x"}), Turn), Yes);
    check((&json!({"path": "/x"}), Turn), (&json!({"path": "/x"}), Raw), Unknown);
}

#[test]
fn dead_rows_shadow_nothing() {
    check_rows(&Row { dead: true, ..row(&json!({})) }, &row(&json!({})), No);
    check_rows(&row(&json!({})), &Row { dead: true, ..row(&json!({})) }, Unknown);
}

/// Behind turn 0 a plain row is revived by a later row at an exact turn.
#[test]
fn the_rest_of_the_table_counts() {
    let table = |rows: &[Value]| Table::new(rows.iter().map(row).collect());
    assert_eq!(table(&[json!({"turnIndex": 0}), json!({})]).shadows(0, 1), Yes);
    assert_eq!(table(&[json!({"turnIndex": 0}), json!({}), json!({"turnIndex": 1})]).shadows(0, 1), Unknown);
    let elsewhere = [json!({"turnIndex": 0}), json!({"context": "a"}), json!({"context": "b", "turnIndex": 1})];
    assert_eq!(table(&elsewhere).shadows(0, 1), Yes);
    assert_eq!(table(&[json!({}), json!({}), json!({"turnIndex": 1})]).shadows(0, 1), Yes);
    assert_eq!(table(&[json!({}), json!({})]).shadows(1, 0), Unknown);
    assert_eq!(table(&[json!({})]).shadows(0, 7), Unknown);
}
