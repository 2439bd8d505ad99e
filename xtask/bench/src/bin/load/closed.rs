//! A closed loop: each connection asks again as soon as it was answered. Its rate is what the server can do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aimock_bench::answer::Reader;
use aimock_bench::figures::quantile;
use aimock_bench::machine::{busy, cpu};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::exchange::Line;
use crate::options::Options;

/// How long running answers may take beyond the end.
const GRACE: Duration = Duration::from_secs(30);
/// After so many errors and no answer there will be none.
const HOPELESS: u64 = 1000;

/// What came so far, of the time that is measured.
#[derive(Default)]
struct Tally {
    asked: u64,
    answered: u64,
    errors: u64,
    events: u64,
    bytes: u64,
    statuses: BTreeMap<u16, u64>,
    /// Microseconds from question to end of answer.
    latencies: Vec<u32>,
}

/// CPU time at one moment.
struct Used {
    at: Instant,
    server: Duration,
    client: Duration,
    machine: Duration,
}

impl Used {
    fn now(options: &Options) -> Used {
        let server = options.server.map(cpu).unwrap_or_default();
        Used { at: Instant::now(), server, client: cpu(std::process::id()), machine: busy() }
    }
}

struct Plan {
    request: Vec<u8>,
    port: u16,
    start: Instant,
    stop: Instant,
    requests: Option<u64>,
    tally: RefCell<Tally>,
}

/// Asks for as long, or as many times, as the options say.
pub(crate) async fn run(options: &Options) -> Result<Value, String> {
    let start = Instant::now() + options.warmup;
    let plan = Rc::new(Plan {
        request: options.request(),
        port: options.port,
        start,
        stop: start + options.time,
        requests: options.requests,
        tally: RefCell::default(),
    });
    let mut clients = JoinSet::new();
    for _ in 0..options.connections {
        clients.spawn_local(client(Rc::clone(&plan)));
    }
    let all = async { while clients.join_next().await.is_some() {} };
    let (before, after) = if options.requests.is_some() {
        let before = Used::now(options);
        let done = tokio::time::timeout_at((plan.stop + GRACE).into(), all).await;
        done.map_err(|_| "the server stopped answering".to_owned())?;
        (before, Used::now(options))
    } else {
        let clock = async {
            tokio::time::sleep_until(plan.start.into()).await;
            let before = Used::now(options);
            tokio::time::sleep_until(plan.stop.into()).await;
            (before, Used::now(options))
        };
        let ((before, after), done) = futures_util::future::join(clock, tokio::time::timeout_at((plan.stop + GRACE).into(), all)).await;
        done.map_err(|_| "the server stopped answering".to_owned())?;
        (before, after)
    };
    Ok(figures(&mut plan.tally.borrow_mut(), &before, &after))
}

async fn client(plan: Rc<Plan>) {
    let mut line = Line::new(plan.port, 128 << 10);
    while plan.next() {
        let asked = Instant::now();
        let mut events = 0;
        let done = line.ask(&plan.request, || events += 1).await;
        if !plan.note(asked, &done, events, &line.reader) {
            return;
        }
        if done.is_err() {
            // A server that refuses would else be asked without a pause.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Plan {
    /// Whether one more is asked; counts it.
    fn next(&self) -> bool {
        let mut tally = self.tally.borrow_mut();
        tally.asked += 1;
        self.requests.is_none_or(|most| tally.asked <= most) && Instant::now() < self.stop
    }

    /// Counts an answer, if it belongs to the time that is measured; false when there is no use in asking again.
    fn note(&self, asked: Instant, done: &std::io::Result<()>, events: u64, reader: &Reader) -> bool {
        let answered = Instant::now();
        let mut tally = self.tally.borrow_mut();
        if done.is_err() {
            tally.errors += 1;
        } else if self.requests.is_some() || (answered >= self.start && answered < self.stop) {
            tally.answered += 1;
            tally.events += events;
            tally.bytes += reader.body();
            *tally.statuses.entry(reader.status()).or_default() += 1;
            tally.latencies.push(u32::try_from((answered - asked).as_micros()).unwrap_or(u32::MAX));
        }
        tally.errors <= HOPELESS || tally.answered > 0
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn figures(tally: &mut Tally, before: &Used, after: &Used) -> Value {
    let seconds = (after.at - before.at).as_secs_f64();
    let server = after.server.saturating_sub(before.server).as_secs_f64();
    let client = after.client.saturating_sub(before.client).as_secs_f64();
    let machine = after.machine.saturating_sub(before.machine).as_secs_f64();
    let answered = tally.answered as f64;
    json!({
        "seconds": seconds,
        "answered": tally.answered,
        "errors": tally.errors,
        "statuses": tally.statuses,
        "per_second": answered / seconds,
        "per_cpu_second": (server > 0.0).then(|| answered / server),
        "events_per_second": tally.events as f64 / seconds,
        "bytes_per_second": tally.bytes as f64 / seconds,
        "p50_us": quantile(&mut tally.latencies, 0.5),
        "p99_us": quantile(&mut tally.latencies, 0.99),
        "server_cpu": server / seconds,
        "client_cpu": client / seconds,
        "foreign_cpu": ((machine - server - client) / seconds).max(0.0),
    })
}
