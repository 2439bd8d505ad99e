//! Provider files of VidaiMock (`config/providers/*.yaml`; read by its module `provider`, served by `handlers`): a regular expression over the path and
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
    marks: &["matcher", "name"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    let answers = ["response_template", "response_body", "stream", "error_template"].iter().any(|key| opened.get(key).is_some());
    opened.get("matcher").is_some() && opened.get("name").is_some() && answers
}

/// Events of a stream, in the order in which they are sent.
const LIFECYCLE: [&str; 3] = ["on_start", "on_chunk", "on_stop"];

/// Calls of Tera templates that have a counterpart in templates of fixtures.
const COUNTERPARTS: [(&str, &str); 3] = [("uuid()", "uuid()"), ("timestamp()", "now()"), ("json.model", "request.model")];

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let (Some(root), Some(matcher)) = (&opened.root, text(opened.get("matcher"))) else { return };
    let provider = Provider { matcher, name: text(opened.get("name")), status: text(opened.get("status_code")), root };
    // Errors are never streamed, and their own template stands before the answer's; of the others a file's stands before
    // the one written here.
    let fails = provider.fails();
    if let Some(stream) = opened.get("stream").filter(|stream| !fails && !is_false(stream.get("enabled"))) {
        provider.stream(stream, reading);
    }
    let in_a_file = opened.get("error_template").filter(|_| fails).or_else(|| opened.get("response_template"));
    match (in_a_file, opened.get("response_body")) {
        (Some(path), _) => provider.elsewhere(path, "the answer", reading),
        (None, Some(body)) => provider.whole(body, reading),
        (None, None) => {}
    }
    if let Some(template) = opened.get("error_template").filter(|_| !fails) {
        let message = "`error_template` is not carried: write the error as a fixture's `error`, which has the provider's own envelope";
        reading.notes.push("not-carried", Severity::Warning, template.span, message);
    }
    if let Some(priority) = opened.get("priority").filter(|priority| text(Some(priority)).is_some_and(|number| number != "0")) {
        let message = "`priority` is not carried: fixtures are tried in the order of their files, so name those first that come first";
        reading.notes.push("not-carried", Severity::Warning, priority.span, message);
    }
    if let Some(mapping) = opened.get("request_mapping").filter(|mapping| !mapping.members().is_empty()) {
        let message = "`request_mapping` is not carried: it names values for templates";
        reading.notes.push("not-carried", Severity::Info, mapping.span, message);
    }
}

fn is_false(node: Option<&Node<'_>>) -> bool {
    node.is_some_and(|node| matches!(node.value, crate::document::Value::Bool(false)))
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
        self.push(body, None, Captured::whole(status, kind_of("application/json"), written), reading);
    }

    /// The events of a stream; the one for a chunk is sent once.
    fn stream(&self, stream: &Node<'_>, reading: &mut Reading) {
        let Some(lifecycle) = stream.get("lifecycle").filter(|lifecycle| lifecycle.get("on_chunk").is_some()) else {
            let reason = "the stream is lost: its events are cut from the answer as it is rendered";
            return reading.lose(stream.span, reason);
        };
        if text(stream.get("encoding")).is_some_and(|encoding| encoding == "aws-event-stream") {
            let reason = "the stream is lost: fixtures hold no binary event streams";
            return reading.lose(stream.span, reason);
        }
        let raw = text(stream.get("frame_format")).as_deref() == Some("raw");
        let mut body = String::new();
        for key in LIFECYCLE {
            let Some(event) = lifecycle.get(key).filter(|event| !event.members().is_empty()) else { continue };
            let Some(written) = text(event.get("template_body")) else {
                if key != "on_chunk" && event.get("template_path").is_none() {
                    continue;
                }
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
                body.push_str(&as_frames(&written));
                continue;
            }
            if let Some(name) = text(event.get("event_name")) {
                let _ = writeln!(body, "event: {name}");
            }
            let compact = serde_json::from_str::<Json>(&written).ok().filter(|json| json.is_object() || json.is_array());
            for line in compact.map_or_else(|| written.trim_end().to_owned(), |json| json.to_string()).lines() {
                let _ = writeln!(body, "data: {line}");
            }
            body.push('\n');
        }
        let Some(status) = self.status(stream, reading) else { return };
        self.push(stream, Some(true), Captured::whole(status, kind_of("text/event-stream"), body), reading);
    }

    fn status(&self, place: &Node<'_>, reading: &mut Reading) -> Option<u16> {
        if self.status.as_deref().is_some_and(is_template) {
            reading.lose(place.span, "this answer is lost: its status is a template");
            return None;
        }
        Some(self.fixed_status())
    }

    /// What is no status is 200.
    fn fixed_status(&self) -> u16 {
        self.status.as_deref().and_then(|status| status.trim().parse().ok()).filter(|status| (100..=999).contains(status)).unwrap_or(200)
    }

    fn fails(&self) -> bool {
        (400..=599).contains(&self.fixed_status())
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

/// Events as they are sent where the template writes them whole: lines without blanks around them, one empty line behind
/// each event.
fn as_frames(written: &str) -> String {
    let mut frames = String::new();
    let mut is_open = false;
    for line in written.lines().map(str::trim) {
        if is_open || !line.is_empty() {
            frames.push_str(line);
            frames.push('\n');
        }
        is_open = !line.is_empty();
    }
    if is_open {
        frames.push('\n');
    }
    frames
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
