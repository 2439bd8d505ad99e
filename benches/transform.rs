//! How fast texts are recognised: bytes a second of each built-in and of those that normalize runs by default, on prose
//! and on the JSON of recordings, with few hits and with many.

use aimock::transform::{ALL, BuiltIn, Scanner, Strictness, builtin};
use divan::Bencher;
use divan::counter::BytesCount;

const DEFAULTS: [&str; 4] = ["timestamps", "uuids", "ids", "secrets"];

/// About 1 MB of one kind of text.
#[derive(Clone, Copy, Debug)]
enum Text {
    /// Sentences with a number here and there.
    Prose,
    /// Events of a stream, as recordings keep them: one hit in some kilobytes.
    Events,
    /// A hit in every line.
    Hits,
}

const TEXTS: [Text; 3] = [Text::Prose, Text::Events, Text::Hits];

fn sample(text: Text) -> String {
    let prose = "The harbour was quiet when the 3 boats came in, and nobody asked where they had been. \
                 Snow-covered hills lay behind the town; its 12 streets were as well-kept as ever, said the keeper.\n";
    let event = r#"{"object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" harbour","tool_call_id":null},"logprobs":null,"finish_reason":null}]}"#;
    let hit =
        "2026-03-30T13:19:38.123Z run 3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9 called call_Vx3kTq8ZrN2mWb7LpYc4Hd9S: created: 1774876778\n";
    let line = match text {
        Text::Prose => prose.to_owned(),
        Text::Events => event.repeat(20) + hit,
        Text::Hits => hit.to_owned(),
    };
    line.repeat(1_000_000 / line.len())
}

fn bench(bencher: Bencher<'_, '_>, builtins: &[&'static BuiltIn], text: Text) {
    let scanner = Scanner::new(builtins, Strictness::Drawn);
    let text = sample(text);
    bencher.counter(BytesCount::new(text.len())).bench_local(|| scanner.scan(&text).len());
}

#[divan::bench(args = TEXTS, sample_count = 30)]
fn defaults_together(bencher: Bencher<'_, '_>, text: Text) {
    let defaults: Vec<_> = DEFAULTS.into_iter().filter_map(builtin).collect();
    bench(bencher, &defaults, text);
}

/// Strings of recordings are short: what one costs on its own counts there.
#[divan::bench(sample_count = 30)]
fn defaults_on_short_strings(bencher: Bencher<'_, '_>) {
    let defaults: Vec<_> = DEFAULTS.into_iter().filter_map(builtin).collect();
    let scanner = Scanner::new(&defaults, Strictness::Drawn);
    let text = sample(Text::Events);
    let words: Vec<&str> = text.split(['"', ':']).collect();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| words.iter().map(|word| scanner.scan(word).len()).sum::<usize>());
}

#[divan::bench(args = ALL.iter().map(|builtin| builtin.name), sample_count = 10)]
fn one(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, &builtin(name).into_iter().collect::<Vec<_>>(), Text::Events);
}
