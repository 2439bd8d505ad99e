//! Places of events are where the decoders find them.

use proptest::prelude::*;

use super::{Scanner, Sign};
use crate::wire::event_stream::{Message, encode};
use crate::wire::{Decoder, Framing};

fn ends(framing: Framing, bytes: &[u8]) -> usize {
    let mut scanner = Scanner::new(framing);
    bytes.iter().filter(|byte| matches!(scanner.step(**byte), Some(Sign::End | Sign::Sealed))).count()
}

fn events(framing: Framing, bytes: &[u8]) -> usize {
    Decoder::new(framing, 1 << 20).feed(bytes).unwrap().len()
}

proptest! {
    #[test]
    fn an_array_has_as_many_events_as_elements(values in prop::collection::vec(prop_oneof![Just("1"), Just("{\"a\":[]}"), Just("\"]\""), Just("[[],2]")], 0..5)) {
        let text = format!("[{}]", values.join(",\r\n"));
        prop_assert_eq!(ends(Framing::JsonArray, text.as_bytes()), values.len());
        prop_assert_eq!(events(Framing::JsonArray, text.as_bytes()), values.len());
    }

    #[test]
    fn a_binary_stream_has_as_many_events_as_messages(payloads in prop::collection::vec(".{0,300}", 0..5)) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| encode(&Message::event("chunk", payload.clone())).to_vec()).collect();
        prop_assert_eq!(ends(Framing::EventStream, &bytes), payloads.len());
    }
}

#[test]
fn lengths_that_no_message_has_never_end() {
    for bytes in [[0_u8; 64], [0xff; 64]] {
        assert_eq!(ends(Framing::EventStream, &bytes), 0);
    }
}
