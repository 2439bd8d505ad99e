//! One part of the matcher, the loader or a codec, run some times, for an instruction count: `cargo xtask bench --check`
//! runs each case under callgrind, which counts only what [`counted_region`] does. A count needs no quiet machine.
//!
//! `counts` lists the cases; `counts CASE` runs one and prints how many times it ran. All work happens on one thread,
//! so that the same program makes the same count.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

/// Requests and answers of codecs.
#[expect(dead_code, reason = "the other benchmarks use more of it")]
mod exchanges;
/// Fixtures.
mod scopes;

use std::hint::black_box;
use std::process::ExitCode;

use aimock::exchange::Exchange;
use aimock::fixture::{Input, LoadOptions, load_all};
use aimock::matcher::{Row, Served, Strictness, Table};

use exchanges::{Asked, CODECS, Call, Said, long_chat, reply, sample};
use scopes::{Texts, inputs};

/// What is run, and how many times it is counted.
type Case = (String, u32, Box<dyn Fn() -> Option<Run>>);
type Run = Box<dyn FnMut()>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let cases = cases();
    let Some(wanted) = arguments.first() else {
        for (name, ..) in &cases {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    // The thread that counts is the pool: what runs elsewhere would not be counted.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    let run = cases.into_iter().find(|(name, ..)| name == wanted).and_then(|(_, times, prepare)| Some((times, prepare()?)));
    match (pool, run) {
        (Ok(()), Some((times, mut run))) => {
            // What is made once in a process does not belong to the count.
            run();
            counted_region(times, &mut run);
            println!("{times}");
            ExitCode::SUCCESS
        }
        (Err(error), _) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        (_, None) => {
            eprintln!("no such case: {wanted}");
            ExitCode::from(2)
        }
    }
}

/// The one function that is counted, by this name.
#[inline(never)]
fn counted_region(times: u32, run: &mut Run) {
    for _ in 0..times {
        run();
        black_box(());
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: String, times, prepare: Box<dyn Fn() -> Option<Run>>| cases.push((name, times, prepare));
    for count in [10, 10_000] {
        case(format!("matcher/hit/{count}"), 100, Box::new(move || select(count, Texts::Distinct, None)));
        case(format!("matcher/miss/{count}"), 100, Box::new(move || select(count, Texts::Distinct, Some(unknown))));
    }
    case("matcher/nearest/10000".into(), 1, Box::new(|| nearest(10_000)));
    case("matcher/hit_in_one_of_many_contexts/10000".into(), 100, Box::new(|| select(10_000, Texts::SameInManyContexts, None)));
    case("matcher/build/1000".into(), 1, Box::new(|| build(1000)));
    case("loader/distinct_texts/1000".into(), 1, Box::new(|| load(inputs(1000, Texts::Distinct))));
    case("loader/same_texts_in_many_contexts/1000".into(), 1, Box::new(|| load(inputs(1000, Texts::SameInManyContexts))));
    case("loader/almost_all_shadowed/1000".into(), 1, Box::new(|| load(inputs(1000, Texts::Shadowed))));
    for codec in CODECS {
        case(format!("codecs/{codec}/decode"), 20, Box::new(move || Some(decode(sample(codec, Asked::Whole)?))));
        for (asked, name) in [(Asked::Whole, "encode"), (Asked::Stream, "encode_stream")] {
            for (said, what) in [(Said::Text, "text"), (Said::Tools, "tools")] {
                case(format!("codecs/{codec}/{name}_{what}"), 20, Box::new(move || encode(codec, asked, said)));
            }
        }
    }
    case("codecs/openai_chat/decode_long".into(), 2, Box::new(|| Some(decode(long_chat(100)?))));
    cases
}

fn rows(count: usize, texts: Texts) -> Vec<Row> {
    load_all(inputs(count, texts), &LoadOptions::default()).iter().flat_map(|file| &file.entries).map(|entry| entry.fixture.row()).collect()
}

/// A text that no fixture has, of letters that differ with the number.
fn unknown(number: u64) -> String {
    // Fibonacci hashing: neighbours are far apart.
    let letters = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("nobody {letters:016x} {:016x}", letters.reverse_bits())
}

/// A table, and the plainest requests of up to a hundred of its rows, with other texts if some are given. Many, and no two of
/// them the same, because where hash maps put what they hold is luck of each run.
fn table(count: usize, texts: Texts, text: Option<fn(u64) -> String>) -> Option<(Table, Vec<Exchange>)> {
    let rows = rows(count, texts);
    let mut exchanges: Vec<Exchange> = rows.iter().step_by(count.div_ceil(100)).map(|row| row.matches.plainest()).collect::<Option<_>>()?;
    if let Some(text) = text {
        for (number, exchange) in (0..).zip(&mut exchanges) {
            exchange.request.messages.iter_mut().for_each(|message| message.text = Some(text(number)));
        }
    }
    Some((Table::new(rows), exchanges))
}

/// What a miss names.
fn nearest(count: usize) -> Option<Run> {
    let (table, exchanges) = table(count, Texts::Distinct, Some(|_| "question number about the weather".to_owned()))?;
    let exchange = exchanges.into_iter().next()?;
    Some(Box::new(move || drop(black_box(table.nearest(black_box(&exchange), &Served::default(), 3)))))
}

/// One selection a run, for each of the requests in turn.
fn select(count: usize, texts: Texts, text: Option<fn(u64) -> String>) -> Option<Run> {
    let (table, exchanges) = table(count, texts, text)?;
    let served = Served::default();
    let mut next = 0;
    Some(Box::new(move || {
        let exchange = &exchanges[next % exchanges.len()];
        next += 1;
        _ = black_box(table.select(black_box(exchange), &served, Strictness::default()));
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all cases")]
fn build(count: usize) -> Option<Run> {
    let rows = rows(count, Texts::Distinct);
    Some(Box::new(move || drop(black_box(Table::new(rows.clone())))))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all cases")]
fn load(files: Vec<Input>) -> Option<Run> {
    Some(Box::new(move || drop(black_box(load_all(files.clone(), &LoadOptions::default())))))
}

fn decode(call: Call) -> Run {
    Box::new(move || drop(black_box(call.decode())))
}

fn encode(codec: &str, asked: Asked, said: Said) -> Option<Run> {
    let (call, reply) = (sample(codec, asked)?, reply(said)?);
    let request = call.decode()?;
    Some(Box::new(move || drop(black_box(call.encode(&request, &reply)))))
}
