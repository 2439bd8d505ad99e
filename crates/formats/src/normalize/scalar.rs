//! Rewrites parts of a text where it stands: in JSON strings, and in every form that YAML has.
//!
//! What is not replaced keeps its spelling: escapes, quotes, indentation. A form that cannot hold the new text is
//! written as a quoted string in its place.

use std::fmt::Write as _;
use std::ops::Range;

use crate::diagnostic::{Edit, Span};
use crate::document::{Format, Limits, Value, printable};

/// A stretch of the meaning of a scalar, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The text with all replacements, which stand in order and do not overlap.
pub(super) fn replaced<'r>(text: &str, replacements: impl IntoIterator<Item = &'r Replacement>) -> String {
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for replacement in replacements {
        new.push_str(text.get(at..replacement.range.start).unwrap_or(""));
        new.push_str(&replacement.text);
        at = replacement.range.end;
    }
    new.push_str(text.get(at..).unwrap_or(""));
    new
}

/// The edits of a file that replace stretches of one of its scalars. `value` is what the scalar at `span` means.
/// `None`: what stands there is not the scalar itself (a YAML alias).
pub(super) fn rewrite<'r>(
    file: &str,
    format: Format,
    span: Span,
    value: &str,
    replacements: impl Iterator<Item = &'r Replacement> + Clone,
) -> Option<Vec<Edit>> {
    let written = file.get(span.start..span.end)?;
    match format {
        Format::Json | Format::Jsonc => {
            Some(inside_json(written, span, replacements.clone()).unwrap_or_else(|| whole(span, &replaced(value, replacements))))
        }
        Format::Yaml => inside_yaml(written, span, value, replacements),
    }
}

/// Bytes between two numbers that are rewritten by one edit.
const NEAR: usize = 64;

/// The edits of a JSON text that put whole numbers in the place of others. What stands between two near ones goes with
/// them, so that a long list is one edit and not thousands; comments stay apart, which may have edits of their own.
pub(super) fn renumber(file: &str, numbers: impl Iterator<Item = (Span, u64)>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (span, number) in numbers {
        let between = edits.last().and_then(|last| file.get(last.span.end..span.start));
        match (edits.last_mut(), between) {
            (Some(last), Some(between)) if between.len() <= NEAR && !between.contains('/') => {
                // Writing to a string never fails.
                let _ = write!(last.text, "{between}{number}");
                last.span.end = span.end;
            }
            _ => edits.push(Edit { span, text: number.to_string() }),
        }
    }
    edits
}

/// The scalar as a quoted string.
fn whole(span: Span, text: &str) -> Vec<Edit> {
    vec![Edit { span, text: quoted(text) }]
}

/// A string in double quotes that JSON and YAML read alike.
pub(super) fn quoted(text: &str) -> String {
    // A string always serializes.
    printable(serde_json::to_string(text).unwrap_or_default())
}

/// The same text between quotes, with the escapes that JSON needs.
fn escaped(text: &str) -> String {
    // Frozen forms are plain nearly always.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        return text.to_owned();
    }
    let quoted = quoted(text);
    quoted.get(1..quoted.len() - 1).unwrap_or("").to_owned()
}

/// Edits inside a JSON string. Offsets of its meaning are found again by walking over its escapes.
fn inside_json<'r>(written: &str, span: Span, replacements: impl Iterator<Item = &'r Replacement>) -> Option<Vec<Edit>> {
    let body = written.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !body.contains('\\');
    let (mut raw, mut meant) = (0, 0);
    let mut find = |wanted: usize| {
        if plain {
            return (wanted <= body.len()).then_some(wanted);
        }
        while meant < wanted {
            let rest = body.get(raw..)?;
            let run = plain_run(rest.as_bytes());
            let (spelled, length) = if run > 0 { (run.min(wanted - meant), run.min(wanted - meant)) } else { unit(rest)? };
            raw += spelled;
            meant += length;
        }
        (meant == wanted).then_some(raw)
    };
    let mut edits = Vec::with_capacity(replacements.size_hint().0);
    for replacement in replacements {
        let (start, end) = (find(replacement.range.start)?, find(replacement.range.end)?);
        edits.push(Edit { span: Span::new(span.start + 1 + start, span.start + 1 + end), text: escaped(&replacement.text) });
    }
    Some(edits)
}

/// How many bytes there are before the next escape. In JSON inside a string it is near, in prose it is far.
fn plain_run(bytes: &[u8]) -> usize {
    const NEAR: usize = 16;
    let is_escape = |byte: &u8| *byte == b'\\';
    bytes
        .iter()
        .take(NEAR)
        .position(is_escape)
        .or_else(|| memchr::memchr(b'\\', bytes.get(NEAR..)?).map(|far| far + NEAR))
        .unwrap_or(bytes.len())
}

/// Length in the file and in the meaning (UTF-8) of the escape that stands first.
fn unit(rest: &str) -> Option<(usize, usize)> {
    if rest.as_bytes().get(1)? != &b'u' {
        return Some((2, 1));
    }
    let code = |at: usize| u32::from_str_radix(rest.get(at + 2..at + 6)?, 16).ok();
    let first = code(0)?;
    if (0xd800..0xdc00).contains(&first)
        && rest.get(6..8) == Some("\\u")
        && let Some(second) = code(6)
        && (0xdc00..0xe000).contains(&second)
    {
        return Some((12, 4));
    }
    // Half a pair is read as the replacement character, which has three bytes like it.
    Some((6, char::from_u32(first).map_or(3, char::len_utf8)))
}

/// Edits inside a YAML scalar: where its text stands as it is meant, in place; else it becomes a quoted string.
fn inside_yaml<'r>(
    written: &str,
    span: Span,
    value: &str,
    replacements: impl Iterator<Item = &'r Replacement> + Clone,
) -> Option<Vec<Edit>> {
    let first = written.chars().next()?;
    if first == '*' {
        return None;
    }
    let new = replaced(value, replacements.clone());
    let in_place = || -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        let (mut raw, mut meant) = (0, 0);
        for replacement in replacements {
            // The n-th occurrence in the meaning is the n-th in the file, unless an escape or a fold is in the way.
            let old = value.get(replacement.range.clone())?;
            let skipped = value.get(meant..replacement.range.start)?.matches(old).count();
            let (at, _) = written.get(raw..)?.match_indices(old).nth(skipped)?;
            let start = raw + at;
            edits.push(Edit { span: Span::new(span.start + start, span.start + start + old.len()), text: replacement.text.clone() });
            raw = start + old.len();
            meant = replacement.range.end;
        }
        let rewritten = apply(written, span, &edits)?;
        reads_as(&rewritten, first, &new).then_some(edits)
    };
    Some(in_place().unwrap_or_else(|| whole(span, &new)))
}

fn apply(written: &str, span: Span, edits: &[Edit]) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut at = 0;
    for edit in edits {
        text.push_str(written.get(at..edit.span.start - span.start)?);
        text.push_str(&edit.text);
        at = edit.span.end - span.start;
    }
    text.push_str(written.get(at..)?);
    Some(text)
}

/// Whether a scalar that is read alone has this meaning. A block keeps its own indentation, which is that of a key.
fn reads_as(written: &str, first: char, wanted: &str) -> bool {
    let is_block = matches!(first, '|' | '>');
    let alone = if is_block { format!("x: {written}\n") } else { format!("x: {written}") };
    let Ok(parsed) = crate::document::parse(&alone, Format::Yaml, &Limits::default()) else { return false };
    let Some(Value::String(text)) = parsed.root.get("x").map(|node| &node.value) else { return false };
    // What follows the block decides about its last line end.
    if is_block { text.trim_end_matches('\n') == wanted.trim_end_matches('\n') } else { text == wanted }
}
