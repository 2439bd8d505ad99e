//! Escaping, wrapping, counting and cutting.

use super::prose::{counted, escape, grouped, message, wrap};
use super::window::{around, cut, floor, visible};
use super::{FORMATS, format};

#[test]
fn escapes_spell_out_what_drives_a_terminal() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected);
    }
    check("", "");
    check("plain, größer, 日本, 👩‍💻", "plain, größer, 日本, 👩‍💻");
    check("\u{1b}[31mred", "\\u{1b}[31mred");
    check("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}");
    check("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}");
    check("\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}", "\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{e0041}");
    check("\u{2028}\u{2029}", "\\u{2028}\\u{2029}");
}

#[test]
fn long_messages_are_cut() {
    assert_eq!(message(&"é".repeat(600)), "é".repeat(600));
    assert_eq!(message(&"é".repeat(2601)), "é".repeat(600) + "... (and 2,001 characters more)");
}

#[test]
fn text_wraps_at_spaces() {
    #[track_caller]
    fn check(text: &str, taken: usize, indent: usize, width: usize, expected: &str) {
        assert_eq!(wrap(text, taken, indent, width), expected);
    }
    check("", 0, 2, 10, "");
    check("one two", 0, 2, 10, "one two");
    check("one two three", 0, 2, 10, "one two\n  three");
    check("one two three", 6, 2, 10, "one\n  two\n  three");
    check("a/very/long/path/that/fits/nowhere x", 0, 2, 10, "a/very/long/path/that/fits/nowhere\n  x");
    check("日本 日本 日本", 0, 0, 9, "日本 日本\n日本");
    check("x", 50, 2, 10, "x");
}

#[test]
fn numbers_are_grouped() {
    #[track_caller]
    fn check(number: usize, expected: &str) {
        assert_eq!(grouped(number), expected);
    }
    check(0, "0");
    check(999, "999");
    check(1000, "1,000");
    check(1_234_567, "1,234,567");
    assert_eq!((counted(0, "file"), counted(1, "file"), counted(5032, "file")), ("0 files".into(), "1 file".into(), "5,032 files".into()));
}

#[test]
fn lines_are_cut_to_the_screen() {
    #[track_caller]
    fn check(line: &str, core: &str, tail: usize, width: usize, expected: &str) {
        let start = line.find(core).unwrap();
        let shown = around(line, &(start..start + core.len()), tail, width);
        assert_eq!(cut(line, &shown).0, expected, "{line}");
    }
    check("short", "or", 0, 20, "short");
    check("exactly twenty chars", "twenty", 0, 20, "exactly twenty chars");
    check("0123456789 core 0123456789", "core", 0, 20, "...456789 core 01...");
    check("core 01234567890123456789", "core", 0, 20, "core 012345678901...");
    check("01234567890123456789 core", "core", 0, 20, "...890123456789 core");
    check("0123456789 core", "core", 10, 20, "...89 core");
    check("\tcore", "core", 0, 20, "    core");
    check("日本日本日本日本 core 日本日本日本", "core", 0, 20, "...本日本 core 日...");
    check(&format!("{}core", "\u{301}".repeat(100_000)), "core", 0, 20, &format!("...{}core", "\u{301}".repeat(13)));
}

#[test]
fn an_offset_within_a_character_is_its_start() {
    assert_eq!((floor("é", 1), floor("é", 2), floor("é", 9), floor("", 3)), (0, 2, 2, 0));
    assert_eq!(visible("a\tb\u{7}"), "a    b\\u{7}");
}

#[test]
fn formats_are_found_by_name() {
    assert_eq!(FORMATS.first().map(|format| format.name), Some("text"));
    for known in FORMATS {
        assert!(format(known.name).is_some_and(|found| std::ptr::eq(found, *known)));
        assert!(!known.summary.is_empty());
    }
    assert!(format("xml").is_none());
}
