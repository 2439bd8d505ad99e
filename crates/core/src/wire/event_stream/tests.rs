//! Messages survive writing and reading, however the bytes are cut; damage is told.

use proptest::prelude::*;

use super::{Broken, Decoder, Message, encode};

const LIMIT: usize = 1 << 20;

#[test]
fn a_message_is_the_documented_bytes() {
    // Total length 61, headers 45, the checksums over prelude and message: worked out with zlib's crc32.
    let bytes = encode(&Message { headers: vec![(":event-type".to_owned(), "a".to_owned())], payload: "{}".into() });
    assert_eq!(bytes.len(), 12 + (1 + 11 + 1 + 2 + 1) + 2 + 4);
    assert_eq!(bytes.get(..8), Some([0, 0, 0, 34, 0, 0, 0, 16].as_slice()));
    assert_eq!(bytes.get(12..28), Some(b"\x0b:event-type\x07\x00\x01a".as_slice()));
}

#[test]
fn names_and_kinds() {
    let exception = Message::exception("throttlingException", "{}");
    assert_eq!((exception.name(), exception.is_exception()), (Some("throttlingException"), true));
    let event = Message::event("chunk", "{}");
    assert_eq!((event.name(), event.is_exception()), (Some("chunk"), false));
    assert_eq!(event.header(":content-type"), Some("application/json"));
}

#[test]
fn damage_is_told() {
    let whole = encode(&Message::event("chunk", "{}"));
    let mut flipped = whole.to_vec();
    *flipped.last_mut().unwrap() ^= 0xff;
    assert!(matches!(Decoder::new(LIMIT).feed(&flipped), Err(Broken::Damaged(_))));
    assert_eq!(Decoder::new(LIMIT).feed(b"{\"error\": 1}"), Err(Broken::TooLong { length: 0x7b22_6572, limit: LIMIT }));
    assert_eq!(Decoder::new(LIMIT).feed(&[0; 12]), Err(Broken::TooShort(0)));
    assert_eq!(Decoder::new(20).feed(&whole), Err(Broken::TooLong { length: whole.len() as u64, limit: 20 }));
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        messages in prop::collection::vec((prop::collection::vec((":?[a-z]{1,12}", ".{0,40}"), 0..4), prop::collection::vec(any::<u8>(), 0..200)), 0..6),
        cut in 1_usize..64,
    ) {
        let messages: Vec<Message> =
            messages.into_iter().map(|(headers, payload)| Message { headers, payload: payload.into() }).collect();
        let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message).to_vec()).collect();
        let mut decoder = Decoder::new(LIMIT);
        let mut read = Vec::new();
        for piece in bytes.chunks(cut) {
            read.extend(decoder.feed(piece).unwrap());
        }
        prop_assert_eq!(read, messages);
        prop_assert!(!decoder.is_mid_event());
    }

    #[test]
    fn hostile_bytes_end_in_an_error_or_in_waiting(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = Decoder::new(LIMIT);
        if decoder.feed(&bytes).is_ok() {
            prop_assert!(decoder.held.len() <= bytes.len());
        }
    }
}
