//! Events survive writing and reading, however the bytes are cut.

use proptest::prelude::*;

use super::{Decoder, Event, TooLong, data, encode, named};

const LIMIT: usize = 1 << 20;

fn decode(bytes: &[u8]) -> Vec<Event> {
    Decoder::new(LIMIT).feed(bytes).unwrap()
}

/// Renders events one a line: `name|data|id|retry|comment`, `-` for what is absent.
fn show(events: &[Event]) -> String {
    let field = |value: &Option<String>| value.as_ref().map_or("-".to_owned(), |text| text.escape_debug().to_string());
    let lines = events.iter().map(|event| {
        let retry = event.retry.map(|ms| ms.to_string());
        [&event.event, &event.data, &event.id, &retry, &event.comment].map(field).join("|")
    });
    lines.collect::<Vec<_>>().join(" ; ")
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    assert_eq!(show(&decode(bytes)), expected, "{}", bytes.escape_ascii());
}

#[test]
fn reads_what_the_standard_describes() {
    check(b"data: a\n\n", "-|a|-|-|-");
    check(b"data:a\n\n", "-|a|-|-|-");
    check(b"data:  a\n\n", "-| a|-|-|-");
    check(b"data\n\n", "-||-|-|-");
    check(b"data: a\ndata: b\n\n", r"-|a\nb|-|-|-");
    check(b"event: x\ndata: a\nid: 7\n\n", "x|a|7|-|-");
    check(b": ping\n\n", "-|-|-|-|ping");
    check(b": ping\ndata: a\n\n", "-|a|-|-|ping");
    check(b"retry: 10\ndata: a\n\n", "-|a|-|10|-");
    check(b"retry: ten\ndata: a\n\n", "-|a|-|-|-");
    check(b"id: a\0b\ndata: a\n\n", "-|a|-|-|-");
    check(b"unknown: x\n\n", "");
    check(b"data: a", "");
    check(b"data: a\n", "");
    check(b"", "");
    check(b"\n\n\n", "");
}

#[test]
fn every_line_end_ends_a_line() {
    check(b"data: a\r\rdata: b\r\r", "-|a|-|-|- ; -|b|-|-|-");
    check(b"data: a\r\n\r\ndata: b\r\n\r\n", "-|a|-|-|- ; -|b|-|-|-");
    check(b"data: a\r\ndata: b\r\n\r\n", r"-|a\nb|-|-|-");
    check(b"data: a\n\rdata: b\n\n", "-|a|-|-|- ; -|b|-|-|-");
}

#[test]
fn a_byte_order_mark_counts_at_the_start_only() {
    check(b"\xef\xbb\xbfdata: a\n\n", "-|a|-|-|-");
    check(b"\n\xef\xbb\xbfdata: a\n\n", "");
    check(b"\xef\xbb\xbf\ndata: a\n\n", "-|a|-|-|-");
}

#[test]
fn bytes_outside_utf8_are_replaced() {
    check(b"data: \xff\n\n", "-|\u{fffd}|-|-|-");
}

#[test]
fn writes_one_field_a_line() {
    assert_eq!(data("a"), "data: a\n\n");
    assert_eq!(data("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    assert_eq!(data("a\n"), "data: a\ndata: \n\n");
    assert_eq!(data(""), "data: \n\n");
    assert_eq!(named("x", "a"), "event: x\ndata: a\n\n");
    assert_eq!(named("x\ndata: y", "a"), "event: x data: y\ndata: a\n\n");
    let whole =
        Event { event: Some("e".into()), data: Some("d".into()), id: Some("7".into()), retry: Some(5), comment: Some("c\nc".into()) };
    assert_eq!(encode(&whole), ": c\n: c\nevent: e\nid: 7\nretry: 5\ndata: d\n\n");
    assert_eq!(encode(&Event::data("a")), data("a"));
}

#[test]
fn an_endless_event_is_refused() {
    let mut decoder = Decoder::new(8);
    assert_eq!(decoder.feed(b"data: 1\n\ndata: 2\n\n").map(|events| events.len()), Ok(2));
    assert_eq!(decoder.feed(b"data: 12"), Ok(Vec::new()));
    assert!(decoder.is_mid_event());
    assert_eq!(decoder.feed(b"3"), Err(TooLong { limit: 8 }));
    assert_eq!(Decoder::new(8).feed(b"data: 1\ndata: 2\n\n"), Err(TooLong { limit: 8 }));
}

fn any_event() -> impl Strategy<Value = Event> {
    let word = || prop::option::of("[a-z :]{0,6}");
    let text = || prop::option::of("[a-zé🙂: \n]{0,12}");
    (word(), text(), word(), prop::option::of(0..9999_u64), text()).prop_map(|(event, data, id, retry, comment)| Event {
        event,
        data,
        id,
        retry,
        comment,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(events in prop::collection::vec(any_event(), 0..6)) {
        let bytes: Vec<u8> = events.iter().flat_map(|event| encode(event).to_vec()).collect();
        let expected: Vec<Event> = events.into_iter().filter(|event| !event.is_empty()).collect();
        prop_assert_eq!(decode(&bytes), expected);
    }

    #[test]
    fn decoding_is_the_same_however_the_bytes_are_cut(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "data: a", "data:é🙂", "event: x", ": c", "id: 1", "\n", "\r", "\r\n", "\n\n", "\u{feff}", "x",
        ]), 0..24),
        cuts in prop::collection::vec(0..96_usize, 0..12),
    ) {
        let bytes = pieces.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let mut decoder = Decoder::new(LIMIT);
        let mut events = Vec::new();
        for pair in cuts.windows(2) {
            events.extend(decoder.feed(&bytes[pair[0]..pair[1]]).unwrap());
        }
        prop_assert_eq!(events, decode(&bytes));
    }
}
