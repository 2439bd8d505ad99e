//! Provider files of VidaiMock (`config/providers/*.yaml`; read by its module `provider`): a regular expression over the path and
//! a template for the answer. What is static is carried; a Tera template is not, and is said.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::Format;
use super::opened::Opened;
use super::reading::{Found, Reading, Ready, text};
use crate::diagnostic::Severity;
use crate::document::Node;
use crate::exchange::{Captured, Headers};

pub(super) static FORMAT: Format = Format {
    name: "vidaimock",
    title: "a provider file of VidaiMock",
    summary: "static answers, errors and stream events of provider YAML; Tera templates are named and left out",
    suffixes: &["yaml", "yml"],
    exhausted: None,
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    let answers = ["response_template", "response_body", "stream", "error_template"].iter().any(|key| opened.get(key).is_some());
    opened.get("matcher").is_some() && opened.get("name").is_some() && answers
}

/// Calls of Tera templates that have a counterpart in templates of fixtures.
const COUNTERPARTS: [(&str, &str); 3] = [("uuid()", "uuid()"), ("timestamp()", "now()"), ("json.model", "request.model")];

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let (Some(root), Some(matcher)) = (&opened.root, text(opened.get("matcher"))) else { return };
    let provider = Provider { matcher, name: text(opened.get("name")), status: text(opened.get("status_code")), root };
    if let Some(stream) = opened.get("stream").filter(|stream| text_of_flag(stream.get("enabled")) != Some(false)) {
        provider.stream(stream, reading);
    }
    match opened.get("response_body").or_else(|| opened.get("response_template")) {
        Some(body) if opened.get("response_body").is_some() => provider.whole(body, reading),
        Some(path) => provider.elsewhere(path, "the answer", reading),
        None => {}
    }
    if let Some(template) = opened.get("error_template") {
        let message = "`error_template` is not carried: write the error as a fixture's `error`, which has the provider's own envelope";
        reading.notes.push("not-carried", Severity::Warning, template.span, message);
    }
    if let Some(mapping) = opened.get("request_mapping").filter(|mapping| !mapping.members().is_empty()) {
        let message = "`request_mapping` is not carried: it names values for templates";
        reading.notes.push("not-carried", Severity::Info, mapping.span, message);
    }
}

fn text_of_flag(node: Option<&Node<'_>>) -> Option<bool> {
    if let crate::document::Value::Bool(flag) = node?.value { Some(flag) } else { None }
}

struct Provider<'t, 's> {
    matcher: String,
    name: Option<String>,
    status: Option<String>,
    root: &'t Node<'s>,
}

impl Provider<'_, '_> {
    fn whole(&self, body: &Node<'_>, reading: &mut Reading) {
        let written = text(Some(body)).unwrap_or_default();
        let Some(status) = self.status(body, reading) else { return };
        if is_template(&written) {
            return lost(body, &written, "the answer", reading);
        }
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&written).is_ok();
        let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
        self.push(body, None, Captured::whole(status, kind_of(kind), written), reading);
    }

    /// The events of a stream; the one for a chunk is sent once.
    fn stream(&self, stream: &Node<'_>, reading: &mut Reading) {
        let Some(lifecycle) = stream.get("lifecycle") else {
            let reason = "the stream is lost: its events are cut from the answer as it is rendered";
            return reading.lose(stream.span, reason);
        };
        if text(stream.get("encoding")).is_some_and(|encoding| encoding == "aws-event-stream") {
            let reason = "the stream is lost: fixtures hold no binary event streams";
            return reading.lose(stream.span, reason);
        }
        let raw = text(stream.get("frame_format")).as_deref() == Some("raw");
        let mut body = String::new();
        for (key, event) in lifecycle.entries() {
            let Some(written) = text(event.get("template_body")) else {
                return self.elsewhere(event.get("template_path").unwrap_or(event), "the stream", reading);
            };
            if is_template(&written) {
                return lost(event, &written, "the stream", reading);
            }
            if key == "on_chunk" {
                let message = "`on_chunk` is sent once: VidaiMock sends it for every word of the answer";
                reading.notes.push("not-carried", Severity::Warning, event.span, message);
            }
            if raw {
                body.push_str(&written);
                continue;
            }
            if let Some(name) = text(event.get("event_name")) {
                let _ = writeln!(body, "event: {name}");
            }
            for line in written.trim_end().lines() {
                let _ = writeln!(body, "data: {line}");
            }
            body.push('\n');
        }
        let Some(status) = self.status(stream, reading) else { return };
        self.push(stream, Some(true), Captured::whole(status, kind_of("text/event-stream"), body), reading);
    }

    fn status(&self, place: &Node<'_>, reading: &mut Reading) -> Option<u16> {
        let written = self.status.as_deref().unwrap_or("200");
        let status = written.trim().parse().ok().filter(|status| (100..=999).contains(status));
        if status.is_none() {
            let reason = "this answer is lost: its status is a template".to_owned();
            reading.lose(place.span, reason);
        }
        status
    }

    fn elsewhere(&self, place: &Node<'_>, what: &str, reading: &mut Reading) {
        let reason = format!("{what} is lost: it stands in a template file of its own, which is a Tera template");
        reading.lose(if place.members().is_empty() { place.span } else { self.root.span }, reason);
    }

    fn push(&self, place: &Node<'_>, stream: Option<bool>, captured: Captured, reading: &mut Reading) {
        let mut matches: Map<String, Json> = Map::new();
        matches.extend(stream.map(|stream| ("stream".to_owned(), stream.into())));
        matches.insert("path".to_owned(), path(&self.matcher));
        let name = self.name.clone();
        reading.found.push(Found::Ready(Ready { span: place.span, name, matches, captured }));
    }
}

fn kind_of(kind: &str) -> Headers {
    [("content-type", kind)].into_iter().collect()
}

/// A path that is written out as it is, another one as the pattern.
fn path(matcher: &str) -> Json {
    let literal = matcher.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    match literal.filter(|path| !path.contains(['.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\', '^', '$'])) {
        Some(path) => path.into(),
        None => json!({ "regex": matcher }),
    }
}

/// Whether Tera would change the text.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

fn lost(place: &Node<'_>, written: &str, what: &str, reading: &mut Reading) {
    let known: Vec<String> =
        COUNTERPARTS.iter().filter(|(tera, _)| written.contains(tera)).map(|(tera, ours)| format!("`{tera}` is `{ours}`")).collect();
    let help = if known.is_empty() { String::new() } else { format!("; in a fixture with `template: true` {}", known.join(", ")) };
    reading.lose(place.span, format!("{what} is lost: it is a Tera template{help}"));
}
