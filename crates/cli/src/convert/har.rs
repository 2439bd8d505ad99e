//! HTTP Archive 1.2 (the W3C draft "HTTP Archive (HAR) format"), as browsers, proxies and Polly.js write it.

use serde_json::json;

use super::body::from_base64;
use super::opened::Opened;
use super::reading::{Interaction, Reading, Unread, headers, request, status, text};
use super::{Format, date};
use crate::document::{Node, as_f64};
use crate::exchange::Captured;

pub(super) static FORMAT: Format = Format {
    name: "har",
    title: "an HTTP archive (HAR)",
    summary: "HAR 1.2 of browsers and proxies: bodies as text and base64, dates, timings of streams",
    suffixes: &["har", "json"],
    exhausted: None,
    marks: &["log", "entries"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    opened.get("log").is_some_and(|log| log.get("entries").is_some())
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let Some(log) = opened.get("log") else { return };
    for entry in log.get("entries").map_or(&[][..], Node::items) {
        let read = interaction(entry, None, reading);
        reading.keep(entry.span, read);
    }
}

/// One entry of the log.
pub(super) fn interaction(entry: &Node<'_>, name: Option<String>, reading: &mut Reading) -> Result<Interaction, Unread> {
    let asked = entry.get("request").ok_or(Unread::Missing("it has no `request`"))?;
    let answered = entry.get("response").ok_or(Unread::Missing("it has no `response`"))?;
    let url = text(asked.get("url")).ok_or(Unread::Missing("its request has no `url`"))?;
    let method = text(asked.get("method")).unwrap_or_else(|| "GET".to_owned());
    let fields = headers(asked.get("headers"));
    let posted = asked.get("postData").filter(|data| !data.members().is_empty());
    let body = posted.map(|data| content(data, reading)).transpose()?.unwrap_or_default();
    let body = reading.decode(body, &fields)?;
    let code = status(answered.get("status")).ok_or(Unread::Missing("its response has no status (the request was not answered)"))?;
    let mut answer_fields = headers(answered.get("headers"));
    let body_node = answered.get("content");
    if answer_fields.first("content-type").is_none()
        && let Some(kind) = text(body_node.and_then(|content| content.get("mimeType"))).filter(|kind| !kind.is_empty())
    {
        answer_fields.push("content-type", kind);
    }
    let missing = text(body_node.and_then(|content| content.get("size"))).is_some_and(|size| as_f64(&size) > 0.0);
    let answer = match body_node.filter(|content| content.get("text").is_some()) {
        Some(node) => content(node, reading)?,
        None if missing => return Err(Unread::Missing("the archive was saved without the bodies of answers")),
        None => Vec::new(),
    };
    let answer = reading.decode(answer, &answer_fields)?;
    let captured = Captured::whole(code, answer_fields, answer);
    let timings = captured.is_event_stream().then(|| timings(entry)).flatten();
    Ok(Interaction {
        span: entry.span,
        name,
        request: request(&method, &url, fields, body),
        captured,
        recorded_at: text(entry.get("startedDateTime")).and_then(|date| date::iso(&date)),
        timings,
        follows_up: false,
    })
}

fn content(node: &Node<'_>, reading: &Reading) -> Result<Vec<u8>, Unread> {
    let Some(written) = node.get("text") else { return Ok(Vec::new()) };
    if text(node.get("encoding")).as_deref() == Some("base64") {
        return Ok(polly_chunks(written).map_or_else(|| from_base64(written.as_str().unwrap_or_default()), Ok)?);
    }
    reading.bytes(written)
}

/// Polly.js writes an encoded body that came in chunks as a JSON list of base64 texts.
fn polly_chunks(node: &Node<'_>) -> Option<Vec<u8>> {
    let chunks: Vec<String> = serde_json::from_str(node.as_str()?).ok()?;
    let decoded: Vec<Vec<u8>> = chunks.iter().map(|chunk| from_base64(chunk).ok()).collect::<Option<_>>()?;
    Some(decoded.concat())
}

/// How long the first byte and the whole answer took, in milliseconds; phases that do not apply are -1.
fn timings(entry: &Node<'_>) -> Option<serde_json::Value> {
    let timings = entry.get("timings")?;
    let phase = |key: &str| text(timings.get(key)).map(|number| as_f64(&number)).filter(|ms| *ms >= 0.0);
    let before = phase("wait")? + ["blocked", "dns", "connect", "send"].iter().filter_map(|key| phase(key)).sum::<f64>();
    let total = before + phase("receive").unwrap_or(0.0);
    let round = |ms: f64| json!((ms * 1000.0).round() / 1000.0);
    (total > 0.0).then(|| json!({ "ttftMs": round(before), "interChunkDelaysMs": [], "totalDurationMs": round(total) }))
}
