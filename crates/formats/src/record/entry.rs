//! One entry: `match`, the response, and when and how it came.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{date, name::hex, stamp};
use crate::exchange::{Captured, Exchange, RawEvent, Reply};
use crate::fixture::response;
use crate::provider::Provider;
use crate::secrets::{Redacted, Redactor};
use crate::wire::Framing;
use crate::wire::count::Counter;
use crate::wire::sse;

/// Longest event that is kept as one.
const LONGEST_EVENT: usize = 64 << 20;
/// Most bytes of a video that are kept in a fixture, in base64.
const LONGEST_CONTENT: usize = 16 << 20;
/// Fields of an answer that are kept with bytes that are replayed as they are.
const KEPT_FIELDS: [&str; 4] = ["content-type", "retry-after", "x-should-retry", "location"];

/// When the pieces of a body came, from the request on: the time, and how many bytes were there by then.
pub type Arrivals = [(Duration, usize)];

/// Statuses that say more about the moment than about the request.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 409 | 429) || status >= 500
}

/// How the answer is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In no vendor's words, so that it answers streaming requests and others alike.
    Neutral,
    /// As it came, byte for byte, for requests that ask for the same form.
    Exact,
}

/// What is recorded.
#[derive(Clone, Copy)]
pub struct Recording<'a> {
    /// The request as it came.
    pub exchange: &'a Exchange,
    /// The request as matching sees it, from which the `match` is made.
    pub stamped: &'a Exchange,
    /// The names of the transforms between the two.
    pub transforms: &'a [String],
    /// What is said with the entry, for people: why no transform was applied.
    pub warning: Option<&'a str>,
    /// `None` for URLs that no codec owns: they are recorded exactly.
    pub codec: Option<&'a dyn Provider>,
    pub captured: &'a Captured,
    /// The bytes of the job of whose end `captured` tells, if they were fetched.
    pub content: Option<&'a [u8]>,
    pub arrivals: &'a Arrivals,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
    pub redactor: &'a Redactor,
    /// The `match` names the model with its date, as the request does.
    pub full_model: bool,
}

impl Recording<'_> {
    /// The entry, without its credentials; `None` if it cannot be written in this form.
    pub fn entry(&self, form: Form) -> Option<Redacted<Value>> {
        let is_decoded = self.codec.is_some() && self.exchange.request.endpoint.is_some();
        let mut matches = if is_decoded { self.stamp() } else { self.undecoded()? };
        let mut entry = Map::new();
        let (answer, notes) = match form {
            Form::Neutral => self.neutral()?,
            Form::Exact if self.is_split() => return None,
            Form::Exact => (self.exact(), Vec::new()),
        };
        if form == Form::Exact && is_decoded {
            matches.insert("stream".to_owned(), json!(self.exchange.request.stream));
        }
        entry.insert("match".to_owned(), Value::Object(matches));
        entry.insert("response".to_owned(), answer);
        if let Some(timings) = self.timings() {
            entry.insert("recordedTimings".to_owned(), timings);
        }
        if let Some(metadata) = self.metadata() {
            entry.insert("metadata".to_owned(), metadata);
        }
        entry.insert("recordedAt".to_owned(), date::iso(self.now).into());
        if let Some(warning) = self.warning {
            entry.insert("_warning".to_owned(), warning.into());
        }
        if !notes.is_empty() {
            entry.insert("_leftOut".to_owned(), json!(notes));
        }
        Some(self.redactor.json(Value::Object(entry)))
    }

    /// The `match` of a request that a codec reads.
    fn stamp(&self) -> Map<String, Value> {
        let mut matches = stamp(self.stamped, self.redactor);
        let whole = self.stamped.request.model.as_deref().filter(|_| self.full_model);
        if let (Some(model), Some(whole)) = (matches.get_mut("model"), whole) {
            *model = self.redactor.text(whole).into_inner().into();
        }
        matches
    }

    /// The `match` of a request that no codec reads, or that is at no endpoint: its URL and its JSON body, whole. `None` where the body is something
    /// else, or holds a credential, without which it would not be matched.
    fn undecoded(&self) -> Option<Map<String, Value>> {
        let raw = &self.exchange.raw;
        let body = if raw.body.is_empty() { None } else { Some(raw.json().filter(|body| body.is_object())?.clone()) };
        if body.as_ref().is_some_and(|body| self.redactor.json(body.clone()).get() != body) {
            return None;
        }
        let members = [("method", Some(raw.method.clone().into())), ("path", Some(raw.path.clone().into())), ("body", body)];
        Some(members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
    }

    /// Why the answer has no neutral form, for people.
    pub fn obstacle(&self) -> Option<String> {
        self.codec?.collapse(&self.exchange.request, self.captured).err().map(|unsayable| unsayable.0)
    }

    /// The response, and the names of what it leaves out.
    fn neutral(&self) -> Option<(Value, Vec<String>)> {
        let collapsed = self.codec?.collapse(&self.exchange.request, self.captured).ok()?;
        let (mut answer, mut left_out) = (response(&collapsed.reply)?, collapsed.left_out);
        if let (Some(bytes), Some(video)) = (self.content, answer.get_mut("video").and_then(Value::as_object_mut)) {
            if bytes.len() <= LONGEST_CONTENT {
                video.insert("b64".to_owned(), STANDARD.encode(bytes).into());
            } else {
                left_out.push(format!("video.b64 (its {} bytes are more than {LONGEST_CONTENT})", bytes.len()));
            }
        }
        Some((answer, left_out))
    }

    /// Whether the text of a stream holds a credential in pieces, none of which would be found in its event.
    fn is_split(&self) -> bool {
        if self.captured.status != 200 || !self.captured.is_event_stream() {
            return false;
        }
        let said = |captured: &Captured| {
            let collapsed = self.codec?.collapse(&self.exchange.request, captured).ok()?;
            response(&collapsed.reply)
        };
        let holds = |answer: &Value| self.redactor.json(answer.clone()).get() != answer;
        if !said(self.captured).is_some_and(|answer| holds(&answer)) {
            return false;
        }
        // What is whole in its event is taken out there.
        let Some(read) = sse::Decoder::new(LONGEST_EVENT).feed(&self.captured.body()).ok() else { return true };
        let clean = |event: sse::Event| {
            let data = event.data.map(|data| self.redactor.text(&data).into_inner());
            sse::encode(&sse::Event { data, ..event })
        };
        let body = read.into_iter().map(clean).collect::<Vec<_>>().concat();
        let cleaned = Captured { pieces: vec![body.into()], ..self.captured.clone() };
        said(&cleaned).is_none_or(|answer| holds(&answer))
    }

    /// The response that repeats every byte, but those of credentials.
    fn exact(&self) -> Value {
        let body = self.captured.body();
        // What is no text is written in an encoding in which nothing would be found any more.
        let body = if std::str::from_utf8(&body).is_ok() { body } else { self.redactor.bytes(&body).into_inner().into() };
        let events = if self.captured.status == 200 && self.captured.is_event_stream() { events(&body) } else { None };
        let reply = match events {
            Some(events) => Reply::Events(events),
            None => Reply::Http { status: self.captured.status, headers: self.fields(), body },
        };
        response(&reply).unwrap_or_default()
    }

    fn fields(&self) -> Vec<(String, String)> {
        let kept = self.captured.headers.iter().filter(|(name, _)| KEPT_FIELDS.contains(name));
        kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// `recordedTimings`: in milliseconds, from two events on.
    fn timings(&self) -> Option<Value> {
        let body = self.captured.body();
        let mut counter = Counter::new(self.framing());
        let (mut times, mut from) = (Vec::new(), 0);
        for (time, end) in self.arrivals {
            let events = counter.feed(body.get(from..*end).unwrap_or_default());
            times.extend((0..events).map(|_| millis(*time)));
            from = *end;
        }
        let (first, last) = (times.first()?, times.last()?);
        let gaps: Vec<u64> = times.windows(2).filter_map(|pair| Some(pair.last()?.saturating_sub(*pair.first()?))).collect();
        (!gaps.is_empty()).then(|| json!({ "ttftMs": first, "interChunkDelaysMs": gaps, "totalDurationMs": last }))
    }

    fn framing(&self) -> Framing {
        let asked = self.codec.map_or(Framing::Whole, |codec| codec.framing(&self.exchange.raw));
        Framing::of_answer(self.captured.headers.first("content-type"), asked)
    }

    /// Hashes of the prompt and the tools, as the peer makes them, and what rewrote the request; `None` where there is none.
    fn metadata(&self) -> Option<Value> {
        let system = self.exchange.request.system_text().map(|text| hex(text.as_bytes(), 4));
        let tools = self.codec.and_then(|codec| codec.offered_tools(&self.exchange.raw)).map(|tools| hex(tools.to_string().as_bytes(), 4));
        let transforms = (!self.transforms.is_empty() && self.codec.is_some()).then(|| json!(self.transforms));
        let members = [("systemHash", system.map(Value::from)), ("toolsHash", tools.map(Value::from)), ("transforms", transforms)];
        let members: Map<String, Value> = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        (!members.is_empty()).then_some(Value::Object(members))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The events of a stream, if writing them again gives the same bytes.
fn events(body: &[u8]) -> Option<Vec<RawEvent>> {
    let read = sse::Decoder::new(LONGEST_EVENT).feed(body).ok()?;
    let mut again = Vec::with_capacity(body.len());
    for event in &read {
        again.extend_from_slice(&sse::encode(event));
    }
    let raw = |event: sse::Event| RawEvent { event: event.event, data: event.data, id: event.id, comment: event.comment, delay_ms: None };
    (again == body && read.iter().all(|event| event.retry.is_none())).then(|| read.into_iter().map(raw).collect())
}
