//! What a journal tells of a run, in the few words that expectations need.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::{StatedUsage, StreamFacts, TextFacts};

/// The fixture that answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answerer {
    /// Its id, or `FILE#/fixtures/N`.
    pub handle: String,
    /// The file it stands in.
    pub file: String,
}

/// One request and its answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The journal's own name for it.
    pub id: String,
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Milliseconds since the Unix epoch.
    pub arrived: f64,
    /// Milliseconds from arrival to the end of the answer; `None` while it is under way.
    pub duration: Option<f64>,
    /// `None`: the request named none.
    pub test_id: Option<String>,
    pub status: u16,
    pub fixture: Option<Answerer>,
    /// The fixtures that answered for one of several models; the one above is among them.
    pub tried: Vec<String>,
    /// No fixture answered, and nothing else did.
    pub missed: bool,
    /// What tells credentials apart; never the credential.
    pub key: Option<String>,
    /// Milliseconds that the answer asked the client to wait.
    pub retry_after: Option<f64>,
    /// The answer ended before its time.
    pub interrupted: bool,
    pub stream: Option<StreamFacts>,
    /// Tokens that the answer stated.
    pub usage: Option<StatedUsage>,
}

/// Exact counts of a journal that has forgotten entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub requests: u64,
    pub missed: u64,
    pub by_fixture: BTreeMap<String, u64>,
}

/// A run: entries in order of decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub entries: Vec<Seen>,
    /// Entries that the journal no longer has.
    pub forgotten: u64,
    /// How often the journal was emptied.
    pub resets: u64,
    /// Counts over all entries, forgotten ones included.
    pub counts: Option<Counts>,
    /// Every fixture that could have answered, in load order; `None`: not known.
    pub fixtures: Option<Vec<String>>,
}

/// An entry of a journal that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the journal is none: {reason}")]
pub struct BadEntry {
    /// From 1.
    pub number: usize,
    pub reason: &'static str,
}

impl Run {
    /// A run from the entries that a journal shows as JSON.
    ///
    /// # Errors
    /// The first value that is no entry.
    pub fn from_json(entries: &[Value]) -> Result<Run, BadEntry> {
        let read = |(index, value): (usize, &Value)| Seen::from_json(value).map_err(|reason| BadEntry { number: index + 1, reason });
        let entries: Result<Vec<Seen>, BadEntry> = entries.iter().enumerate().map(read).collect();
        Ok(Run { entries: entries?, ..Run::default() })
    }

    /// The part of the run that one test made. Counts over everything say nothing about it.
    #[must_use]
    pub fn of_test(mut self, test_id: &str) -> Run {
        self.entries.retain(|entry| entry.test_id.as_deref() == Some(test_id));
        self.counts = None;
        self
    }

    /// Each entry's credential as `k0`, `k1` … by first appearance, or `none`.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut name = |key| {
            let next = known.len();
            format!("k{}", known.entry(key).or_insert(next))
        };
        self.entries.iter().map(|entry| entry.key.as_deref().map_or_else(|| "none".to_owned(), &mut name)).collect()
    }
}

impl Seen {
    /// An entry as the control API shows it.
    ///
    /// # Errors
    /// What it has not.
    pub fn from_json(value: &Value) -> Result<Seen, &'static str> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let response = value.get("response").filter(|response| response.is_object()).ok_or("it has no `response`")?;
        let fixture = response.get("fixture").and_then(|fixture| {
            let part = |key: &str| fixture.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Answerer { handle: part("handle")?, file: part("file").unwrap_or_default() })
        });
        let status = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let source = response.get("source").and_then(Value::as_str);
        let status = status.ok_or("it has no `response.status`")?;
        let matched = response.get("matchedBy").and_then(Value::as_str);
        let stream = value.get("stream").and_then(stream_facts);
        Ok(Seen {
            id: text("/id").unwrap_or_default(),
            method: text("/method").ok_or("it has no `method`")?,
            target: text("/path").ok_or("it has no `path`")?,
            arrived: value.get("arrivedMs").or_else(|| value.get("timestamp")).and_then(Value::as_f64).unwrap_or(0.0),
            duration: value.get("durationMs").and_then(Value::as_f64),
            test_id: text("/testId"),
            status,
            missed: Seen::is_missed(response.get("fixture").is_some_and(|fixture| !fixture.is_null()), matched, source, status),
            fixture,
            tried: tried(response),
            key: text("/credential/fingerprint"),
            retry_after: response.get("retryAfterMs").and_then(Value::as_f64),
            interrupted: response.get("interrupted").and_then(Value::as_bool).unwrap_or(false),
            usage: value.get("usage").and_then(usage).or_else(|| stream.as_ref().and_then(|stream| stream.usage)),
            stream,
        })
    }

    /// Whether a request went without an answer: nothing matched, or the server itself refused it.
    pub fn is_missed(has_fixture: bool, matched: Option<&str>, source: Option<&str>, status: u16) -> bool {
        match matched {
            Some(how) => how == "miss",
            None => !has_fixture && source == Some("internal") && status >= 400,
        }
    }

    /// When the answer ended, in milliseconds since the Unix epoch.
    pub(super) fn ended(&self) -> Option<f64> {
        self.duration.map(|duration| self.arrived + duration)
    }
}

/// The fixtures of `attempts`.
fn tried(response: &Value) -> Vec<String> {
    let attempts = response.get("attempts").and_then(Value::as_array).into_iter().flatten();
    attempts.filter_map(|attempt| attempt.get("fixture").and_then(Value::as_str).map(str::to_owned)).collect()
}

fn usage(value: &Value) -> Option<StatedUsage> {
    let count = |key: &str| value.get(key).and_then(Value::as_u64);
    Some(StatedUsage { input: count("inputTokens")?, output: count("outputTokens")? })
}

/// The facts of a stream; `None` where a journal counted its bytes and did not read them.
fn stream_facts(value: &Value) -> Option<StreamFacts> {
    let flag = |key: &str| value.get(key).and_then(Value::as_bool);
    let text = value.get("text");
    let part = |key: &str| text.and_then(|text| text.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(StreamFacts {
        events: value.get("events").and_then(Value::as_u64).unwrap_or(0),
        terminated: flag("terminated")?,
        unparsed: value.get("unparsed").and_then(Value::as_u64).unwrap_or(0),
        tool_arguments: flag("toolArgumentsParse"),
        usage: value.get("usage").and_then(usage),
        usage_only: flag("usageOnlyChunk").unwrap_or(false),
        text: TextFacts::known(
            text.and_then(|text| text.get("characters")).and_then(Value::as_u64).unwrap_or(0),
            part("sha256"),
            part("excerpt"),
        ),
    })
}
