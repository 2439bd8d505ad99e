//! `decode`: bodies in base64 that hold text become that text.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Example, Group, Pass, Work};
use crate::diagnostic::Edit;
use crate::document::edit::{remove_member, rename_key};
use crate::document::{self, Format, Limits, Node};
use crate::normalize::scalar::quoted;
use crate::normalize::{Tree, TreeEdits};

pub(super) static PASS: Pass = Pass {
    name: "decode",
    group: Group::Shaping,
    summary: "`http.base64` that holds text, packed or not, becomes `json` or `body`",
    why: "nobody can review what they cannot read, and no other pass finds a time or a key in it. A packed body (gzip, deflate, brotli) is unpacked, and `content-encoding` goes with it",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "path": "/v1/x" }, "response": { "http": {
  "headers": { "content-type": "application/json", "content-encoding": "gzip" },
  "base64": "H4sIAAAAAAACA6tWys9WsiopKk2tBQCQX9SnCwAAAA=="
} } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "path": "/v1/x" }, "response": { "http": {
  "headers": { "content-type": "application/json" },
  "json": {"ok":true}
} } }] }"#,
        transforms: &[],
    }],
    work: Work::Tree(apply),
};

/// Most bytes that one body is unpacked to.
const MOST_OUTPUT: u64 = 64 << 20;

/// Bytes that are unpacked at a time.
const BUFFER: usize = 4096;

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    for http in tree.entries().iter().flat_map(Tree::responses).filter_map(|response| response.get("http")) {
        let Some(member) = http.member("base64") else { continue };
        let Some(bytes) = member.value.as_str().and_then(|text| STANDARD.decode(text).ok()) else { continue };
        let encoding = header(http, "content-encoding");
        let Some(text) = unpack(bytes, encoding.and_then(|member| member.value.as_str())).and_then(readable) else { continue };
        let (key, value) = match json(&text) {
            Some(json) => ("json", json),
            None => ("body", quoted(&text)),
        };
        let mut list = vec![rename_key(tree.layout, member, key), Edit { span: member.value.span, text: value }];
        let headers = http.get("headers");
        if let (Some(headers), Some(encoding)) = (headers, encoding) {
            // A body that is sent unpacked under a header that says otherwise is worse than one that nobody can read.
            let Some(cut) = remove_member(tree.layout, headers, encoding) else { continue };
            list.extend(cut);
        }
        edits.push(member.key_span, format!("`base64` becomes `{key}`"), list);
    }
}

fn header<'n, 's>(http: &'n Node<'s>, name: &str) -> Option<&'n document::Member<'s>> {
    http.get("headers")?.members().iter().find(|member| member.key.eq_ignore_ascii_case(name))
}

/// The body without its encoding; `None`: it has one that is not known, or is broken or too large.
fn unpack(bytes: Vec<u8>, encoding: Option<&str>) -> Option<Vec<u8>> {
    let bounded = |reader: &mut dyn std::io::Read| {
        let mut unpacked = Vec::new();
        reader.take(MOST_OUTPUT + 1).read_to_end(&mut unpacked).ok()?;
        (unpacked.len() as u64 <= MOST_OUTPUT).then_some(unpacked)
    };
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity") => Some(bytes),
        Some("gzip" | "x-gzip") => bounded(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice())),
        Some("deflate") => bounded(&mut flate2::read::ZlibDecoder::new(bytes.as_slice())),
        Some("br") => bounded(&mut brotli_decompressor::Decompressor::new(bytes.as_slice(), BUFFER)),
        Some(_) => None,
    }
}

/// The text, if it has no characters that make it bytes.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.is_empty() && !text.starts_with('\u{feff}') && !text.contains(is_odd)).then_some(text)
}

/// The text as JSON, where it is sent as the same bytes.
fn json(text: &str) -> Option<String> {
    let parsed = document::parse(text, Format::Json, &Limits::default()).ok()?;
    let plain = parsed.findings.is_empty() && parsed.deviations().is_empty();
    (plain && document::duplicate::find(&parsed.root).is_empty() && document::to_text(&parsed.root) == text).then(|| text.to_owned())
}
