//! What translating costs: requests of the main codecs to their meaning, and answers to bytes, whole and streamed.

use divan::Bencher;
use divan::counter::BytesCount;

use crate::exchanges::{Asked, CODECS, Call, Said, long_chat, reply, sample};

fn decode_call(bencher: Bencher<'_, '_>, call: Option<Call>) {
    let Some(call) = call else { return };
    bencher.counter(BytesCount::new(call.bytes())).bench_local(|| call.decode());
}

/// A conversation of several turns with tools.
#[divan::bench(args = CODECS)]
fn decode(bencher: Bencher<'_, '_>, codec: &str) {
    decode_call(bencher, sample(codec, Asked::Whole));
}

/// Ten times the messages should take ten times as long.
#[divan::bench(args = [10, 100, 1_000])]
fn decode_long(bencher: Bencher<'_, '_>, messages: usize) {
    decode_call(bencher, long_chat(messages));
}

fn encode(bencher: Bencher<'_, '_>, codec: &str, asked: Asked, said: Said) {
    let (Some(call), Some(reply)) = (sample(codec, asked), reply(said)) else { return };
    let Some(request) = call.decode() else { return };
    bencher.bench_local(|| call.encode(&request, &reply));
}

#[divan::bench(args = CODECS)]
fn encode_text(bencher: Bencher<'_, '_>, codec: &str) {
    encode(bencher, codec, Asked::Whole, Said::Text);
}

#[divan::bench(args = CODECS)]
fn encode_text_stream(bencher: Bencher<'_, '_>, codec: &str) {
    encode(bencher, codec, Asked::Stream, Said::Text);
}

#[divan::bench(args = CODECS)]
fn encode_tools(bencher: Bencher<'_, '_>, codec: &str) {
    encode(bencher, codec, Asked::Whole, Said::Tools);
}

#[divan::bench(args = CODECS)]
fn encode_tools_stream(bencher: Bencher<'_, '_>, codec: &str) {
    encode(bencher, codec, Asked::Stream, Said::Tools);
}
