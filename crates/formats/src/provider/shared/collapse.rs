//! What reading an answer back needs in every format: its JSON or its events, its error, its turn put in order.
//!
//! What has content and cannot be held makes the answer unsayable; what only keeps house (`service_tier`) is named and
//! left out. Nothing here guesses.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::exchange::{Block, Captured, Collapsed, ErrorOrigin, ErrorReply, Reply, Turn, Unsayable, Usage};
use crate::wire::sse;

/// No event of an answer is longer.
const LONGEST_EVENT: usize = 64 << 20;

/// Members of `usage` that are objects of numbers in fixtures.
const USAGE_DETAILS: [&str; 3] = ["prompt_tokens_details", "completion_tokens_details", "cost_details"];

/// The reason why an answer stays as it is.
pub(in crate::provider) fn unsayable(reason: impl Into<String>) -> Unsayable {
    Unsayable(reason.into())
}

/// What was left out so far.
#[derive(Debug, Default)]
pub(in crate::provider) struct LeftOut(BTreeSet<String>);

impl LeftOut {
    /// Leaves out every member that says something and is not among the known ones.
    pub(in crate::provider) fn others(&mut self, object: &Value, known: &[&str]) {
        for (key, value) in object.as_object().into_iter().flatten() {
            if !known.contains(&key.as_str()) && says_something(value) {
                self.0.insert(key.clone());
            }
        }
    }

    pub(in crate::provider) fn name(&mut self, key: &str) {
        self.0.insert(key.to_owned());
    }

    pub(in crate::provider) fn with(self, reply: Reply) -> Collapsed {
        Collapsed { reply, left_out: self.0.into_iter().collect() }
    }
}

/// Whether a member is more than a place holder.
pub(in crate::provider) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Refuses members that say something and are not among the known ones: they would be lost.
pub(in crate::provider) fn only(object: &Value, known: &[&str], what: &str) -> Result<(), Unsayable> {
    let members = object.as_object().ok_or_else(|| unsayable(format!("{what} is no object")))?;
    match members.iter().find(|(key, value)| !known.contains(&key.as_str()) && says_something(value)) {
        Some((key, _)) => Err(unsayable(format!("{what} has `{}`, which no neutral response holds", short(key)))),
        None => Ok(()),
    }
}

/// A name that may be long.
pub(in crate::provider) fn short(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The body as a JSON object.
pub(in crate::provider) fn json_body(captured: &Captured) -> Result<Value, Unsayable> {
    let body: Value = serde_json::from_slice(&captured.body()).map_err(|_| unsayable("the body is no JSON"))?;
    if body.is_object() { Ok(body) } else { Err(unsayable("the body is no JSON object")) }
}

/// All events of the body; the last one counts even without the empty line behind it, since recorders drop it.
pub(in crate::provider) fn events(captured: &Captured) -> Result<Vec<sse::Event>, Unsayable> {
    let mut decoder = sse::Decoder::new(LONGEST_EVENT);
    let mut events = Vec::new();
    for piece in &captured.pieces {
        events.extend(decoder.feed(piece).map_err(|error| unsayable(error.to_string()))?);
    }
    if decoder.is_mid_event() {
        events.extend(decoder.feed(b"\n\n").map_err(|error| unsayable(error.to_string()))?);
    }
    Ok(events)
}

/// The last event of a stream as the body; an answer that is no stream stays as it is.
pub(in crate::provider) fn event_as_body(captured: &Captured) -> Result<Captured, Unsayable> {
    if !captured.is_event_stream() {
        return Ok(captured.clone());
    }
    let last = events(captured)?.into_iter().filter_map(|event| event.data).next_back();
    let headers = captured.headers.iter().filter(|(name, _)| *name != "content-type").collect();
    Ok(Captured::whole(captured.status, headers, last.unwrap_or_default()))
}

/// Seconds of `retry-after`; a date says nothing that can be replayed.
pub(in crate::provider) fn retry_after(captured: &Captured, left_out: &mut LeftOut) -> Option<f64> {
    let written = captured.headers.first("retry-after")?;
    let seconds = written.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    if seconds.is_none() {
        left_out.name("retry-after");
    }
    seconds
}

/// The same without what a 429 that says nothing is sent with anyway.
pub(in crate::provider) fn own_pause(captured: &Captured, left_out: &mut LeftOut) -> Option<f64> {
    retry_after(captured, left_out).filter(|after| captured.status != 429 || (*after - 1.0).abs() > f64::EPSILON)
}

/// The error in a body `{"error": {"message", "type", "param", "code"}}`.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let error = body.get("error").filter(|error| error.is_object()).ok_or_else(|| unsayable("the error is in no known envelope"))?;
    let message = error.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| unsayable("the error has no message"))?;
    only(error, &["message", "type", "param", "code"], "`error`")?;
    let text = |key: &str| match error.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let mut reply = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    (reply.kind, reply.param, reply.code) = (text("type"), text("param"), text("code"));
    reply.retry_after = retry_after(captured, left_out);
    // What a 429 without the key is sent with anyway.
    if reply.status == 429 && reply.retry_after == Some(1.0) {
        reply.retry_after = None;
    }
    Ok(reply)
}

/// Appends to the text that is being written, or begins one.
pub(in crate::provider) fn push_text(blocks: &mut Vec<Block>, piece: &str) {
    match blocks.last_mut() {
        Some(Block::Text(text)) => text.push_str(piece),
        _ if piece.is_empty() => {}
        _ => blocks.push(Block::Text(piece.to_owned())),
    }
}

/// A turn of these blocks: what fixtures can write, or the reason why not.
pub(in crate::provider) fn turn(mut blocks: Vec<Block>) -> Result<Turn, Unsayable> {
    blocks.retain(|block| !matches!(block, Block::Text(text) if text.is_empty()));
    if blocks.is_empty() {
        return Err(unsayable("the answer has neither text nor tool calls"));
    }
    for block in &blocks {
        if let Block::ToolCall { name, arguments, id: _ } = block {
            if name.is_empty() {
                return Err(unsayable("a tool call has no name"));
            }
            if serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_err() {
                return Err(unsayable("the arguments of a tool call are not JSON"));
            }
        }
    }
    let is_text = |block: &Block| matches!(block, Block::Text(_));
    let has_text = blocks.iter().any(is_text);
    let ordered = blocks.iter().skip(1).any(is_text);
    Ok(Turn { blocks, has_text, ordered, ..Turn::default() })
}

/// The counts that fixtures hold; the rest is left out.
pub(in crate::provider) fn usage(given: &Value, left_out: &mut LeftOut) -> Option<Usage> {
    let mut kept = Map::new();
    for (key, value) in given.as_object()? {
        if value.is_number() || (key == "is_byok" && value.is_boolean()) {
            kept.insert(key.clone(), value.clone());
        } else if let Some(details) = value.as_object().filter(|_| USAGE_DETAILS.contains(&key.as_str())) {
            let numbers: Map<String, Value> =
                details.iter().filter(|(_, value)| value.is_number()).map(|(key, value)| (key.clone(), value.clone())).collect();
            kept.insert(key.clone(), Value::Object(numbers));
        } else if says_something(value) {
            left_out.name(&format!("usage.{}", short(key)));
        }
    }
    let count = |keys: [&str; 2]| keys.iter().find_map(|key| kept.get(*key)).and_then(Value::as_f64);
    let usage = Usage {
        input_tokens: count(["prompt_tokens", "input_tokens"]),
        output_tokens: count(["completion_tokens", "output_tokens"]),
        total_tokens: count(["total_tokens", "total_tokens"]),
        given: Map::new(),
    };
    Some(Usage { given: kept, ..usage })
}
