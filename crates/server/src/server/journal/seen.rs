//! Entries as expectations read them.

use std::time::{Duration, UNIX_EPOCH};

use super::{Answerer, Entry, Journal};
use crate::engine::DEFAULT_TEST_ID;
use crate::expect::{self, Run, Seen};

impl Journal {
    /// The run so far.
    pub(in crate::server) fn run(&self) -> Run {
        let (snapshot, forgotten, resets, counts) = {
            let ring = self.ring();
            (ring.snapshot(), ring.ledger.forgotten, ring.ledger.resets, ring.ledger.counts())
        };
        let entries = snapshot.entries(&self.redactor);
        Run { entries: entries.iter().map(|entry| entry.seen()).collect(), forgotten, resets, counts: Some(counts), fixtures: None }
    }

    /// Entries that the journal no longer has.
    pub(in crate::server) fn forgotten(&self) -> u64 {
        self.ring().ledger.forgotten
    }
}

impl Entry {
    /// The test id, unless it is that of requests that name none.
    pub(super) fn own_test_id(&self) -> Option<&str> {
        (self.test_id != DEFAULT_TEST_ID).then_some(self.test_id.as_ref())
    }

    fn seen(&self) -> Seen {
        let (stream, usage) = {
            let mut witness = self.witness();
            (witness.stream(), witness.usage())
        };
        let outcome = self.outcome();
        let fixture = match &outcome.answerer {
            Some(Answerer::Fixture(view)) => Some(expect::Answerer { handle: view.handle.clone(), file: view.file.clone() }),
            Some(Answerer::Injected) | None => None,
        };
        Seen {
            id: self.id.text(),
            method: self.method().to_owned(),
            target: self.head.target().into_owned(),
            arrived: self.arrived_ms(),
            duration: outcome.duration.map(super::render::milliseconds),
            test_id: self.own_test_id().map(str::to_owned),
            status: outcome.status,
            missed: Seen::is_missed(outcome.answerer.is_some(), outcome.matched, Some(outcome.source.name()), outcome.status),
            fixture,
            tried: outcome.seldom().attempts.iter().filter_map(|tried| Some(tried.fixture.as_ref()?.handle.clone())).collect(),
            key: self.credential.as_ref().map(|credential| credential.fingerprint.clone()),
            retry_after: outcome.seldom().retry_after,
            interrupted: outcome.interrupted.is_some(),
            stream,
            usage,
        }
    }
}

/// The pause that an answer's headers ask for, in milliseconds: `retry-after-ms`, else `retry-after`, in seconds or as a date
/// (RFC 9110, section 10.2.3). A date is counted from `now`, the time since the Unix epoch; one that is over asks for none.
pub(in crate::server) fn retry_after<'h>(now: impl Fn() -> Duration, header: impl Fn(&str) -> Option<&'h str>) -> Option<f64> {
    let number = |name: &str| header(name)?.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    let until = || {
        let date = httpdate::parse_http_date(header("retry-after")?.trim()).ok()?;
        Some(super::render::milliseconds(date.duration_since(UNIX_EPOCH).ok()?.saturating_sub(now())))
    };
    number("retry-after-ms").or_else(|| number("retry-after").map(|seconds| seconds * 1000.0)).or_else(until)
}
