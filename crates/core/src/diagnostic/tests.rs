//! Positions and fingerprints.

use std::sync::Arc;

use super::*;

#[track_caller]
fn place(text: &str, offset: usize, line: usize, column: usize) {
    let source = Source::new(SourceId(0), "a.json", text);
    assert_eq!(source.position(offset), LineColumn { line, column }, "{text:?} at {offset}");
    assert_eq!(source.position(source.offset(LineColumn { line, column })), LineColumn { line, column }, "{text:?} and back");
}

#[test]
fn columns_count_characters() {
    place("", 0, 1, 1);
    place("ab", 1, 1, 2);
    place("ab", 99, 1, 3);
    place("a\nb", 2, 2, 1);
    place("a\r\nb", 3, 2, 1);
    place("a\n", 2, 2, 1);
    place("äöü{", 6, 1, 4);
    place("😀x", 4, 1, 2);
    place("😀x", 2, 1, 1);
}

#[test]
fn a_byte_order_mark_has_no_column() {
    place("\u{feff}{", 0, 1, 1);
    place("\u{feff}{", 3, 1, 1);
    place("\u{feff}{}", 4, 1, 2);
    place("\u{feff}{\n}", 5, 2, 1);
    let source = Source::new(SourceId(0), "a.json", "\u{feff}{}\n");
    assert_eq!((source.line(1), source.line_span(1)), ("{}", Span::new(3, 5)));
    assert_eq!((source.line(2), source.line_span(2), source.line_count()), ("", Span::at(6), 2));
    assert_eq!(source.line_span(99), Span::at(6));
}

#[test]
fn columns_hold_past_the_stride() {
    let text = "é".repeat(10_000) + "\n" + &"x".repeat(9_000);
    place(&text, 19_998, 1, 10_000);
    place(&text, 20_001 + 8_500, 2, 8_501);
}

fn finding(file: &str, message: &str, offset: usize) -> Diagnostic {
    let source = Arc::new(Source::new(SourceId(0), file, "x".repeat(100)));
    let label = Label { source, span: Span::at(offset), pointer: String::new(), note: Cow::Borrowed("") };
    Diagnostic::new("a-rule", Severity::Error, message, label)
}

fn print(finding: &Diagnostic) -> String {
    fingerprints([finding]).remove(0)
}

#[test]
fn fingerprints_have_no_position() {
    let base = print(&finding("a.json", "`a.json#3` is wrong", 5));
    assert_eq!(base.len(), 32);
    assert_eq!(base, print(&finding("a.json", "`a.json#3` is wrong", 70)));
    assert_eq!(base, print(&finding("./a.json", "`a.json#12` is wrong", 5)));
    assert_ne!(base, print(&finding("b.json", "`a.json#3` is wrong", 5)));
    assert_ne!(base, print(&finding("a.json", "`a.json#3` is right", 5)));
}

#[test]
fn an_identity_replaces_the_message() {
    let named = |message: &str, identity: &str| Diagnostic { identity: identity.to_owned(), ..finding("a.json", message, 0) };
    assert_eq!(print(&named("one", "key")), print(&named("two", "key")));
    assert_ne!(print(&named("one", "key")), print(&named("one", "other")));
}

#[test]
fn equal_findings_are_numbered() {
    let twins = [finding("a.json", "x", 1), finding("a.json", "x", 2), finding("a.json", "y", 3)];
    let prints = fingerprints(&twins);
    assert_ne!(prints[0], prints[1]);
    assert_eq!(prints[0], print(&finding("a.json", "x", 50)));
    assert_eq!(prints[2], print(&finding("a.json", "y", 50)));
}
