//! Raw requests with their answers: `NAME.request.json` beside `NAME.response.json` (or `.sse`, `.txt`; also `.req.` and
//! `.resp.`), or one file `{"request": …, "response": …}`.
//!
//! Each side is the body alone, or an envelope: `{method, url or path, headers, body}` and `{status, headers, body}`. The
//! answer of a pair of files may also be raw HTTP.

use super::Format;
use super::opened::Opened;
use super::reading::{Interaction, Reading, Unread, headers, request, status, text};
use crate::document::Node;
use crate::exchange::{Captured, Headers};
use crate::provider::route::guess;

pub(super) static FORMAT: Format = Format {
    name: "pair",
    title: "a request with its response",
    summary: "NAME.request.json beside NAME.response.json, .sse or .txt, or both in one file; bodies alone, or with URL, status, headers",
    suffixes: &["json", "sse", "txt"],
    exhausted: None,
    marks: &["request", "response"],
    detect,
    read,
};

/// Which half of a pair a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Request,
    Response,
}

/// The name of a pair and the half of it that a file of this name is; `None` for names of other files.
pub fn side(name: &str) -> Option<(&str, Side)> {
    let ends = |suffixes: &[&str]| suffixes.iter().find_map(|suffix| name.strip_suffix(suffix).filter(|stem| !stem.is_empty()));
    let asked = ends(&[".request.json", ".req.json"]).map(|stem| (stem, Side::Request));
    let answers = [".response.json", ".response.sse", ".response.txt", ".resp.json", ".resp.sse", ".resp.txt"];
    asked.or_else(|| ends(&answers).map(|stem| (stem, Side::Response)))
}

fn detect(opened: &Opened<'_>) -> bool {
    opened.root.is_some() && (opened.answer.is_some() || is_pair(opened.root.as_ref()))
}

/// Whether a tree is a request with its answer, and nothing else that has such members.
pub(super) fn is_pair(node: Option<&Node<'_>>) -> bool {
    node.is_some_and(|node| {
        let object = |key: &str| node.get(key).is_some_and(|side| !side.members().is_empty());
        object("request") && node.get("response").is_some()
    })
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let Some(root) = &opened.root else { return };
    let read = match opened.answer {
        Some(answer) => apart(root, answer.name(), answer.text(), reading),
        None => together(root, reading),
    };
    reading.keep(root.span, read);
}

/// A request, and the file that holds its answer.
fn apart(asked: &Node<'_>, name: &str, answer: &str, reading: &mut Reading) -> Result<Interaction, Unread> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let captured = if let Some(raw) = answer.starts_with("HTTP/").then(|| raw_http(answer)).flatten() {
        raw
    } else if ending == Some("json") {
        let parsed = crate::document::parse(answer, crate::document::Format::Json, &crate::document::Limits::default());
        match parsed {
            Ok(parsed) if is_envelope(&parsed.root, "status") => answered(&parsed.root, reading)?,
            _ => Captured::whole(200, json_kind("application/json"), answer.to_owned()),
        }
    } else {
        let stream = Captured::whole(200, Headers::new(), answer.to_owned());
        let kind = if stream.is_event_stream() || ending == Some("sse") { "text/event-stream" } else { "text/plain" };
        Captured { headers: json_kind(kind), ..stream }
    };
    interaction(asked, asked, captured, reading)
}

fn json_kind(kind: &str) -> Headers {
    [("content-type", kind)].into_iter().collect()
}

/// A request and its answer in one object.
pub(super) fn together(node: &Node<'_>, reading: &mut Reading) -> Result<Interaction, Unread> {
    let asked = node.get("request").ok_or(Unread::Missing("it has no `request`"))?;
    let answer = node.get("response").ok_or(Unread::Missing("it has no `response`"))?;
    let captured = if is_envelope(answer, "status") {
        answered(answer, reading)?
    } else {
        let body = reading.bytes(answer)?;
        let plain = Captured::whole(200, Headers::new(), body);
        let kind = if plain.is_event_stream() { "text/event-stream" } else { "application/json" };
        Captured { headers: json_kind(kind), ..plain }
    };
    interaction(node, asked, captured, reading)
}

/// Whether a side says more than its body.
fn is_envelope(side: &Node<'_>, key: &str) -> bool {
    side.get("body").is_some() && (side.get(key).is_some() || side.get("headers").is_some())
}

fn answered(side: &Node<'_>, reading: &mut Reading) -> Result<Captured, Unread> {
    let fields = headers(side.get("headers"));
    let body = reading.bytes(side.get("body").ok_or(Unread::Missing("its response has no body"))?)?;
    let body = reading.decode(body, &fields)?;
    let status = if side.get("status").is_some() { status(side.get("status")) } else { Some(200) };
    let mut captured = Captured::whole(status.ok_or(Unread::Missing("its response has a status that is none"))?, fields, body);
    if captured.headers.first("content-type").is_none() && !captured.is_event_stream() {
        captured.headers.push("content-type", "application/json");
    }
    Ok(captured)
}

fn interaction(place: &Node<'_>, asked: &Node<'_>, captured: Captured, reading: &mut Reading) -> Result<Interaction, Unread> {
    let enveloped = is_envelope(asked, "method") || asked.get("body").is_some() && (asked.get("url").or(asked.get("path"))).is_some();
    let body_node = if enveloped { asked.get("body").unwrap_or(asked) } else { asked };
    let fields = headers(asked.get("headers").filter(|_| enveloped));
    let body = reading.bytes(body_node)?;
    let body = reading.decode(body, &fields)?;
    let url = text(asked.get("url").or_else(|| asked.get("uri")).or_else(|| asked.get("path"))).filter(|_| enveloped);
    let method = text(asked.get("method")).filter(|_| enveloped).unwrap_or_else(|| "POST".to_owned());
    let url = url.unwrap_or_else(|| {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        guess(&json, Some(&String::from_utf8_lossy(&captured.body()))).to_owned()
    });
    let named = text(place.get("name").or_else(|| place.get("description")));
    Ok(Interaction {
        span: place.span,
        name: named.filter(|_| !std::ptr::eq(place, asked)),
        request: request(&method, &url, fields, body),
        captured,
        recorded_at: None,
        timings: None,
        follows_up: false,
    })
}

/// A raw HTTP answer: status line, header fields, an empty line, the body as it is.
pub(super) fn raw_http(text: &str) -> Option<Captured> {
    let mut rest = text;
    let mut line = || {
        let end = rest.find('\n')?;
        let (line, behind) = rest.split_at_checked(end + 1)?;
        rest = behind;
        Some(line.trim_end_matches(['\r', '\n']))
    };
    let status = line()?.split_whitespace().nth(1)?.parse().ok()?;
    let mut fields = Headers::new();
    loop {
        let field = line()?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':')?;
        fields.push(name.trim(), value.trim());
    }
    Some(Captured::whole(status, fields, rest.to_owned()))
}
