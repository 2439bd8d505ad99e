//! Entries as JSON: the peer's keys, and ours behind them.
//!
//! `body` is the request's own JSON body, not a translation; `null` when it is no JSON. `response.fixture` is a short
//! view of the fixture (`handle`, `id`, `file`, `index`, `match`), not all of it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answerer, Entry, Kept, Outcome};
use crate::engine::NearMiss;
use crate::secrets::Redactor;

impl Entry {
    /// The entry as the control API shows it.
    pub(in crate::server) fn to_json(&self) -> Value {
        let headers: Map<String, Value> = self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let outcome = self.outcome();
        let mut entry = Object::default();
        entry.put("id", json!(self.id));
        entry.put("timestamp", json!(self.timestamp));
        entry.put("method", json!(self.method));
        entry.put("path", json!(self.target));
        entry.put("headers", Value::Object(headers));
        entry.put("body", self.body());
        entry.put("response", response(&outcome));
        match outcome.duration {
            Some(duration) => entry.put("durationMs", millis(duration)),
            None => entry.put("pending", json!(true)),
        }
        if outcome.streamed {
            let first = outcome.first_byte.map_or(Value::Null, millis);
            entry.put("stream", json!({ "events": outcome.events, "bytes": outcome.bytes, "firstByteMs": first }));
        }
        if !outcome.nearest.is_empty() {
            entry.put("nearest", outcome.nearest.iter().map(NearMiss::to_json).collect());
        }
        if let Some(credential) = &self.credential {
            let ordinal = credential.ordinal.map(|ordinal| format!("k{ordinal}"));
            entry.put("credential", json!({ "header": credential.header, "ordinal": ordinal, "fingerprint": credential.fingerprint }));
        }
        // Prompts, paths and test ids can hold keys as well.
        Redactor::default().json(Value::Object(entry.0)).into_inner()
    }

    fn body(&self) -> Value {
        match &self.body {
            Kept::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            Kept::TooLarge(size) => json!({
                "__aimock_truncated": true,
                "originalByteSize": size,
                "note": "the journal keeps no request body over 64 KiB",
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
    if let Some(reason) = outcome.interrupted {
        response.put("interrupted", json!(true));
        response.put("interruptReason", json!(reason));
    }
    if let Some(strict) = outcome.strict_override {
        response.put("strictOverride", json!(strict));
    }
    response.put_some("recorded", outcome.recorded.as_deref());
    response.put_some("error", outcome.error.as_deref());
    Value::Object(response.0)
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a request fit")]
    let micros = duration.as_micros() as f64;
    json!(micros / 1000.0)
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
