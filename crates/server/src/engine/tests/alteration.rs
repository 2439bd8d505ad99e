//! Changes to relayed bodies, however the bytes are cut.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::alteration::WholeChange;

/// What leaves when the body comes in these pieces: bytes, then marks of pauses and ends.
fn run(change: WholeChange, pieces: &[&[u8]]) -> (Vec<u8>, Result<(), Bypass>) {
    let mut alteration = Alteration::of_whole(change);
    let mut out = Vec::new();
    for piece in pieces {
        for left in alteration.feed(&Bytes::copy_from_slice(piece)) {
            match left {
                Piece::Send(bytes) => out.extend_from_slice(&bytes),
                Piece::Pause(_) => out.extend_from_slice(b"<pause>"),
                Piece::Cut => out.extend_from_slice(b"<cut>"),
                Piece::End => out.extend_from_slice(b"<end>"),
            }
        }
    }
    (out, alteration.outcome())
}

#[track_caller]
fn check(change: WholeChange, pieces: &[&str], expected: &str) {
    let bytes: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
    let (out, outcome) = run(change, &bytes);
    assert_eq!((String::from_utf8_lossy(&out).as_ref(), outcome), (expected, Ok(())));
}

#[test]
fn a_body_is_replaced_cut_or_held_up_in_its_first_piece() {
    check(WholeChange::Replace, &["{\"a\":", "1}"], "{malformed json: <<<chaos>>>}");
    check(WholeChange::Cut(2), &["abcd", "efgh"], "ab<cut>");
    check(WholeChange::Cut(4), &["abcd", "efgh"], "<cut>");
    check(WholeChange::Pause(3, Duration::ZERO), &["abcd", "efgh"], "abc<pause>defgh");
}

#[test]
fn nothing_is_changed_where_nothing_comes() {
    for change in [WholeChange::Replace, WholeChange::Invert, WholeChange::Cut(1), WholeChange::Pause(1, Duration::ZERO)] {
        assert_eq!(run(change, &[b"", b""]), (Vec::new(), Err(Bypass::EmptyBody)));
    }
}

proptest! {
    /// A relayed body that is no JSON is broken as one that a fixture holds.
    #[test]
    fn the_first_bytes_are_inverted_however_the_body_is_cut(body in prop::collection::vec(any::<u8>(), 1..60), size in 1..20_usize) {
        let pieces: Vec<&[u8]> = body.chunks(size).collect();
        let whole = crate::engine::alteration::malformed_body(Some("audio/mpeg"), &Bytes::from(body.clone())).0;
        prop_assert_eq!(run(WholeChange::Invert, &pieces), (whole.to_vec(), Ok(())));
    }
}
