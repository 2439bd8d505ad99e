//! Slow streams side by side: when does each event arrive, and when should it have?
//!
//! Event `n` is due at the question's time plus the time to the first token plus `n` gaps. The first event starts the
//! stream and the last two close it; they have no gap of their own in every server, so that they are left out.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aimock_bench::figures::{mean, quantile};
use aimock_bench::machine::{busy, cpu};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::exchange::Line;
use crate::options::Options;

/// Of all streams that ended; times in microseconds.
#[derive(Default)]
struct Tally {
    finished: u32,
    errors: u32,
    /// Streams that answered something else than 200.
    refused: u32,
    gaps: Vec<u32>,
    off_schedule: Vec<u32>,
    first: Vec<u32>,
    whole: Vec<u32>,
}

/// Opens all streams over the ramp and reads them to their end, or until the time is up.
pub(crate) async fn run(options: &Options) -> Result<Value, String> {
    let request: Rc<[u8]> = options.request().into();
    let tally = Rc::new(RefCell::new(Tally::default()));
    let (server, client, machine) = (options.server.map(cpu).unwrap_or_default(), cpu(std::process::id()), busy());
    let begun = Instant::now();
    let mut streams = JoinSet::new();
    for number in 0..options.connections {
        let opens = begun + options.ramp * number / options.connections;
        streams.spawn_local(stream(opens, Rc::clone(&request), Rc::clone(&tally), options.port, (options.ttft, options.gap)));
    }
    let all = async { while streams.join_next().await.is_some() {} };
    // Those that have not ended then are counted as unfinished.
    let _ = tokio::time::timeout(options.time, all).await;
    let seconds = begun.elapsed().as_secs_f64();
    let used = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() / seconds;
    let server = used(options.server.map(cpu).unwrap_or_default(), server);
    let client = used(cpu(std::process::id()), client);
    let machine = used(busy(), machine);
    let figures = figures(&mut tally.borrow_mut(), options);
    let cpu =
        json!({ "seconds": seconds, "server_cpu": server, "client_cpu": client, "foreign_cpu": (machine - server - client).max(0.0) });
    Ok(merged(figures, cpu))
}

async fn stream(opens: Instant, request: Rc<[u8]>, tally: Rc<RefCell<Tally>>, port: u16, pace: (Duration, Duration)) {
    tokio::time::sleep_until(opens.into()).await;
    let mut line = Line::new(port, 4096);
    let mut arrivals = Vec::with_capacity(256);
    let asked = Instant::now();
    let done = line.ask(&request, || arrivals.push(Instant::now())).await;
    let whole = asked.elapsed();
    let mut tally = tally.borrow_mut();
    match done {
        Err(_) => tally.errors += 1,
        Ok(()) if line.reader.status() != 200 => tally.refused += 1,
        Ok(()) => {
            tally.finished += 1;
            tally.whole.push(microseconds(whole));
            tally.take(asked, &arrivals, pace);
        }
    }
}

impl Tally {
    fn take(&mut self, asked: Instant, arrivals: &[Instant], (ttft, gap): (Duration, Duration)) {
        let Some(first) = arrivals.first() else { return };
        self.first.push(microseconds(*first - asked));
        let paced = arrivals.len().saturating_sub(2);
        for (number, pair) in (1_u32..).zip(arrivals[..paced].windows(2)) {
            let due = asked + ttft + gap * number;
            self.gaps.push(microseconds(pair[1] - pair[0]));
            self.off_schedule.push(microseconds(pair[1].saturating_duration_since(due).max(due.saturating_duration_since(pair[1]))));
        }
    }
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn figures(tally: &mut Tally, options: &Options) -> Value {
    let nominal = microseconds(options.gap);
    let mut off: Vec<u32> = tally.gaps.iter().map(|gap| gap.abs_diff(nominal)).collect();
    let milliseconds = |microseconds: Option<f64>| microseconds.map(|value| value / 1000.0);
    json!({
        "finished": tally.finished,
        "errors": tally.errors + tally.refused,
        "unfinished": options.connections - tally.finished - tally.errors - tally.refused,
        "gap_mean_ms": milliseconds(mean(&tally.gaps)),
        "gap_off_mean_ms": milliseconds(mean(&off)),
        "gap_off_p99_ms": milliseconds(quantile(&mut off, 0.99)),
        "schedule_off_mean_ms": milliseconds(mean(&tally.off_schedule)),
        "schedule_off_p99_ms": milliseconds(quantile(&mut tally.off_schedule, 0.99)),
        "first_p50_ms": milliseconds(quantile(&mut tally.first, 0.5)),
        "first_p99_ms": milliseconds(quantile(&mut tally.first, 0.99)),
        "whole_p50_ms": milliseconds(quantile(&mut tally.whole, 0.5)),
        "whole_p99_ms": milliseconds(quantile(&mut tally.whole, 0.99)),
    })
}

/// The members of both objects.
fn merged(mut first: Value, second: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut first, second) {
        all.extend(more);
    }
    first
}
