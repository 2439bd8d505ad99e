//! What is secret in one text, and what to write in its place: keys that are known by their form, values that the same
//! file uses as credentials, random values under names that keep secrets; also inside JSON, forms and base64 in the text.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::document::{self, Format, Limits, Node, Value};
use crate::secrets::{self, Class, Layer, holds_known_key, is_credential_header, is_credential_name, looks_random};

/// Texts inside texts are opened this often: JSON in a string of JSON in base64.
const MOST_LAYERS: usize = 4;

/// Most bytes that a compressed text may have.
const MOST_INFLATED: u64 = 64 << 20;

/// What stands as it is in a value of a form.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a random value becomes.
const SECRET: &str = "<secret>";

/// Bytes of a text, and what to write over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// How many secrets this takes out.
    pub(super) secrets: usize,
}

/// Knows what is secret.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// Values that are credentials somewhere in the file.
    echoes: Option<AhoCorasick>,
}

impl Finder {
    /// A finder that also knows these values wherever they stand.
    pub(super) fn knowing(values: &BTreeSet<String>) -> Finder {
        let search = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values).ok();
        Finder { echoes: if values.is_empty() { None } else { search() } }
    }

    /// What to write over a text that stands under a name, in order and without overlaps.
    pub(super) fn cuts(&self, name: &str, text: &str) -> Vec<Cut> {
        self.look(name, text, 0)
    }

    /// The text without its secrets, and how many those were.
    pub(super) fn clean<'t>(&self, name: &str, text: &'t str) -> (Cow<'t, str>, usize) {
        let cuts = self.cuts(name, text);
        if cuts.is_empty() { (Cow::Borrowed(text), 0) } else { (Cow::Owned(apply(text, &cuts)), count(&cuts)) }
    }

    fn look(&self, name: &str, text: &str, layer: usize) -> Vec<Cut> {
        // Of two cuts of the same bytes the first one counts: what knows how the text is written.
        let mut cuts = Vec::new();
        if layer < MOST_LAYERS {
            cuts.extend(self.in_json(name, text, layer).or_else(|| self.in_form(text, layer)).unwrap_or_default());
            cuts.extend(self.in_base64(text, layer));
        }
        cuts.extend(self.known(text));
        cuts.extend(named(name, text));
        merged(cuts)
    }

    /// Keys and passwords that are known by their form, and values that are credentials elsewhere.
    fn known(&self, text: &str) -> Vec<Cut> {
        let likely = Class::CREDENTIALS.into_iter().filter(|class| secrets::may_hold(*class, text));
        let hits = likely.flat_map(|class| secrets::scan(class, text));
        let mut cuts: Vec<Cut> = hits.map(|hit| Cut { range: hit.range, text: constant(hit.title), secrets: 1 }).collect();
        let echoes = self.echoes.iter().flat_map(|echoes| echoes.find_iter(text));
        cuts.extend(echoes.map(|found| Cut { range: found.range(), text: SECRET.to_owned(), secrets: 1 }));
        cuts
    }

    /// Strings and names of JSON; `None` when the text is none.
    fn in_json(&self, name: &str, text: &str, layer: usize) -> Option<Vec<Cut>> {
        if !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
            return None;
        }
        let parsed = document::parse(text, Format::Json, &Limits::default()).ok()?;
        let mut cuts = Vec::new();
        self.walk(name, &parsed.root, text, layer, &mut cuts);
        Some(cuts)
    }

    fn walk(&self, name: &str, node: &Node<'_>, text: &str, layer: usize, cuts: &mut Vec<Cut>) {
        let mut string = |name: &str, value: &str, range: Range<usize>| {
            let inner = self.look(name, value, layer + 1);
            if !inner.is_empty() {
                let written = serde_json::Value::String(apply(value, &inner)).to_string();
                cuts.push(trimmed(text, range, &written, count(&inner)));
            }
        };
        match &node.value {
            Value::String(value) => string(name, value, node.span.start..node.span.end),
            Value::Array(items) => items.iter().for_each(|item| self.walk(name, item, text, layer, cuts)),
            Value::Object(members) => {
                for member in members {
                    string("", &member.key, member.key_span.start..member.key_span.end);
                }
                for member in members {
                    self.walk(&member.key, &member.value, text, layer, cuts);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Values of a form (`application/x-www-form-urlencoded`); `None` when the text is none.
    fn in_form(&self, text: &str, layer: usize) -> Option<Vec<Cut>> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'[' | b']' | b'%' | b'+');
        let mut cuts = Vec::new();
        let mut at = 0;
        for field in text.trim_end().split('&') {
            let (name, value) = field.split_once('=').filter(|(name, _)| !name.is_empty() && name.bytes().all(is_name))?;
            if value.contains(char::is_whitespace) {
                return None;
            }
            let start = at + name.len() + 1;
            at += field.len() + 1;
            let (name, plain) = (unescaped(name), unescaped(value));
            let inner = self.look(&name, &plain, layer + 1);
            if !inner.is_empty() {
                let written = utf8_percent_encode(&apply(&plain, &inner), FORM).to_string();
                cuts.push(Cut { range: start..start + value.len(), text: written, secrets: count(&inner) });
            }
        }
        Some(cuts)
    }

    fn in_base64(&self, text: &str, layer: usize) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for (range, wrapping, inner) in secrets::decoded(text) {
            let found = self.look("", &inner, layer + 1);
            if found.is_empty() {
                continue;
            }
            let plain = apply(&inner, &found);
            let bytes = if wrapping == Layer::Gzip { gzip(plain.as_bytes()) } else { plain.into_bytes() };
            let run = text.get(range.clone()).unwrap_or_default();
            let padding = text.get(range.end..).unwrap_or_default().bytes().take(2).take_while(|byte| *byte == b'=').count();
            let written = if padding > 0 || run.len().is_multiple_of(4) && !run.contains(['-', '_']) {
                STANDARD.encode(bytes)
            } else if run.contains(['-', '_']) {
                URL_SAFE_NO_PAD.encode(bytes)
            } else {
                STANDARD_NO_PAD.encode(bytes)
            };
            cuts.push(Cut { range: range.start..range.end + padding, text: written, secrets: count(&found) });
        }
        cuts
    }
}

/// `an OpenAI key` becomes `<OpenAI key>`.
fn constant(title: &str) -> String {
    format!("<{}>", title.trim_start_matches("an ").trim_start_matches("a ").trim_start_matches("the "))
}

/// Random words under a name that keeps secrets.
fn named(name: &str, text: &str) -> Vec<Cut> {
    let keeps_secrets = is_credential_name(name) || is_credential_header(name) || name.eq_ignore_ascii_case("cookies");
    if !keeps_secrets {
        return Vec::new();
    }
    credentials(text).map(|range| Cut { range, text: SECRET.to_owned(), secrets: 1 }).collect()
}

/// The random words of a credential: `X`, `Bearer X`, `name=X; Path=/`. Those of a known form are found as such.
pub(super) fn credentials(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split([' ', ';', ',']).filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        let secret = word.split_once('=').filter(|(_, rest)| rest.len() >= 16).map_or(word, |(_, rest)| rest);
        let end = start + word.len();
        (looks_random(secret) && !holds_known_key(secret)).then_some(end - secret.len()..end)
    })
}

/// A name or value of a form, decoded.
pub(super) fn unescaped(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The text with everything written over.
pub(super) fn apply(text: &str, cuts: &[Cut]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        out.push_str(text.get(at..cut.range.start).unwrap_or_default());
        out.push_str(&cut.text);
        at = cut.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

pub(super) fn count(cuts: &[Cut]) -> usize {
    cuts.iter().map(|cut| cut.secrets).sum()
}

/// In order; of cuts that overlap, one over all that they cover.
fn merged(mut cuts: Vec<Cut>) -> Vec<Cut> {
    cuts.sort_by_key(|cut| (cut.range.start, std::cmp::Reverse(cut.range.end)));
    let mut apart: Vec<Cut> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match apart.last_mut() {
            Some(last) if cut.range.start < last.range.end => last.range.end = last.range.end.max(cut.range.end),
            Some(_) | None => apart.push(cut),
        }
    }
    apart
}

/// A cut without what stays the same at both of its ends.
fn trimmed(text: &str, range: Range<usize>, written: &str, secrets: usize) -> Cut {
    let old = text.get(range.clone()).unwrap_or_default();
    let same = |(a, b): &(char, char)| a == b;
    let start: usize = old.chars().zip(written.chars()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), written.get(start..).unwrap_or_default());
    let end: usize = old_rest.chars().rev().zip(new_rest.chars().rev()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let kept = new_rest.get(..new_rest.len() - end).unwrap_or_default();
    Cut { range: range.start + start..range.end - end, text: kept.to_owned(), secrets }
}

/// Bytes, compressed.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail.
    let _written = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// What gzip holds; `None` when it is broken or holds too much.
pub(super) fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(MOST_INFLATED + 1).read_to_end(&mut inflated);
    (read.is_ok() && inflated.len() as u64 <= MOST_INFLATED).then_some(inflated)
}
