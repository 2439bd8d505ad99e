//! Secrets and personal data in one file: where each stands, and inside of what. Computed once a file, for all rules
//! about them.
//!
//! The raw text is looked at first: a file without a trace of any secret costs that one pass. Then every string, key
//! and comment is read as its reader would get it, unwrapped one level where it is base64 or gzip, and pieces of a
//! stream are read joined, because a key that was streamed stands in no piece alone.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use super::{FileContext, Findings};
use crate::diagnostic::{Diagnostic, Edit, Fix, Safety, Span};
use crate::document::{Member, Node, Value};
use crate::secrets::{self, Class, Hit, Layer};

/// Most bytes of joined pieces that are read in one stream.
const MOST_JOINED: usize = 1 << 20;

/// What a leak stands inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Inside {
    Nothing,
    Base64,
    Gzip,
    /// In several pieces of a stream.
    Pieces,
}

/// A secret in a file.
#[derive(Clone, Debug)]
struct Leak {
    hit: Hit,
    /// The secret itself where the file has it verbatim, else the string that holds it.
    span: Span,
    verbatim: bool,
    inside: Inside,
}

/// All leaks of a file, found when a rule first asks.
#[derive(Debug, Default)]
pub struct Leaks {
    credentials: OnceLock<Vec<Leak>>,
    personal: OnceLock<Vec<Leak>>,
}

/// Reports the leaks of a class. `instead` is what an unsafe fix writes in their place.
pub(super) fn report(file: &FileContext<'_>, findings: &mut Findings, class: Class, help: &'static str, instead: Option<&'static str>) {
    let (cell, classes) = if Class::PERSONAL.contains(&class) {
        (&file.leaks.personal, &Class::PERSONAL[..])
    } else {
        (&file.leaks.credentials, &Class::CREDENTIALS[..])
    };
    let leaks = cell.get_or_init(|| Scan::of(file, classes));
    for leak in leaks.iter().filter(|leak| leak.hit.class == class) {
        let mut label = file.label(leak.span);
        label.pointer = without_secrets(&label.pointer);
        let identity = format!("{} {}", leak.hit.title, without_indexes(&label.pointer));
        let finding = findings.report(label, message(leak));
        finding.hide_source = true;
        finding.help = help.into();
        finding.identity = identity;
        if let (Some(instead), true) = (instead, leak.verbatim) {
            let edits = vec![Edit { span: leak.span, text: instead.to_owned() }];
            finding.fix = Some(Fix { safety: Safety::Unsafe, title: format!("replace it by `{instead}`").into(), edits });
        }
    }
}

/// Takes credentials out of what a finding says: rules of all kinds quote texts, and reports go to logs.
pub(super) fn redact(finding: &mut Diagnostic) {
    for text in [&mut finding.message, &mut finding.primary.pointer] {
        if let Some(clean) = redacted(text) {
            *text = clean;
        }
    }
    if let Some(clean) = redacted(&finding.help) {
        finding.help = clean.into();
    }
}

/// The text without credentials; `None` when it has none.
fn redacted(text: &str) -> Option<String> {
    if !secrets::may_hold_credential(text) {
        return None;
    }
    let mut clean = None;
    for class in Class::CREDENTIALS {
        let current = clean.as_deref().unwrap_or(text);
        if !secrets::may_hold(class, current) {
            continue;
        }
        let mut next = current.to_owned();
        let hits = secrets::scan(class, current);
        for hit in hits.iter().rev() {
            next.replace_range(hit.range.clone(), "…");
        }
        if !hits.is_empty() {
            clean = Some(next);
        }
    }
    clean
}

/// Says what it is and never what it says.
fn message(leak: &Leak) -> String {
    let begins = if leak.hit.mark.is_empty() { String::new() } else { format!(" (begins with `{}`)", leak.hit.mark) };
    let title = leak.hit.title;
    match leak.inside {
        Inside::Nothing => format!("{title}{begins}"),
        Inside::Base64 => format!("{title}{begins} inside base64"),
        Inside::Gzip => format!("{title}{begins} inside gzip inside base64"),
        Inside::Pieces => format!("{title}{begins} when the pieces of this stream are joined"),
    }
}

/// A pointer up to the first key that is a secret itself.
fn without_secrets(pointer: &str) -> String {
    let secret = |step: &str| Class::CREDENTIALS.iter().chain(&Class::PERSONAL).any(|class| !secrets::scan(*class, step).is_empty());
    let steps: Vec<&str> = pointer.split('/').take_while(|step| !secret(step)).collect();
    steps.join("/")
}

/// A pointer that stays the same when fixtures move.
pub(super) fn without_indexes(pointer: &str) -> String {
    let steps = pointer.split('/').map(|step| if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

struct Scan<'f> {
    text: &'f str,
    /// Classes that the raw text may hold.
    likely: Vec<Class>,
    classes: &'f [Class],
    encoded: bool,
    /// The text may hold bodies that are streams of events.
    streamed: bool,
    /// Bodies may be streams of JSON lines, and base64 may be broken into lines.
    is_recording: bool,
    /// Strings and keys that were read, for telling them from comments.
    read: Vec<Span>,
    found: Vec<Leak>,
}

impl Scan<'_> {
    fn of(file: &FileContext<'_>, classes: &[Class]) -> Vec<Leak> {
        let text = file.source.text();
        // `\u002d` hides a prefix from a search of the raw text.
        let escaped = text.contains("\\u00") || text.contains("\\x") || text.contains("\\/");
        // Of credentials one search tells most texts to have none.
        let grants = |class: &Class| Class::CREDENTIALS.contains(class);
        let classes_at_all = if escaped || !classes.iter().all(grants) || secrets::may_hold_credential(text) { classes } else { &[] };
        let likely: Vec<Class> = classes_at_all.iter().copied().filter(|class| escaped || secrets::may_hold(*class, text)).collect();
        let encoded = secrets::may_be_encoded(text);
        let is_recording = file.is_recording;
        let streamed = is_recording || text.contains("\\ndata:") || text.contains("\n data:");
        let mut scan = Scan { text, likely, classes, encoded, streamed, is_recording, read: Vec::new(), found: Vec::new() };
        if !scan.likely.is_empty() || scan.encoded || scan.streamed {
            scan.node(&file.parsed.root);
        }
        if !scan.likely.is_empty() {
            scan.comments();
        }
        scan.streams(&file.parsed.root);
        scan.found
    }

    fn node(&mut self, node: &Node<'_>) {
        match &node.value {
            Value::String(text) => self.string(text, node.span),
            Value::Array(items) => items.iter().for_each(|item| self.node(item)),
            Value::Object(members) => members.iter().for_each(|member| self.member(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn member(&mut self, member: &Member<'_>) {
        self.string(&member.key, member.key_span);
        self.node(&member.value);
    }

    fn string(&mut self, text: &str, span: Span) {
        self.read.push(span);
        for hit in self.likely.iter().flat_map(|class| secrets::scan(*class, text)) {
            let secret = text.get(hit.range.clone()).unwrap_or("");
            let place = find(self.text, span.start..span.end, secret);
            let verbatim = place.is_some();
            let span = place.unwrap_or(span);
            self.found.push(Leak { hit, span, verbatim, inside: Inside::Nothing });
        }
        if self.encoded {
            self.unwrap(text, span);
        }
        if self.streamed {
            self.body(text, span);
        }
    }

    /// A text whose lines are a stream: events, and in recordings JSON of their own.
    fn body(&mut self, text: &str, span: Span) {
        if !(text.contains("data:") || self.is_recording && text.contains("\n{")) {
            return;
        }
        let mut joined = Joined::default();
        for line in text.split(['\r', '\n']) {
            match line.strip_prefix("data:") {
                Some(data) => joined.data(data.strip_prefix(' ').unwrap_or(data)),
                None if self.is_recording && line.starts_with('{') => joined.data(line),
                None => {}
            }
        }
        self.joined(&joined, span);
    }

    fn unwrap(&mut self, text: &str, span: Span) {
        let is_broken = self.is_recording && text.trim_end().contains(['\n', ' ']) && text.bytes().all(is_of_base64);
        let text = if is_broken { Cow::Owned(text.split_whitespace().collect::<String>()) } else { Cow::Borrowed(text) };
        for (_, layer, inner) in secrets::decoded(&text) {
            let inside = if layer == Layer::Gzip { Inside::Gzip } else { Inside::Base64 };
            for class in self.classes {
                // A token's parts are base64 of their own; the token is found as such.
                for hit in secrets::scan(*class, &inner) {
                    self.found.push(Leak { hit, span, verbatim: false, inside });
                }
            }
            if self.is_recording {
                self.body(&inner, span);
            }
        }
    }

    /// What stands outside all strings: comments.
    fn comments(&mut self) {
        self.read.sort_unstable();
        let read = std::mem::take(&mut self.read);
        let inside_string = |at: usize| {
            let next = read.partition_point(|span| span.start <= at);
            next.checked_sub(1).and_then(|last| read.get(last)).is_some_and(|span| at < span.end)
        };
        for class in &self.likely {
            for hit in secrets::scan(*class, self.text) {
                let span = Span::new(hit.range.start, hit.range.end);
                if !inside_string(span.start) {
                    self.found.push(Leak { hit, span, verbatim: true, inside: Inside::Nothing });
                }
            }
        }
    }

    /// Lists of stream pieces (`events`, `blocks`) of every response, joined.
    fn streams(&mut self, root: &Node<'_>) {
        for entry in root.get("fixtures").map_or(&[][..], Node::items) {
            let responses = entry.get("responses").map_or(&[][..], Node::items);
            for response in entry.get("response").into_iter().chain(responses) {
                let response = response.get("response").unwrap_or(response);
                for key in ["events", "blocks"] {
                    if let Some(list) = response.member(key) {
                        self.pieces(list.value.items(), list.key_span);
                    }
                }
            }
        }
    }

    fn pieces(&mut self, items: &[Node<'_>], span: Span) {
        self.joined(&join(items), span);
    }

    fn joined(&mut self, joined: &Joined, span: Span) {
        for class in self.classes {
            let alone: HashSet<String> =
                joined.pieces.iter().filter(|piece| secrets::may_hold(*class, piece)).flat_map(|piece| texts(*class, piece)).collect();
            for text in joined.by_place.values().filter(|text| secrets::may_hold(*class, text)) {
                for hit in secrets::scan(*class, text) {
                    if text.get(hit.range.clone()).is_some_and(|secret| !alone.contains(secret)) {
                        self.found.push(Leak { hit, span, verbatim: false, inside: Inside::Pieces });
                    }
                }
            }
        }
    }
}

fn is_of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'/' | b'=')
}

fn texts(class: Class, text: &str) -> Vec<String> {
    secrets::scan(class, text).into_iter().filter_map(|hit| text.get(hit.range).map(str::to_owned)).collect()
}

fn find(text: &str, range: Range<usize>, secret: &str) -> Option<Span> {
    let at = range.start + text.get(range)?.find(secret)?;
    Some(Span::new(at, at + secret.len()))
}

/// The texts of a stream: each alone, and joined with those that stand at the same place in other pieces.
#[derive(Debug, Default)]
struct Joined {
    pieces: Vec<String>,
    by_place: BTreeMap<String, String>,
    size: usize,
}

/// Joins pieces of a stream place by place. No vendor's field names are needed: a delta stands at the same place in
/// every piece.
fn join(items: &[Node<'_>]) -> Joined {
    let mut joined = Joined::default();
    for item in items {
        match &item.value {
            Value::String(text) => joined.data(text),
            Value::Object(members) => {
                for member in members {
                    match &member.value.value {
                        Value::String(text) if member.key == "data" => joined.data(text),
                        _ => joined.json(&member.key, &crate::document::to_json(&member.value)),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
        }
    }
    joined
}

impl Joined {
    fn data(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(value) => self.json("", &value),
            Err(_) => self.add("", text),
        }
    }

    fn json(&mut self, place: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.add(place, text),
            serde_json::Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.json(&format!("{place}/{index}"), item);
                }
            }
            serde_json::Value::Object(members) => {
                for (key, member) in members {
                    self.json(&format!("{place}/{key}"), member);
                }
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }

    fn add(&mut self, place: &str, text: &str) {
        self.size += text.len();
        if self.size > MOST_JOINED {
            return;
        }
        self.by_place.entry(place.to_owned()).or_default().push_str(text);
        self.pieces.push(text.to_owned());
    }
}
