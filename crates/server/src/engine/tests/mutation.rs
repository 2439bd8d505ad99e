//! Changes to streams in flight, however the bytes are cut.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use crate::engine::{Bypass, Change, MALFORMED, Mutation, Piece};
use crate::wire::Framing;
use crate::wire::event_stream::{Decoder, Message, encode};

/// What leaves when the stream comes in these pieces: bytes as text, pauses and ends as marks.
fn run(framing: Framing, change: &Change, pieces: &[&[u8]]) -> (String, Result<(), Bypass>) {
    let mut mutation = Mutation::new(framing, change.clone());
    let mut out = Vec::new();
    for piece in pieces {
        for left in mutation.feed(&Bytes::copy_from_slice(piece)) {
            match left {
                Piece::Send(bytes) => out.extend_from_slice(&bytes),
                Piece::Pause(pause) => out.extend_from_slice(format!("<pause {pause:?}>").as_bytes()),
                Piece::Cut => out.extend_from_slice(b"<cut>"),
                Piece::End => out.extend_from_slice(b"<end>"),
            }
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), mutation.outcome())
}

const STREAM: &str = ": hello\n\nevent: a\ndata: {\"n\":1}\n\ndata:{\"n\":2}\ndata: {\"m\":2}\n\nretry: 5\n\ndata: [DONE]\n\n";

#[track_caller]
fn check(change: &Change, expected: &str) {
    assert_eq!(run(Framing::Sse, change, &[STREAM.as_bytes()]), (expected.to_owned(), Ok(())));
}

#[test]
fn one_event_is_broken_and_the_rest_intact() {
    check(&Change::Break(0), &STREAM.replacen("data: {", &format!("data: {MALFORMED}{{"), 1));
    check(&Change::Break(1), &STREAM.replacen("data:{", &format!("data:{MALFORMED}{{"), 1));
}

#[test]
fn cuts_pauses_and_errors_stand_between_events() {
    let (first, rest) = STREAM.split_at(STREAM.find("data:{").unwrap());
    check(&Change::Cut(1), &format!("{first}<cut>"));
    check(&Change::Cut(0), "<cut>");
    check(&Change::Pause(1, Duration::from_millis(5)), &format!("{first}<pause 5ms>{rest}"));
    check(&Change::Error(1, Bytes::from_static(b"data: e\n\n")), &format!("{first}data: e\n\n<end>"));
}

#[test]
fn a_stream_that_ends_first_stays_as_it_is() {
    for change in [Change::Break(2), Change::Break(9), Change::Cut(4), Change::Error(9, Bytes::new())] {
        assert_eq!(run(Framing::Sse, &change, &[STREAM.as_bytes()]), (STREAM.to_owned(), Err(Bypass::StreamEnded)), "{change:?}");
    }
    assert_eq!(run(Framing::Sse, &Change::Break(0), &[]).1, Err(Bypass::EmptyStream));
    assert_eq!(run(Framing::Sse, &Change::Break(0), &[b": only a comment\n\n"]).1, Err(Bypass::EmptyStream));
}

#[test]
fn line_ends_of_every_kind_end_events() {
    for (end, text) in [("\r\n", "crlf"), ("\r", "cr"), ("\n", "lf")] {
        let stream = format!("\u{feff}data: {{}}{end}{end}data: {{}}{end}{end}");
        let cut = format!("\u{feff}data: {{}}{end}{end}<cut>");
        assert_eq!(run(Framing::Sse, &Change::Cut(1), &[stream.as_bytes()]), (cut, Ok(())), "{text}");
    }
}

#[test]
fn lines_are_the_events_of_ndjson() {
    let stream = "{\"a\":1}\n\n {\"b\":2}\r\n[3]\n{\"c\":4}\n";
    let broken = |change| run(Framing::Ndjson, &change, &[stream.as_bytes()]);
    assert_eq!(broken(Change::Break(1)).0, stream.replacen("{\"b", &format!("{MALFORMED}{{\"b"), 1));
    assert_eq!(broken(Change::Break(2)).0, stream.replacen("{\"c", &format!("{MALFORMED}{{\"c"), 1));
    assert_eq!(broken(Change::Cut(2)).0, "{\"a\":1}\n\n {\"b\":2}\r\n<cut>");
}

#[test]
fn elements_are_the_events_of_an_array() {
    let stream = "[{\"a\":1}\n,\r\n{\"b\":{}}\n,\r\n{\"c\":3}\n]";
    let changed = |change| run(Framing::JsonArray, &change, &[stream.as_bytes()]).0;
    assert_eq!(changed(Change::Break(1)), stream.replacen("{\"b", &format!("{MALFORMED}{{\"b"), 1));
    assert_eq!(changed(Change::Cut(2)), "[{\"a\":1}\n,\r\n{\"b\":{}}<cut>");
    assert_eq!(changed(Change::Error(1, Bytes::from_static(b",\r\n{}]"))), "[{\"a\":1},\r\n{}]<end>");
}

#[test]
fn a_binary_stream_is_broken_by_its_checksum_and_cut_between_messages() {
    let messages: Vec<Bytes> = ["{}", "{\"b\":1}", "{\"c\":2}"].iter().map(|text| encode(&Message::event("chunk", *text))).collect();
    let stream: Bytes = messages.concat().into();
    let sent = |change, cut: usize| {
        let mut mutation = Mutation::new(Framing::EventStream, change);
        let pieces: Vec<Piece> = stream.chunks(cut).flat_map(|piece| mutation.feed(&Bytes::copy_from_slice(piece))).collect();
        assert_eq!(mutation.outcome(), Ok(()));
        let bytes = |piece: &Piece| if let Piece::Send(bytes) = piece { bytes.to_vec() } else { Vec::new() };
        pieces.iter().flat_map(bytes).collect::<Vec<u8>>()
    };
    for cut in [1, 5, 1000] {
        assert_eq!(sent(Change::Cut(2), cut), messages[..2].concat());
        let broken = sent(Change::Break(1), cut);
        let mut decoder = Decoder::new(1 << 20);
        assert_eq!(decoder.feed(&broken[..messages[0].len()]).unwrap().len(), 1);
        assert!(decoder.feed(&broken[messages[0].len()..]).is_err());
        assert_eq!(broken.iter().zip(&stream).filter(|(a, b)| a != b).count(), 1);
    }
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..5_u64;
    prop_oneof![
        place.clone().prop_map(Change::Break),
        place.clone().prop_map(Change::Cut),
        place.clone().prop_map(|after| Change::Pause(after, Duration::from_millis(3))),
        place.prop_map(|after| Change::Error(after, Bytes::from_static(b"data: e\n\n"))),
    ]
}

fn stream() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("data: {\"a\":1}"),
        Just("data:  {}"),
        Just("data: [DONE]"),
        Just("data"),
        Just("event: x"),
        Just("id:1"),
        Just(": c"),
        Just("retry: 1"),
        Just("dataset: {}"),
        Just("")
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    prop::collection::vec((line, end).prop_map(|(line, end)| format!("{line}{end}")), 0..30).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn the_cuts_between_bytes_change_nothing(stream in stream(), change in change(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        for framing in [Framing::Sse, Framing::Ndjson, Framing::JsonArray, Framing::EventStream] {
            let bytes = stream.as_bytes();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(run(framing, &change, &pieces), run(framing, &change, &[bytes]));
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(run(framing, &change, &singles), run(framing, &change, &[bytes]));
        }
    }

    #[test]
    fn what_is_not_changed_is_byte_equal(stream in stream(), change in change()) {
        let (out, outcome) = run(Framing::Sse, &change, &[stream.as_bytes()]);
        match (outcome, change) {
            (Err(_), _) => prop_assert_eq!(out, stream),
            (Ok(()), Change::Break(_)) => prop_assert_eq!(out.replacen(MALFORMED, "", 1), stream),
            (Ok(()), Change::Pause(..)) => prop_assert_eq!(out.replacen("<pause 3ms>", "", 1), stream),
            (Ok(()), Change::Cut(_)) => prop_assert!(out.strip_suffix("<cut>").is_some_and(|kept| stream.starts_with(kept))),
            (Ok(()), Change::Error(..)) => prop_assert!(out.strip_suffix("data: e\n\n<end>").is_some_and(|kept| stream.starts_with(kept))),
        }
    }
}
