//! The lines a finding points at, with carets: cut to what a terminal can show, whatever the file holds.
//!
//! Every label is laid out on its first line. Lines are cut around their labels before they are rendered, so a file of
//! one endless line costs no more than a short one.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity, Source};

use super::Style;
use super::entry::Region;
use super::prose::{escape, message};

/// Labels at most this many lines apart share an excerpt.
const NEAR: usize = 3;
/// Columns that gutter and trimming marks take beside the text.
const FRAME: usize = 16;

/// Lines that no excerpt may show, because a finding hides them.
#[derive(Default)]
pub(super) struct Hidden<'a>(Vec<(&'a Source, Range<usize>)>);

impl<'a> Hidden<'a> {
    /// The lines that these findings hide.
    pub(super) fn of(findings: &[&'a Diagnostic]) -> Hidden<'a> {
        let labels = findings.iter().filter(|finding| finding.hide_source).flat_map(|finding| labels(finding));
        Hidden(labels.map(|label| (&*label.source, lines_of(label))).collect())
    }

    /// Whether a label reaches into hidden lines.
    pub(super) fn touches(&self, label: &Label) -> bool {
        let own = lines_of(label);
        self.0.iter().any(|(hidden, lines)| **hidden == *label.source && lines.start < own.end && own.start < lines.end)
    }

    fn covers(&self, source: &Source, line: usize) -> bool {
        self.0.iter().any(|(hidden, lines)| *hidden == source && lines.contains(&line))
    }
}

/// All places of a finding, the main one first.
fn labels(finding: &Diagnostic) -> impl Iterator<Item = &Label> {
    std::iter::once(&finding.primary).chain(&finding.related)
}

fn lines_of(label: &Label) -> Range<usize> {
    let Region { start, end, .. } = Region::of(label);
    start.line..end.line + 1
}

/// Places of one source that are shown together.
struct Block<'a> {
    /// The first to be named; its place heads the block.
    lead: &'a Label,
    marks: Vec<Mark<'a>>,
}

/// A label on its line.
struct Mark<'a> {
    label: &'a Label,
    primary: bool,
    line: usize,
    /// Byte offsets within the line's text; at most a screen long.
    range: Range<usize>,
}

/// Width of the line numbers of a finding.
pub(super) fn gutter(finding: &Diagnostic) -> usize {
    let last = labels(finding).map(|label| Region::of(label).start.line).max().unwrap_or(1);
    last.to_string().len()
}

/// Writes the places of a finding, each with its lines: `--> file:line:column` and an excerpt, `:::` for further places.
pub(super) fn draw(finding: &Diagnostic, hidden: &Hidden<'_>, style: Style, out: &mut String) {
    let gutter = gutter(finding);
    for (index, block) in blocks(finding, style).iter().enumerate() {
        let arrow = if index == 0 { "-->" } else { ":::" };
        let Region { file, start, .. } = Region::of(block.lead);
        let mut heading = format!("{:gutter$}{arrow} {}:{}:{}", "", escape(file), start.line, start.column);
        let pointer = escape(&block.lead.pointer);
        // A pointer says which fixture it is; on a narrow screen the place alone must do.
        if !pointer.is_empty() && heading.chars().count() + pointer.chars().count() < style.width {
            heading.push(' ');
            heading.push_str(&pointer);
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{heading}");
        out.push_str(&lines(block, finding.severity, hidden, gutter, style));
    }
}

fn blocks<'a>(finding: &'a Diagnostic, style: Style) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for (index, label) in labels(finding).enumerate() {
        let mark = mark(label, index == 0, style);
        let home = blocks.iter_mut().find(|block| block.marks.iter().all(|other| near(other, &mark, style)));
        match home {
            Some(block) => block.marks.push(mark),
            None => blocks.push(Block { lead: label, marks: vec![mark] }),
        }
    }
    blocks
}

fn near(a: &Mark<'_>, b: &Mark<'_>, style: Style) -> bool {
    let lines = a.line.abs_diff(b.line);
    a.label.source == b.label.source && lines <= NEAR && (lines > 0 || a.range.start.abs_diff(b.range.start) < style.width)
}

/// Where a label stands on its first line, and no longer than a screen is wide.
fn mark<'a>(label: &'a Label, primary: bool, style: Style) -> Mark<'a> {
    let line = Region::of(label).start.line;
    let span = label.source.line_span(line);
    let text = label.source.line(line);
    let start = label.span.start.clamp(span.start, span.end) - span.start;
    let end = label.span.end.clamp(span.start + start, span.end) - span.start;
    let start = text.floor_char_boundary(start);
    let longest = style.width.saturating_sub(FRAME + label.note.chars().count()).max(style.width / 3);
    let end = text.floor_char_boundary(end.min(start + longest)).max(start);
    Mark { label, primary, line, range: start..end }
}

fn lines(block: &Block<'_>, severity: Severity, hidden: &Hidden<'_>, gutter: usize, style: Style) -> String {
    let source = &*block.lead.source;
    let first = block.marks.iter().map(|mark| mark.line).min().unwrap_or(1);
    let last = block.marks.iter().map(|mark| mark.line).max().unwrap_or(1);
    if (first..=last).any(|line| hidden.covers(source, line)) {
        return format!("{:gutter$} |\n{:gutter$} | (not shown, since it may hold a secret)\n", "", "");
    }
    if source.text().trim().is_empty() {
        return String::new();
    }
    // At the end of a file there is often nothing to see but the line before.
    let first = if first == last && first > 1 && source.line(first).trim().is_empty() { first - 1 } else { first };
    let first = if hidden.covers(source, first) { last } else { first };
    let mut text = String::new();
    let mut annotations = Vec::new();
    for line in first..=last {
        if line > first {
            text.push('\n');
        }
        place(block, line, &mut text, &mut annotations, style);
    }
    render(text, first, annotations, severity, gutter, style)
}

/// Adds a line, cut to the surroundings of its marks, and the annotations that stand on it.
fn place<'a>(block: &Block<'a>, line: usize, text: &mut String, annotations: &mut Vec<Annotation<'a>>, style: Style) {
    let whole = block.lead.source.line(line);
    let marks = || block.marks.iter().filter(|mark| mark.line == line);
    let low = marks().map(|mark| mark.range.start).min().unwrap_or(0);
    let high = marks().map(|mark| mark.range.end).max().unwrap_or(0);
    let from = whole.floor_char_boundary(low.saturating_sub(style.width));
    let to = whole.ceil_char_boundary(high.saturating_add(style.width).min(whole.len()));
    let base = text.len();
    let shown = |range: Range<usize>| visible(&whole[range]).len();
    for mark in marks() {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let start = base + shown(from..mark.range.start);
        let span = start..start + shown(mark.range.clone());
        let note = (!mark.label.note.is_empty()).then(|| message(&mark.label.note).into_owned());
        annotations.push(kind.span(span).label(note));
    }
    text.push_str(&visible(&whole[from..to]));
}

/// A line as a terminal may show it.
fn visible(text: &str) -> String {
    text.split('\t').map(escape).collect::<Vec<_>>().join("    ")
}

fn render(text: String, first: usize, annotations: Vec<Annotation<'_>>, severity: Severity, gutter: usize, style: Style) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let snippet = Snippet::source(text).line_start(first).fold(false).annotations(annotations);
    let own = (first..).take(1).map(|line| line.to_string().len()).sum::<usize>();
    let drawn = renderer.term_width(style.width).render(&[Group::with_level(level).element(snippet)]);
    let pad = " ".repeat(gutter.saturating_sub(own));
    drawn.lines().fold(String::new(), |mut all, line| {
        // Writing to a String cannot fail.
        let _ = writeln!(all, "{pad}{}", line.trim_end());
        all
    })
}
