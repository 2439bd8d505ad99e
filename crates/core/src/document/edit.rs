//! Edits of a file's text that leave comments and formatting as they are: a key renamed, a value replaced, a member or
//! an item removed with its comma, a member added.
//!
//! All edits are byte ranges of the text that was parsed. Where a form of writing is not understood (block YAML that
//! shares its line with something else), there is no edit.

use super::{Format, Member, Node};
use crate::diagnostic::{Edit, Span};

/// A text and how it is written: what edits need to know of a file.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'t> {
    pub text: &'t str,
    pub format: Format,
}

/// Gives a key another name, in the quotes it had.
pub fn rename_key(file: Layout<'_>, member: &Member<'_>, name: &str) -> Edit {
    replace_text(file, member.key_span, name)
}

/// Replaces a text by another one that needs no escapes, in the quotes it had.
pub fn replace_text(file: Layout<'_>, span: Span, text: &str) -> Edit {
    let written = file.text.get(span.start..span.end).unwrap_or("");
    let text = match written.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{text}{quote}"),
        _ => text.to_owned(),
    };
    Edit { span, text }
}

/// Replaces a number.
pub fn replace_number(span: Span, number: f64) -> Edit {
    Edit { span, text: number.to_string() }
}

/// Removes a member of an object together with its comma.
pub fn remove_member(file: Layout<'_>, owner: &Node<'_>, member: &Member<'_>) -> Option<Vec<Edit>> {
    let span = Span::new(member.key_span.start, member.value.span.end);
    let before = owner.members().iter().map(|other| other.value.span.end).filter(|end| *end <= span.start).max();
    let alone = owner.members().len() == 1;
    remove(file, owner, span, before, alone)
}

/// Removes an item of a list together with its comma.
pub fn remove_item(file: Layout<'_>, owner: &Node<'_>, item: &Node<'_>) -> Option<Vec<Edit>> {
    let before = owner.items().iter().map(|other| other.span.end).filter(|end| *end <= item.span.start).max();
    let alone = owner.items().len() == 1;
    remove(file, owner, item.span, before, alone)
}

/// Adds a member behind the last one of an object, laid out as that one is. Key and value need no escapes.
pub fn append_text_member(file: Layout<'_>, owner: &Node<'_>, key: &str, value: &str) -> Option<Vec<Edit>> {
    let text = file.text;
    if !is_flow(text, owner) {
        return None;
    }
    let added = format!("\"{key}\": \"{value}\"");
    let Some(last) = owner.members().last() else {
        return Some(vec![Edit { span: Span::at(owner.span.start + 1), text: format!(" {added} ") }]);
    };
    let line_start = line_start(text, last.key_span.start);
    let indent = text.get(line_start..last.key_span.start)?;
    let own_line = !indent.is_empty() && indent.trim().is_empty();
    let newline = if text.get(..line_start).is_some_and(|before| before.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let gap = if own_line { format!("{newline}{indent}") } else { " ".to_owned() };
    Some(vec![Edit { span: Span::at(last.value.span.end), text: format!(",{gap}{added}") }])
}

fn remove(file: Layout<'_>, owner: &Node<'_>, span: Span, before: Option<usize>, alone: bool) -> Option<Vec<Edit>> {
    let text = file.text;
    if !is_flow(text, owner) {
        return if alone { None } else { remove_lines(text, span) };
    }
    let yaml = file.format == Format::Yaml;
    if let Some(comma) = comma_after(text, span.end, yaml) {
        let inner = text.get(span.end..comma)?;
        if !inner.trim().is_empty() {
            // A comment between value and comma stays.
            return Some(vec![cut(span.start, span.end), cut(comma, comma + 1)]);
        }
        return Some(vec![with_its_line(text, span.start, comma + 1)]);
    }
    let Some(comma) = before.and_then(|end| comma_after(text, end, yaml)) else { return Some(vec![cut(span.start, span.end)]) };
    if text.get(comma + 1..span.start)?.trim().is_empty() {
        return Some(vec![cut(comma, span.end)]);
    }
    Some(vec![cut(comma, comma + 1), with_its_line(text, span.start, span.end)])
}

fn cut(start: usize, end: usize) -> Edit {
    Edit { span: Span::new(start, end), text: String::new() }
}

/// Whether an object or list is written with brackets.
fn is_flow(text: &str, owner: &Node<'_>) -> bool {
    text.get(owner.span.start..).is_some_and(|rest| rest.starts_with(['{', '[']))
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The range; with its whole line if nothing else stands there, else with the blanks behind it.
fn with_its_line(text: &str, start: usize, end: usize) -> Edit {
    let first = line_start(text, start);
    let rest = text.get(end..).unwrap_or("");
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let newline = rest.get(blanks..).map_or(0, |tail| if tail.starts_with("\r\n") { 2 } else { usize::from(tail.starts_with('\n')) });
    let clear_before = text.get(first..start).is_some_and(|before| before.trim().is_empty());
    if clear_before && newline > 0 { cut(first, end + blanks + newline) } else { cut(start, end + blanks) }
}

/// Block YAML: a member that has its lines to itself.
fn remove_lines(text: &str, span: Span) -> Option<Vec<Edit>> {
    let first = line_start(text, span.start);
    let last = span.end.max(first);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |newline| last + newline + 1);
    let clear = text.get(first..span.start)?.trim().is_empty() && text.get(last..end)?.trim().is_empty();
    clear.then(|| vec![cut(first, end)])
}

/// The comma that follows, over blanks and comments.
pub fn comma_after(text: &str, mut at: usize, yaml: bool) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        let mut chars = rest.chars();
        match chars.next()? {
            ',' => return Some(at),
            c if c.is_whitespace() => at += c.len_utf8(),
            '#' if yaml => at += rest.find('\n')?,
            '/' if rest.starts_with("//") => at += rest.find('\n')?,
            '/' if rest.starts_with("/*") => at += rest.find("*/")? + 2,
            _ => return None,
        }
    }
}
