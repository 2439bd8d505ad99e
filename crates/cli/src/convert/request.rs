//! What a recorded request means, and the `match` that takes it: decoded by the codec that owns its URL, stamped by the
//! criteria that will match it.

use serde_json::{Map, Value, json};

use super::Notes;
use super::reading::{Interaction, Ready};
use crate::diagnostic::{Severity, Span};
use crate::exchange::{Captured, Endpoint, Exchange, Message, RawRequest, Request, Role};
use crate::matcher::CRITERIA;
use crate::provider::Provider;
use crate::provider::route::{Lookup, lookup, lookup_request};

/// A request and its answer on the way to becoming a fixture.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) span: Span,
    pub(super) name: Option<String>,
    pub(super) recorded_at: Option<String>,
    pub(super) timings: Option<Value>,
    /// `None` when no request was recorded.
    pub(super) exchange: Option<Exchange>,
    pub(super) codec: Option<Codec>,
    pub(super) captured: Captured,
    pub(super) matches: Map<String, Value>,
    /// The value of `response`; null until the answer was read.
    pub(super) response: Value,
}

/// Who owns the URL.
#[derive(Clone, Copy)]
pub(super) struct Codec(pub(super) &'static dyn Provider);

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Decodes and stamps.
pub(super) fn prepare(interaction: Interaction, notes: &mut Notes) -> Prepared {
    let Interaction { span, name, request: raw, captured, recorded_at, timings, follows_up } = interaction;
    let plain = raw.clone();
    let (exchange, codec) = match decode(raw, span, notes) {
        Some((mut exchange, codec)) => {
            if follows_up {
                // What was not recorded: the call, and a result of it.
                exchange.request.messages.push(Message { text: None, ..Message::text(Role::Assistant, "") });
                exchange.request.messages.push(Message::tool_result("", ""));
            }
            (exchange, Some(codec))
        }
        None => (Exchange { raw: plain, request: Request::default() }, None),
    };
    if codec.is_none() && !exchange.raw.query.is_empty() {
        notes.push("not-carried", Severity::Info, span, "the query of the URL is not matched");
    }
    let matches = if codec.is_some() { stamp(&exchange) } else { by_path(&exchange.raw) };
    Prepared { span, name, recorded_at, timings, exchange: Some(exchange), codec, captured, matches, response: Value::Null }
}

/// The request in no vendor's words, and whose it is; `None` with a note where no codec reads it.
fn decode(raw: RawRequest, span: Span, notes: &mut Notes) -> Option<(Exchange, Codec)> {
    let decoded = match lookup_request(&raw) {
        Lookup::Found { codec, route, params, path_used: _ } => match codec.decode(&raw, route, &params) {
            Ok(request) => Ok((request, Codec(codec))),
            Err(error) => Err((
                Severity::Warning,
                format!("the server refuses this request as its provider would, and never asks a fixture: {}", error.message),
            )),
        },
        Lookup::NotBuilt { name } => {
            Err((Severity::Info, format!("{name} is not served yet: the answer is kept byte for byte and matched by its path")))
        }
        Lookup::Socket { .. } => {
            Err((Severity::Info, "this opens a WebSocket: the answer is kept byte for byte and matched by its path".to_owned()))
        }
        Lookup::Stored { .. } => {
            Err((Severity::Info, "this asks for an earlier answer: it is kept byte for byte and matched by its path".to_owned()))
        }
        Lookup::WrongMethod { .. } | Lookup::Unknown { .. } => {
            Err((Severity::Info, "no provider owns this URL: the answer is kept byte for byte and matched by its path".to_owned()))
        }
    };
    match decoded {
        Ok((request, codec)) => Some((Exchange { raw, request }, codec)),
        Err((severity, reason)) => {
            notes.push("kept-raw", severity, span, reason);
            None
        }
    }
}

/// What a recorder writes down, in the order of the criteria, and the turn of a conversation.
fn stamp(exchange: &Exchange) -> Map<String, Value> {
    let mut matches = Map::new();
    for criterion in CRITERIA {
        if let Some(value) = criterion.stamp(&(criterion.read)(exchange)) {
            // The empty text is contained in every text.
            let value = if value.as_str() == Some("") { json!({ "equals": "" }) } else { value };
            matches.insert(criterion.key.to_owned(), value);
        }
    }
    if exchange.request.endpoint == Some(Endpoint::Chat) {
        matches.insert("turnIndex".to_owned(), exchange.request.assistant_count().into());
    }
    matches
}

fn by_path(raw: &RawRequest) -> Map<String, Value> {
    Map::from_iter([("method".to_owned(), raw.method.clone().into()), ("path".to_owned(), raw.path.clone().into())])
}

impl From<Ready> for Prepared {
    fn from(ready: Ready) -> Prepared {
        let Ready { span, name, matches, captured } = ready;
        let owner = matches.get("path").and_then(Value::as_str).and_then(|path| match lookup("POST", path) {
            Lookup::Found { codec, .. } => Some(Codec(codec)),
            Lookup::Stored { .. }
            | Lookup::Socket { .. }
            | Lookup::WrongMethod { .. }
            | Lookup::NotBuilt { .. }
            | Lookup::Unknown { .. } => None,
        });
        let response = Value::Null;
        Prepared { span, name, recorded_at: None, timings: None, exchange: None, codec: owner, captured, matches, response }
    }
}
