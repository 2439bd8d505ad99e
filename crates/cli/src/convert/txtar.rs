//! Test archives of coder's aibridge: a comment, then the sections `request`, `streaming`, `non-streaming` and the same
//! with `/tool-call` (Go's txtar format, `golang.org/x/tools/txtar`). A section that begins with `HTTP/` is a raw answer.
//!
//! The archive does not say where the request goes, nor what follows a tool call is asked with: the first is told by the
//! shape of the bodies, the second is the request with one more turn and a tool result.

use super::opened::{Opened, REQUEST_SECTION};
use super::reading::{Interaction, Reading, Unread};
use super::{Format, pair};
use crate::diagnostic::{Severity, Span};
use crate::exchange::{Captured, Headers, RawRequest};
use crate::provider::route::guess;

pub(super) static FORMAT: Format = Format {
    name: "txtar",
    title: "a txtar archive of aibridge",
    summary: "request, streaming, non-streaming and tool-call sections, raw HTTP answers included",
    suffixes: &["txtar"],
    // The last answer repeats where the test allows more calls than answers.
    exhausted: None,
    marks: &[REQUEST_SECTION],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    opened.root.is_none() && opened.source.text().lines().any(|line| line.trim_end() == REQUEST_SECTION)
}

/// A section of an archive.
struct Section<'t> {
    name: &'t str,
    body: &'t str,
    span: Span,
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let text = opened.source.text();
    let (comment, sections) = sections(text);
    let mut asked = sections.iter().filter(|section| section.name == "request");
    let request = asked.next().map(|section| section.body);
    for extra in asked {
        reading.lose(extra.span, "a second request section: which answers are its is not said");
    }
    for section in sections.iter().filter(|section| section.name != "request") {
        match section.name {
            "streaming" | "non-streaming" | "streaming/tool-call" | "non-streaming/tool-call" => {
                let read = interaction(section, request, comment, reading);
                reading.keep(section.span, read);
            }
            other => {
                reading.lose(section.span, format!("the section `{other}` is not known, and is lost"));
            }
        }
    }
}

fn interaction(section: &Section<'_>, request: Option<&str>, comment: &str, reading: &mut Reading) -> Result<Interaction, Unread> {
    let request = request.ok_or(Unread::Missing("the archive has no request section"))?;
    let mut body: serde_json::Value = serde_json::from_str(request).map_err(|_| Unread::Missing("the request section is no JSON"))?;
    let streams = section.name.starts_with("streaming");
    if let Some(members) = body.as_object_mut() {
        // The section says which of the two was asked for; the archive has one request for both.
        members.insert("stream".to_owned(), streams.into());
    }
    let captured = answer(section.body, streams);
    let path = guess(&body, Some(&String::from_utf8_lossy(&captured.body())));
    let follows_up = section.name.ends_with("/tool-call");
    if follows_up {
        let message = "the request that follows the tool call is not in the archive: its match is the first one's, a turn later";
        reading.notes.push("guessed-request", Severity::Info, section.span, message);
    }
    let counted = reading.decode(captured.body().to_vec(), &Headers::new())?;
    Ok(Interaction {
        span: section.span,
        name: Some(comment.trim()).filter(|comment| !comment.is_empty()).map(str::to_owned),
        request: RawRequest::new("POST", path, Headers::new(), body.to_string()),
        captured: Captured { pieces: vec![counted.into()], ..captured },
        recorded_at: None,
        timings: None,
        follows_up,
    })
}

/// The answer in a section: raw HTTP, or a body.
fn answer(body: &str, streams: bool) -> Captured {
    if let Some(raw) = body.starts_with("HTTP/").then(|| pair::raw_http(body)).flatten() {
        return raw;
    }
    let kind = if streams { "text/event-stream" } else { "application/json" };
    Captured::whole(200, [("content-type", kind)].into_iter().collect(), body.to_owned())
}

/// The comment and the sections; bytes of bodies are kept, line ends included.
fn sections(text: &str) -> (&str, Vec<Section<'_>>) {
    let mut marks: Vec<(usize, usize, &str)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end_matches(['\r', '\n']);
        if let Some(name) = plain.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            marks.push((at, at + line.len(), name.trim()));
        }
        at += line.len();
    }
    let comment = text.get(..marks.first().map_or(text.len(), |(start, ..)| *start)).unwrap_or_default();
    let ends = marks.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]);
    let sections = marks.iter().zip(ends).map(|((start, body, name), end)| Section {
        name,
        body: text.get(*body..end).unwrap_or_default(),
        span: Span::new(*start, end),
    });
    (comment.trim_start_matches('\u{feff}'), sections.collect())
}
