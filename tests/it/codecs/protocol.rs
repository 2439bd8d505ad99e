//! What every codec streams keeps to the grammar that it names, judged by the machine that lint and `verify` use.

use aimock::exchange::{Body, Emission, Frame, FrameKind, Reply, Turn};
use aimock::provider::ALL;
use aimock::provider::protocol::{Verdict, check};
use proptest::prelude::*;

use super::laws::{any_block, any_text};
use super::{Asked, MOMENT, replies, samples};

/// A request of every route that streams, by codec and sample.
fn streaming() -> Vec<(String, Asked)> {
    let mut found = Vec::new();
    for codec in ALL {
        for (name, sample) in samples(codec.name()) {
            let asked = sample.ask();
            // What has no grammar streams no turns.
            if asked.codec.grammar().is_some() && asked.decoded.as_ref().is_ok_and(|request| request.stream) {
                found.push((format!("{}/{name}", codec.name()), asked));
            }
        }
    }
    found
}

fn judged(asked: &Asked, frames: &[Frame]) -> Verdict {
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect();
    check(asked.codec.framing(&asked.raw), asked.codec.grammar(), &bytes)
}

fn stream(emission: Emission) -> Option<Vec<Frame>> {
    if let Body::Stream(frames) = emission.body { Some(frames) } else { None }
}

#[test]
fn every_stream_of_every_codec_keeps_to_its_grammar() {
    for (name, asked) in streaming() {
        let mut streams = 0;
        for reply in replies::NAMES {
            let Some(frames) = stream(asked.answer(&replies::reply(reply), 20)) else { continue };
            streams += 1;
            let verdict = judged(&asked, &frames);
            // What a fixture breaks on purpose is broken on the wire, or mended by the codec.
            let broken = matches!(reply, "broken-arguments" | "custom-call");
            assert!(verdict.holds() || broken, "{name}: {reply}: {verdict:?}");
        }
        assert!(streams > 0, "{name} asks for a stream and gets none");
    }
}

#[test]
fn a_stream_that_is_cut_breaks_its_grammar_and_one_that_ends_in_an_error_does_not() {
    for (name, asked) in streaming() {
        let mut frames = stream(asked.answer(&replies::reply("text"), 20)).unwrap();
        frames.truncate(frames.iter().position(|frame| frame.kind == FrameKind::Token).unwrap() + 1);
        assert!(!judged(&asked, &frames).offences.is_empty(), "{name}: a cut passes");
        let moment = aimock::provider::Moment { framing: asked.codec.framing(&asked.raw), events: frames.len() as u64, ..MOMENT };
        let Some(event) = asked.codec.encode_error_event(&replies::error(529), moment) else { continue };
        frames.push(event);
        let verdict = judged(&asked, &frames);
        assert!(verdict.holds(), "{name}: {verdict:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_turn_keeps_to_every_grammar(
        blocks in prop::collection::vec(any_block(), 0..4),
        reasoning in prop::option::of(any_text()),
        ordered: bool,
        chunk_size in 0..30_usize,
    ) {
        let reply = Reply::Turn(Turn { reasoning, ordered, ..replies::of(blocks) });
        for (name, asked) in streaming() {
            let Some(frames) = stream(asked.answer(&reply, chunk_size)) else { continue };
            let verdict = judged(&asked, &frames);
            prop_assert!(verdict.holds(), "{}: {:?}", name, verdict);
        }
    }
}
