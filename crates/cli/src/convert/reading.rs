//! What formats hand over: interactions as they were recorded, and what could not be read.

use serde_json::{Map, Value as Json};

use super::Notes;
use super::body::{Bodies, BodyError, from_base64};
use super::opened::Opened;
use crate::diagnostic::{Severity, Span};
use crate::document::{Node, Value, to_text};
use crate::exchange::{Captured, Headers, RawRequest};

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Interaction {
    /// Where it stands.
    pub(super) span: Span,
    /// What the recording is called.
    pub(super) name: Option<String>,
    pub(super) request: RawRequest,
    pub(super) captured: Captured,
    /// ISO 8601.
    pub(super) recorded_at: Option<String>,
    /// The value of `recordedTimings`.
    pub(super) timings: Option<Json>,
    /// The answer is to the next turn, after a tool result, whose request was not recorded.
    pub(super) follows_up: bool,
}

/// A fixture that a format knows to the end.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) span: Span,
    pub(super) name: Option<String>,
    pub(super) matches: Map<String, Json>,
    pub(super) captured: Captured,
}

/// What stands in a source.
#[derive(Debug)]
pub(super) enum Found {
    Interaction(Box<Interaction>),
    Ready(Ready),
    /// It is there and cannot be carried.
    Lost {
        span: Span,
        reason: String,
    },
}

/// What was read so far.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) found: Vec<Found>,
    pub(super) notes: Notes,
    bodies: Bodies,
    binaries: Vec<Span>,
}

/// Why one interaction cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("{0}")]
    Missing(&'static str),
    #[error("{0}")]
    Body(#[from] BodyError),
}

impl Reading {
    pub(super) fn new(opened: &Opened<'_>) -> Reading {
        let mut notes = Notes::default();
        for finding in &opened.findings {
            notes.push(finding.rule, Severity::Warning, finding.primary.span, finding.message.clone());
        }
        let mut binaries = opened.binaries.clone();
        binaries.sort_unstable();
        Reading { found: Vec::new(), notes, bodies: Bodies::default(), binaries }
    }

    /// Keeps an interaction, or says why it is lost.
    pub(super) fn keep(&mut self, span: Span, read: Result<Interaction, Unread>) {
        match read {
            Ok(interaction) => self.found.push(Found::Interaction(Box::new(interaction))),
            Err(error) => self.lose(span, format!("this interaction is lost: {error}")),
        }
    }

    /// Says of something that it cannot be carried.
    pub(super) fn lose(&mut self, span: Span, reason: impl Into<String>) {
        self.found.push(Found::Lost { span, reason: reason.into() });
    }

    /// A body as the client saw it.
    pub(super) fn decode(&mut self, bytes: Vec<u8>, headers: &Headers) -> Result<Vec<u8>, Unread> {
        Ok(self.bodies.decode(bytes, headers)?)
    }

    /// The bytes of a scalar or of a tree that stands for JSON text.
    pub(super) fn bytes(&self, node: &Node<'_>) -> Result<Vec<u8>, Unread> {
        Ok(match &node.value {
            Value::Null => Vec::new(),
            Value::String(text) if self.binaries.binary_search(&node.span).is_ok() => from_base64(text)?,
            Value::String(text) | Value::Number(text) => text.as_bytes().to_vec(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => to_text(node).into_bytes(),
        })
    }

    /// The body of a cassette of the VCR family: text, or an object with `string`, `base64_string` or `parsed_body`.
    pub(super) fn cassette_body(&self, owner: &Node<'_>) -> Result<Vec<u8>, Unread> {
        if let Some(parsed) = owner.get("parsed_body") {
            return self.bytes(parsed);
        }
        let Some(body) = owner.get("body") else { return Ok(Vec::new()) };
        if body.members().is_empty() {
            return self.bytes(body);
        }
        match (body.get("base64_string").and_then(Node::as_str), body.get("string")) {
            (Some(encoded), _) => Ok(from_base64(encoded)?),
            (None, Some(string)) => self.bytes(string),
            (None, None) => Err(Unread::Missing("its body has neither `string` nor `base64_string`")),
        }
    }
}

/// Text or a number of a node, as text.
pub(super) fn text(node: Option<&Node<'_>>) -> Option<String> {
    match &node?.value {
        Value::String(text) | Value::Number(text) => Some(text.clone().into_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Header fields: an object of texts or lists of texts, or a list of objects with `name` and `value`.
pub(super) fn headers(node: Option<&Node<'_>>) -> Headers {
    let mut headers = Headers::new();
    let Some(node) = node else { return headers };
    for (name, value) in node.entries() {
        for value in std::iter::once(value).chain(value.items()) {
            if let Some(value) = text(Some(value)) {
                headers.push(name, value);
            }
        }
    }
    for item in node.items() {
        if let (Some(name), Some(value)) = (text(item.get("name")), text(item.get("value"))) {
            headers.push(&name, value);
        }
    }
    headers
}

/// An HTTP status: a number, text that begins with one, or an object with `code`.
pub(super) fn status(node: Option<&Node<'_>>) -> Option<u16> {
    let node = node?;
    let written = text(Some(node)).or_else(|| text(node.get("code").or_else(|| node.get("status_code"))))?;
    written.split_whitespace().next()?.parse().ok().filter(|status| (100..=999).contains(status))
}

/// A request to a whole URL or to a path.
pub(super) fn request(method: &str, url: &str, headers: Headers, body: Vec<u8>) -> RawRequest {
    RawRequest::new(method.to_ascii_uppercase(), &target(url), headers, body)
}

/// Path and query of a URL.
fn target(url: &str) -> String {
    let behind_host = match url.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    let plain = behind_host.split('#').next().unwrap_or_default();
    if plain.starts_with('/') { plain.to_owned() } else { format!("/{plain}") }
}
