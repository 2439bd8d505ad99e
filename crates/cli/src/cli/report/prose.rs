//! Words on a terminal: escaping what could drive it, wrapping, counting.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::exchange::is_printable_ascii;

/// Longest message that text prints whole, in characters; other formats keep all of it.
const LONGEST: usize = 600;

/// Text that cannot move a cursor, ring a bell, change a colour or turn the reading direction: such characters are
/// spelled out (`\n`, `\u{1b}`).
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) { escaped.extend(character.escape_default()) } else { escaped.push(character) }
    }
    Cow::Owned(escaped)
}

/// Control characters (C0, DEL, C1), line separators, and marks that have no width or reverse the line.
fn is_unsafe(character: char) -> bool {
    let invisible = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    character.is_control() || invisible
}

/// Escaped, and cut in the middle if it is longer than a message should be.
pub(super) fn message(text: &str) -> Cow<'_, str> {
    let Some((cut, _)) = text.char_indices().nth(LONGEST) else { return escape(text) };
    let left = text[cut..].chars().count();
    Cow::Owned(format!("{}... (and {} more)", escape(&text[..cut]), counted(left, "character")))
}

/// Breaks text at spaces so that lines fit `width`: the first has `taken` columns already, the others get `indent`.
/// Words that fit no line stay whole, since a broken path cannot be copied.
pub(super) fn wrap(text: &str, taken: usize, indent: usize, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + 16);
    let mut column = taken;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.width();
        if index > 0 && column + 1 + length > width && column > indent {
            // Writing to a String cannot fail.
            let _ = write!(wrapped, "\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

/// `1 file`, `5,032 files`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with commas between its thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
