//! Cassettes of vcrpy (Python), version 1, YAML and JSON, also those of pytest-recording and of serializers that write
//! `parsed_body` (vcrpy's `serialize.py` and `serializers/compat.py`).

use super::opened::Opened;
use super::reading::{Interaction, Reading, Unread, headers, request, status, text};
use super::{Format, cassetter, date};
use crate::document::Node;
use crate::exchange::Captured;

pub(super) static FORMAT: Format = Format {
    name: "vcrpy",
    title: "a vcrpy cassette",
    summary: "YAML and JSON cassettes of vcrpy and pytest-recording: text, base64, `!!binary` and `parsed_body` bodies",
    suffixes: &["yaml", "yml", "json"],
    // Played once each, unless `allow_playback_repeats` says otherwise.
    exhausted: Some("error"),
    marks: &["interactions"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    let Some(list) = opened.get("interactions") else { return false };
    let Some(first) = list.items().first() else { return opened.get("version").is_some() };
    let (asked, answered) = (first.get("request"), first.get("response"));
    let has_uri = asked.is_some_and(|request| request.get("uri").is_some());
    has_uri && answered.is_some() && !cassetter::is_typed(first)
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    for node in opened.get("interactions").map_or(&[][..], Node::items) {
        let read = interaction(node, reading);
        reading.keep(node.span, read);
    }
}

/// One interaction of the VCR family: vcrpy, Ruby's VCR and go-vcr differ in a few names.
pub(super) fn interaction(node: &Node<'_>, reading: &mut Reading) -> Result<Interaction, Unread> {
    let asked = node.get("request").ok_or(Unread::Missing("it has no `request`"))?;
    let answered = node.get("response").ok_or(Unread::Missing("it has no `response`"))?;
    let url = text(asked.get("uri").or_else(|| asked.get("url"))).ok_or(Unread::Missing("its request has no `uri`"))?;
    let method = text(asked.get("method")).unwrap_or_else(|| "GET".to_owned());
    let fields = headers(asked.get("headers"));
    let body = reading.cassette_body(asked)?;
    let body = reading.decode(body, &fields)?;
    let code = status(answered.get("code").or_else(|| answered.get("status")));
    let answer_fields = headers(answered.get("headers"));
    let answer = reading.cassette_body(answered)?;
    let answer = reading.decode(answer, &answer_fields)?;
    let recorded = text(node.get("recorded_at")).or_else(|| answer_fields.first("date").map(str::to_owned));
    Ok(Interaction {
        span: node.span,
        name: None,
        request: request(&method, &url, fields, body),
        recorded_at: recorded.and_then(|date| date::iso(&date)),
        captured: Captured::whole(code.ok_or(Unread::Missing("its response has no status"))?, answer_fields, answer),
        timings: None,
        follows_up: false,
    })
}
