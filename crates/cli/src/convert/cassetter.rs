//! Cassettes of cassetter (Rust, Python, Node, Go), version 1, YAML, TOML and JSON: bodies say what they are (`json`,
//! `text`, `binary` as hexadecimal, `none`), in TOML beside the request as `body_type` and `body_content`
//! (cassetter's SPECIFICATION.md and its conformance suite). Bodies are stored decoded.

use super::body::from_hex;
use super::opened::Opened;
use super::reading::{Interaction, Reading, Unread, headers, request, status, text};
use super::{Format, date};
use crate::document::Node;
use crate::exchange::{Captured, Headers};

pub(super) static FORMAT: Format = Format {
    name: "cassetter",
    title: "a cassetter cassette",
    summary: "YAML, TOML and JSON cassettes of cassetter; its gRPC and WebSocket recordings are named and left out",
    suffixes: &["yaml", "yml", "toml", "json"],
    exhausted: Some("error"),
    marks: &["interactions"],
    detect,
    read,
};

/// Recordings that are not HTTP.
const OTHER_PROTOCOLS: [(&str, &str); 2] = [("grpc_interactions", "gRPC"), ("ws_interactions", "WebSocket")];

fn detect(opened: &Opened<'_>) -> bool {
    let first = opened.get("interactions").and_then(|list| list.items().first());
    first.is_some_and(is_typed) || OTHER_PROTOCOLS.iter().any(|(key, _)| opened.get(key).is_some_and(|list| !list.items().is_empty()))
}

/// Whether the bodies of an interaction say what they are.
pub(super) fn is_typed(interaction: &Node<'_>) -> bool {
    let typed = |owner: Option<&Node<'_>>| {
        owner.is_some_and(|owner| owner.get("body_type").is_some() || owner.get("body").is_some_and(|body| body.get("type").is_some()))
    };
    typed(interaction.get("request")) || typed(interaction.get("response"))
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    for node in opened.get("interactions").map_or(&[][..], Node::items) {
        let read = interaction(node, reading);
        reading.keep(node.span, read);
    }
    for (key, name) in OTHER_PROTOCOLS {
        for node in opened.get(key).map_or(&[][..], Node::items) {
            reading.lose(node.span, format!("this interaction is lost: fixtures hold no {name} recordings"));
        }
    }
}

fn interaction(node: &Node<'_>, reading: &mut Reading) -> Result<Interaction, Unread> {
    let asked = node.get("request").ok_or(Unread::Missing("it has no `request`"))?;
    let answered = node.get("response").ok_or(Unread::Missing("it has no `response`"))?;
    let url = text(asked.get("uri")).ok_or(Unread::Missing("its request has no `uri`"))?;
    let method = text(asked.get("method")).ok_or(Unread::Missing("its request has no `method`"))?;
    let (fields, answer_fields) = (headers(asked.get("headers")), headers(answered.get("headers")));
    let (asked_body, answer) = (body(asked, reading)?, body(answered, reading)?);
    // Only counted: what cassetter stores is decoded.
    let (asked_body, answer) = (reading.decode(asked_body, &Headers::new())?, reading.decode(answer, &Headers::new())?);
    let code = status(answered.get("status")).ok_or(Unread::Missing("its response has no status"))?;
    Ok(Interaction {
        span: node.span,
        name: None,
        request: request(&method, &url, fields, asked_body),
        captured: Captured::whole(code, answer_fields, answer),
        recorded_at: text(node.get("recorded_at")).and_then(|date| date::iso(&date)),
        timings: None,
        follows_up: false,
    })
}

fn body(owner: &Node<'_>, reading: &Reading) -> Result<Vec<u8>, Unread> {
    let nested = owner.get("body");
    let kind = nested.map_or_else(|| owner.get("body_type"), |body| body.get("type"));
    let content = nested.map_or_else(|| owner.get("body_content"), |body| body.get("content"));
    match (text(kind).as_deref(), content) {
        (Some("none") | None, _) | (Some("json" | "text"), None) => Ok(Vec::new()),
        (Some("json" | "text"), Some(content)) => reading.bytes(content),
        (Some("binary"), content) => {
            let digits = text(content).unwrap_or_default();
            from_hex(&digits).ok_or(Unread::Missing("its binary body is not hexadecimal"))
        }
        (Some(_), _) => Err(Unread::Missing("its body is of a type that is not known")),
    }
}
