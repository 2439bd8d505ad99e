//! Secrets that no piece of a stream holds alone: the texts at one place of the pieces are read joined, and what is secret
//! in the joined text is taken out of every piece that has a part of it.
//!
//! No vendor's field names are needed: a delta stands at the same place in every piece, or under the same name, and what
//! runs side by side is numbered by a member `index` or `…_index`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

use super::finder::{Cut, Finder, apply, count};

/// A piece of a stream.
#[derive(Debug)]
pub(super) struct Piece {
    /// What it says: JSON, or a string that is none.
    pub(super) value: Value,
    pub(super) touched: bool,
}

impl Piece {
    /// A piece as it was sent.
    pub(super) fn of(text: &str) -> Piece {
        let json = if text.trim_start().starts_with(['{', '[', '"']) { serde_json::from_str(text).ok() } else { None };
        Piece { value: json.unwrap_or_else(|| Value::String(text.to_owned())), touched: false }
    }

    /// The piece as it is sent now; a string stands for itself where the piece was no JSON.
    pub(super) fn text(&self, was: &str) -> String {
        match &self.value {
            Value::String(text) if !was.trim_start().starts_with('"') => text.clone(),
            value => value.to_string(),
        }
    }
}

/// What is read together.
#[derive(Clone, Copy)]
enum Together {
    /// Texts at the same place.
    Place,
    /// Texts under the same name: a stream may begin a text elsewhere than it goes on with it.
    Name,
}

/// Takes out what is secret in all of them together; how many secrets that were.
pub(super) fn clean(finder: &Finder, pieces: &mut [Piece]) -> usize {
    [Together::Place, Together::Name].into_iter().map(|together| pass(finder, pieces, together)).sum()
}

/// Texts of several pieces, joined.
#[derive(Default)]
struct Joined {
    name: String,
    text: String,
    parts: Vec<Part>,
}

/// Which text of which piece begins where.
struct Part {
    piece: usize,
    pointer: String,
    start: usize,
}

fn pass(finder: &Finder, pieces: &mut [Piece], together: Together) -> usize {
    let mut joined: BTreeMap<String, Joined> = BTreeMap::new();
    for (piece, one) in pieces.iter().enumerate() {
        let mut walk = Walk { together, piece, joined: &mut joined };
        walk.value(&one.value, "", &mut String::new(), "", "");
    }
    let mut secrets = 0;
    for one in joined.values() {
        let cuts = finder.cuts(&one.name, &one.text);
        secrets += count(&cuts);
        for (part, cuts) in one.by_part(&cuts) {
            let Some(piece) = pieces.get_mut(part.piece) else { continue };
            if let Some(Value::String(text)) = piece.value.pointer_mut(&part.pointer) {
                *text = apply(text, &cuts);
                piece.touched = true;
            }
        }
    }
    secrets
}

struct Walk<'j> {
    together: Together,
    piece: usize,
    joined: &'j mut BTreeMap<String, Joined>,
}

impl Walk<'_> {
    /// `place` is the pointer without places in lists, which `index` tells better.
    fn value(&mut self, value: &Value, place: &str, pointer: &mut String, name: &str, index: &str) {
        match value {
            Value::String(text) => {
                let group = match self.together {
                    Together::Place => format!("{place}#{index}"),
                    Together::Name => format!("{name}#{index}"),
                };
                let joined = self.joined.entry(group).or_default();
                name.clone_into(&mut joined.name);
                joined.parts.push(Part { piece: self.piece, pointer: pointer.clone(), start: joined.text.len() });
                joined.text.push_str(text);
            }
            Value::Array(items) => {
                let length = pointer.len();
                for (at, item) in items.iter().enumerate() {
                    let _ = write!(pointer, "/{at}");
                    self.value(item, place, pointer, name, index);
                    pointer.truncate(length);
                }
            }
            Value::Object(members) => {
                let mut index = index.to_owned();
                for (key, number) in members.iter().filter(|(key, value)| value.is_number() && is_index(key)) {
                    let _ = write!(index, "{key}={number} ");
                }
                let length = pointer.len();
                for (key, member) in members {
                    let step = key.replace('~', "~0").replace('/', "~1");
                    let _ = write!(pointer, "/{step}");
                    self.value(member, &format!("{place}/{step}"), pointer, key, &index);
                    pointer.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn is_index(key: &str) -> bool {
    key == "index" || key.ends_with("_index")
}

impl Joined {
    /// What is to be written over each text: the first one that a cut reaches gets all of what is written.
    fn by_part(&self, cuts: &[Cut]) -> Vec<(&Part, Vec<Cut>)> {
        let mut by_part: Vec<(&Part, Vec<Cut>)> = Vec::new();
        for cut in cuts {
            let first = self.parts.partition_point(|part| part.start <= cut.range.start).saturating_sub(1);
            let mut text = cut.text.clone();
            for (at, part) in self.parts.iter().enumerate().skip(first).take_while(|(_, part)| part.start < cut.range.end) {
                let end = self.parts.get(at + 1).map_or(self.text.len(), |next| next.start);
                let range: Range<usize> = cut.range.start.max(part.start)..cut.range.end.min(end);
                if range.is_empty() {
                    continue;
                }
                let local = Cut { range: range.start - part.start..range.end - part.start, text: std::mem::take(&mut text), secrets: 0 };
                match by_part.last_mut() {
                    Some((last, cuts)) if std::ptr::eq(*last, part) => cuts.push(local),
                    Some(_) | None => by_part.push((part, vec![local])),
                }
            }
        }
        by_part
    }
}

/// A text whose lines are pieces of a stream (server-sent events, lines of JSON), or a JSON list of pieces, without its
/// secrets; `None` when it has none.
pub(super) fn clean_text(finder: &Finder, text: &str) -> Option<(String, usize)> {
    if text.trim_start().starts_with('[')
        && let Ok(Value::Array(items)) = serde_json::from_str(text)
    {
        let mut pieces: Vec<Piece> = items.into_iter().map(|value| Piece { value, touched: false }).collect();
        let secrets = clean(finder, &mut pieces);
        let items = Value::Array(pieces.into_iter().map(|piece| piece.value).collect());
        return (secrets > 0).then(|| (items.to_string(), secrets));
    }
    let parts = parts(text);
    let mut pieces: Vec<Piece> = parts.iter().filter_map(|part| part.data.as_deref()).map(Piece::of).collect();
    if pieces.is_empty() {
        return None;
    }
    let secrets = clean(finder, &mut pieces);
    let mut out = String::with_capacity(text.len());
    let mut cleaned = pieces.iter();
    for part in &parts {
        match part.data.as_deref().and_then(|data| Some((data, cleaned.next()?))) {
            Some((data, piece)) if piece.touched => {
                for line in piece.text(data).split('\n') {
                    out.push_str(part.lead);
                    out.push_str(line);
                    out.push_str(part.end);
                }
            }
            Some(_) | None => out.push_str(part.whole),
        }
    }
    (secrets > 0).then_some((out, secrets))
}

/// Some lines of a text.
struct Lines<'t> {
    whole: &'t str,
    /// What the lines carry, when they are a piece of a stream; several lines of data are one piece.
    data: Option<String>,
    /// What stands before and behind the data of each line.
    lead: &'t str,
    end: &'t str,
}

fn parts(text: &str) -> Vec<Lines<'_>> {
    let mut parts: Vec<Lines<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(length);
        let end = behind.get(..if behind.starts_with("\r\n") { 2 } else { behind.len().min(1) }).unwrap_or_default();
        let start = at;
        at += length + end.len();
        let whole = text.get(start..at).unwrap_or_default();
        let lead =
            ["data: ", "data:"].into_iter().find(|lead| line.starts_with(lead)).map_or("", |lead| line.get(..lead.len()).unwrap_or(""));
        let data = line.get(lead.len()..).unwrap_or_default();
        match parts.last_mut() {
            Some(Lines { whole: before, data: Some(joined), lead: last, .. }) if !lead.is_empty() && !last.is_empty() => {
                joined.push('\n');
                joined.push_str(data);
                *before = text.get(start - before.len()..at).unwrap_or_default();
            }
            Some(_) | None => {
                let is_piece = !lead.is_empty() || (line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok());
                parts.push(Lines { whole, data: is_piece.then(|| data.to_owned()), lead, end });
            }
        }
    }
    parts
}
