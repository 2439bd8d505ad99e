//! The lines a finding points at, with carets: cut to what a terminal can show, whatever the file holds.
//!
//! Every label is laid out on its first line, and every line is cut around its labels before it is rendered.

use std::fmt::Write;
use std::ops::{Range, RangeInclusive};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::{Diagnostic, Label, Severity, Source};

use super::Style;
use super::entry::Region;
use super::prose::{escape, message};
use super::window::{self, floor, visible};

/// Labels at most this many lines apart share an excerpt.
const NEAR: usize = 3;
/// A line this short says nothing about what follows.
const TERSE: usize = 3;
/// Lines that are added to a terse one.
const MORE: usize = 2;
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
    let last = labels(finding).map(Region::of).map(|region| region.end.line.min(region.start.line + MORE)).max();
    last.unwrap_or(1).to_string().len()
}

/// Writes the places of a finding, each with its lines: `--> file:line:column` and an excerpt, `:::` for further places.
pub(super) fn draw(finding: &Diagnostic, hidden: &Hidden<'_>, style: Style, out: &mut String) {
    let gutter = gutter(finding);
    for (index, block) in blocks(finding, style).iter().enumerate() {
        let arrow = if index == 0 { "-->" } else { ":::" };
        let Region { file, start, .. } = Region::of(block.lead);
        let mut place = format!("{}:{}:{}", escape(file), start.line, start.column);
        let pointer = escape(&block.lead.pointer);
        // A pointer says which fixture it is; on a narrow screen the place alone must do.
        if !pointer.is_empty() && gutter + arrow.len() + 1 + place.width() + 1 + pointer.width() <= style.width {
            place.push(' ');
            place.push_str(&pointer);
        }
        let blue = if style.color { AnsiColor::BrightBlue.on_default().bold() } else { Ansi::new() };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:gutter$}{blue}{arrow}{blue:#} {place}", "");
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

/// Whether two marks fit one excerpt, and one screen if they share a line.
fn near(a: &Mark<'_>, b: &Mark<'_>, style: Style) -> bool {
    let extent = a.range.end.max(b.range.end) - a.range.start.min(b.range.start);
    let lines = a.line.abs_diff(b.line);
    a.label.source == b.label.source && lines <= NEAR && (lines > 0 || extent + FRAME <= style.width)
}

/// Where a label stands on its first line, and no longer than a screen is wide.
fn mark(label: &Label, primary: bool, style: Style) -> Mark<'_> {
    let line = Region::of(label).start.line;
    let span = label.source.line_span(line);
    let text = label.source.line(line);
    let start = floor(text, label.span.start.max(span.start) - span.start);
    let end = label.span.end.max(span.start + start) - span.start;
    let longest = style.width.saturating_sub(FRAME + label.note.chars().count()).max(style.width / 3);
    Mark { label, primary, line, range: start..floor(text, end.min(start + longest)).max(start) }
}

fn lines(block: &Block<'_>, severity: Severity, hidden: &Hidden<'_>, gutter: usize, style: Style) -> String {
    let source = &*block.lead.source;
    let shown = context(block);
    if shown.clone().any(|line| hidden.covers(source, line)) {
        return format!("{:gutter$} |\n{:gutter$} | (hidden: may hold a secret)\n", "", "");
    }
    if source.text().trim().is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let mut annotations = Vec::new();
    for line in shown.clone() {
        if line > *shown.start() {
            text.push('\n');
        }
        place(block, line, &mut text, &mut annotations, style.width.saturating_sub(gutter + 3));
    }
    render(text, &shown, annotations, severity, gutter, style)
}

/// The lines of a block: those with marks, and a neighbour where they say too little.
fn context(block: &Block<'_>) -> RangeInclusive<usize> {
    let source = &*block.lead.source;
    let lines = || block.marks.iter().map(|mark| mark.line);
    let (first, last) = (lines().min().unwrap_or(1), lines().max().unwrap_or(1));
    let terse = |line: usize| source.line(line).trim().len() <= TERSE;
    // At the end of a file there is often nothing to see but the line before.
    if first == last && first > 1 && source.line(first).trim().is_empty() {
        return first - 1..=last;
    }
    // A fixture that begins with a bracket on a line of its own is told by what follows.
    let inside = |line: usize| block.marks.iter().any(|mark| lines_of(mark.label).contains(&line));
    let following = (last + 1..=last + MORE).take_while(|line| terse(last) && inside(*line)).last();
    first..=following.unwrap_or(last)
}

/// Adds a line, cut to the surroundings of its marks, and the annotations that stand on it.
fn place<'a>(block: &Block<'a>, line: usize, text: &mut String, annotations: &mut Vec<Annotation<'a>>, width: usize) {
    let whole = block.lead.source.line(line);
    let marks = || block.marks.iter().filter(|mark| mark.line == line);
    let core = marks().map(|mark| mark.range.start).min().unwrap_or(0)..marks().map(|mark| mark.range.end).max().unwrap_or(0);
    let tail = marks().map(|mark| mark.label.note.chars().count() + 1).max().unwrap_or(0);
    let shown = window::around(whole, &core, tail, width);
    let (part, lead) = window::cut(whole, &shown);
    let base = text.len() + lead;
    text.push_str(&part);
    for mark in marks() {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let start = base + visible(&whole[shown.start..mark.range.start]).len();
        let span = start..start + visible(&whole[mark.range.clone()]).len();
        let note = (!mark.label.note.is_empty()).then(|| message(&mark.label.note).into_owned());
        annotations.push(kind.span(span).label(note));
    }
}

fn render(
    text: String,
    lines: &RangeInclusive<usize>,
    annotations: Vec<Annotation<'_>>,
    severity: Severity,
    gutter: usize,
    style: Style,
) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let snippet = Snippet::source(text).line_start(*lines.start()).fold(false).annotations(annotations);
    // Lines are cut already, and better, so the renderer has all the room it may want.
    let drawn = renderer.term_width(usize::from(u16::MAX)).render(&[Group::with_level(level).element(snippet)]);
    let pad = " ".repeat(gutter.saturating_sub(lines.end().to_string().len()));
    // Lines without marks leave a bare gutter behind them.
    let bare = |line: &&str| strip_str(line).to_string().trim() == "|";
    let end = drawn.lines().count() - drawn.lines().rev().take_while(bare).count();
    drawn.lines().take(end).fold(String::new(), |mut all, line| {
        // Writing to a String cannot fail.
        let _ = writeln!(all, "{pad}{}", line.trim_end());
        all
    })
}
