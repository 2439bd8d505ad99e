//! `GET /metrics`: counts for Prometheus, from the same record as the journal. Names and labels of the peer keep their
//! meaning; labels are bounded, whatever is asked for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use prometheus::core::Collector;
use prometheus::{Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use super::journal::{Answerer, Outcome};
use super::{App, head};
use crate::exchange::StatedUsage;
use crate::provider::route::Lookup;
use crate::provider::socket::METHOD;

/// Those of the peer, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Methods that are named; any token can be one.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", METHOD];
const UNKNOWN: &str = "{unknown}";
const OTHER: &str = "{other}";
/// The status of an answer of which no byte was sent.
const DESTROYED: &str = "destroyed";

/// What is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    fixtures: IntGauge,
    triggered: IntCounterVec,
    bypassed: IntCounterVec,
    matches: IntCounterVec,
    misses: IntCounter,
    hits: IntCounterVec,
    in_flight: IntGauge,
    first_byte: Histogram,
    interrupted: IntCounterVec,
    tokens: IntCounterVec,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let registry = Registry::new();
        let counters = |name, help, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauge = |name, help| register(&registry, IntGauge::new(name, help));
        let timing = |name, help| HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        Metrics {
            requests: counters("aimock_requests_total", "Requests that were answered or given up.", &["method", "path", "status"]),
            duration: register(
                &registry,
                HistogramVec::new(
                    timing("aimock_request_duration_seconds", "From a request's arrival to the end of its answer."),
                    &["method", "path"],
                ),
            ),
            fixtures: gauge("aimock_fixtures_loaded", "Fixtures that can answer."),
            triggered: counters("aimock_chaos_triggered_total", "Random faults that clients met.", &["action", "source"]),
            bypassed: counters(
                "aimock_chaos_bypassed_total",
                "Random faults that were decided on and could not be applied.",
                &["action", "source", "reason"],
            ),
            matches: counters("aimock_matches_total", "Requests that a fixture answered.", &["matched_by"]),
            misses: register(&registry, IntCounter::new("aimock_misses_total", "Requests that no fixture matched.")),
            hits: counters("aimock_fixture_hits_total", "Requests that each fixture answered.", &["fixture"]),
            in_flight: gauge("aimock_requests_in_flight", "Requests whose answer has not ended."),
            first_byte: register(
                &registry,
                Histogram::with_opts(timing("aimock_first_byte_seconds", "From a request's arrival to the first byte of its answer.")),
            ),
            interrupted: counters("aimock_streams_interrupted_total", "Answers that ended before their time.", &["reason"]),
            tokens: counters("aimock_tokens_total", "Tokens that answers stated; one that states none counts 0.", &["direction", "source"]),
            registry,
        }
    }

    /// A request has come.
    pub(super) fn arrived(&self) {
        self.in_flight.inc();
    }

    /// It has ended, in whatever way, and what was sent of its answer stated so many tokens. Called once a request.
    pub(super) fn ended(&self, method: &str, outcome: &Outcome, usage: StatedUsage) {
        self.in_flight.dec();
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER);
        let path = if outcome.route.is_empty() { UNKNOWN } else { outcome.route };
        let status = if outcome.status == 0 { DESTROYED.to_owned() } else { outcome.status.to_string() };
        self.requests.with_label_values(&[method, path, &status]).inc();
        if let Some(duration) = outcome.duration {
            self.duration.with_label_values(&[method, path]).observe(duration.as_secs_f64());
        }
        if let Some(first) = outcome.first_byte {
            self.first_byte.observe(first.as_secs_f64());
        }
        if let Some(reason) = outcome.interrupted {
            self.interrupted.with_label_values(&[reason]).inc();
        }
        match (&outcome.answerer, outcome.matched) {
            (Some(Answerer::Fixture(view)), matched) => {
                self.matches.with_label_values(&[matched.unwrap_or("content")]).inc();
                self.hits.with_label_values(&[&view.handle]).inc();
            }
            (None, Some("miss")) => self.misses.inc(),
            (Some(Answerer::Injected) | None, _) => {}
        }
        for (direction, tokens) in [("input", usage.input), ("output", usage.output)] {
            self.tokens.with_label_values(&[direction, outcome.source.name()]).inc_by(tokens);
        }
        self.count_chaos(outcome);
    }

    fn count_chaos(&self, outcome: &Outcome) {
        let source = outcome.source.name();
        if let Some(action) = outcome.applied_chaos() {
            self.triggered.with_label_values(&[action.name(), source]).inc();
        } else if let Some((action, reason)) = outcome.bypassed_chaos() {
            self.bypassed.with_label_values(&[action.name(), source, reason.name()]).inc();
        }
    }

    fn text(&self, fixtures: usize) -> Vec<u8> {
        self.fixtures.set(i64::try_from(fixtures).unwrap_or(i64::MAX));
        let mut text = Vec::new();
        // Writing to memory cannot fail, and every name here is a valid one.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: prometheus::Result<C>) -> C {
    let collector = collector.expect("names and labels here are valid");
    registry.register(Box::new(collector.clone())).expect("each name is registered once");
    collector
}

/// The label of a route: its path with parameters as names, so that their number is bounded.
pub(super) fn route(lookup: &Lookup<'_>) -> &'static str {
    match lookup {
        Lookup::Found { route, .. } | Lookup::Socket { route, .. } => route.path,
        Lookup::Stored { route, .. } => route.path,
        Lookup::WrongMethod { .. } | Lookup::NotBuilt { .. } => OTHER,
        Lookup::Unknown { .. } => UNKNOWN,
    }
}

/// `GET /metrics`, in the text format 0.0.4.
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.as_ref().map(|metrics| metrics.text(app.editions.current().library.fixtures.len()));
    let kind = ("content-type".into(), "text/plain; version=0.0.4; charset=utf-8".into());
    head::response(200, vec![kind], Body::from(text.unwrap_or_default()))
}
