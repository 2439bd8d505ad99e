//! Entries as JSON: the peer's keys, and ours behind them.
//!
//! `body` is the request's own JSON body, not a translation; `null` when it is no JSON. `response.fixture` is a short
//! view of the fixture (`handle`, `id`, `file`, `index`, `match`), not all of it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::entry::Kept;
use super::{Answerer, ChaosRecord, Entry, Outcome, Tried};
use crate::engine::Scripted;
use crate::exchange::{StatedUsage, StreamFacts};
use crate::fixture::ChaosAction;
use crate::secrets::Redacted;

impl Entry {
    /// The entry as it is shown, by whatever way it leaves.
    pub(in crate::server) fn to_json(&self) -> Redacted<Value> {
        let headers: Map<String, Value> =
            self.head.fields(self.request_id.as_str()).iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let (stream, usage) = {
            let mut witness = self.witness();
            (witness.stream(), witness.usage())
        };
        let outcome = self.outcome();
        let mut entry = Object::default();
        entry.put("id", json!(self.id.text()));
        entry.put("timestamp", json!(u64::try_from(self.arrived.as_millis()).unwrap_or(u64::MAX)));
        entry.put("method", json!(self.method()));
        entry.put("path", json!(self.head.target()));
        entry.put("headers", Value::Object(headers));
        entry.put("body", self.body());
        entry.put("response", response(&outcome));
        entry.put("arrivedMs", json!(self.arrived_ms()));
        entry.put_some("testId", self.own_test_id());
        match outcome.duration {
            Some(duration) => entry.put("durationMs", millis(duration)),
            None => entry.put("pending", json!(true)),
        }
        if outcome.streamed || stream.is_some() {
            entry.put("stream", stream_json(&outcome, stream.as_ref()));
        }
        if let Some(usage) = usage {
            entry.put("usage", usage_json(usage));
        }
        if let Some(missed) = &outcome.missed {
            let mut missed = serde_json::to_value(missed.as_ref()).unwrap_or_default();
            for key in ["nearest", "transforms"] {
                let value = missed.get_mut(key).map(Value::take).unwrap_or_default();
                if value.as_array().is_some_and(|list| !list.is_empty()) {
                    entry.put(key, value);
                }
            }
        }
        if let Some(credential) = &self.credential {
            let ordinal = credential.ordinal.map(|ordinal| format!("k{ordinal}"));
            entry.put("credential", json!({ "header": credential.header, "ordinal": ordinal, "fingerprint": credential.fingerprint }));
        }
        // Prompts, paths, test ids and answers can hold keys as well.
        self.redactor().json(Value::Object(entry.0))
    }

    /// The entry as a line of the log: `POST /v1/messages: 200 by a.json#/fixtures/0 (content), 12 ms, req-…`.
    pub(in crate::server) fn line(&self, outcome: &Outcome) -> String {
        let by = match &outcome.answerer {
            Some(Answerer::Fixture(view)) => format!(" by {}", view.handle),
            Some(Answerer::Injected) => " by a queued error".to_owned(),
            None => String::new(),
        };
        let matched = outcome.matched.map(|by| format!(" ({by})")).unwrap_or_default();
        let time = outcome.duration.map(|time| format!(", {} ms", time.as_millis())).unwrap_or_default();
        let end = outcome.interrupted.map(|why| format!(", broken off: {why}")).unwrap_or_default();
        let test = self.own_test_id().map(|id| format!(", test {id}")).unwrap_or_default();
        let line = format!(
            "{} {}: {}{by}{matched}{time}{end}{test}, {}",
            self.method(),
            self.head.target(),
            outcome.status,
            self.request_id.as_str()
        );
        self.redactor().text(&line).into_inner()
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn arrived_ms(&self) -> f64 {
        milliseconds(self.arrived)
    }

    fn body(&self) -> Value {
        match &self.body {
            Kept::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            Kept::TooLarge(size) => json!({
                "__aimock_truncated": true,
                "originalByteSize": size,
                "note": "the journal keeps no request body of this size; --journal-body-bytes sets the limit",
            }),
        }
    }
}

fn response(outcome: &Outcome) -> Value {
    let fixture = match &outcome.answerer {
        None => Value::Null,
        Some(Answerer::Injected) => json!({ "match": {} }),
        Some(Answerer::Fixture(view)) => {
            let mut fixture = Object::default();
            fixture.put("handle", json!(view.handle));
            fixture.put_some("id", view.id.as_deref());
            fixture.put("file", json!(view.file));
            fixture.put("index", json!(view.index));
            fixture.put("match", view.matches.clone());
            Value::Object(fixture.0)
        }
    };
    let mut response = Object::default();
    response.put("status", json!(outcome.status));
    response.put("fixture", fixture);
    response.put("source", json!(outcome.source.name()));
    response.put_some("matchedBy", outcome.matched);
    let seldom = outcome.seldom();
    if !seldom.attempts.is_empty() {
        response.put("attempts", seldom.attempts.iter().map(attempt).collect());
    }
    if let Some(pause) = seldom.retry_after {
        response.put("retryAfterMs", json!(pause));
    }
    if let Some(reason) = outcome.interrupted {
        response.put("interrupted", json!(true));
        response.put("interruptReason", json!(reason));
    }
    response.put_some("chaosAction", outcome.applied_chaos().map(ChaosAction::name));
    if let Some(chaos) = &seldom.chaos {
        response.put("chaos", decision(outcome, chaos));
    }
    if !seldom.scripted.is_empty() {
        response.put("faults", seldom.scripted.iter().map(|fault| scripted(outcome, fault)).collect());
    }
    if let Some(strict) = seldom.strict_override {
        response.put("strictOverride", json!(strict));
    }
    response.put_some("recorded", seldom.recorded.as_deref());
    response.put_some("error", seldom.error.as_deref());
    Value::Object(response.0)
}

/// A model that was tried: the fixture that answered for it, and with which error.
fn attempt(tried: &Tried) -> Value {
    let mut object = Object::default();
    object.put("model", json!(tried.model));
    object.put("fixture", json!(tried.fixture.as_ref().map(|view| &view.handle)));
    if let Some(status) = tried.error {
        object.put("error", json!(status));
    }
    Value::Object(object.0)
}

/// What chaos decided, from which seed: enough to tell why, and to see the same again.
fn decision(outcome: &Outcome, chaos: &ChaosRecord) -> Value {
    let mut object = Object::default();
    object.put("action", json!(chaos.action.map(ChaosAction::name)));
    object.put("seed", json!(chaos.seed));
    object.put("request", json!(format!("{:016x}", chaos.identity)));
    object.put("occurrence", json!(chaos.occurrence));
    object.put_some("bypassed", outcome.bypassed_chaos().map(|(_, bypass)| bypass.name()));
    Value::Object(object.0)
}

fn scripted(outcome: &Outcome, fault: &Scripted) -> Value {
    let fired = outcome.has_fired(fault);
    let mut object = Object::default();
    object.put("fault", json!(fault.key));
    object.put("fired", json!(fired));
    let early = (!fired && outcome.duration.is_some()).then(|| format!("the stream ended after {} events", outcome.events));
    object.put_some("reason", fault.at.as_ref().err().or(early.as_ref()).map(String::as_str));
    Value::Object(object.0)
}

/// What was sent of a stream: how much, when, and what it said.
fn stream_json(outcome: &Outcome, facts: Option<&StreamFacts>) -> Value {
    let mut stream = Object::default();
    let events = if outcome.streamed { outcome.events } else { facts.map_or(0, |facts| facts.events) };
    stream.put("events", json!(events));
    stream.put("bytes", json!(outcome.bytes));
    stream.put("firstByteMs", outcome.first_byte.map_or(Value::Null, millis));
    let Some(facts) = facts else { return Value::Object(stream.0) };
    stream.put("terminated", json!(facts.terminated));
    stream.put("unparsed", json!(facts.unparsed));
    if let Some(parse) = facts.tool_arguments {
        stream.put("toolArgumentsParse", json!(parse));
    }
    stream.put("usageOnlyChunk", json!(facts.usage_only));
    if let Some(usage) = facts.usage {
        stream.put("usage", usage_json(usage));
    }
    let text = &facts.text;
    if text.characters > 0 {
        stream.put("text", json!({ "characters": text.characters, "sha256": text.digest, "excerpt": text.excerpt(usize::MAX) }));
    }
    Value::Object(stream.0)
}

fn usage_json(usage: StatedUsage) -> Value {
    json!({ "inputTokens": usage.input, "outputTokens": usage.output })
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> Value {
    json!(milliseconds(duration))
}

/// Milliseconds with three decimals.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a date fit a double exactly")]
    let micros = duration.as_micros() as f64;
    micros / 1000.0
}

/// A JSON object under construction.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    fn put_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(key, json!(value));
        }
    }
}
